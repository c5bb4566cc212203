"""A list to choose from, by arrow and Enter or by number: a keypad has nothing else."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.text import Text
from textual import events
from textual.widgets import OptionList
from textual.widgets.option_list import Option

MOST_BY_NUMBER = 9


class Choices(OptionList):
    """Options with ids; the first nine have a number that chooses them at once."""

    def __init__(self, options: Sequence[tuple[str, str]] = (), **settings: Any) -> None:
        super().__init__(*_by_digit(options), markup=False, **settings)

    def offer(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer other options: (id, words)."""
        self.clear_options()
        self.add_options(_by_digit(options))
        if options:
            self.highlighted = 0

    async def _on_key(self, event: events.Key) -> None:
        character = event.character or ""
        number = int(character) if character.isascii() and character.isdigit() else 0
        if 0 < number <= min(self.option_count, MOST_BY_NUMBER):
            event.stop()
            event.prevent_default()
            self.highlighted = number - 1
            self.action_select()


def numbered(options: Iterable[tuple[int, str, str]], *, width: int = 1) -> list[Option]:
    """Rows of (number, id, words); 0 is no number."""
    return [
        Option(Text(f"{str(number or '').rjust(width)}  {words}", no_wrap=True, overflow="ellipsis"), id=name)
        for number, name, words in options
    ]


def _by_digit(options: Sequence[tuple[str, str]]) -> list[Option]:
    return numbered(
        (number if number <= MOST_BY_NUMBER else 0, name, words)
        for number, (name, words) in enumerate(options, start=1)
    )
