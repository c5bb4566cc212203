"""`server keys`: the server's signing keys."""

from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import App, Parameter
from cyclopts.validators import Number

from shared.rules.decision import MS_PER_HOUR
from syncserver.audit import trail
from syncserver.commands.running import Json, run, show
from syncserver.composition import write_trust
from syncserver.keys.errors import UnknownSigningKeyError
from syncserver.keys.signing import PublishedKey, all_keys, revoke, rotate
from syncserver.services import Services
from syncserver.settings import ServerSettings

MOST_LEAD_HOURS = 365 * 24

keys = App(name="keys")


def _state(key: PublishedKey, active: bytes, now: int) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.not_after <= now:
        return "over"
    if key.kid == active:
        return "signs"
    return "published" if key.signs_from > now else "believed"


def _view(key: PublishedKey, state: str) -> dict[str, Any]:
    return {
        "kid": key.kid.hex(),
        "publicKey": key.public_key.hex(),
        "state": state,
        "createdAt": key.created_at,
        "signsFrom": key.signs_from,
        "notAfter": key.not_after,
        "revokedAt": key.revoked_at,
    }


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%d %H:%M")


@keys.command(name="list")
def list_all(*, json: Json = False) -> None:
    """List the signing keys, the newest first: published, signs, believed (signed once), over, revoked."""

    async def listed(services: Services) -> list[tuple[PublishedKey, str]]:
        async with services.pool.acquire() as connection:
            found = await all_keys(connection)
        active, now = services.keys.active.kid, services.clock()
        return [(key, _state(key, active, now)) for key in found]

    found = run(listed)
    lines = [
        f"{key.kid.hex()}  {state:<9}  signs from {_day(key.signs_from)}, believed until {_day(key.not_after)} UTC"
        for key, state in found
    ]
    show({"keys": [_view(key, state) for key, state in found]}, "\n".join(lines), json=json)


@keys.command(name="rotate")
def rotate_keys(
    *,
    lead_hours: Annotated[int | None, Parameter(validator=Number(gte=0, lte=MOST_LEAD_HOURS))] = None,
    json: Json = False,
) -> None:
    """Make the next signing key. It is published at once, and signs once every terminal can know it.

    The key before it stays published until all that it signed has run out. Running servers need no restart.

    Example: tallystick server keys rotate

    Args:
        lead_hours: How long it is published before it signs. By default the longest that a till may go by a book and
            then keep its records; one that syncs later learns of the key by its next book.
    """
    lead = lead_hours * MS_PER_HOUR if lead_hours is not None else None

    async def rotated(services: Services) -> tuple[PublishedKey, list[PublishedKey]]:
        async with services.pool.acquire() as connection, connection.transaction():
            made = await rotate(connection, services.kek, services.clock, services.random, lead)
            after = {"kid": made.kid, "signs_from": made.signs_from, "not_after": made.not_after}
            await trail.note(connection, services, action="key.rotate", object_=f"key {made.kid.hex()}", after=after)
            return made, await all_keys(connection)

    made, known = run(rotated)
    write_trust(ServerSettings().home, known)
    words = f"The key {made.kid.hex()} is published, and signs from {_day(made.signs_from)} UTC."
    show({"kid": made.kid.hex(), "signsFrom": made.signs_from, "notAfter": made.not_after}, words, json=json)


@keys.command(name="revoke")
def revoke_key(kid: str, *, json: Json = False) -> None:
    """Believe nothing of a signing key from now on: somebody may have it. What to do then: docs/operations.md.

    The next key signs at once. Running servers take it up within two seconds.

    Example: tallystick server keys revoke 3f2a90c1d4e5b607
    """

    async def revoked(services: Services) -> tuple[PublishedKey, list[PublishedKey]]:
        async with services.pool.acquire() as connection, connection.transaction():
            made = await revoke(connection, services.kek, services.clock, services.random, _kid(kid))
            after = {"signs": made.kid}
            await trail.note(connection, services, action="key.revoke", object_=f"key {_kid(kid).hex()}", after=after)
            return made, await all_keys(connection)

    signs, known = run(revoked)
    write_trust(ServerSettings().home, known)
    words = f"Nothing of {kid} is believed any more. The key {signs.kid.hex()} signs."
    show({"revoked": kid, "signs": signs.kid.hex()}, words, json=json)


def _kid(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise UnknownSigningKeyError from error
