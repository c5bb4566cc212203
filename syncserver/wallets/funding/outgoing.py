"""The port to whoever knows what money of ours went out: asked about each entry that bears a name we gave it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.money import Money
from syncserver.database.connection import Connection
from syncserver.wallets.funding.why import Why


@dataclass(frozen=True, slots=True)
class Named:
    """A transaction of a statement of `account` that bears an end-to-end id: money that went out, or `came_back`."""

    account: str
    end_to_end: str
    money: Money
    came_back: bool
    why: str


class Outgoing(Protocol):
    """Who knows what money of ours went out."""

    async def may_be_paid(self, connection: Connection, named: Sequence[Named]) -> Sequence[bool]:
        """Whether each transaction that went out may still make a payment of ours a paid one, now or later.

        Nothing is locked or changed: what can't be so now never will be.
        """

    async def settle(
        self, connection: Connection, named: Sequence[Named], *, actor: str, at: int
    ) -> Sequence[bytes | Why | None]:
        """Take in what a bank says of payments of ours, in the transaction that writes its entries.

        Of each, in its order: which payout it is, why it can't be settled though it names one, or None where it names
        none of ours.
        """
