"""Kinds, fields and messages in the words that people know them by."""

from datetime import UTC, datetime
from functools import singledispatch

from shared import cbor, journal
from shared.cose import Kind
from shared.errors import CurrencyError, DecodingError
from shared.ids import uuid_text
from shared.messages.book import Book
from shared.messages.enrolment import Certificate
from shared.messages.receipt import Receipt
from shared.money import format_minor
from shared.vouchers import Voucher

VOUCHER_FIELDS = {
    "1": "series",
    "2": "index",
    "3": "wallet",
    "4": "cap",
    "5": "currency",
    "6": "not before",
    "7": "expires",
    "8": "lat",
    "9": "lon",
    "10": "verifier",
    "11": "t",
    "12": "memory",
}
# A key that only payloads of this kind have.
_TELLTALES = (
    ("decisions", Kind.EVIDENCE),
    ("seq", Kind.RECORD),
    ("results", Kind.RECEIPT),
    ("policy", Kind.BOOK),
    ("vendor", Kind.DEVICE),
)


def name_of(kind: Kind | None) -> str:
    """What people call a kind of object; "object" where it is not known."""
    return "object" if kind is None else "certificate" if kind is Kind.DEVICE else kind.value


def guess_kind(payload: bytes) -> Kind | None:
    """The kind that a payload looks like, for words about an object that nobody could verify."""
    try:
        values = cbor.decode_map(payload, lenient_text=True)
    except DecodingError:
        return None
    if type(values.get(1)) is bytes:
        return Kind.VOUCHER
    return next((kind for key, kind in _TELLTALES if key in values), None)


def money(minor: int, currency: str) -> str:
    """An amount, also in a currency that no list knows: a signed record may name any three letters."""
    try:
        return f"{format_minor(minor, currency)} {currency}"
    except CurrencyError:
        return f"{minor} minor units of {currency}"


def moment(milliseconds: int) -> str:
    """A time (ms since the epoch) as UTC, or as the number where no calendar reaches it."""
    try:
        return datetime.fromtimestamp(milliseconds / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds} ms"


@singledispatch
def describe(message: object) -> tuple[str, ...]:
    """A decoded message in lines for people."""
    return (type(message).__name__,)


@describe.register
def _(record: journal.Record) -> tuple[str, ...]:
    place = f"{journal.type_name(record)}, seq {record.seq} of epoch {record.epoch}, {moment(record.at)}"
    if isinstance(record, journal.Payment):
        return (place, f"{money(record.amount, record.currency)} from wallet {record.wallet}")
    return (place,)


@describe.register
def _(receipt: Receipt) -> tuple[str, ...]:
    missing = f", {len(receipt.missing)} gaps above it" if receipt.missing else ""
    return (
        f"{len(receipt.results)} results of batch {uuid_text(receipt.batch)}, {moment(receipt.server_time)}",
        f"epoch {receipt.epoch} complete through seq {receipt.through}{missing}",
    )


@describe.register
def _(voucher: Voucher) -> tuple[str, ...]:
    return (
        f"up to {money(voucher.cap, voucher.currency)} from wallet {voucher.wallet}",
        f"code {voucher.index} of series {uuid_text(voucher.series)}",
        f"good from {moment(voucher.not_before * 1_000)} to {moment(voucher.expires * 1_000)}",
    )


@describe.register
def _(book: Book) -> tuple[str, ...]:
    return (
        f"version {book.version} of generation {book.generation}",
        f"{len(book.series)} series, {len(book.blocked)} blocked wallets, {len(book.cashiers)} cashiers",
        f"issued {moment(book.issued_at)}, expires {moment(book.expires_at)}",
    )


@describe.register
def _(certificate: Certificate) -> tuple[str, ...]:
    return (
        f"{certificate.name!r}, device {uuid_text(certificate.device)}, epoch {certificate.epoch}",
        f"public key {certificate.key.hex()}, issued {moment(certificate.issued_at)}",
    )
