"""`server policy`: what other limits would have done, and how limits came to be (`server vendor policy` sets them)."""

from collections.abc import Sequence
from typing import Any

from cyclopts import App

from shared.ids import uuid_bytes, uuid_text_or_none
from shared.money import format_minor
from syncserver.commands.running import Json, run, show
from syncserver.registry import preview
from syncserver.registry.limits import Change, Version, versions
from syncserver.registry.loosening import differences, loosened
from syncserver.registry.policies import parse_changes
from syncserver.services import Services

policy = App(name="policy")


@policy.command(name="preview")
def preview_change(vendor_id: str, *changes: str, device: str | None = None, json: Json = False) -> None:
    """Say what the last seven days' payments would have come to under other limits; it changes nothing.

    Example: tallystick server policy preview 0192f0c1-… daily_limit=20000
    """
    change = Change(
        vendor=uuid_bytes(vendor_id), device=uuid_bytes(device) if device else None, body=parse_changes(changes)
    )
    found = run(lambda services: preview.preview(services, change))
    data = {
        "judged": found.judged,
        "sampled": found.sampled,
        "unlike": found.unlike,
        "looser": loosened(found.before, found.after),
        "moves": [
            {
                "was": one.was,
                "would": one.would,
                "payments": one.payments,
                "amount": one.amount,
                "currency": one.currency,
            }
            for one in found.moves
        ],
        "reasons": [{"reason": one.reason, "was": one.was, "would": one.would} for one in found.reasons],
    }
    lines = [
        f"{one.was:<8} → {one.would:<8} {one.payments:>8}  {format_minor(one.amount, one.currency):>14} {one.currency}"
        for one in found.moves
    ]
    lines += [f"{one.reason}: {one.was} → {one.would}" for one in found.reasons]
    lines.append(f"{found.judged} payments{', a sample' if found.sampled else ''}; {found.unlike} can't be told.")
    show(data, "\n".join([*lines, preview.CANNOT_TELL.rstrip()]), json=json)


@policy.command(name="versions")
def list_versions(vendor_id: str, *, device: str | None = None, json: Json = False) -> None:
    """List every change of a shop's limits, the newest first: who, when, why, and what it changed.

    Example: tallystick server policy versions 0192f0c1-…
    """
    vendor_bytes, device_bytes = uuid_bytes(vendor_id), uuid_bytes(device) if device else None

    async def read(services: Services) -> Sequence[Version]:
        async with services.pool.acquire() as connection:
            return await versions(connection, vendor_bytes, device_bytes)

    found = run(read)
    show(
        {"versions": [_data(one) for one in found]},
        "\n".join(map(_line, found)) or "These limits were never changed.",
        json=json,
    )


def _data(one: Version) -> dict[str, Any]:
    return {
        "version": one.version,
        "at": one.at,
        "device": uuid_text_or_none(one.device),
        "actor": one.actor,
        "proposedBy": one.proposed_by,
        "reason": one.reason,
        "differences": {
            name: {"before": was, "after": will} for name, (was, will) in differences(one.before, one.after).items()
        },
    }


def _line(one: Version) -> str:
    changed = ", ".join(f"{name} {was} → {will}" for name, (was, will) in differences(one.before, one.after).items())
    proposed = f" (proposed by {one.proposed_by})" if one.proposed_by is not None else ""
    return f"{one.version}  {one.actor}{proposed}: {changed}"
