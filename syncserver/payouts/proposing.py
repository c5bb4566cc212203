"""A run of payouts: what vendors are owed leaves it at once, so that nobody proposes the same twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.ids import uuid7
from shared.lifecycles import PayoutState
from shared.money import Money, format_minor
from syncserver.database.arrays import uuid_of, uuids
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.ledger import payables
from syncserver.payouts.actors import By, actor_of, note, person_of
from syncserver.payouts.errors import NoPayoutAccountError, NothingToPayError, NotSepaError, VendorBlockedError
from syncserver.payouts.steps import QUERIES, Payout, Steps
from syncserver.registry.errors import UnknownVendorError
from syncserver.services import Services
from syncserver.wallets.funding import bank_accounts
from syncserver.wallets.funding.errors import NoBankAccountError
from syncserver.wallets.funding.iban import is_sepa_iban

SEPA, BY_HAND = "sepa", "by_hand"
MOST_PAYOUTS = 1_000
# As much as one credit transfer of SEPA moves (999,999,999.99 euro); the rest is in the next run.
MOST_AMOUNT = 99_999_999_999


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be paid: a currency, all vendors or one; by hand where there is no file for it; from which account."""

    currency: str
    vendor: bytes | None = None
    by_hand: bool = False
    account: str | None = None


async def propose(connection: Connection, services: Services, by: By, asked: Proposal) -> bytes:
    """Fold what vendors were credited, and move what each is owed on its way to its bank; the run's id.

    In the caller's transaction. A run has at most a thousand payouts; what is left over is in the next one.

    Raises:
        NotSepaError: no file can pay this.
        NoBankAccountError: there is no account of ours to pay it from.
        UnknownVendorError, VendorBlockedError, NoPayoutAccountError: the vendor that was asked for can't be paid.
        NothingToPayError: nobody is owed as much as is paid at least.
    """
    if asked.currency != "EUR" and not asked.by_hand:
        raise NotSepaError(f"SEPA moves euro alone: pay {asked.currency} by hand")
    ours = await _our_account(connection, asked)
    rows = await connection.fetch(
        QUERIES["payable_vendors"],
        asked.currency,
        uuid_or_none(asked.vendor),
        MOST_PAYOUTS,
    )
    if asked.vendor is not None:
        _require_payable(rows)
    candidates = {row["vendor"].bytes: row for row in rows}
    await payables.fold_credits_of(connection, candidates)
    at, run = services.clock(), uuid7(services.clock(), services.random(10))
    steps = await Steps.of(connection, candidates, actor=actor_of(by), at=at)
    proposed = []
    for vendor, row in candidates.items():
        owed = steps.postings.payables[vendor].payable
        if owed >= row["minimum"]:
            payout = _payout(services, run, row, Money(min(owed, MOST_AMOUNT), asked.currency), asked, ours)
            steps.begin(payout)
            proposed.append(payout)
    if not proposed:
        raise NothingToPayError(_too_little(steps, rows, asked) if asked.vendor is not None else None)
    person = person_of(by)
    await connection.execute(
        QUERIES["write_run"],
        uuid_of(run),
        _method(asked),
        asked.currency,
        ours,
        uuid_or_none(person),
        actor_of(by),
        at,
    )
    await _write(connection, proposed, run, at, asked.currency)
    await steps.write(connection)
    total = sum(one.money.minor for one in proposed)
    facts = {"payouts": len(proposed), "total": total, "currency": asked.currency, "method": _method(asked)}
    await note(connection, services, by, "payout_run.propose", "payout_run", run, after=facts)
    return run


def _method(asked: Proposal) -> str:
    return BY_HAND if asked.by_hand else SEPA


async def _our_account(connection: Connection, asked: Proposal) -> str:
    found = [one.account for one in await bank_accounts.listed(connection, asked.currency)]
    if asked.account is not None:
        found = [one for one in found if one == asked.account]
    if not found:
        raise NoBankAccountError(f"there is no bank account of ours in {asked.currency} to pay from")
    if asked.by_hand:
        return found[0]
    ibans = [one for one in found if is_sepa_iban(one)]
    if not ibans:
        raise NotSepaError(f"{found[0]} is no IBAN that euro can be sent from")
    return ibans[0]


def _require_payable(rows: Sequence[Any]) -> None:
    if not rows:
        raise UnknownVendorError("there is no such vendor in this currency")
    if rows[0]["blocked"]:
        raise VendorBlockedError
    if rows[0]["account"] is None:
        raise NoPayoutAccountError


def _too_little(steps: Steps, rows: Sequence[Any], asked: Proposal) -> str:
    owed, least = steps.postings.payables[rows[0]["vendor"].bytes].payable, rows[0]["minimum"]
    return f"it is owed {format_minor(owed, asked.currency)}, and paid from {format_minor(least, asked.currency)} on"


def _payout(services: Services, run: bytes, row: Any, money: Money, asked: Proposal, ours: str) -> Payout:
    payout = uuid7(services.clock(), services.random(10))
    return Payout(
        id=payout,
        run=run,
        vendor=row["vendor"].bytes,
        money=money,
        # At most 35 letters and digits, so that no bank changes it on the way.
        end_to_end=f"TP{payout.hex().upper()}",
        account=row["account"],
        holder=row["holder"],
        bic=row["bic"],
        account_version=row["version"],
        method=_method(asked),
        ours=ours,
        state=PayoutState.PROPOSED,
        events=0,
    )


async def _write(connection: Connection, proposed: Sequence[Payout], run: bytes, at: int, currency: str) -> None:
    await connection.execute(
        QUERIES["write_payouts"],
        uuids(one.id for one in proposed),
        uuids(one.vendor for one in proposed),
        [one.money.minor for one in proposed],
        [one.end_to_end for one in proposed],
        [one.account for one in proposed],
        [one.holder for one in proposed],
        [one.bic for one in proposed],
        [one.account_version for one in proposed],
        [one.state.value for one in proposed],
        at,
        uuid_of(run),
        currency,
    )
