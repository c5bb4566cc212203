"""`server admin`: who may decide over other people's money."""

import getpass
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from shared.errors import DecodingError
from shared.ids import uuid_text
from shared.lifecycles import PersonState
from syncserver.commands.running import Json, actor, run, show
from syncserver.people import admins, approving, second_factor, sessions
from syncserver.people.access import Caller, Role
from syncserver.people.errors import PasswordError
from syncserver.services import Services
from syncserver.sync.turns import Turns

PasswordFile = Annotated[
    Path | None, Parameter(help="Its first line is the password; - for standard input.", allow_leading_hyphen=True)
]
Login = Annotated[str, Parameter(help="Letters, digits and . _ @ + -; large or small makes no difference.")]
# Whoever may run this may do anything to the database.
_OPERATOR = bytes(16)

admin = App(name="admin")


def _turns() -> Turns:
    return Turns(1, most_waiting=1, seconds=60.0)


def _read_password(file: Path | None) -> str:
    if file is None:
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise PasswordError("The two passwords differ.")
        return password
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DecodingError(f"{file} can't be read as a password") from error
    return text.partition("\n")[0].rstrip("\r")


@admin.command(name="create")
def create(
    *,
    login: Login,
    role: Literal["admin", "superadmin"] = "admin",
    name: str | None = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Add an admin. The password is asked for, or read from --password-file; it is never an argument.

    Example: tallystick server admin create --login ada --role superadmin
    """
    password = _read_password(password_file)
    made = run(
        lambda services: admins.add_admin(
            services, _turns(), login=login, name=name or login, role=Role(role), password=password, actor=actor()
        )
    )
    user_id = uuid_text(made)
    show({"userId": user_id, "role": role}, f"Added the {role} {login}: {user_id}", json=json)


@admin.command(name="list")
def list_all(*, json: Json = False) -> None:
    """List all admins."""
    found = run(admins.list_admins)
    data = [
        {
            "userId": uuid_text(one.user_id),
            "login": one.login,
            "name": one.name,
            "role": one.role.value,
            "state": one.state.value,
            "madeBy": made_by,
        }
        for one, made_by in found
    ]
    lines = [
        f"{uuid_text(one.user_id)}  {one.role.value:<10}  "
        f"{'BLOCKED  ' if one.state is PersonState.BLOCKED else ''}{one.login}"
        f"{f'  (made by {made_by}, and counts as them)' if made_by is not None else ''}"
        for one, made_by in found
    ]
    show({"admins": data}, "\n".join(lines) or "There are no admins yet.", json=json)


@admin.command(name="vouch")
def vouch(login: Login, *, json: Json = False) -> None:
    """Let an admin whom a superadmin made over REST count as a second person beside that one.

    Do it once they have a password that nobody else knows.

    Example: tallystick server admin vouch ada
    """

    async def vouched(services: Services) -> None:
        await admins.vouch(services, await admins.find_admin(services, login))

    run(vouched)
    show({"login": login, "vouched": True}, f"{login} counts as somebody of their own.", json=json)


@admin.command(name="block")
def block(login: Login, *, reason: str = "blocked by the operator", undo: bool = False, json: Json = False) -> None:
    """Block an admin, or with --undo end that. Their sessions end at once.

    Example: tallystick server admin block ada --reason "left the company"
    """

    async def decided(services: Services) -> None:
        user_id = await admins.find_admin(services, login)
        operator = Caller(_OPERATOR, Role.SUPERADMIN)
        if undo:
            await approving.unblock(services, operator, user_id, actor=actor())
        else:
            await approving.block(services, operator, user_id, reason, actor=actor())

    run(decided)
    show({"login": login, "blocked": not undo}, "Unblocked." if undo else "Blocked.", json=json)


@admin.command(name="password")
def password(login: Login, *, password_file: PasswordFile = None, json: Json = False) -> None:
    """Give an admin who lost it a new password. Their sessions end, and a lock does.

    Example: tallystick server admin password ada
    """
    new = _read_password(password_file)

    async def changed(services: Services) -> None:
        await sessions.reset_password(services, _turns(), await admins.find_admin(services, login), new)

    run(changed)
    show({"login": login, "changed": True}, "Changed.", json=json)


@admin.command(name="reset-second-factor")
def reset_second_factor(login: Login, *, json: Json = False) -> None:
    """Take the second factor of an admin away who lost it. Their sessions in browsers end; signing in sets up another.

    Example: tallystick server admin reset-second-factor ada
    """

    async def done(services: Services) -> None:
        await second_factor.reset(services, await admins.find_admin(services, login))

    run(done)
    show({"login": login, "reset": True}, f"{login} sets up another second factor when signing in.", json=json)
