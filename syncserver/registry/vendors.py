"""Vendors: their declared place and currency, their limits, and who works at their tills."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.pwhash import argon2id

from shared.fields import checked_text
from shared.geo import Place
from shared.ids import uuid7, uuid_text
from shared.messages.book import CASHIER_ROLES
from shared.money import minor_digits
from shared.policy import Policy
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.ledger import store
from syncserver.registry import limits
from syncserver.registry.errors import PinError, UnknownCashierError, UnknownVendorError
from syncserver.services import Services
from syncserver.sync.numbering import next_version

QUERIES = load(Path(__file__).parent)
PIN_DIGITS = 6
_RUNS = ("0123456789", "9876543210")


@dataclass(frozen=True, slots=True)
class Vendor:
    """A shop, its declared place and its currency."""

    id: bytes
    name: str
    place: Place
    currency: str
    blocked: bool


def object_of(vendor: bytes) -> str:
    """How the audit trail names a vendor."""
    return f"vendor {uuid_text(vendor)}"


def vendor_of(row: Any) -> Vendor:
    """A row of `vendor`."""
    place = Place(row["lat"], row["lon"])
    return Vendor(row["vendor"].bytes, row["name"], place, row["currency"], row["blocked_version"] is not None)


async def add_vendor(services: Services, *, name: str, place: Place, currency: str) -> bytes:
    """Add a vendor; its id.

    Raises:
        CurrencyError, DecodingError: nothing was done.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        return await add_vendor_in(connection, services, name=name, place=place, currency=currency)


async def add_vendor_in(connection: Connection, services: Services, *, name: str, place: Place, currency: str) -> bytes:
    """As `add_vendor`, in the caller's transaction.

    Raises:
        CurrencyError, DecodingError: nothing was done.
    """
    minor_digits(currency)
    checked_text(name, "name")
    now = services.clock()
    vendor = uuid7(now, services.random(10))
    await connection.execute(QUERIES["write_vendor"], uuid_of(vendor), name, place.lat, place.lon, currency, now)
    await connection.execute(QUERIES["write_vendor_balance"], uuid_of(vendor), currency)
    after = {"name": name, "lat": place.lat, "lon": place.lon, "currency": currency}
    await trail.note(connection, services, action="vendor.create", object_=object_of(vendor), after=after)
    return vendor


async def read_vendor(services: Services, vendor: bytes) -> Vendor:
    """One vendor.

    Raises:
        UnknownVendorError: where there is none.
    """
    row = await services.pool.fetchrow(QUERIES["read_vendor"], uuid_of(vendor))
    if row is None:
        raise UnknownVendorError
    return vendor_of(row)


async def list_vendors(services: Services) -> list[tuple[Vendor, int]]:
    """All vendors, the oldest first, each with what it is owed (minor units), folded or not."""
    async with services.pool.acquire() as connection:
        rows = await connection.fetch(QUERIES["list_vendors"])
        return [(vendor_of(row), await store.vendor_balance(connection, row["vendor"].bytes)) for row in rows]


async def first_by_name(services: Services, limit: int) -> list[tuple[bytes, str]]:
    """Some vendors by name, as (id, name): to choose one of them."""
    rows = await services.pool.fetch(QUERIES["vendors_by_name"], limit)
    return [(row["vendor"].bytes, row["name"]) for row in rows]


async def block_vendor(services: Services, vendor: bytes, *, blocked: bool) -> None:
    """Block a vendor, or end that.

    Raises:
        UnknownVendorError: where there is none.
    """
    await read_vendor(services, vendor)
    async with services.pool.acquire() as connection, connection.transaction():
        version = await next_version(connection)
        row = await connection.fetchrow(QUERIES["read_vendor"], uuid_of(vendor))
        await connection.execute(QUERIES["block_vendor"], uuid_of(vendor), version if blocked else None)
        await trail.note(
            connection,
            services,
            action="vendor.block" if blocked else "vendor.unblock",
            object_=object_of(vendor),
            before={"blocked": vendor_of(row).blocked},
            after={"blocked": blocked},
        )


