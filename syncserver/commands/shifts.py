"""`server shifts`."""

from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from shared.lifecycles import ShiftState
from syncserver.commands.running import Json, actor, run, show
from syncserver.services import Services
from syncserver.shifts import listing
from syncserver.shifts.day import reconcile_day
from syncserver.shifts.deciding import Order, decide
from syncserver.shifts.decisions import Action
from syncserver.shifts.halves import Shift, money
from syncserver.shifts.listing import Filters

shifts = App(name="shifts")
MOST = 1_000
Epoch = Annotated[int | None, Parameter(help="Where several epochs have such a shift.")]


def _data(shift: Shift, now: int) -> dict[str, Any]:
    claim = shift.claim
    return {
        "deviceId": uuid_text(shift.key.device),
        "epoch": shift.key.epoch,
        "shiftId": uuid_text(shift.key.shift),
        "vendorId": uuid_text(shift.vendor),
        "state": shift.state.value,
        "exceptions": [trouble.value for trouble in shift.troubles(now)],
        "claimed": None if claim is None else {"count": claim.count, "total": claim.total, "currency": claim.currency},
        "received": {"count": shift.received.count, "total": shift.received.total, "currency": shift.currency},
        "missing": [list(span) for span in shift.received.missing],
    }


def _line(shift: Shift, now: int) -> str:
    difference = "" if not shift.difference else f"  difference {money(shift.difference, shift.currency)}"
    return (
        f"{uuid_text(shift.key.device)} {uuid_text(shift.key.shift)}  {shift.state.value:<10}  "
        f"{shift.vendor_name} / {shift.device_name}  {shift.said}{difference}  {' '.join(shift.troubles(now))}"
    ).rstrip()


@shifts.command(name="list")
def list_all(
    *,
    vendor: str | None = None,
    device: str | None = None,
    day: str | None = None,
    state: Literal["open", "closed", "reconciled", "disputed"] | None = None,
    exceptions: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> int:
    """List shifts, those that need somebody first, at most a thousand. Exit code 1 where one of them does.

    Example: tallystick server shifts list --vendor 0192f0c1-a000-7000-8000-00000000f001 --day 2026-11-26

    Args:
        vendor: Of this shop alone.
        device: Of this terminal alone.
        day: That were closed on this day (UTC) by their till's clock.
        state: In this state alone.
        exceptions: Those alone that need somebody.
    """
    since, until = listing.day_bounds(day) if day is not None else (Filters().since, Filters().until)
    filters = Filters(
        vendor=uuid_bytes_or_none(vendor),
        device=uuid_bytes_or_none(device),
        since=since,
        until=until,
        state=ShiftState(state) if state is not None else None,
        marked_only=exceptions,
    )

    async def read(services: Services) -> tuple[listing.Page, int]:
        now = services.clock()
        async with (
            services.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await listing.listed(connection, now, filters, None, MOST), now

    page, now = run(read)
    data = {"shifts": [_data(one, now) for one in page.shifts], "more": page.following is not None}
    lines = [_line(one, now) for one in page.shifts] + (["… and more"] if page.following is not None else [])
    show(data, "\n".join(lines) or "There are no such shifts.", json=json)
    return 1 if any(one.troubles(now) for one in page.shifts) else 0


def _decided(action: Action, device: str, shift: str, epoch: int | None, reason: str | None, *, json: bool) -> None:
    order = Order(
        action=action,
        device=uuid_bytes(device),
        shift=uuid_bytes(shift),
        epoch=epoch,
        reason=reason,
        actor=actor(),
    )

    async def decided(services: Services) -> tuple[Shift, int]:
        async with services.pool.acquire() as connection, connection.transaction():
            found, _ = await decide(connection, services, order)
        return found, services.clock()

    found, now = run(decided)
    show(_data(found, now), _line(found, now), json=json)


@shifts.command(name="reconcile")
def reconcile(device: str, shift: str, *, epoch: Epoch = None, reason: str | None = None, json: Json = False) -> None:
    """Reconcile a shift that matches; one with exceptions only with a --reason, which accepts them.

    Example: tallystick server shifts reconcile DEVICE SHIFT --reason "the till burnt, the shop has no claim"
    """
    action = Action.RECONCILE if reason is None else Action.ACCEPT
    _decided(action, device, shift, epoch, reason, json=json)


@shifts.command(name="close")
def close(device: str, shift: str, *, reason: str, epoch: Epoch = None, json: Json = False) -> None:
    """Close a shift whose terminal is revoked, or has a later epoch, with what is here of it; and say why.

    Example: tallystick server shifts close DEVICE SHIFT --reason "the till was stolen, the shop counted the drawer"
    """
    _decided(Action.CLOSE, device, shift, epoch, reason, json=json)


@shifts.command(name="dispute")
def dispute(device: str, shift: str, *, reason: str, epoch: Epoch = None, json: Json = False) -> None:
    """Dispute a shift, and say why.

    Example: tallystick server shifts dispute DEVICE SHIFT --reason "the shop denies two of the sales"
    """
    _decided(Action.DISPUTE, device, shift, epoch, reason, json=json)


@shifts.command(name="reconcile-day")
def reconcile_a_day(vendor: str, day: str, *, json: Json = False) -> None:
    """Reconcile all shifts of a shop's day (UTC), where all match; otherwise nothing is done, and those are named.

    Example: tallystick server shifts reconcile-day 0192f0c1-a000-7000-8000-00000000f001 2026-11-26
    """

    async def reconciled(services: Services) -> int:
        async with services.pool.acquire() as connection, connection.transaction():
            _, done = await reconcile_day(connection, services, uuid_bytes(vendor), day, actor=actor())
        return done

    done = run(reconciled)
    show({"vendorId": vendor, "day": day, "reconciled": done}, f"{done} shifts were reconciled.", json=json)
