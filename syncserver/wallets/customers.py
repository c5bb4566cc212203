"""Customers with their wallets, for those who look after them."""

from dataclasses import dataclass
from typing import Any

from shared.geo import Place
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.wallets.accounts import QUERIES, Balances
from syncserver.wallets.errors import UnknownWalletError


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer, and the wallet. `login` is None for one who was added by hand and has none; `since` in ms."""

    user_id: bytes
    name: str
    login: str | None
    home: Place
    since: int
    balances: Balances
    blocked: bool


async def customers_after(connection: Connection, after: bytes | None, limit: int) -> list[Customer]:
    """Customers after one, the oldest first."""
    last = uuid_or_none(after)
    return [_customer(row) for row in await connection.fetch(QUERIES["customers_after"], last, limit, None)]


async def show_customer(connection: Connection, user_id: bytes) -> Customer:
    """One customer.

    Raises:
        UnknownWalletError: there is none.
    """
    rows = await connection.fetch(QUERIES["customers_after"], None, 1, uuid_of(user_id))
    if not rows:
        raise UnknownWalletError
    return _customer(rows[0])


def _customer(row: Any) -> Customer:
    money = (row[name] for name in ("wallet", "currency", "online", "offline", "held", "review"))
    home = Place(row["lat"], row["lon"])
    return Customer(
        row["user_id"].bytes, row["name"], row["login"], home, row["created_at"], Balances(*money), row["blocked"]
    )
