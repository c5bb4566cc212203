"""A field that is typed key by key: a label, what was typed, and what is wrong with it."""

from typing import Any

from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from terminal.ui.entries import Entry


class EntryField(Widget, can_focus=True):
    """Shows an `Entry`; printable keys and Backspace make another of it, all other keys belong to the screen."""

    class Changed(Message):
        """Something was typed."""

        def __init__(self, field: "EntryField") -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> "EntryField":
            """The field, for `@on` with a selector."""
            return self.field

    entry: reactive[Entry | None] = reactive(None, layout=False)

    def __init__(self, label: str, entry: Entry, **options: Any) -> None:
        super().__init__(**options)
        self.label = label
        self.set_reactive(EntryField.entry, entry)

    def takes(self, character: str) -> bool:
        """Whether a key would be typed here, rather than act."""
        return self.entry is not None and self.entry.typed(character) is not None

    def put(self, entry: Entry) -> None:
        """Show another entry."""
        self.entry = entry
        self.post_message(self.Changed(self))

    def type_text(self, text: str) -> None:
        """As if a person typed it; what has no place is left out."""
        for character in text:
            if self.entry is not None and (after := self.entry.typed(character)) is not None:
                self.entry = after
        self.post_message(self.Changed(self))

    async def _on_key(self, event: events.Key) -> None:
        entry = self.entry
        if entry is None:
            return
        if event.key in ("backspace", "delete"):
            event.stop()
            event.prevent_default()
            self.put(entry.erased())
            return
        character = "." if event.key == "decimal" else event.character
        if character is None or not character.isprintable():
            return
        after = entry.typed(character)
        if after is None:
            return  # the screen may know what it means
        event.stop()
        event.prevent_default()
        self.put(after)

    def render(self) -> Text:
        """One line: label, value, caret."""
        entry = self.entry
        shown = entry.shown if entry is not None else ""
        caret = "_" if self.has_focus else " "
        width = self.app.label_width if hasattr(self.app, "label_width") else 0
        style = "reverse" if self.has_focus else ""
        return Text.assemble((self.label.ljust(width), "bold"), " ", (f" {shown}{caret}", style))
