"""What customers paid before, as far as a rule looks: read under the wallets' locks, most often in one look a customer.

Who has not paid for so long that no rule can see it is not looked for at all: a wallet's row says when it last paid.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.fields import MAX_INTEGER
from shared.geo import Place
from shared.journal import Payment
from shared.policy import Policy
from shared.rules.decision import MS_PER_DAY, Sighting, reach_ms
from syncserver.database.arrays import numbers, words
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.judge.facts import BatchFacts, CustomerFacts, utc_day
from syncserver.judge.moment import earliest_of
from syncserver.judge.payments import moment_of_payment, policy_of

QUERIES = load(Path(__file__).parent)
# Who paid more often lately is asked for by sums and by the payments next to each one.
_MANY_PAYMENTS = 32
# Of a wallet that nobody has: a payment that names it fails, whatever a policy says.
_NEVER = -(2**63)

# A payment, with what is known of the batch that brought it.
Paid = tuple[BatchFacts, Payment]


def since_when(payments: Sequence[Paid], last_paid_at: Mapping[str, int]) -> dict[str, int]:
    """From when on (ms) the payments of which wallets matter to these: all of their days, and what a rule reaches.

    Args:
        payments: that are to be judged.
        last_paid_at: of every wallet that is there, when its last payment was taken.
    """
    since: dict[str, int] = {}
    looked_at: BatchFacts | None = None
    reach: int | None = None
    for facts, record in payments:
        if facts is not looked_at:
            looked_at, reach = facts, facts.policies.furthest_reach_ms()
        when = earliest_of(record.at, record.tick, record.boot, facts.sending)
        start = min(when - reach, when - when % MS_PER_DAY) if reach is not None else 0
        wallet = record.wallet
        if last_paid_at.get(wallet, _NEVER) >= start and start < since.get(wallet, MAX_INTEGER):
            since[wallet] = start
    return since


async def read(
    connection: Connection,
    payments: Sequence[Paid],
    issued: Callable[[], Mapping[int, int | None]],
    since: Mapping[str, int],
    voids: int,
) -> Callable[[CustomerFacts], None]:
    """Read what these payments' customers paid before; what this returns notes it.

    Args:
        connection: in the transaction that holds the wallets' locks.
        payments: that are to be judged.
        issued: finds when the code of each was issued, by its place among them, where there is such a code.
        since: what `since_when` said of them.
        voids: how many voids are in the same transaction.
    """
    if not since:
        return _note_nothing
    rows = await connection.fetch(QUERIES["read_recent"], words(since), numbers(since.values()), _MANY_PAYMENTS)
    if len(rows) < _MANY_PAYMENTS:
        return lambda customers: _note_recent(customers, rows)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["wallet"]] = counts.get(row["wallet"], 0) + 1
    crowded = {wallet for wallet, count in counts.items() if count >= _MANY_PAYMENTS}
    if not crowded:
        return lambda customers: _note_recent(customers, rows)
    asked = _crowded_to_ask(payments, issued(), crowded, voids)
    sums = await connection.fetch(QUERIES["read_history"], *asked)

    def note(customers: CustomerFacts) -> None:
        _note_recent(customers, [row for row in rows if row["wallet"] not in crowded])
        _note_sums(customers, sums)

    return note


def _note_nothing(_customers: CustomerFacts) -> None:
    pass


def _note_recent(customers: CustomerFacts, rows: Sequence[Any]) -> None:
    totals, sightings = customers.day_totals, customers.sightings
    for wallet, at, amount, lat, lon, uncertainty in rows:
        day = (wallet, utc_day(at))
        totals[day] = totals.get(day, 0) + amount
        sightings.setdefault(wallet, []).append(Sighting(at, place_of(lat, lon), uncertainty))


def _note_sums(customers: CustomerFacts, rows: Sequence[Any]) -> None:
    for wallet, at, total, lat, lon, uncertainty in rows:
        if total is not None:
            customers.day_totals[wallet, at] = total
        else:
            customers.sightings.setdefault(wallet, []).append(Sighting(at, place_of(lat, lon), uncertainty))


def place_of(lat: int | None, lon: int | None) -> Place | None:
    """Where a stored payment was taken; an online one may have no place."""
    return None if lat is None or lon is None else Place(lat, lon)


def _crowded_to_ask(
    payments: Sequence[Paid], issued: Mapping[int, int | None], wallets: Collection[str], voids: int
) -> tuple[str, str, str, str, int, int]:
    """What `read_history` is asked: days and moments of wallets, how many payments each way and how far away."""
    days: set[tuple[str, int]] = set()
    moments: set[tuple[str, int]] = set()
    rate_count = reach = 0
    looked_at: Policy | None = None  # nearly always the same for all
    for place, (facts, record) in enumerate(payments):
        if record.wallet not in wallets:
            continue
        issued_at = issued.get(place)
        policy = policy_of(facts, record, issued_at)
        when = moment_of_payment(facts, record, issued_at, policy).when
        if policy is not looked_at:
            looked_at = policy
            rate_count = max(rate_count, policy.rate_count)
            reach = max(reach, reach_ms(policy) or MAX_INTEGER)
        days.add((record.wallet, utc_day(when)))
        moments.add((record.wallet, when))
    # Enough each way to fill every window around a payment, also when these batches void some of them.
    return (
        words(wallet for wallet, _ in days),
        numbers(day for _, day in days),
        words(wallet for wallet, _ in moments),
        numbers(when for _, when in moments),
        rate_count + 1 + voids,
        reach,
    )
