"""`server vendor` and `server customer`."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from shared.geo import Place
from shared.ids import uuid_bytes, uuid_text
from shared.money import format_minor
from shared.policy import Policy
from syncserver.commands.as_admin import As, PasswordFile, run_as
from syncserver.commands.running import Json, actor, run, show
from syncserver.people import proposals
from syncserver.people.access import Caller
from syncserver.registry import vendors
from syncserver.registry.limits import Change
from syncserver.registry.policies import parse_changes
from syncserver.services import Services
from syncserver.wallets import accounts

Degrees = Annotated[str, Parameter(help="Decimal degrees (WGS 84).", allow_leading_hyphen=True)]
PinFile = Annotated[
    Path | None, Parameter(help="Its first line is the PIN; - for standard input.", allow_leading_hyphen=True)
]

vendor = App(name="vendor")
customer = App(name="customer")


@vendor.command(name="add")
def add_vendor(*, name: str, lat: Degrees, lon: Degrees, currency: str, json: Json = False) -> None:
    """Add a shop with its declared place and its currency.

    Example: tallystick server vendor add --name "Corner Shop" --lat 59.437 --lon 24.7536 --currency EUR
    """
    place = Place.from_degrees(lat, lon)
    made = run(lambda services: vendors.add_vendor(services, name=name, place=place, currency=currency))
    text = uuid_text(made)
    show({"vendorId": text}, f"Added the vendor {name}: {text}", json=json)


@vendor.command(name="list")
def list_all(*, json: Json = False) -> None:
    """List all shops and what each is owed."""
    found = run(vendors.list_vendors)
    data = [
        {
            "vendorId": uuid_text(one.id),
            "name": one.name,
            "currency": one.currency,
            "blocked": one.blocked,
            "owed": owed,
        }
        for one, owed in found
    ]
    lines = []
    for one, owed in found:
        money = f"{format_minor(owed, one.currency):>12} {one.currency}"
        lines.append(f"{uuid_text(one.id)}  {money}  {'BLOCKED  ' if one.blocked else ''}{one.name}")
    show({"vendors": data}, "\n".join(lines) or "There are no vendors yet.", json=json)


@vendor.command(name="block")
def block(vendor_id: str, *, undo: bool = False, json: Json = False) -> None:
    """Block a shop, or with --undo end that; its terminals learn it with their next book."""
    run(lambda services: vendors.block_vendor(services, uuid_bytes(vendor_id), blocked=not undo))
    show({"vendorId": vendor_id, "blocked": not undo}, "Unblocked." if undo else "Blocked.", json=json)


@vendor.command(name="policy")
def policy(
    vendor_id: str,
    *changes: str,
    device: str | None = None,
    reason: str | None = None,
    as_: As = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Show a shop's limits, or change some: FIELD=VALUE each (docs/risk.md has them all).

    Money is in minor units. `actions.DISTANCE=settle` changes what a reason does. It takes effect at once, with the
    next book: whoever may run this has the database's keys, and the audit trail shows that it was done by command.
    With --as it is an admin's word as in the console: what is looser waits for another (`server policy confirm`).

    Example: tallystick server vendor policy 0192f0c1-… payment_limit=15000 actions.DISTANCE=settle
    """
    change = Change(
        vendor=uuid_bytes(vendor_id), device=uuid_bytes(device) if device else None, body=parse_changes(changes)
    )
    if as_ is None or not changes:
        made = run(
            lambda services: vendors.change_policy(
                services, change.vendor, change.body, device=change.device, actor=actor(), reason=reason
            )
        )
        _show_limits(made, None, json=json)
        return

    async def changed(services: Services, admin: Caller) -> tuple[Policy, bytes | None]:
        async with services.pool.acquire() as connection, connection.transaction():
            effect, waits = await proposals.change_or_propose(connection, services, admin, change, reason or "")
            return effect.before if waits is not None else effect.after, waits

    _show_limits(*run_as(as_, password_file, changed), json=json)


def _show_limits(limits: Policy, waits: bytes | None, *, json: bool) -> None:
    wire = limits.to_wire()
    lines = [f"{name} = {value}" for name, value in wire.items()]
    if waits is not None:
        wire = {**wire, "proposalId": uuid_text(waits)}
        lines.append(f"These stay until another admin confirms the proposal {uuid_text(waits)}.")
    show(wire, "\n".join(lines), json=json)


@vendor.command(name="cashier")
def cashier(
    vendor_id: str,
    cashier_id: str,
    *,
    name: str,
    role: str = "cashier",
    pin_file: PinFile = None,
    json: Json = False,
) -> None:
    """Add a cashier or a supervisor with a PIN of 6 digits, which is asked for, or read from --pin-file.

    Example: tallystick server vendor cashier 0192f0c1-… ada --name "Ada L." --role supervisor
    """
    pin = _read_pin(pin_file)
    run(
        lambda services: vendors.add_cashier(
            services, uuid_bytes(vendor_id), cashier=cashier_id, name=name, role=role, pin=pin
        )
    )
    show({"cashier": cashier_id, "role": role, "added": True}, f"Added {role} {cashier_id}.", json=json)


def _read_pin(file: Path | None) -> str:
    if file is None:
        return getpass.getpass("PIN (6 digits): ")
    return (sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="ascii")).strip()


@vendor.command(name="remove-cashier")
def remove_cashier(vendor_id: str, cashier_id: str, *, json: Json = False) -> None:
    """Take a cashier or a supervisor off; the tills learn it with their next book.

    Example: tallystick server vendor remove-cashier 0192f0c1-… ada
    """
    run(lambda services: vendors.remove_cashier(services, uuid_bytes(vendor_id), cashier_id))
    show({"cashier": cashier_id, "removed": True}, f"Removed {cashier_id}.", json=json)


@customer.command(name="add")
def add_customer(*, name: str, lat: Degrees, lon: Degrees, currency: str, json: Json = False) -> None:
    """Add an approved customer, whose home is at a place, with an empty wallet.

    Example: tallystick server customer add --name "Maria Tamm" --lat 59.44 --lon 24.75 --currency EUR
    """
    home = Place.from_degrees(lat, lon)
    made = run(lambda services: accounts.add_customer(services, name=name, home=home, currency=currency))
    data = {"userId": uuid_text(made.user_id), "wallet": made.wallet}
    show(data, f"Added the customer {name} with wallet {made.wallet}.", json=json)
