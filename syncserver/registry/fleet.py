"""All devices, for those who look after them: in pages, filtered, each with what it last said of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from shared.geo import Place
from shared.rules.decision import MS_PER_HOUR
from shared.words import Word
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.judge.chain import missing_of, through_of
from syncserver.registry.devices import DeviceView, view_of
from syncserver.registry.errors import UnknownDeviceError
from syncserver.registry.vendors import QUERIES

SILENT_HOURS = 24
BATCHES_SHOWN = 20


class FleetState(Word):
    """By what devices are found: the states of the life cycle, and whether anybody has heard of them."""

    ENROLLED = "enrolled"
    INCOMPLETE = "incomplete"
    QUARANTINED = "quarantined"
    REVOKED = "revoked"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class FleetDevice:
    """A device, and what it said of itself when it last asked for its book, None where it did not say. Times in ms."""

    view: DeviceView
    place: Place
    currency: str
    enrolled_at: int
    reported_at: int | None
    book: int | None
    app: str | None
    waiting: int | None
    oldest_at: int | None
    skew_ms: int | None

    def is_silent(self, now: int) -> bool:
        """Whether nobody has heard of it for a day."""
        return self.view.revoked_at is None and (self.view.last_seen_at or self.enrolled_at) < silent_since(now)


@dataclass(frozen=True, slots=True)
class Journal:
    """One of a device's journals: ranges of seq that are here, and those that are missing."""

    epoch: int
    enrolled_at: int
    compromised_at: int | None
    through: int
    missing: tuple[tuple[int, int], ...]
    kid: bytes


def silent_since(now: int) -> int:
    """Whoever was last heard of before this time (ms) is silent."""
    return now - SILENT_HOURS * MS_PER_HOUR


async def devices_after(
    connection: Connection,
    after: bytes | None,
    limit: int,
    *,
    now: int,
    state: FleetState | None = None,
    vendor: bytes | None = None,
) -> list[FleetDevice]:
    """Devices after one, the oldest first."""
    return await _fetch(connection, after, state, vendor, now, limit, None)


async def show_device(connection: Connection, device: bytes, now: int) -> FleetDevice:
    """One device.

    Raises:
        UnknownDeviceError: there is none.
    """
    found = await _fetch(connection, None, None, None, now, 1, device)
    if not found:
        raise UnknownDeviceError
    return found[0]


async def _fetch(
    connection: Connection,
    after: bytes | None,
    state: FleetState | None,
    vendor: bytes | None,
    now: int,
    limit: int,
    device: bytes | None,
) -> list[FleetDevice]:
    last, shop, one = (uuid_or_none(each) for each in (after, vendor, device))
    since = silent_since(now)
    rows = await connection.fetch(QUERIES["fleet"], last, state.value if state else None, shop, since, limit, one)
    return [_device(row) for row in rows]


def _device(row: Any) -> FleetDevice:
    said = (row[name] for name in ("reported_at", "book", "app", "waiting", "oldest_at", "skew_ms"))
    return FleetDevice(view_of(row), Place(row["lat"], row["lon"]), row["currency"], row["created_at"], *said)


async def journals(connection: Connection, device: bytes) -> list[Journal]:
    """A device's journals, the newest first."""
    found = []
    for row in await connection.fetch(QUERIES["epochs"], uuid_of(device)):
        ranges = tuple((first, last) for first, last in msgspec.json.decode(row["ranges"]))
        through, missing = through_of(ranges), missing_of(ranges)
        found.append(Journal(row["epoch"], row["enrolled_at"], row["compromised_at"], through, missing, row["kid"]))
    return found


async def last_batches(connection: Connection, device: bytes) -> Sequence[Any]:
    """What a device sent last: batch, epoch, received_at, records."""
    return await connection.fetch(QUERIES["batches_of_device"], uuid_of(device), BATCHES_SHOWN)
