"""A till that can't be opened: what is wrong, and what to do."""

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget
from textual.widgets import Static

from shared.errors import TallystickError
from terminal.texts import _, in_words, marked
from terminal.ui.screens.base import TillScreen
from terminal.ui.themes import symbol


class TroubleScreen(TillScreen):
    """Says it, and tries again on a key."""

    TITLE_TEXT = marked("This till can't be opened")
    ACTIONS: ClassVar[tuple[str, ...]] = ("next",)

    def __init__(self, error: TallystickError) -> None:
        super().__init__()
        self._error = error

    def middle(self) -> Iterable[Widget]:
        """The error's own words."""
        mark = symbol("bad", ascii_only=self.till.ascii_only)
        yield Static(f"{mark} {in_words(self._error)}", classes="-bad", markup=False)
        yield Static(_("Enter tries again. Nothing was changed, and nothing is lost."), markup=False)

    async def action_next(self) -> None:
        """Try again."""
        await self.till.unlock()
