"""One page of a terminal's code book (docs/protocol.md, section 9)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import asyncpg

from shared.codes import KdfParameters
from shared.errors import TallystickError
from shared.geo import Place, haversine_m
from shared.lifecycles import STATUS_OF_PAYMENT, PaymentState
from shared.messages.book import (
    MAX_SERIES_PER_PAGE,
    Book,
    BookSeries,
    Cashier,
    ServerKey,
    Update,
    sign_book,
)
from shared.policy import Policy
from shared.rules.decision import MS_PER_HOUR
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.services import Services
from syncserver.sync.grid import cells_around
from syncserver.sync.numbering import QUERIES, number_changes
from syncserver.sync.reading import read_policies


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
            book = await _read_page(services, connection, device, since)
    return sign_book(book, services.keys.active)


async def _read_page(services: Services, connection: Connection, device: bytes, since: int) -> Book:
    row = await connection.fetchrow(QUERIES["device_for_book"], uuid_of(device))
    if row is None or row["quarantined_at"] is not None or row["revoked_at"] is not None:
        raise PullRefusedError
    clock = await connection.fetchrow(QUERIES["read_clock"])
    if clock is None:
        raise LookupError("the book's clock is missing")
    vendor = row["vendor"].bytes
    history = await read_policies(connection, vendor, device)
    policy = history.at_version(clock["version"])
    place = Place(row["lat"], row["lon"])
    candidates = await _candidates(connection, place, policy, row["currency"], since)
    more = len(candidates) > MAX_SERIES_PER_PAGE
    candidates = candidates[:MAX_SERIES_PER_PAGE]
    version = candidates[-1]["version"] if more else max(clock["version"], since)
    inside = [found for found in candidates if haversine_m(Place(found["lat"], found["lon"]), place) <= policy.radius_m]
    # A sale between two pages names this page's version, and is judged by the limits of that version.
    told = history.at_version(version)
    if row["blocked_version"] is not None:
        # A book has no word for a blocked vendor; a limit of 0 makes its tills refuse what would fail here.
        told = replace(told, payment_limit=0)
    now = services.clock()
    return Book(
        device=device,
        generation=clock["generation"] + row["generation"] - 1,
        version=version,
        since=since,
        more=more,
        issued_at=now,
        expires_at=now + policy.book_hours * MS_PER_HOUR,
        series=await _series(connection, [found for found in inside if found["state"] == "open"]),
        closed=tuple(found["series"].bytes for found in inside if found["state"] == "closed"),
        blocked=tuple(found["wallet"] for found in await connection.fetch(QUERIES["blocked_wallets"])),
        policy=told,
        cashiers=tuple(
            Cashier(id=found["id"], name=found["name"], role=found["role"], pin=found["pin"])
            for found in await connection.fetch(QUERIES["cashiers_of_vendor"], uuid_of(vendor))
        ),
        updates=await _updates(connection, device, since, version),
        server_keys=tuple(
            ServerKey(kid=key.kid, key=key.public_key, not_after=key.not_after) for key in services.keys.published
        ),
    )


async def _candidates(
    connection: Connection, place: Place, policy: Policy, currency: str, since: int
) -> Sequence[asyncpg.Record]:
    cells = cells_around(place, policy.radius_m)
    limit = MAX_SERIES_PER_PAGE + 1
    if cells is None:
        return await connection.fetch(QUERIES["series_anywhere"], since, limit, currency)
    return await connection.fetch(QUERIES["series_in_cells"], cells, since, limit, currency)


async def _series(connection: Connection, rows: Sequence[asyncpg.Record]) -> tuple[BookSeries, ...]:
    by_series: dict[Any, list[asyncpg.Record]] = {}
    for code in await connection.fetch(
        QUERIES["codes_of_series"], [row["wallet"] for row in rows], [row["series"] for row in rows]
    ):
        by_series.setdefault(code["series"], []).append(code)
    return tuple(
        BookSeries(
            series=row["series"].bytes,
            wallet=row["wallet"],
            name=row["masked_name"],
            kdf=KdfParameters(row["t"], row["m_kib"]),
            verifiers=tuple(code["verifier"] for code in by_series[row["series"]]),
            caps=tuple(code["cap"] for code in by_series[row["series"]]),
            spent=tuple(code["idx"] for code in by_series[row["series"]] if code["state"] == "claimed"),
            expires_at=row["expires_at"],
        )
        for row in rows
    )


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
