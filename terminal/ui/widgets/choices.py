"""A list to choose from, by arrow and Enter or by number: a keypad has nothing else."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.text import Text
from textual import events
from textual.widgets import OptionList
from textual.widgets.option_list import Option

MOST_BY_NUMBER = 9
# The keys that a keypad has for what stands tenth and eleventh.
_KEYS = "1234567890."


class Choices(OptionList):
    """Options with ids; the first eleven have a key of a keypad that chooses them at once."""

    def __init__(self, options: Sequence[tuple[str, str]] = (), **settings: Any) -> None:
        super().__init__(*_by_key(options), markup=False, **settings)

    def offer(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer other options: (id, words)."""
        self.clear_options()
        self.add_options(_by_key(options))
        if options:
            self.highlighted = 0

    async def _on_key(self, event: events.Key) -> None:
        character = "." if event.key == "decimal" else event.character
        place = _KEYS.find(character) if character else -1
        if 0 <= place < self.option_count:
            event.stop()
            event.prevent_default()
            self.highlighted = place
            self.action_select()


def numbered(options: Iterable[tuple[int, str, str]], *, width: int = 1) -> list[Option]:
    """Rows of (number, id, words)."""
    return [_row(str(number).rjust(width), name, words) for number, name, words in options]


def _by_key(options: Sequence[tuple[str, str]]) -> list[Option]:
    return [_row(_KEYS[place : place + 1] or " ", name, words) for place, (name, words) in enumerate(options)]


def _row(key: str, name: str, words: str) -> Option:
    return Option(Text(f"{key}  {words}", no_wrap=True, overflow="ellipsis"), id=name)
