"""What somebody may mean who types a few characters: payments, wallets, people, devices, vendors, money paid in."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.ids import WALLET_DIGITS
from shared.money import format_minor
from shared.words import Word
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.search.meanings import amounts_of, day_of, end_of_id
from syncserver.services import Services
from syncserver.wallets.funding.references import wallets_named

QUERIES = load(Path(__file__).parent)
MOST_TYPED = 100
MOST_OF_A_KIND = 10
# Fewer digits would mean too much of everything.
LEAST_HEX, LEAST_DIGITS, LEAST_LETTERS = 6, 3, 2
_UUID_DIGITS = 32
_HEX = re.compile(r"[0-9a-f]+")
_WORD = re.compile(r"[^\W_]+")


class Kind(Word):
    """What was found."""

    PAYMENT = "payment"
    WALLET = "wallet"
    CUSTOMER = "customer"
    PERSON = "person"
    DEVICE = "device"
    VENDOR = "vendor"
    BANK_ENTRY = "bank entry"
    CASH_RECEIPT = "cash receipt"
    # What has a list of payments of its own.
    AMOUNT = "amount"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that may be meant. `id` names it among its kind; `of` is whose it is, or an amount's currency."""

    kind: Kind
    id: str
    title: str
    detail: str
    of: str | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """One statement with what it is given, and what its rows are."""

    statement: str
    given: tuple[Any, ...]
    hit: Callable[[Any], Hit]


async def search(services: Services, typed: str) -> list[Hit]:
    """What may be meant, at most ten of a kind, each once."""
    # What no text of the database has is nothing that is there.
    text = " ".join(typed[:MOST_TYPED].encode(errors="ignore").decode().replace("\0", " ").split())
    found: dict[tuple[Kind, str, str | None], Hit] = {}
    async with services.pool.acquire() as connection, connection.transaction(readonly=True):
        # A plan for what was typed, by the indexes that are made for it.
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off")
        for look in _looks(text):
            for row in await connection.fetch(QUERIES[look.statement], MOST_OF_A_KIND, *look.given):
                hit = look.hit(row)
                found.setdefault((hit.kind, hit.id, hit.of if hit.kind is Kind.PAYMENT else None), hit)
        for hit in await _lists(connection, text):
            found[hit.kind, hit.id, hit.of] = hit
    return sorted(found.values(), key=lambda hit: list(Kind).index(hit.kind))


def _looks(text: str) -> Iterator[_Look]:
    yield from _by_id(text.lower().replace("-", "").replace(" ", ""))
    if (end := end_of_id(text)) is not None:
        yield _Look("payments_by_end", (end,), _payment)
    yield from _by_number(text.replace(" ", "").replace("-", ""))
    for wallet in sorted(wallets_named([text])):
        yield _Look("wallets_by_number", (wallet,), _wallet)
    yield from _by_text(text)


def _by_id(digits: str) -> Iterator[_Look]:
    if not LEAST_HEX <= len(digits) <= _UUID_DIGITS or not _HEX.fullmatch(digits):
        return
    span = (UUID(digits.ljust(_UUID_DIGITS, "0")), UUID(digits.ljust(_UUID_DIGITS, "f")))
    yield _Look("payments_by_id", span, _payment)
    yield _Look("devices_by_id", span, _device)
    yield _Look("vendors_by_id", span, _vendor)
    yield _Look("customers_by_id", span, _customer)


def _by_number(digits: str) -> Iterator[_Look]:
    if digits.isascii() and digits.isdigit() and LEAST_DIGITS <= len(digits) <= WALLET_DIGITS:
        yield _Look("wallets_by_number", (digits + "%",), _wallet)


def _by_text(text: str) -> Iterator[_Look]:
    if sum(character.isalnum() for character in text) < LEAST_LETTERS:
        return
    prefix = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    if text.isascii():
        yield _Look("people_by_login", (prefix.lower(),), _person)
    for reference in dict.fromkeys((prefix, prefix.replace(" ", ""))):
        yield _Look("entries_by_reference", (reference,), _entry)
    yield _Look("receipts_by_number", (prefix.upper(),), _receipt)
    # Each word as it begins.
    words = " & ".join(f"{word}:*" for word in _WORD.findall(text.lower()))
    if words:
        yield _Look("customers_by_words", (words,), _customer)
        yield _Look("devices_by_words", (words,), _device)
        yield _Look("vendors_by_words", (words,), _vendor)
        yield _Look("entries_by_words", (words,), _entry)


async def _lists(connection: Connection, text: str) -> list[Hit]:
    """Lists of payments that may be meant: of a day, or of an amount."""
    if (day := day_of(text)) is not None:
        return [Hit(Kind.DAY, day.isoformat(), day.isoformat(), "payments that arrived on this day (UTC)")]
    rows = await connection.fetch(QUERIES["currencies"], MOST_OF_A_KIND)
    amounts = amounts_of(text, [row["currency"] for row in rows])
    return [
        Hit(Kind.AMOUNT, format_minor(one.minor, one.currency), str(one), "payments of this amount", one.currency)
        for one in amounts
    ]


def _money(row: Any) -> str:
    return f"{format_minor(row['amount'], row['currency'])} {row['currency']}"


def _payment(row: Any) -> Hit:
    return Hit(Kind.PAYMENT, str(row["payment"]), _money(row), f"{row['state']}, wallet {row['wallet']}", row["wallet"])


def _wallet(row: Any) -> Hit:
    detail = f"{row['name']}, blocked" if row["blocked"] else row["name"]
    return Hit(Kind.WALLET, row["wallet"], row["wallet"], detail, str(row["customer"]))


def _customer(row: Any) -> Hit:
    return Hit(Kind.CUSTOMER, str(row["user_id"]), row["name"], f"wallet {row['wallet'] or '-'}")


def _person(row: Any) -> Hit:
    detail = f"{row['name']}, {row['role']}, {row['state']}"
    return Hit(Kind.PERSON, str(row["user_id"]), row["login"], detail, str(row["vendor"]) if row["vendor"] else None)


def _device(row: Any) -> Hit:
    return Hit(Kind.DEVICE, str(row["device"]), row["name"], row["vendor_name"])


def _vendor(row: Any) -> Hit:
    return Hit(Kind.VENDOR, str(row["vendor"]), row["name"], "")


def _entry(row: Any) -> Hit:
    title = row["reference"] or row["remittance"] or "-"
    sign = "" if row["credit"] else "-"
    return Hit(Kind.BANK_ENTRY, str(row["entry"]), title, f"{sign}{_money(row)}, {row['payer']}, {row['state']}")


def _receipt(row: Any) -> Hit:
    return Hit(Kind.CASH_RECEIPT, row["receipt"], row["receipt"], f"{_money(row)} into {row['wallet']}", row["wallet"])
