"""Reads what the codes are that were paid with, and what their customers paid before, under the wallets' locks.

Of customers who pay only in a later piece of a batch that is read while the first piece is judged.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from shared.fields import MAX_INTEGER
from shared.geo import Place
from shared.journal import Payment
from shared.lifecycles import CodeState
from shared.policy import Policy
from shared.rules.decision import Sighting, reach_ms
from syncserver.database.arrays import ids, numbers, words
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.judge.facts import BatchFacts, CodeFacts, CustomerFacts, utc_day
from syncserver.judge.payments import moment_of_payment, policy_of
from syncserver.keys.wrapping import KeyEncryptionKey
from syncserver.sync.threads import beside_the_loop, meanwhile

QUERIES = load(Path(__file__).parent)
# By a look-up: calling an enumeration is slow.
_CODE_STATES = {state.value: state for state in CodeState}

# A payment, with what is known of the batch that brought it.
Paid = tuple[BatchFacts, Payment]
Noting = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Tenders:
    """Reads for payments on one connection, and notes it in what is known of customers.

    Attributes:
        connection: in the transaction that holds the wallets' locks.
        customers: what is known of those who paid.
        kek: what proof keys are wrapped with.
        voids: how many voids are in the same transaction.
    """

    connection: Connection
    customers: CustomerFacts
    kek: KeyEncryptionKey
    voids: int

    async def read(self, payments: Sequence[Paid]) -> None:
        """Read what decides these payments, and note it."""
        if not payments:
            return
        rows = await self._codes(payments)
        asked = _history_to_ask(payments, self.voids, rows)  # a millisecond at most: handing it over costs a good part
        noting = asyncio.create_task(beside_the_loop(len(payments), partial(self._note_codes, payments, rows)))
        history = await meanwhile(noting, self.connection.fetch(QUERIES["read_history"], *asked))
        await noting
        self._note_history(history)

    async def read_ahead(self, payments: Sequence[Paid]) -> Noting:
        """Read it while payments of others are judged; what this returns notes it, once they are."""
        rows = await self._codes(payments)
        asked = _history_to_ask(payments, self.voids, rows)
        history = await self.connection.fetch(QUERIES["read_history"], *asked)

        def note() -> None:
            self._note_codes(payments, rows)
            self._note_history(history)

        return note

    async def _codes(self, payments: Sequence[Paid]) -> Sequence[Any]:
        return await self.connection.fetch(
            QUERIES["read_tenders"],
            words(record.wallet for _, record in payments),
            ids(record.series for _, record in payments),
            numbers(record.index for _, record in payments),
            ids(record.id for _, record in payments),
        )

    def _note_codes(self, payments: Sequence[Paid], rows: Sequence[Any]) -> None:
        """Note the codes that were paid with, and which payments' ids were used before."""
        customers, unwrap = self.customers, self.kek.unwrap_proof_key
        for position, cap, state, wrapped_proof_key, issued_at, expires_at, withdrawn_version, used in rows:
            _, record = payments[position - 1]
            if used:
                customers.known_ids.add((record.wallet, record.id))
            key = (record.wallet, record.series, record.index)
            if cap is not None and issued_at is not None and key not in customers.codes:
                customers.codes[key] = CodeFacts(
                    cap=cap,
                    state=_CODE_STATES[state],
                    proof_key=unwrap(wrapped_proof_key, record.series, record.index),
                    issued_at=issued_at,
                    expires_at=expires_at,
                    withdrawn_version=withdrawn_version,
                )

    def _note_history(self, rows: Sequence[Any]) -> None:
        for wallet, at, total, lat, lon, uncertainty in rows:
            if total is not None:
                self.customers.day_totals[wallet, at] = total
            else:
                sighting = Sighting(at, place_of(lat, lon), uncertainty)
                self.customers.sightings.setdefault(wallet, []).append(sighting)


def place_of(lat: int | None, lon: int | None) -> Place | None:
    """Where a payment of `read_history` was taken; an online one may have no place."""
    return None if lat is None or lon is None else Place(lat, lon)


def _history_to_ask(payments: Sequence[Paid], voids: int, rows: Sequence[Any]) -> tuple[str, str, str, str, int, int]:
    """What `read_history` is asked: days and moments of wallets, how many payments each way and how far away."""
    days: set[tuple[str, int]] = set()
    moments: set[tuple[str, int]] = set()
    rate_count = reach = 0
    looked_at: Policy | None = None  # nearly always the same for all
    for row in rows:
        facts, record = payments[row["position"] - 1]
        issued = row["issued_at"] if row["cap"] is not None else None  # a series may be there without such a code
        policy = policy_of(facts, record, issued)
        when = moment_of_payment(facts, record, issued, policy).when
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
