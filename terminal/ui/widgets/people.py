"""The people of a shop to choose from: by number while they are few, by typing a part of a name where they are many."""

from collections.abc import Sequence
from typing import Any

from textual import events

from terminal.texts import _
from terminal.ui.widgets.choices import MOST_BY_NUMBER, Choices, numbered

_MOST_TYPED = 24


class People(Choices):
    """Choices that are searched, where there are more of them than keys with a digit; each keeps its number."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._all: list[tuple[str, str]] = []
        self.typed = ""

    def offer(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer people: (id, words)."""
        self._all = list(options)
        self.set_class(self.many, "-many")
        self.search("")

    @property
    def many(self) -> bool:
        """Whether they are searched: a digit alone would not do for all of them."""
        return len(self._all) > MOST_BY_NUMBER

    def takes(self, character: str) -> bool:
        """Whether a key is typed into the search, rather than chooses."""
        return self.many and character.isprintable() and len(self.typed) < _MOST_TYPED

    def search(self, typed: str) -> None:
        """Show whom a part of a name, or the beginning of a number or an id, fits; all where nothing is typed."""
        self.typed = typed
        people = [(number, name, words) for number, (name, words) in enumerate(self._all, start=1)]
        found = [person for person in people if _fits(typed.casefold().strip(), *person)]
        # Whoever typed a number whole means that one.
        found.sort(key=lambda person: str(person[0]) != typed.strip())
        self.clear_options()
        self.add_options(numbered(found, width=len(str(len(self._all)))))
        if found:
            self.highlighted = 0
        if self.many:
            words = _("{count} of {all}").format(count=len(found), all=len(self._all))
            self.border_title = _("Search: {typed}").format(typed=f"{typed}_")
            self.border_subtitle = words

    async def _on_key(self, event: events.Key) -> None:
        if not self.many:
            await super()._on_key(event)
            return
        if event.key in ("backspace", "delete"):
            event.stop()
            event.prevent_default()
            self.search(self.typed[:-1])
        elif event.character is not None and self.takes(event.character):
            event.stop()
            event.prevent_default()
            self.search(self.typed + event.character)


def _fits(typed: str, number: int, name: str, words: str) -> bool:
    return typed in words.casefold() or name.casefold().startswith(typed) or str(number).startswith(typed)
