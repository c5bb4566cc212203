"""The till's app over a shop, for tests: keys typed by a person or a scanner, and waiting for what they bring."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
from textual import events
from textual.pilot import Pilot
from textual.widgets import Static

from terminal.clock import Clock, Random
from terminal.preferences import Preferences
from terminal.service.desk import Desk
from terminal.sync import Pace
from terminal.ui.app import TillApp
from terminal.ui.widgets.entry_field import EntryField
from tests.terminal.shop import secret_of_tests
from tests.terminal.ui import speech

SIZES = ((66, 20), (80, 24), (100, 30))
PERSON_MS = 120.0
SCANNER_MS = 4.0
# A test that waits for what never comes ends with the words on the screen instead of pytest's time-out.
_PATIENCE_S = 20.0


class FakeKeys:
    """When keys were pressed: each so many ms after the one before."""

    def __init__(self) -> None:
        self.at = 1_000.0
        self.pace = PERSON_MS
        self.quiet = True

    def of(self, _event: events.Key) -> float:
        self.at += self.pace
        return self.at

    def now(self) -> float:
        return self.at + (1_000.0 if self.quiet else 0.0)  # whoever looks whether a burst has ended


def unreachable(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no network")


class UnlockedDesk(Desk):
    """A desk whose shop has the secret of tests."""

    def unlock(self, secret: Any = None) -> Any:
        return super().unlock(secret or secret_of_tests)


@dataclass
class Screen:
    """A running app, as a test types into it and reads it."""

    app: TillApp
    pilot: Pilot[int]
    keys: FakeKeys

    async def type(self, *keys: str) -> None:
        """Type keys like a person, by their names, who sees what each of them does."""
        self.keys.pace = PERSON_MS
        for key in keys:
            self._press(key, None)
            await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Type the letters of a text like a person, without looking up."""
        await self.hurry(*text)

    async def hurry(self, *keys: str) -> None:
        """Type keys by their names, one behind the other, without a look at what they do."""
        self.press(*keys)
        await self.pilot.pause()

    def press(self, *keys: str) -> None:
        """Press keys like a person, and go on before any of them was read."""
        self.keys.pace = PERSON_MS
        for key in keys:
            self._press(key, None)

    async def scan(self, text: str, *, enter: bool = True) -> None:
        """Scan like a scanner does: all letters within a moment, and Enter."""
        self.keys.at += PERSON_MS
        self.keys.pace, self.keys.quiet = SCANNER_MS, False
        for character in text:
            self._press(character, character)
        if enter:
            self._press("enter", None)
        await self.pilot.pause()
        self.keys.pace, self.keys.quiet = PERSON_MS, True

    def _press(self, key: str, character: str | None) -> None:
        # As the driver does it, and unlike Pilot's `press`, which waits for each key to be drawn.
        driver = self.app._driver
        assert driver is not None
        driver.send_message(events.Key(key, character))

    async def until(self, holds: Callable[[], bool], what: str = "") -> None:
        """Wait until something holds."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not holds():
                    await self.pilot.pause(0.01)
        except TimeoutError:
            raise AssertionError(f"never came: {what}\n{self.text()}") from None

    async def sees(self, *texts: str) -> None:
        """Wait until the screen shows all of some English texts, in the language that is spoken."""
        await self.until(lambda: all(speech.shows(self.text(), text) for text in texts), " ".join(texts))

    async def reads(self, *texts: str) -> None:
        """Wait until the screen shows all of some texts, letter by letter."""
        await self.until(lambda: all(text in self.text() for text in texts), " ".join(texts))

    async def on(self, name: str) -> None:
        """Wait for a screen by its class."""
        await self.until(lambda: type(self.app.screen).__name__ == name, name)

    def text(self) -> str:
        """What the screen shows, line by line."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines)

    def words(self) -> str:
        """The line above the keys."""
        return str(self.app.screen.query_one("#words", Static).render())

    def field(self, name: str) -> EntryField:
        return self.app.screen.query_one(f"#{name}", EntryField)


class Place(Protocol):
    """Where a terminal lives, by what clock, and with what randomness."""

    @property
    def home(self) -> Path: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def dice(self) -> Random: ...


@asynccontextmanager
async def till_app(
    shop: Place,
    *,
    size: tuple[int, int] = (80, 24),
    preferences: Preferences | None = None,
    transport: httpx.BaseTransport | None = None,
    settle_seconds: float = 0.0,
    pace: Pace | None = None,
) -> AsyncIterator[Screen]:
    """The app over a shop; without a transport there is no network."""
    keys = FakeKeys()
    desk = UnlockedDesk(
        shop.home,
        clock=shop.clock,
        random=shop.dice,
        transport=transport or httpx.MockTransport(unreachable),
        settle_seconds=settle_seconds,
        pace=pace,
    )
    desk.claim()
    app = TillApp(desk, preferences or Preferences(theme="dark", language="en", bell=False), key_clock=keys)
    try:
        async with app.run_test(size=size) as pilot:
            yield Screen(app, pilot, keys)
    finally:
        await asyncio.to_thread(desk.close)


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's story."""
    asyncio.run(story())
