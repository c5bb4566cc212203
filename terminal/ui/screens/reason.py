"""Why something is taken back: one of a few usual reasons, or a person's own words."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from terminal.texts import _, marked
from terminal.ui.screens.base import TillScreen
from terminal.ui.surroundings import Surroundings
from terminal.ui.widgets.choices import Choices

_MOST_TYPED = 60  # letters, far below the 128 bytes of a record
VOID_REASONS = (
    marked("Wrong amount"),
    marked("Wrong wallet"),
    marked("The customer changed their mind"),
    marked("Taken twice"),
)
REFUND_REASONS = (marked("Goods came back"), marked("Wrong amount"), marked("Taken twice"), marked("Complaint"))


async def ask_reason(till: Surroundings, what: str, reasons: Sequence[str]) -> str | None:
    """A reason, or None where somebody steps back."""
    found: str | None = await till.show(ReasonScreen(what, reasons))
    return found


class ReasonScreen(TillScreen):
    """Dismissed with a text, or None."""

    TITLE_TEXT = marked("Why?")
    ACTIONS: ClassVar[tuple[str, ...]] = ("back", "help")

    def __init__(self, what: str, reasons: Sequence[str]) -> None:
        super().__init__()
        self._what = what
        self._reasons = reasons

    def middle(self) -> Iterable[Widget]:
        """The usual reasons by number, the last of them: other words."""
        yield Static(self._what, markup=False)
        yield Choices([*((reason, _(reason)) for reason in self._reasons), ("", _("Other: type it"))])
        yield Input(max_length=_MOST_TYPED, placeholder=_("The reason, then Enter"))

    def on_mount(self) -> None:
        """Choose first."""
        self.query_one(Input).display = False
        self.query_one(Choices).focus()
        self.hint(_("A number chooses, or the arrows and Enter."))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option.id:
            self.dismiss(_(event.option.id))
            return
        box = self.query_one(Input)
        box.display = True
        box.focus()
        self.say(_("Type the reason, then Enter."))

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())
        else:
            self.say(_("Type the reason, then Enter."), kind="warn")

    def scanned(self, text: str) -> None:
        """Somebody who types as fast as a scanner."""
        box = self.query_one(Input)
        if box.has_focus and len(text) <= _MOST_TYPED:
            box.value += text
        else:
            super().scanned(text)
