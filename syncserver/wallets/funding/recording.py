"""A lot of a statement's entries as a source of money: each is written with what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncserver.database.arrays import uuids
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.wallets.funding.bank_accounts import QUERIES
from syncserver.wallets.funding.entries import clean
from syncserver.wallets.funding.matching import Decided


@dataclass(frozen=True, slots=True)
class BankStatement:
    """A lot of a statement's entries as a source of money. `at` in ms."""

    file: bytes
    decided: Sequence[Decided]
    ids: Sequence[bytes]
    by: str
    at: int

    @property
    def actor(self) -> str:
        """Who or what the transfers are by."""
        return f"bank import, {self.by}"

    async def record(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Add the entries with what became of them."""
        left = iter(numbers)
        rows = self.decided
        await connection.execute(
            QUERIES["write_entries"],
            uuids(self.ids),
            [one.entry.account for one in rows],
            [one.entry.key for one in rows],
            [one.number for one in rows],
            [one.entry.statement for one in rows],
            [one.entry.reference for one in rows],
            [one.entry.strong for one in rows],
            [one.entry.booked_on for one in rows],
            [one.part.money.minor for one in rows],
            [one.part.money.currency for one in rows],
            [one.entry.credit for one in rows],
            [one.entry.reversal or one.part.reversal for one in rows],
            [one.part.payer for one in rows],
            [clean(" ".join(one.part.texts)) for one in rows],
            [one.named for one in rows],
            [_state(one) for one in rows],
            [one.why.value if one.why is not None else None for one in rows],
            [one.wallet for one in rows],
            [next(left) if one.wallet is not None else None for one in rows],
            [one.part.end_to_end for one in rows],
            [uuid_or_none(one.payout) for one in rows],
            self.file,
            self.at,
        )


def _state(decided: Decided) -> str:
    if decided.payout is not None:
        return "payout"
    return "credited" if decided.wallet is not None else "unmatched"
