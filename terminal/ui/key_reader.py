"""Where keys come in: a scanner's burst becomes one scan, a person's keys go on to where they belong."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from textual import events
from textual.widget import Widget
from textual.widgets import Input

from terminal.ui.scanner import GAP_MS, Bursts, Verdict
from terminal.ui.widgets.entry_field import EntryField
from terminal.ui.widgets.people import People

_MS = 1_000.0
_MOST_SCANNED = 4_096


class KeyClock(Protocol):
    """When keys were pressed; handed in, so that a test types like a person or like a scanner."""

    def of(self, event: events.Key) -> float:
        """When a key was pressed, ms."""

    def now(self) -> float:
        """The same clock, now."""


class EventClock:
    """By the times that Textual's driver gives its events."""

    def of(self, event: events.Key) -> float:
        """When it was read, ms: a busy screen does not change it."""
        return event.time * _MS

    def now(self) -> float:
        """Now, ms."""
        return time.monotonic() * _MS  # as the events have it


class KeyReader:
    """Reads each key before anything else does.

    Args:
        clock: when keys were pressed.
        focused: what has the focus now.
        later: does something after so many seconds.
        deliver: gives a key that was held back to whoever it is for.
        take_back: hears of keys that went on and were a scanner's: whoever still has them must not type them.
        scanned: hears of each scan.
    """

    def __init__(
        self,
        *,
        clock: KeyClock,
        focused: Callable[[], Widget | None],
        later: Callable[[float, Callable[[], Awaitable[None]]], object],
        deliver: Callable[[events.Key], Awaitable[None]],
        take_back: Callable[[list[events.Key]], None],
        scanned: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._focused = focused
        self._later = later
        self._deliver = deliver
        self._take_back = take_back
        self._scanned = scanned
        self._bursts = Bursts()
        self._restore: Callable[[], None] = _nothing
        self._held: events.Key | None = None
        self._burst: list[events.Key] = []

    def read(self, event: events.Key) -> list[events.Key]:
        """The keys that go on to the screen now, in order: this one, with one that was held back before it, or none."""
        widget = self._focused()
        character = event.character if event.character and event.character.isprintable() else None
        edits = character is not None and _edits(widget, character)
        verdict = self._bursts.key(character, self._clock.of(event), edits=edits)
        if verdict is Verdict.FIRST:
            before = self._released()
            self._restore = _memento(widget)
            self._burst = [event]
            if edits:
                return [*before, event]
            # It would act, and may yet be the first letter of a voucher.
            self._held = event
            self._later(GAP_MS / _MS, partial(self._time_is_up, event))
            return before
        if verdict is Verdict.PASS:
            self._burst.append(event)
            return [event] if edits else [*self._released(), event]
        if verdict is Verdict.END:
            self._finish()
        elif verdict is Verdict.UNDO:
            self._held = None
            self._take_back(self._burst)
            self._after(self._restore)
            self._later(GAP_MS / _MS, self._look)
        return []

    def pasted(self, text: str) -> None:
        """Something came in one piece, as scanners of some terminals do it."""
        self._scanned(text.strip()[:_MOST_SCANNED])

    def _released(self) -> list[events.Key]:
        event, self._held = self._held, None
        return [] if event is None else [event]

    async def _time_is_up(self, event: events.Key) -> None:
        if self._held is event:
            self._held = None
            await self._deliver(event)

    async def _look(self) -> None:
        if self._bursts.quiet(self._clock.now()):
            self._finish()
        elif self._bursts.scanning:
            self._later(GAP_MS / _MS, self._look)

    def _finish(self) -> None:
        text = self._bursts.scan().strip()[:_MOST_SCANNED]
        self._after(lambda: self._scanned(text))

    def _after(self, do: Callable[[], None]) -> None:
        """Do something once whoever has the focus has taken the keys that went on to it."""
        widget = self._focused()
        if widget is None:
            do()
        else:
            widget.call_later(do)


def _nothing() -> None:
    return None


def _edits(widget: Widget | None, character: str) -> bool:
    if isinstance(widget, EntryField | People):
        return widget.takes(character)
    return isinstance(widget, Input)


def _memento(widget: Widget | None) -> Callable[[], None]:
    """How to take back whatever is typed into a widget from now on."""
    if isinstance(widget, EntryField) and widget.entry is not None:
        field, entry = widget, widget.entry

        def restore_entry() -> None:
            field.put(entry)

        return restore_entry
    if isinstance(widget, People):
        return partial(widget.search, widget.typed)
    if isinstance(widget, Input):
        box, value, cursor = widget, widget.value, widget.cursor_position

        def restore_input() -> None:
            box.value, box.cursor_position = value, cursor

        return restore_input
    return _nothing