async def change_policy(
    services: Services,
    vendor: bytes,
    changes: Mapping[str, Any],
    *,
    device: bytes | None = None,
    actor: str,
    reason: str | None = None,
) -> Policy:
    """Change some limits of a vendor, or of one of its devices; the policy that results. No change only shows it.

    Raises:
        UnknownVendorError, UnknownDeviceError, PolicyError: nothing was done.
    """
    change = limits.Change(vendor=vendor, device=device, body=changes)
    async with services.pool.acquire() as connection, connection.transaction():
        await limits.keep(connection)
        effect = await limits.foresee(connection, change)
        if changes:
            await limits.apply(connection, services, change, effect, limits.Word(actor=actor, reason=reason))
        return effect.after


async def start_all_books_over(services: Services) -> int:
    """Let every terminal begin its book anew, as they must after this database was restored; the new generation."""
    async with services.pool.acquire() as connection, connection.transaction():
        generation: int = await connection.fetchval(QUERIES["start_all_books_over"])
        await trail.note(
            connection, services, action="server.restored", object_="server", after={"generation": generation}
        )
    return generation


@dataclass(frozen=True, slots=True)
class CashierView:
    """Somebody who works at a shop's tills."""

    id: str
    name: str
    role: str


async def list_cashiers(connection: Connection, vendor: bytes) -> list[CashierView]:
    """Who works at a shop's tills, by id."""
    rows = await connection.fetch(QUERIES["list_cashiers"], uuid_of(vendor))
    return [CashierView(row["id"], row["name"], row["role"]) for row in rows]


async def add_cashier(services: Services, vendor: bytes, *, cashier: str, name: str, role: str, pin: str) -> None:
    """Add a cashier with a PIN, or change one; terminals learn it with their next book.

    Raises:
        UnknownVendorError, PinError, DecodingError: nothing was done.
    """
    await read_vendor(services, vendor)
    checked_text(cashier, "id")
    checked_text(name, "name")
    if role not in CASHIER_ROLES:
        raise PinError(f"a role is one of {', '.join(CASHIER_ROLES)}")
    _check_pin(pin)
    # Argon2id with libsodium's interactive cost, in a thread: it takes tens of milliseconds and 64 MiB.
    hashed = await asyncio.to_thread(argon2id.str, pin.encode(), argon2id.OPSLIMIT_INTERACTIVE, 64 * 1024 * 1024)
    async with services.pool.acquire() as connection, connection.transaction():
        await next_version(connection)
        await connection.execute(
            QUERIES["write_cashier"],
            uuid_of(vendor),
            cashier,
            name,
            role,
            hashed.rstrip(b"\0").decode("ascii"),
            services.clock(),
        )
        after = {"cashier": cashier, "name": name, "role": role}
        await trail.note(connection, services, action="cashier.set", object_=object_of(vendor), after=after)


async def remove_cashier(services: Services, vendor: bytes, cashier: str) -> None:
    """Take a cashier off; terminals learn it with their next book.

    Raises:
        UnknownCashierError: where there is none.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        await next_version(connection)
        if await connection.execute(QUERIES["delete_cashier"], uuid_of(vendor), cashier) != "DELETE 1":
            raise UnknownCashierError
        before = {"cashier": cashier}
        await trail.note(connection, services, action="cashier.remove", object_=object_of(vendor), before=before)


def _check_pin(pin: str) -> None:
    if len(pin) != PIN_DIGITS or not (pin.isascii() and pin.isdigit()):
        raise PinError
    pairs = {pin[:2], pin[2:4], pin[4:]}
    if len(set(pin)) == 1 or len(pairs) == 1 or pin[:3] == pin[3:] or any(pin in run for run in _RUNS):
        raise PinError("this PIN is one of those that a thief tries first")
