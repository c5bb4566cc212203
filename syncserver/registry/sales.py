"""A vendor's payments and its money, as it sees them: in pages, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.fields import MAX_INTEGER
from shared.lifecycles import STATUS_OF_PAYMENT, PaymentState, Status
from syncserver.database.arrays import uuid_of, uuids
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.registry.errors import UnknownVendorError
from syncserver.registry.vendors import QUERIES, Vendor, vendor_of

_STATE_OF_STATUS = {status: state for state, status in STATUS_OF_PAYMENT.items()}


@dataclass(frozen=True, slots=True)
class Period:
    """From a time until another, which is not in it; ms by the server's clock."""

    since: int = 0
    until: int = MAX_INTEGER


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of sales ended."""

    at: int = MAX_INTEGER
    payment: bytes = b"\xff" * 16


@dataclass(frozen=True, slots=True)
class LinePlace:
    """Where a page of lines ended."""

    at: int = MAX_INTEGER
    about: bytes = b"\xff" * 16
    number: int = MAX_INTEGER


@dataclass(frozen=True, slots=True)
class Owed:
    """What a vendor is owed (minor units): added up, and not added up yet; and what is on its way to its bank."""

    payable: int
    pending: int
    on_its_way: int

    @property
    def total(self) -> int:
        """All that it is owed; a late void may take it below zero."""
        return self.payable + self.pending


@dataclass(frozen=True, slots=True)
class Sale:
    """A payment at a vendor. `received` is by the server's clock (ms), `row` has all of its facts."""

    payment: bytes
    received: int
    status: Status
    row: Any


@dataclass(frozen=True, slots=True)
class Line:
    """One transfer to a vendor (above zero) or from it, and what it was owed after that (minor units).

    It is about a payment, or about a payout.
    """

    at: int
    about: bytes
    paid_out: bool
    number: int
    cause: str
    amount: int
    balance: int


async def list_vendors(connection: Connection, after: bytes | None, limit: int) -> list[tuple[Vendor, Owed]]:
    """Vendors after one, the oldest first, with what each is owed."""
    last = uuid_or_none(after)
    found = [vendor_of(row) for row in await connection.fetch(QUERIES["vendors_after"], last, limit)]
    owed = await _owed(connection, [one.id for one in found])
    return [(one, owed[one.id]) for one in found]


async def show_vendor(connection: Connection, vendor: bytes) -> tuple[Vendor, Owed]:
    """One vendor, with what it is owed.

    Raises:
        UnknownVendorError: where there is none.
    """
    row = await connection.fetchrow(QUERIES["read_vendor"], uuid_of(vendor))
    if row is None:
        raise UnknownVendorError
    return vendor_of(row), (await _owed(connection, [vendor]))[vendor]


async def _owed(connection: Connection, vendors: Sequence[bytes]) -> dict[bytes, Owed]:
    rows = await connection.fetch(QUERIES["owed_to_vendors"], uuids(vendors))
    return {row["vendor"].bytes: Owed(row["payable"], row["pending"], row["on_its_way"]) for row in rows}


async def sales(
    connection: Connection,
    vendor: bytes,
    period: Period,
    *,
    status: Status | None = None,
    device: bytes | None = None,
    before: Place | None = None,
    limit: int,
) -> list[Sale]:
    """Payments at a vendor before a place; a few more than `limit` where several are at one place."""
    before = before or Place()
    rows = await connection.fetch(
        QUERIES["sales_of_vendor"],
        uuid_of(vendor),
        period.since,
        period.until,
        _STATE_OF_STATUS[status].value if status is not None else None,
        uuid_or_none(device),
        before.at,
        uuid_of(before.payment),
        limit,
    )
    return [
        Sale(row["payment"].bytes, row["received"], STATUS_OF_PAYMENT[PaymentState(row["state"])], row) for row in rows
    ]


async def statement(
    connection: Connection, vendor: bytes, period: Period, *, before: LinePlace | None = None, limit: int
) -> tuple[Owed, list[Line]]:
    """What a vendor is owed now, and what moved before a place; in a transaction of one snapshot.

    The balances are counted back from what is owed now: each is what the vendor was owed after its line.

    Raises:
        UnknownVendorError: where there is none.
    """
    _, owed = await show_vendor(connection, vendor)
    before = before or LinePlace()
    rows = await connection.fetch(
        QUERIES["lines_of_vendor"],
        uuid_of(vendor),
        period.since,
        period.until,
        before.at,
        uuid_of(before.about),
        before.number,
        limit,
    )
    if not rows:
        return owed, []
    first = rows[0]
    after = await connection.fetchval(
        QUERIES["moved_after"], uuid_of(vendor), first["at"], first["about"], first["number"]
    )
    balance, lines = owed.total - after, []
    for row in rows:
        amount = row["amount"] if row["credited"] else -row["amount"]
        about = row["about"].bytes
        lines.append(Line(row["at"], about, row["paid_out"], row["number"], row["cause"], amount, balance))
        balance -= amount
    return owed, lines
