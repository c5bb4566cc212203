"""A payment with all that there is of it: what moved, and its records as its terminal signed them."""

from dataclasses import dataclass
from typing import Any

from shared import cbor, cose
from shared.errors import TallystickError
from shared.ids import uuid_text
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.payments.online import QUERIES
from syncserver.payments.views import PaymentView

_ID_BYTES = 16
_MOST_LETTERS = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """One transfer: from an account to another, why, and by whom. Money in minor units, `at` in ms."""

    number: int
    debit: str
    credit: str
    amount: int
    cause: str
    at: int
    actor: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record of a journal that names the payment, as it arrived. `fork` where its place had been taken by another.

    `decoded` is what it says, for people: ids and bytes in hex; None where it can't be read.
    """

    type: str
    epoch: int
    seq: int
    received_at: int
    status: str
    raw: bytes
    fork: bool
    decoded: dict[str, Any] | None


async def transfers(connection: Connection, view: PaymentView) -> list[Moved]:
    """What moved for a payment, in order."""
    rows = await connection.fetch(QUERIES["transfers_of_payment"], view.wallet, uuid_of(view.payment))
    return [
        Moved(row["number"], row["debit"], row["credit"], row["amount"], row["cause"], row["at"], row["actor"])
        for row in rows
    ]


async def records(connection: Connection, view: PaymentView) -> list[Recorded]:
    """The records of a payment: its own, its void, and the other halves of forks. None of an online one."""
    row = view.row
    if row["device"] is None:
        return []
    found = await connection.fetch(
        QUERIES["records_of_payment"], row["device"], row["epoch"], uuid_of(view.payment), row["seq"]
    )
    return [
        Recorded(
            one["type"] or "unknown",
            one["epoch"],
            one["seq"],
            one["received_at"],
            one["status"],
            one["raw"],
            one["fork"],
            decoded(one["raw"]),
        )
        for one in found
    ]


def decoded(raw: bytes) -> dict[str, Any] | None:
    """What a record says, for people; None where it can't be read. Nothing in it is believed."""
    try:
        values = cbor.decode_map(cose.parse(raw).payload, lenient_text=True, most_items=cbor.MAX_UPLOAD_ITEMS)
    except TallystickError:
        return None
    return {_text(name): _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return uuid_text(value) if len(value) == _ID_BYTES else value.hex()[:_MOST_LETTERS]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value[:_MOST_LETTERS]]
    if isinstance(value, dict):
        return {_text(name): _plain(one) for name, one in value.items()}
    return _text(value)


def _text(value: Any) -> str:
    return str(value)[:_MOST_LETTERS]
