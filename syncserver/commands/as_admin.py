"""`--as LOGIN`: a command in an admin's own name, by that admin's password and second factor, and under their rules.

Without it a command is the operator's, who holds the database's keys: it is done at once, and everybody sees that it
was done by command.
"""

import getpass
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter

from shared.errors import DecodingError
from shared.lifecycles import PersonState
from syncserver.audit.acting import acting, who
from syncserver.commands.running import actor, run
from syncserver.people import second_factor, sessions
from syncserver.people.access import ADMINS, Caller
from syncserver.people.errors import CredentialsError
from syncserver.people.person import lock
from syncserver.people.registrations import login_of
from syncserver.services import Services
from syncserver.sync.turns import Turns

_T = TypeVar("_T")
As = Annotated[
    str | None,
    Parameter(name="--as", help="The admin in whose name it is done, as in the console: asks for the password."),
]
PasswordFile = Annotated[
    Path | None,
    Parameter(
        help="With --as: the password, and on a second line a one-time password; - for standard input.",
        allow_leading_hyphen=True,
    ),
]


def run_as(login: str, password_file: Path | None, operation: Callable[[Services, Caller], Awaitable[_T]]) -> _T:
    """Do one thing in an admin's name.

    Raises:
        CredentialsError, SecondFactorError, SecondFactorNeededError: whoever asks is not that admin.
    """
    password, one_time = _read_proof(login, password_file)

    async def done(services: Services) -> _T:
        admin = await _prove(services, login, password, one_time)
        with acting(admin.actor, f"{who().origin} by {actor()}"):
            return await operation(services, admin)

    return run(done, again=False)


async def _prove(services: Services, login: str, password: str, one_time: str | None) -> Caller:
    turns = Turns(1, most_waiting=1, seconds=60.0)
    proven = await sessions.prove(services, turns, login_of(login), password)
    if proven.role not in ADMINS or proven.state is not PersonState.APPROVED:
        raise CredentialsError
    await second_factor.prove(services, proven.user_id, one_time)
    async with services.pool.acquire() as connection, connection.transaction():
        person = await lock(connection, proven.user_id)
        if person.password != proven.password or person.state is not PersonState.APPROVED:
            raise CredentialsError
        await sessions.forgive(connection, person)
    return Caller(person.user_id, person.role)


def _read_proof(login: str, file: Path | None) -> tuple[str, str | None]:
    if file is None:
        password = getpass.getpass(f"Password of {login}: ")
        return password, getpass.getpass("One-time password (empty where there is no second factor): ") or None
    try:
        text = sys.stdin.read(1_000) if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DecodingError(f"{file} can't be read as a password") from error
    lines = [*text.splitlines(), "", ""]
    return lines[0], lines[1].strip() or None
