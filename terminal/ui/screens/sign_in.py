"""Who works at this till: a name of the book, and its PIN."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.widget import Widget
from textual.widgets import OptionList, Static

from shared.errors import TallystickError
from terminal.texts import _, marked
from terminal.till.sign_in import Session
from terminal.ui.entries import PinEntry
from terminal.ui.screens.base import TillScreen
from terminal.ui.widgets.choices import Choices
from terminal.ui.widgets.entry_field import EntryField


class SignInScreen(TillScreen):
    """Choose a person, type the PIN. For a `session` that is locked: who works here, or a supervisor."""

    TITLE_TEXT = marked("Who is at the till?")
    ACTIONS: ClassVar[tuple[str, ...]] = ("next", "back", "help", "status", "queue", "sync")

    def __init__(self, session: Session | None = None) -> None:
        super().__init__()
        self._session = session
        self._chosen: str | None = None

    def middle(self) -> Iterable[Widget]:
        """The people, and a field for a PIN."""
        yield Choices(id="people")
        yield EntryField(_("PIN"), PinEntry(), id="pin")
        yield Static("", id="hint", markup=False)

    async def on_mount(self) -> None:
        """Fill in who works here."""
        people = await self.till.ask(lambda terminal: terminal.till.sign_in.people())
        if self.gone:
            return
        roles = {"cashier": _("cashier"), "supervisor": _("supervisor")}
        offered = [
            (person.id, f"{person.name} ({roles.get(person.role, person.role)})")
            for person in people
            if self._session is None or person.role == "supervisor" or person.id == self._session.who.id
        ]
        self.query_one(Choices).offer(offered)
        self.query_one("#pin", EntryField).display = False
        if self._session is not None:
            self.say(_("This till is locked: the same cashier's PIN opens it, or a supervisor's."))
        self.query_one(Choices).focus()

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Ask for that one's PIN."""
        self._chosen = event.option.id
        field = self.query_one("#pin", EntryField)
        field.put(PinEntry())
        field.display = True
        field.focus()
        self.say(_("Type the PIN, then Enter."))

    def action_back(self) -> None:
        """Choose again."""
        self._chosen = None
        self.query_one("#pin", EntryField).display = False
        self.query_one(Choices).focus()
        self.say("")

    @work(exclusive=True)
    async def action_next(self) -> None:
        """Try the PIN."""
        field, person = self.query_one("#pin", EntryField), self._chosen
        entry = field.entry
        if person is None or not isinstance(entry, PinEntry) or not entry.complete:
            return
        field.put(PinEntry())
        session = self._session
        try:
            if session is not None:
                await self.till.ask(lambda terminal: terminal.till.sign_in.unlock(session, person, entry.digits))
                self.dismiss(None)
            else:
                await self.till.begin(
                    await self.till.ask(lambda terminal: terminal.till.sign_in.sign_in(person, entry.digits))
                )
        except TallystickError as error:
            self.say_error(error)
