"""Keys that are typed ahead: each waits until what the one before it did is done, and goes nowhere else.

What a key does runs through several queues: a list tells its screen what was chosen, and the screen moves the focus. A
key that came in between would go to the list, and choose somebody else.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from textual import events
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from terminal.ui.screens.base import TillScreen

# Far more than anybody types ahead; a key that is held down is no reason to remember all of it.
_MOST = 256


class Behind(Message):
    """Runs behind a key through the same queues; `again`: once more, behind all that the key has set off."""

    def __init__(self, screen: Screen[Any], widget: Widget, *, again: bool) -> None:
        super().__init__()
        self.screen = screen
        self.widget = widget
        self.again = again


class TypedAhead:
    """The keys that wait.

    Args:
        send: gives a key to whoever has the focus.
        shown: the screen that is shown now; None while the program ends.
        focused: what has the focus now.
    """

    def __init__(
        self,
        *,
        send: Callable[[events.Key], Awaitable[None]],
        shown: Callable[[], Screen[Any] | None],
        focused: Callable[[], Widget | None],
    ) -> None:
        self._send = send
        self._shown = shown
        self._focused = focused
        self._keys: deque[tuple[type[Screen[Any]], events.Key]] = deque(maxlen=_MOST)
        self._last: Behind | None = None

    async def deliver(self, event: events.Key) -> None:
        """A key: typed now, or once what is under way is done."""
        screen = self._shown()
        if screen is not None:
            self._keys.append((type(screen), event))
            await self.go_ahead()

    async def passed(self, message: Behind) -> None:
        """All that a key has set off is done, or its first half."""
        if message is not self._last:
            return  # of a screen that was left meanwhile
        if message.again and self._follow(message.screen, message.widget, again=False):
            return
        self._last = None
        await self.go_ahead()

    async def go_ahead(self) -> None:
        """Type what waits, as far as it may be typed; what was meant for a screen of another kind is dropped."""
        while self._keys and (screen := self._shown()) is not None:
            kind, event = self._keys[0]
            if kind is not type(screen):
                self._keys.popleft()
            elif self._waits(screen):
                return
            else:
                self._keys.popleft()
                await self._type(screen, event)

    def take_back(self, events_of_scan: Iterable[events.Key]) -> None:
        """Keys that turned out to be a scanner's are typed by nobody."""
        gone = {id(event) for event in events_of_scan}
        self._keys = deque(((kind, event) for kind, event in self._keys if id(event) not in gone), maxlen=_MOST)

    async def _type(self, screen: Screen[Any], event: events.Key) -> None:
        widget = self._focused() or screen
        await self._send(event)
        self._follow(screen, widget, again=True)

    def _follow(self, screen: Screen[Any], widget: Widget, *, again: bool) -> bool:
        behind = Behind(screen, widget, again=again)
        followed = widget.post_message(behind)
        self._last = behind if followed else None
        return followed

    def _waits(self, screen: Screen[Any]) -> bool:
        last = self._last
        if last is not None and last.screen is screen and last.widget.is_attached:
            return True
        return isinstance(screen, TillScreen) and screen.waits
