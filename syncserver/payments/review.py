"""What an admin decides about a flagged payment, and where its money goes (docs/ledger.md)."""

from shared.fields import checked_text
from shared.lifecycles import STATUS_OF_PAYMENT, PaymentState
from shared.policy import Policy
from syncserver.judge.facts import KnownPayment
from syncserver.ledger import store
from syncserver.ledger.postings import Account, Cause, Postings
from syncserver.payments.errors import NotFlaggedError, ReasonRequiredError
from syncserver.payments.views import PaymentView, find
from syncserver.services import Services
from syncserver.sync.reading import read_known_payments, read_policies


async def review(
    services: Services, view: PaymentView, *, approve: bool, reason: str | None, actor: str
) -> PaymentView:
    """Approve or reject a flagged payment; its terminal learns it with its next book.

    Raises:
        NotFlaggedError: somebody decided it before, or it never was flagged.
        ReasonRequiredError: a rejection has no reason.
    """
    if not approve and not (reason and reason.strip()):
        raise ReasonRequiredError
    if reason is not None:
        checked_text(reason, "reason")
    row = view.row
    async with services.pool.acquire() as connection, connection.transaction():
        locked = await store.lock_wallets(connection, [view.wallet])
        key = (view.wallet, view.payment)
        known = (await read_known_payments(connection, [key])).get(key)
        if known is None or known.state is not PaymentState.FLAGGED or view.wallet not in locked:
            raise NotFlaggedError
        policy = (await read_policies(connection, known.vendor, row["device"].bytes)).latest()
        postings = Postings(at=services.clock(), actor=actor, wallets={view.wallet: locked[view.wallet].accounts})
        state = PaymentState.SUCCESSFUL if approve else PaymentState.FAILED
        if approve:
            _approve(postings, view.payment, known, policy)
        else:
            _reject(postings, view.payment, known)
        postings.change_state(view.wallet, view.payment, known.state, state, known.reasons, reason)
        await store.write(connection, postings)
        await store.set_payment_states(connection, postings, [(view.wallet, view.payment, state.value)], reason)
        device = row["device"].bytes
        status = STATUS_OF_PAYMENT[state].value
        await store.note_device_updates(
            connection, postings.at, [(device, view.payment, view.wallet, status, known.reasons)]
        )
    return await find(services, view.payment, view.wallet)


def _approve(postings: Postings, payment: bytes, known: KnownPayment, policy: Policy) -> None:
    """Pay the vendor: out of review; with nothing there out of offline, then online, then whoever bears the loss.

    What a vendor bears itself is simply not paid to it.
    """
    balances = postings.wallets[known.wallet].balances
    left = known.amount
    if known.claimed:
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
    if known.claimed:
        postings.move(known.wallet, Account.REVIEW, Account.OFFLINE, known.amount, Cause.REJECT, payment=payment)
