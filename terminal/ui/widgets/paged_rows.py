"""A list that may be very long: its rows come page by page, as somebody comes near its end."""

from collections.abc import Iterable

from rich.text import Text
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

_NEAR_THE_END = 12


class PagedRows(OptionList):
    """Rows with ids; `More` asks for the next page."""

    class More(Message):
        """Somebody is near the end of what is there."""

    def put(self, rows: Iterable[tuple[str, Text]], *, first: bool) -> None:
        """Show rows, behind those that are there or, where they are the `first` page, instead of them."""
        if first:
            self.clear_options()
        self.add_options([Option(line, id=name) for name, line in rows])
        if first and self.option_count:
            self.highlighted = 0

    def shown(self) -> list[str]:
        """The ids of the rows that can be seen now."""
        top = int(self.scroll_offset.y)
        rows = range(max(0, top), min(self.option_count, top + self.size.height + 1))
        return [name for index in rows if (name := self.get_option_at_index(index).id) is not None]

    def watch_highlighted(self, highlighted: int | None) -> None:
        """Ask for more in time."""
        super().watch_highlighted(highlighted)
        if highlighted is not None and highlighted + _NEAR_THE_END >= self.option_count:
            self.post_message(self.More())
