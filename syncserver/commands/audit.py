"""`server audit`: who did what, and whether anybody altered it afterwards."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_text
from syncserver.audit import trail
from syncserver.audit.trail import Entry, Filter
from syncserver.audit.verifying import Verified, verify
from syncserver.commands.running import Json, moment, run, show
from syncserver.services import Services

HEAD_BYTES = 32
audit = App(name="audit")


@audit.command(name="list")
def list_entries(
    *,
    actor: str | None = None,
    action: str | None = None,
    object: str | None = None,  # noqa: A002 - what the option is called
    since: str | None = None,
    until: str | None = None,
    by_command: Annotated[bool, Parameter(negative="")] = False,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=10_000))] = 100,
    json: Json = False,
) -> None:
    """List what was done, the newest first.

    Example: tallystick server audit list --action device.revoke --since 2026-11-01

    Args:
        actor: By whom, such as "admin 0192f0c1-…" or "cli ada".
        action: What, such as vendor.block.
        object: To what; its beginning is enough, such as "device 0192f0c1".
        since: A day or a time (ISO 8601, UTC).
        until: The same; not included.
        by_command: What was done by command on this machine alone.
        limit: How many.
    """
    filter_ = Filter(
        by_command=by_command,
        actor=actor,
        action=action,
        object=object,
        since=moment(since) if since is not None else 0,
        until=moment(until) if until is not None else MAX_INTEGER,
    )

    async def read(services: Services) -> list[Entry]:
        async with services.pool.acquire() as connection:
            return await trail.listed(connection, filter_, limit=limit)

    found = run(read)
    show({"entries": [_data(one) for one in found]}, "\n".join(map(_line, found)) or "There are none.", json=json)


def _data(entry: Entry) -> dict[str, Any]:
    return {
        "entryId": uuid_text(entry.id),
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "object": entry.object,
        "origin": entry.origin,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
    }


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _line(entry: Entry) -> str:
    changed = "".join(f"  {word} {dict(one)}" for word, one in (("was", entry.before), ("is", entry.after)) if one)
    reason = f"  because {entry.reason}" if entry.reason is not None else ""
    where = f" from {entry.origin}" if entry.origin is not None else ""
    return f"{_time(entry.at)}  {entry.action}  {entry.object}  by {entry.actor}{where}{changed}{reason}"


@audit.command(name="verify")
def verify_seals(
    *,
    head: Annotated[list[str] | None, Parameter(help="A head (hex) that was noted: it must be there.")] = None,
    latest: Annotated[
        int | None, Parameter(help="So many of each chain's seals, the last ones.", validator=Number(gte=1))
    ] = None,
    json: Json = False,
) -> int:
    """Recompute the seals, and hold every row against them. Exit code 1 and what was altered where anything was.

    A head that was noted, as the log has each of them, also shows that no end of a chain was cut off.

    Example: tallystick server audit verify
    """
    noted = [_head(text) for text in head or []]
    with Console(stderr=True).status("verifying") as status:
        found = run(lambda services: _verified(services, latest, noted, status.update))
    data = {
        "ok": found.ok,
        "checked": found.checked,
        "waiting": found.waiting,
        "chains": [
            {"chain": one.chain, "seal": one.number, "head": one.head.hex(), "at": one.at, "rows": one.rows}
            for one in found.heads
        ],
        "breaks": [
            {"broken": one.broken.value, "meaning": one.meaning, "chain": one.chain, "seal": one.seal, "row": one.row}
            for one in found.breaks
        ],
    }
    lines = [
        f"{one.broken.value.upper()}: {one.row or 'chain ' + one.chain}"
        f"{f' (seal {one.seal} of {one.chain})' if one.seal is not None else ''}: {one.meaning}"
        for one in found.breaks
    ]
    lines += [f"{one.chain}: {one.rows} rows, {one.number} seals, head {one.head.hex()}" for one in found.heads]
    lines.append(
        f"{'verified' if found.ok else 'NOT AS IT WAS SEALED'}: {found.checked} rows; {found.waiting} wait for a seal"
    )
    show(data, "\n".join(lines), json=json)
    return 0 if found.ok else 1


def _head(text: str) -> bytes:
    try:
        head = bytes.fromhex(text)
    except ValueError as error:
        raise DecodingError(f"{text[:80]!r} is no head") from error
    if len(head) != HEAD_BYTES:
        raise DecodingError(f"a head has {HEAD_BYTES * 2} hex digits")
    return head


async def _verified(
    services: Services, latest: int | None, noted: list[bytes], progress: Callable[[str], None]
) -> Verified:
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await verify(connection, services, latest=latest, noted=noted, progress=progress)
