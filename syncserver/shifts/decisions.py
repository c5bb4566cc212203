"""What people did about shifts: written down for good in the transaction that does it, and read again."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from shared.ids import uuid_text
from shared.lifecycles import ShiftState
from shared.words import Word
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.services import Services
from syncserver.shifts.halves import Shift, ShiftKey
from syncserver.shifts.reading import QUERIES, look_up


class Action(Word):
    """What a person can do about a shift."""

    RECONCILE = "reconcile"
    CLOSE = "close"
    ACCEPT = "accept"
    DISPUTE = "dispute"
    RESEND = "resend"
    RE_ANCHOR = "re_anchor"
    WRITE_OFF = "write_off"
    TAKE_BACK = "take_back"


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that somebody did, or asked for as the first of two (`done` is False). Times in ms, minor units."""

    number: int
    action: Action
    done: bool
    before: ShiftState
    after: ShiftState
    reason: str | None
    stake: int | None
    currency: str | None
    said: str
    actor: str
    at: int


async def lock(connection: Connection, device: bytes, shift: bytes, epoch: int | None = None) -> Shift:
    """A shift whose journal is locked, so that neither its till nor anybody else changes it meanwhile.

    Raises:
        UnknownShiftError, AmbiguousShiftError: see `look_up`.
    """
    found = await look_up(connection, device, shift, epoch)
    await lock_journals(connection, [found.key])
    return await look_up(connection, device, shift, found.key.epoch)


async def lock_journals(connection: Connection, keys: Sequence[ShiftKey]) -> None:
    """Lock the journals of some shifts, first of all locks."""
    journals = sorted({(key.device, key.epoch) for key in keys})
    await connection.fetch(
        QUERIES["lock_journals"], [uuid_of(device) for device, _ in journals], [epoch for _, epoch in journals]
    )


async def carry_out(
    connection: Connection,
    services: Services,
    shift: Shift,
    action: Action,
    *,
    actor: str,
    reason: str | None = None,
    stake: int | None = None,
    done: bool = True,
    after: ShiftState | None = None,
) -> None:
    """Write down what is done about a locked shift, and change its state where `after` names another."""
    now, key = services.clock(), shift.key
    which = (uuid_of(key.device), key.epoch, uuid_of(key.shift))
    state = after if done and after is not None else shift.state
    if done and after is not None:
        # Reconciled again is what is reconciled after more of it came: what comes from now on is news.
        known = (now, shift.received.records, shift.received.others) if state is ShiftState.RECONCILED else (None,) * 3
        await connection.execute(QUERIES["set_shift_state"], *which, state.value, *known)
    await connection.execute(
        QUERIES["write_decision"],
        *which,
        action.value,
        done,
        shift.state.value,
        state.value,
        reason,
        stake,
        shift.currency if stake is not None else None,
        shift.fingerprint,
        shift.said,
        actor,
        now,
    )
    await trail.note(
        connection,
        services,
        action=f"shift.{action}" if done else f"shift.{action}.first",
        object_=f"shift {uuid_text(key.device)} {key.epoch} {uuid_text(key.shift)}",
        actor=actor,
        before={"state": shift.state.value, "figures": shift.said},
        after={"state": state.value},
        reason=reason,
    )


async def history(connection: Connection, key: ShiftKey) -> list[Decision]:
    """What people did about a shift, in order."""
    rows = await connection.fetch(QUERIES["decisions_of_shift"], uuid_of(key.device), key.epoch, uuid_of(key.shift))
    return [decision_of(row) for row in rows]


def decision_of(row: asyncpg.Record) -> Decision:
    """A row of `shift_decision`."""
    return Decision(
        number=row["number"],
        action=Action(row["action"]),
        done=row["done"],
        before=ShiftState(row["before"]),
        after=ShiftState(row["after"]),
        reason=row["reason"],
        stake=row["stake"],
        currency=row["currency"],
        said=row["said"],
        actor=row["actor"],
        at=row["at"],
    )
