"""Reads what the codes are that were paid with, and what their customers paid before, under the wallets' locks.

Of customers who pay only in a later piece of a batch that is read while the first piece is judged.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from shared.lifecycles import CodeState
from syncserver.database.arrays import ids, numbers, words
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.judge.facts import CodeFacts, CustomerFacts
from syncserver.keys.wrapping import KeyEncryptionKey
from syncserver.sync import history
from syncserver.sync.history import Paid
from syncserver.sync.threads import beside_the_loop, meanwhile

QUERIES = load(Path(__file__).parent)
# By a look-up: calling an enumeration is slow.
_CODE_STATES = {state.value: state for state in CodeState}

Noting = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Tenders:
    """Reads for payments on one connection, and notes it in what is known of customers.

    Attributes:
        connection: in the transaction that holds the wallets' locks.
        customers: what is known of those who paid.
        kek: what proof keys are wrapped with.
        last_paid_at: when each wallet's last payment was taken, as its row says.
        voids: how many voids are in the same transaction.
        doubtful: whether ids may have been used before. Where they are taken for new, writing them tells.
    """

    connection: Connection
    customers: CustomerFacts
    kek: KeyEncryptionKey
    last_paid_at: Mapping[str, int]
    voids: int
    doubtful: bool

    async def read(self, payments: Sequence[Paid], wallets: Callable[[], None]) -> None:
        """Read what decides these payments, and note it; `wallets` notes their wallets meanwhile."""

        def note_wallets() -> dict[str, int]:
            since = history.since_when(payments, self.last_paid_at)
            wallets()
            return since

        preparing = asyncio.create_task(beside_the_loop(len(self.last_paid_at), note_wallets))
        rows = await meanwhile(self._codes(payments), preparing) if payments else []
        since = await preparing
        noting = asyncio.create_task(beside_the_loop(len(payments), partial(self._note_codes, payments, rows)))
        note = await meanwhile(self._history(payments, rows, since), noting)
        await noting
        note(self.customers)

    async def read_ahead(self, payments: Sequence[Paid]) -> Noting:
        """Read it while payments of others are judged; what this returns notes it, once they are."""
        rows = await self._codes(payments)
        since = history.since_when(payments, self.last_paid_at)
        note_history = await self._history(payments, rows, since)

        def note() -> None:
            self._note_codes(payments, rows)
            note_history(self.customers)

        return note

    def _history(
        self, payments: Sequence[Paid], rows: Sequence[Any], since: Mapping[str, int]
    ) -> Awaitable[Callable[[CustomerFacts], None]]:
        return history.read(self.connection, payments, partial(_issued, rows), since, self.voids)

    async def _codes(self, payments: Sequence[Paid]) -> Sequence[Any]:
        return await self.connection.fetch(
            QUERIES["read_tenders"],
            words(record.wallet for _, record in payments),
            ids(record.series for _, record in payments),
            numbers(record.index for _, record in payments),
            ids(record.id for _, record in payments),
            self.doubtful,
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


def _issued(rows: Sequence[Any]) -> dict[int, int]:
    """When the codes of payments were issued, by the payment's place; a series may be there without such a code."""
    return {row["position"] - 1: row["issued_at"] for row in rows if row["cap"] is not None}
