"""What an admin decides about a flagged payment, and where its money goes (docs/ledger.md)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.fields import checked_text
from shared.lifecycles import STATUS_OF_PAYMENT, PaymentState
from shared.money import Money
from shared.policy import Policy
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import id_or_none
from syncserver.judge.facts import KnownPayment
from syncserver.ledger import store
from syncserver.ledger.postings import Account, Cause, Postings, WalletAccounts
from syncserver.payments.errors import (
    DecidedMeanwhileError,
    NotFlaggedError,
    ReasonRequiredError,
    TalkedMeanwhileError,
)
from syncserver.payments.online import QUERIES
from syncserver.payments.views import PaymentView, find, object_of
from syncserver.services import Services
from syncserver.sync.reading import read_known_payments, read_policies

_DONE = {
    PaymentState.SUCCESSFUL: "It was approved",
    PaymentState.FAILED: "It was rejected",
    PaymentState.REVERSED: "It was reversed",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A flagged payment whose wallet is locked, so that nobody else decides it."""

    view: PaymentView
    known: KnownPayment
    accounts: WalletAccounts

    @property
    def money(self) -> Money:
        """What is decided about."""
        return Money(self.known.amount, self.view.currency)


async def review(
    services: Services, view: PaymentView, *, approve: bool, reason: str | None, actor: str
) -> PaymentView:
    """Approve or reject a flagged payment; its terminal learns it with its next book.

    Raises:
        NotFlaggedError: somebody decided it before, or it never was flagged.
        ReasonRequiredError: a rejection has no reason.
    """
    check_reason(approve=approve, reason=reason)
    async with services.pool.acquire() as connection, connection.transaction():
        case = await open_case(connection, view)
        await decide(connection, services, case, approve=approve, reason=reason, actor=actor)
    return await find(services, view.payment, view.wallet)


def check_reason(*, approve: bool, reason: str | None) -> None:
    """Make sure of the reason: a rejection has one.

    Raises:
        ReasonRequiredError, DecodingError: there is none, or it is no such text.
    """
    if not approve and not (reason and reason.strip()):
        raise ReasonRequiredError
    if reason is not None:
        checked_text(reason, "reason")


async def open_case(connection: Connection, view: PaymentView, version: int | None = None) -> Case:
    """Lock a flagged payment's wallet, in the transaction that decides it.

    Args:
        connection: in that transaction.
        view: the payment.
        version: what of it whoever decides has seen (`queue.Waiting`); None where they do not say.

    Raises:
        NotFlaggedError: it never was flagged, or somebody decided it and no version was named.
        DecidedMeanwhileError: somebody decided it since.
        TalkedMeanwhileError: its vendor was asked or answered since.
    """
    locked = await store.lock_wallets(connection, [view.wallet])
    key = (view.wallet, view.payment)
    known = (await read_known_payments(connection, [key])).get(key)
    if known is None or view.wallet not in locked:
        raise NotFlaggedError
    if known.state is not PaymentState.FLAGGED:
        who = await _who_decided(connection, key)
        if version is not None and who is not None:
            raise DecidedMeanwhileError(who)
        raise NotFlaggedError(f"Only a flagged payment can be reviewed. {who}" if who is not None else None)
    if version is not None and version != await version_of(connection, view):
        raise TalkedMeanwhileError
    return Case(view, known, locked[view.wallet].accounts)


async def version_of(connection: Connection, view: PaymentView) -> int:
    """What a decision about a flagged payment names now: it grows with each question to its vendor and each answer."""
    talk = await connection.fetchrow(QUERIES["talk_of_payment"], view.wallet, uuid_of(view.payment))
    return 0 if talk is None else int(talk["questions"] + talk["answers"])


async def _who_decided(connection: Connection, key: tuple[str, bytes]) -> str | None:
    """Who decided a payment, how and when, as a sentence; None where nobody did."""
    row = await connection.fetchrow(QUERIES["who_decided"], key[0], uuid_of(key[1]))
    if row is None or row["decided_by"] is None:
        return None
    actor: str = row["decided_by"]
    who = f"{actor.partition(' ')[0]} {row['name']} ({row['login']})" if row["name"] is not None else actor
    at = datetime.fromtimestamp(row["decided_at"] / 1_000, UTC).isoformat(" ", "seconds")
    return f"{_DONE[PaymentState(row['state'])]} by {who} at {at}."


async def decide(
    connection: Connection, services: Services, case: Case, *, approve: bool, reason: str | None, actor: str
) -> None:
    """Approve or reject, in the transaction that opened the case; its reason was checked."""
    view, known = case.view, case.known
    device = id_or_none(view.row["device"])
    policy = (await read_policies(connection, known.vendor, device or known.vendor)).latest()
    postings = Postings(at=services.clock(), actor=actor, wallets={view.wallet: case.accounts})
    state = PaymentState.SUCCESSFUL if approve else PaymentState.FAILED
    if approve:
        _approve(postings, view.payment, known, policy)
    else:
        _reject(postings, view.payment, known)
    postings.change_state(view.wallet, view.payment, known.state, state, known.reasons, reason)
    await store.write(connection, postings)
    await store.set_payment_states(connection, postings, [(view.wallet, view.payment, state.value)], reason)
    if device is not None:
        status = STATUS_OF_PAYMENT[state].value
        await store.note_device_updates(
            connection, postings.at, [(device, view.payment, view.wallet, status, known.reasons)]
        )
    await trail.note(
        connection,
        services,
        action="payment.approve" if approve else "payment.reject",
        object_=object_of(view.payment),
        actor=actor,
        before={"state": known.state.value, "reasons": list(known.reasons)},
        after={"state": state.value, "wallet": view.wallet, "amount": known.amount, "currency": view.currency},
        reason=reason,
    )


def _approve(postings: Postings, payment: bytes, known: KnownPayment, policy: Policy) -> None:
    """Pay the vendor: out of review; with nothing there out of offline, then online, then whoever bears the loss.

    What a vendor bears itself is simply not paid to it.
    """
    balances = postings.wallets[known.wallet].balances
    left = known.amount
    if known.in_review:
        sources = [(Account.REVIEW, known.amount)]
    else:
        sources = [(account, balances[account]) for account in (Account.OFFLINE, Account.ONLINE)]
        if policy.loss_bearer == "house":
            sources.append((Account.LOSS, known.amount))
    for account, available in sources:
        part = min(left, available)
        postings.move(known.wallet, account, Account.VENDOR, part, Cause.APPROVE, payment=payment, vendor=known.vendor)
        left -= part


def _reject(postings: Postings, payment: bytes, known: KnownPayment) -> None:
    """Give the money back to where it came from."""
    if known.in_review:
        back = Account.ONLINE if known.online else Account.OFFLINE
        postings.move(known.wallet, Account.REVIEW, back, known.amount, Cause.REJECT, payment=payment)
