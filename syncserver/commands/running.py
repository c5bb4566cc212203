"""Runs one operation with everything open, beside a running server or without one, and prints what came of it."""

import asyncio
import getpass
import itertools
import socket
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from json import dumps
from typing import Annotated, Any, TypeVar

import asyncpg
from cyclopts import Parameter

from shared.errors import DecodingError
from syncserver.audit.acting import acting
from syncserver.composition import open_services
from syncserver.database.errors import AWAY, UnreachableError
from syncserver.services import Services
from syncserver.settings import ServerSettings

_T = TypeVar("_T")
ATTEMPTS = 8

Json = Annotated[bool, Parameter(name="--json", negative="", help="One JSON object on standard output.")]


def run(operation: Callable[[Services], Awaitable[_T]], *, again: bool = True) -> _T:
    """Open the server's services, do one thing, and close them again.

    Where other transactions came in between it is done `again`, unless it can't be: a one-time password is good once.

    Raises:
        UnreachableError: the database is not there, or went away; whether anything was done is then to be looked up.
    """

    async def opened() -> _T:
        async with open_services(ServerSettings()) as services:
            with acting(actor(), _origin()):
                return await _tried(partial(operation, services), ATTEMPTS if again else 1)

    return asyncio.run(opened())


async def _tried(work: Callable[[], Awaitable[_T]], attempts: int) -> _T:
    """Do one thing, again where other transactions came in between: then nothing of it was done."""
    for attempt in itertools.count(1):
        try:
            return await work()
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError) as error:
            if attempt == attempts:
                raise UnreachableError("Others kept coming in between: try again.") from error
        except AWAY as error:
            raise UnreachableError(f"The database went away: {error or type(error).__name__}") from error
    raise AssertionError("it counts for ever")


def actor() -> str:
    """Who runs this command, for the history."""
    try:
        return f"cli {getpass.getuser()}"
    except (KeyError, OSError):  # a user id without a name, as in containers
        return "cli"


def _origin() -> str:
    """Where this command runs, for the audit trail."""
    return f"command on {socket.gethostname()}"


def moment(text: str) -> int:
    """A day or a time as somebody types it (ISO 8601, UTC unless it says otherwise), in ms.

    Raises:
        DecodingError: it is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise DecodingError(f"{text[:40]!r} is no day and no time (ISO 8601)") from error
    return int((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()) * 1_000


def show(data: dict[str, Any], words: str, *, json: bool) -> None:
    """Print a result for a script or for a person."""
    # The standard library's: a sum of what tills claim may be larger than any 64 bits.
    print(dumps(data, ensure_ascii=False, separators=(",", ":")) if json else words)


def progress(text: str) -> None:
    """Tell a person, and no script, what is going on."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)
