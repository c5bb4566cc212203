"""Runs one operation with everything open, beside a running server or without one, and prints what came of it."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import msgspec
from cyclopts import Parameter

from syncserver.composition import open_services
from syncserver.services import Services
from syncserver.settings import ServerSettings

_T = TypeVar("_T")

Json = Annotated[bool, Parameter(name="--json", negative="", help="One JSON object on standard output.")]


def run(operation: Callable[[Services], Awaitable[_T]]) -> _T:
    """Open the server's services, do one thing, and close them again."""

    async def opened() -> _T:
        async with open_services(ServerSettings()) as services:
            return await operation(services)

    return asyncio.run(opened())


def actor() -> str:
    """Who runs this command, for the history."""
    try:
        return f"cli {getpass.getuser()}"
    except (KeyError, OSError):  # a user id without a name, as in containers
        return "cli"


def show(data: dict[str, Any], words: str, *, json: bool) -> None:
    """Print a result for a script or for a person."""
    print(msgspec.json.encode(data).decode() if json else words)


def progress(text: str) -> None:
    """Tell a person, and no script, what is going on."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)
