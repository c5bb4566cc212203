"""`server policy proposals`, `confirm`, `withdraw`: looser limits that an admin proposed, and another confirms."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from shared.ids import uuid_bytes, uuid_text
from syncserver.commands.as_admin import PasswordFile, run_as
from syncserver.commands.policies import policy
from syncserver.commands.running import Json, run, show
from syncserver.people import proposals
from syncserver.people.access import Caller
from syncserver.people.proposals import Proposal
from syncserver.services import Services

MOST = 200
Own = Annotated[str, Parameter(name="--as", help="The admin in whose name it is done: asks for the password.")]


def _data(one: Proposal) -> dict[str, Any]:
    return {
        "proposalId": uuid_text(one.id),
        "vendorId": uuid_text(one.change.vendor),
        "vendor": one.vendor_name,
        "deviceId": uuid_text(one.change.device) if one.change.device is not None else None,
        "changes": dict(one.change.body),
        "reason": one.reason,
        "proposedBy": one.proposed_login,
        "state": one.state.value,
    }


def _line(one: Proposal) -> str:
    changes = " ".join(f"{name}={value}" for name, value in one.change.body.items())
    return (
        f"{uuid_text(one.id)}  {one.state.value:<9}  {one.vendor_name}: {changes} ({one.proposed_login}: {one.reason})"
    )


@policy.command(name="proposals")
def list_proposals(*, all_: Annotated[bool, Parameter(name="--all", negative="")] = False, json: Json = False) -> None:
    """List looser limits that wait for another admin; with --all those that were decided or are too old as well."""

    async def read(services: Services) -> Sequence[Proposal]:
        async with services.pool.acquire() as connection:
            return await proposals.listed(connection, services, vendor=None, waiting=not all_, before=None, limit=MOST)

    found = run(read)
    show({"proposals": [_data(one) for one in found]}, "\n".join(map(_line, found)) or "None wait.", json=json)


@policy.command(name="confirm")
def confirm(proposal_id: str, *, as_: Own, password_file: PasswordFile = None, json: Json = False) -> None:
    """Make a change that another admin proposed; terminals have it with their next book.

    Example: tallystick server policy confirm 0192f0c1-… --as bob
    """

    async def confirmed(services: Services, admin: Caller) -> Proposal:
        async with services.pool.acquire() as connection, connection.transaction():
            return await proposals.confirm(connection, services, admin, uuid_bytes(proposal_id))

    one = run_as(as_, password_file, confirmed)
    show(_data(one), _line(one), json=json)


@policy.command(name="withdraw")
def withdraw(
    proposal_id: str, *, reason: str, as_: Own, password_file: PasswordFile = None, json: Json = False
) -> None:
    """Close a proposal without its change, whoever made it.

    Example: tallystick server policy withdraw 0192f0c1-… --reason "not before the fair" --as bob
    """

    async def withdrawn(services: Services, admin: Caller) -> Proposal:
        async with services.pool.acquire() as connection, connection.transaction():
            return await proposals.withdraw(connection, services, admin, uuid_bytes(proposal_id), reason)

    one = run_as(as_, password_file, withdrawn)
    show(_data(one), _line(one), json=json)
