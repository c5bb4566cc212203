"""`server device`."""

from typing import Annotated

from cyclopts import App, Parameter

from shared.geo import Place
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from syncserver.commands.running import Json, actor, run, show
from syncserver.registry import devices, enrolment, quarantine

device = App(name="device")
Degrees = Annotated[str | None, Parameter(allow_leading_hyphen=True)]


@device.command(name="token")
def token(
    *,
    vendor: str,
    device_id: Annotated[str | None, Parameter(name="--device", help="For the next epoch of this device.")] = None,
    lat: Degrees = None,
    lon: Degrees = None,
    json: Json = False,
) -> None:
    """Make a one-time enrolment token, good for 24 hours, for a terminal at the vendor's place or at --lat and --lon.

    Example: tallystick server device token --vendor 0192f0c1-a000-7000-8000-00000000f001
    """
    place = Place.from_degrees(lat, lon) if lat is not None and lon is not None else None
    made = run(
        lambda services: enrolment.make_token(
            services,
            uuid_bytes(vendor),
            place=place,
            device=uuid_bytes_or_none(device_id),
        )
    )
    show({"token": made}, made, json=json)


@device.command(name="list")
def list_all(*, json: Json = False) -> None:
    """List all terminals: their state, how far their journals have come, and what is missing."""
    found = run(devices.list_devices)
    data = [
        {
            "deviceId": uuid_text(one.device),
            "vendorId": uuid_text(one.vendor),
            "name": one.name,
            "model": one.model,
            "epoch": one.epoch,
            "state": one.state.value,
            "through": one.through,
            "missing": [list(span) for span in one.missing],
            "lastSeenAt": one.last_seen_at,
        }
        for one in found
    ]
    lines = [
        f"{uuid_text(one.device)}  {one.state.value:<11}  epoch {one.epoch}  through {one.through}  "
        f"{one.vendor_name} / {one.name}"
        for one in found
    ]
    show({"devices": data}, "\n".join(lines) or "There are no devices yet.", json=json)


@device.command(name="revoke")
def revoke(device_id: str, *, json: Json = False) -> None:
    """Revoke a terminal for good. It may still upload; its new payments are flagged, and it gets no more books."""
    run(lambda services: devices.revoke(services, uuid_bytes(device_id)))
    show({"deviceId": device_id, "state": "revoked"}, "Revoked.", json=json)


@device.command(name="release")
def release(device_id: str, *, json: Json = False) -> None:
    """End a terminal's quarantine after looking at its fork; voids that waited take effect."""
    applied = run(lambda services: quarantine.release(services, uuid_bytes(device_id), actor()))
    show({"deviceId": device_id, "voided": applied}, f"Released; {applied} payments were voided.", json=json)


@device.command(name="compromised")
def compromised(device_id: str, epoch: int, *, json: Json = False) -> None:
    """Close an epoch whose key is no longer trusted: payments that it signed and that come later are flagged."""
    run(lambda services: devices.close_epoch(services, uuid_bytes(device_id), epoch))
    show({"deviceId": device_id, "epoch": epoch, "compromised": True}, "Closed.", json=json)
