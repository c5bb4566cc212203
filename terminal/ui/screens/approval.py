"""Somebody's word for what can't be taken back: a supervisor's PIN, or the owner's confirmation."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.widget import Widget
from textual.widgets import OptionList, Static

from terminal.texts import _, marked
from terminal.till.people import Approval
from terminal.ui.entries import PinEntry
from terminal.ui.screens.base import TillScreen
from terminal.ui.surroundings import Surroundings
from terminal.ui.widgets.entry_field import EntryField
from terminal.ui.widgets.people import People

NOBODY = Approval(None, None)


async def ask_approval(till: Surroundings, what: str) -> Approval | None:
    """Who approves something, and with what PIN; None where nobody does. Whether the PIN fits is the till's to say."""
    found: Approval | None = await till.show(ApprovalScreen(what))
    return found


class ApprovalScreen(TillScreen):
    """Dismissed with an `Approval`, or None."""

    TITLE_TEXT = marked("Approval")
    ACTIONS: ClassVar[tuple[str, ...]] = ("confirm", "back", "help")

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what
        self._chosen: str | None = None
        self._owner = False

    def middle(self) -> Iterable[Widget]:
        """What is to be approved, by whom, with what PIN."""
        yield Static(self._what, id="what", markup=False)
        yield People(id="people")
        yield EntryField(_("PIN"), PinEntry(), id="pin")

    async def on_mount(self) -> None:
        """Offer the supervisors, where this shop has any."""
        people = await self.till.ask(lambda terminal: terminal.till.sign_in.people())
        supervisors = [(person.id, person.name) for person in people if person.role == "supervisor"]
        self._owner = not supervisors
        choices, pin = self.query_one(People), self.query_one(EntryField)
        choices.display, pin.display = bool(supervisors), False
        choices.offer(supervisors)
        if self._owner:
            self.say(_("+ confirms, Esc leaves everything as it is."))
        else:
            choices.focus()
            self.say(_("A supervisor must approve this. Who?"))

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Ask for that one's PIN."""
        self._chosen = event.option.id
        pin = self.query_one(EntryField)
        pin.display = True
        pin.focus()
        self.say(_("The PIN, then + to confirm."))

    def action_confirm(self) -> None:
        """Give the word."""
        entry = self.query_one(EntryField).entry
        if self._owner:
            self.dismiss(NOBODY)
        elif self._chosen is not None and isinstance(entry, PinEntry) and entry.complete:
            self.dismiss(Approval(self._chosen, entry.digits))
