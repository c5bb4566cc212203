"""Asking a till to send again what is missing, and giving it a new beginning.

The protocol has no message by which a server asks a terminal: a terminal asks, and a server answers. What it has is
that each receipt names every range that is missing in its journal, and a terminal sends those right after it
(docs/protocol.md, section 8). So asking is to write down that somebody waits; the next receipt does the rest.
"""

from dataclasses import dataclass

from shared.rules.decision import MS_PER_HOUR
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.registry.enrolment import TOKEN_MS, make_token
from syncserver.services import Services
from syncserver.shifts import decisions
from syncserver.shifts.decisions import Action
from syncserver.shifts.errors import NothingMissingError
from syncserver.shifts.halves import Ranges, Shift
from syncserver.shifts.reading import QUERIES, look_up


@dataclass(frozen=True, slots=True)
class Anchor:
    """A one-time token, which is nowhere else, for a device's next epoch; good for `hours`."""

    token: str
    epoch: int
    hours: int = TOKEN_MS // MS_PER_HOUR


async def ask(
    connection: Connection, services: Services, device: bytes, shift: bytes, epoch: int | None, *, actor: str
) -> tuple[Shift, Ranges]:
    """Note that a till's missing records are waited for, in the caller's transaction: the shift, and which they are.

    Raises:
        UnknownShiftError, AmbiguousShiftError: there is no such shift, or several.
        NothingMissingError: all of it is here.
    """
    found = await decisions.lock(connection, device, shift, epoch)
    if not found.received.missing:
        raise NothingMissingError
    await decisions.carry_out(connection, services, found, Action.RESEND, actor=actor)
    return found, found.received.missing


async def re_anchor(
    services: Services, device: bytes, shift: bytes, epoch: int | None, *, reason: str, actor: str
) -> Anchor:
    """Make a token by which the till of a shift begins its next epoch, with a new key and an empty chain.

    Raises:
        UnknownShiftError, AmbiguousShiftError: there is no such shift, or several.
        UnknownDeviceError: the device was revoked.
    """
    async with services.pool.acquire() as connection:
        found = await look_up(connection, device, shift, epoch)
    token = await make_token(services, found.vendor, device=device)
    async with services.pool.acquire() as connection, connection.transaction():
        locked = await decisions.lock(connection, device, shift, found.key.epoch)
        await decisions.carry_out(connection, services, locked, Action.RE_ANCHOR, actor=actor, reason=reason)
        current: int = await connection.fetchval(QUERIES["epoch_of_device"], uuid_of(device))
    return Anchor(token, current + 1)
