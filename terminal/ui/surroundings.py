"""What screens and widgets may ask of the app that they live in, so that none of them knows its class."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from textual.dom import DOMNode
from textual.screen import Screen

from terminal.composition import SecretOf, Terminal
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

    @property
    def language(self) -> str:
        """What is spoken."""

    @property
    def signed_in(self) -> SignedIn | None:
        """Who works here."""

    @property
    def ascii_only(self) -> bool:
        """Whether nothing but ASCII may be shown."""

    async def ask(self, work: Callable[[Terminal], _Answer]) -> _Answer:
        """Do something with the terminal, on its thread; raises what that does."""

    async def show(self, screen: Screen[Any]) -> Any:
        """Show a screen above this one; what it was dismissed with. For workers."""

    async def look(self) -> None:
        """Read anew how the till stands."""

    async def unlock(self, secret: SecretOf | None = None) -> None:
        """Open the terminal of this folder, and go on from there; raises UnlockError where the secret is wrong."""

    def go_on(self) -> None:
        """Show what this till needs next: unlocking, enrolment, a person, a shift, a sale."""

    def go_ahead(self) -> None:
        """A screen waits for nothing any more: type what was typed ahead for it."""

    def adopt(self, terminal: Terminal) -> None:
        """Go on with a terminal that was just enrolled."""

    async def begin(self, who: SignedIn) -> None:
        """Somebody works here from now on."""

    async def begin_as_owner(self) -> None:
        """Where the book names nobody, its owner works here and needs no PIN."""

    def prefer(self, preferences: Preferences) -> None:
        """Take other preferences, and keep them."""

    def ring(self) -> None:
        """Ring, where the till's people like it."""


def of(node: DOMNode) -> Surroundings:
    """The app that a screen or widget lives in."""
    return cast("Surroundings", node.app)
