"""Changing the limits of a vendor or of one of its terminals, and what they were before: each change is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import msgspec

from shared.ids import uuid_text
from shared.policy import Policy
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.database.row_ids import id_or_none, uuid_or_none
from syncserver.judge.policies import PolicyChange, PolicyHistory
from syncserver.registry.errors import UnknownDeviceError, UnknownVendorError
from syncserver.registry.loosening import differences
from syncserver.registry.policies import check_changes
from syncserver.services import Services
from syncserver.sync.numbering import keep_clock, next_version
from syncserver.sync.reading import read_policies

QUERIES = load(Path(__file__).parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Some limits of a vendor, or of one of its devices, that somebody wants to be otherwise."""

    vendor: bytes
    device: bytes | None
    body: Mapping[str, Any]

    @property
    def whose(self) -> bytes:
        """Whose history it concerns."""
        return self.device or self.vendor


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who changes limits and why, and who proposed it where another confirms it."""

    actor: str
    reason: str | None = None
    proposed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would do: limits before and after it. `base` is the last change there was; 0 where none."""

    before: Policy
    after: Policy
    base: int


@dataclass(frozen=True, slots=True)
class Version:
    """A change that was made. `at` in ms; `before` and `after` are the limits in force."""

    version: int
    at: int
    device: bytes | None
    actor: str
    proposed_by: str | None
    reason: str | None
    before: Policy
    after: Policy


async def check(connection: Connection, change: Change) -> None:
    """Make sure of whose limits they are, and of each changed field by itself.

    Raises:
        UnknownVendorError, UnknownDeviceError, PolicyError: it can't be made.
    """
    if await connection.fetchrow(QUERIES["read_vendor"], uuid_of(change.vendor)) is None:
        raise UnknownVendorError
    if change.device is not None:
        owner = await connection.fetchval(QUERIES["vendor_of_device"], uuid_of(change.device))
        if owner is None or owner.bytes != change.vendor:
            raise UnknownDeviceError("this vendor has no such device")
    check_changes(change.body)


async def history_of(connection: Connection, change: Change) -> PolicyHistory:
    """All changes that concern whose limits it is."""
    return await read_policies(connection, change.vendor, change.whose)


async def foresee(connection: Connection, change: Change) -> Effect:
    """What a change would do as things stand. With the clock kept nobody comes in between.

    Raises:
        UnknownVendorError, UnknownDeviceError, PolicyError: it can't be made.
    """
    await check(connection, change)
    history = await history_of(connection, change)
    base = max((one.version for one in history.changes), default=0)
    before, after = history.latest(), with_change(history, change).latest()
    if change.device is not None:
        return Effect(before, after, base)
    # A change of the vendor's may be right by itself and yet not fit the limits of one of its devices.
    for row in await connection.fetch(QUERIES["devices_with_limits"], uuid_of(change.vendor)):
        own = await read_policies(connection, change.vendor, row["device"].bytes)
        with_change(own, change).latest()
    return Effect(before, after, base)


def with_change(history: PolicyHistory, change: Change) -> PolicyHistory:
    """A history with one more change behind all others."""
    last = max((one.version for one in history.changes), default=0)
    more = PolicyChange(last + 1, 0, for_device=change.device is not None, body=change.body)
    return PolicyHistory([*history.changes, more])


async def keep(connection: Connection) -> None:
    """Let nobody change limits until the caller's transaction ends."""
    await keep_clock(connection)


async def apply(connection: Connection, services: Services, change: Change, effect: Effect, word: Word) -> int:
    """Make a change that was foreseen, in the caller's transaction; its version. Books tell it from then on."""
    version = await next_version(connection)
    device = uuid_or_none(change.device)
    await connection.execute(
        QUERIES["write_policy"],
        uuid_of(change.vendor),
        version,
        device,
        msgspec.json.encode(dict(change.body)).decode(),
        services.clock(),
        word.actor,
        word.reason,
        word.proposed_by,
    )
    if "radius_m" in change.body:
        await connection.execute(QUERIES["start_books_over"], uuid_of(change.vendor), device)
    await note(connection, services, "policy.change", change, effect, word)
    return version


async def note(
    connection: Connection, services: Services, action: str, change: Change, effect: Effect, word: Word
) -> None:
    """Write into the audit trail what a change does, in the transaction that makes or proposes it."""
    changed = differences(effect.before, effect.after)
    await trail.note(
        connection,
        services,
        action=action,
        object_=f"{'device' if change.device is not None else 'vendor'} {uuid_text(change.whose)}",
        actor=word.actor,
        before={name: was for name, (was, _) in changed.items()},
        after={name: will for name, (_, will) in changed.items()},
        reason=word.reason,
    )


async def versions(connection: Connection, vendor: bytes, device: bytes | None) -> Sequence[Version]:
    """Every change that concerns a vendor, or one of its devices, the newest first, with what it changed.

    A device's own limits outrank its vendor's: a change of the vendor's may then have changed nothing.
    """
    rows = await connection.fetch(QUERIES["policy_versions"], uuid_of(vendor), uuid_or_none(device))
    found: list[Version] = []
    before, seen = Policy(), list[tuple[bool, int, Mapping[str, Any]]]()
    for row in rows:
        seen.append((row["device"] is not None, row["version"], msgspec.json.decode(row["body"])))
        after = reduce(lambda policy, one: policy.with_changes(one[2]), sorted(seen, key=_rank), Policy())
        found.append(
            Version(
                version=row["version"],
                at=row["effective_at"],
                device=id_or_none(row["device"]),
                actor=row["actor"],
                proposed_by=row["proposed_by"],
                reason=row["reason"],
                before=before,
                after=after,
            )
        )
        before = after
    return found[::-1]


def _rank(one: tuple[bool, int, Mapping[str, Any]]) -> tuple[bool, int]:
    return one[0], one[1]
