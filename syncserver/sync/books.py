"""One page of a terminal's code book (docs/protocol.md, section 9)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import asyncpg

from shared.errors import TallystickError
from shared.geo import Place
from shared.lifecycles import STATUS_OF_PAYMENT, PaymentState
from shared.messages.book import Book, Cashier, ServerKey, Update, sign_book
from shared.messages.book_series import BookSeries, kdf_of
from shared.rules.decision import MS_PER_HOUR
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.services import Services
from syncserver.sync.nearby import Area, changed_nearby
from syncserver.sync.numbering import QUERIES, number_changes
from syncserver.sync.reading import read_policies

# A page that holds more updates than this ends where it does, as with series.
MAX_UPDATES_PER_PAGE = 5_000
Rows = Sequence[asyncpg.Record]


class PullRefusedError(TallystickError):
    """This terminal may not pull a book: it is quarantined or revoked."""

    code = "PULL_REFUSED"


async def make_page(services: Services, device: bytes, since: int) -> bytes:
    """The next page after `since`, as signed COSE bytes.

    Raises:
        PullRefusedError: the device is quarantined, revoked or gone.
    """
    async with services.pool.acquire() as connection:
        await number_changes(connection)
        # One snapshot: everything up to the clock's version in it is visible in it.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            page, rows, codes = await _read_page(services, connection, device, since)
    return await asyncio.to_thread(_sign, services, page, rows, codes)


async def _read_page(services: Services, connection: Connection, device: bytes, since: int) -> tuple[Book, Rows, Rows]:
    """The page without its open series, those series, and their codes in the same order."""
    row = await connection.fetchrow(QUERIES["device_for_book"], uuid_of(device))
    if row is None or row["quarantined_at"] is not None or row["revoked_at"] is not None:
        raise PullRefusedError
    clock = await connection.fetchrow(QUERIES["read_clock"])
    if clock is None:
        raise LookupError("the book's clock is missing")
    vendor = row["vendor"].bytes
    history = await read_policies(connection, vendor, device)
    policy = history.at_version(clock["version"])
    through = max(clock["version"], since)
    end = await connection.fetchval(QUERIES["updates_end"], uuid_of(device), since, through, MAX_UPDATES_PER_PAGE)
    area = Area(Place(row["lat"], row["lon"]), policy.radius_m, row["currency"])
    changed = await changed_nearby(connection, area, since, through)
    version, more = changed.version, changed.more
    if end is not None and end < version:
        version, more = end, True
    rows = [found for found in changed.rows if found["version"] <= version]
    opened = [found for found in rows if found["state"] == "open"]
    # A sale between two pages names this page's version, and is judged by the limits of that version.
    told = history.at_version(version)
    if row["blocked_version"] is not None:
        # A book has no word for a blocked vendor; a limit of 0 makes its tills refuse what would fail here.
        told = replace(told, payment_limit=0)
    now = services.clock()
    page = Book(
        device=device,
        generation=clock["generation"] + row["generation"] - 1,
        version=version,
        since=since,
        more=more,
        issued_at=now,
        expires_at=now + policy.book_hours * MS_PER_HOUR,
        series=(),
        closed=tuple(found["series"].bytes for found in rows if found["state"] == "closed"),
        blocked=tuple(found["wallet"] for found in await connection.fetch(QUERIES["blocked_wallets"])),
        policy=told,
        cashiers=tuple(
            Cashier(id=found["id"], name=found["name"], role=found["role"], pin=found["pin"])
            for found in await connection.fetch(QUERIES["cashiers_of_vendor"], uuid_of(vendor))
        ),
        updates=await _updates(connection, device, since, version),
        server_keys=(
            *(ServerKey(kid=key.kid, key=key.public_key, not_after=key.not_after) for key in services.keys.published),
            # Not from now on alone: whoever has the key can sign for any time.
            *(ServerKey(kid=key.kid, key=key.public_key, not_after=0) for key in services.keys.revoked),
        ),
    )
    codes = await connection.fetch(
        QUERIES["codes_of_series"], [found["wallet"] for found in opened], [found["series"] for found in opened]
    )
    return page, opened, codes


def _sign(services: Services, page: Book, rows: Rows, codes: Rows) -> bytes:
    """The page with its series. Thousands of them take a while: in a thread, so that no other request waits."""
    series = tuple(
        BookSeries(
            series=row["series"].bytes,
            wallet=row["wallet"],
            name=row["masked_name"],
            kdf=kdf_of(row["t"], row["m_kib"]),
            verifiers=tuple(code["verifiers"]),
            caps=tuple(code["caps"]),
            spent=tuple(code["spent"]),
            expires_at=row["expires_at"],
        )
        for row, code in zip(rows, codes, strict=True)
    )
    return sign_book(replace(page, series=series), services.keys.for_books)


async def _updates(connection: Connection, device: bytes, since: int, version: int) -> tuple[Update, ...]:
    rows = await connection.fetch(QUERIES["updates_of_device"], uuid_of(device), since, version)
    return tuple(
        Update(
            id=row["payment"].bytes,
            status=STATUS_OF_PAYMENT[PaymentState(row["state"])],
            reasons=tuple(row["reasons"]),
        )
        for row in rows
    )
