"""What screens and widgets may ask of the app that they live in, so that none of them knows its class."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar, cast

from textual.dom import DOMNode

from terminal.composition import Terminal
from terminal.preferences import Preferences
from terminal.service.desk import Desk
from terminal.till.sign_in import SignedIn
from terminal.ui.standing import Standing

_Answer = TypeVar("_Answer")


class Surroundings(Protocol):
    """The till's app, as its screens see it."""

    desk: Desk
    standing: Standing
    preferences: Preferences
    signed_in: SignedIn | None

    @property
    def ascii_only(self) -> bool:
        """Whether nothing but ASCII may be shown."""

    async def ask(self, work: Callable[[Terminal], _Answer]) -> _Answer:
        """Do something with the terminal, on its thread."""

    async def look(self) -> None:
        """Read anew how the till stands."""

    def prefer(self, preferences: Preferences) -> None:
        """Take other preferences, and keep them."""

    async def go_on(self) -> None:
        """Show what this till needs next: unlocking, enrolment, a person, a shift, a sale."""

    async def lock(self) -> None:
        """Ask for a PIN before anything else."""

    def ring(self) -> None:
        """Ring, where the till's people like it."""


def of(node: DOMNode) -> Surroundings:
    """The app that a screen or widget lives in."""
    return cast("Surroundings", node.app)
