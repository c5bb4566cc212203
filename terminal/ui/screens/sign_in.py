"""Who works at this till: a name of the book, and its PIN."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.widget import Widget
from textual.widgets import OptionList

from shared.errors import TallystickError
from terminal.errors import PinLockedError
from terminal.texts import _, in_words, marked
from terminal.till.sign_in import Session
from terminal.ui.entries import PinEntry
from terminal.ui.screens.approval import NOBODY, ask_approval
from terminal.ui.screens.base import TillScreen
from terminal.ui.widgets.entry_field import EntryField
from terminal.ui.widgets.key_line import KeyLine
from terminal.ui.widgets.people import People


class SignInScreen(TillScreen):
    """Choose a person, type the PIN. For a `session` that is locked: who works here, or a supervisor.

    The status above tells here as everywhere how much waits and how much is at risk: it names no customer, and a till
    that stands alone is the one that somebody must look at. What lies behind its keys needs a PIN.
    """

    TITLE_TEXT = marked("Who is at the till?")
    ACTIONS: ClassVar[tuple[str, ...]] = ("next", "confirm", "back", "help", "sync")

    def __init__(self, session: Session | None = None) -> None:
        super().__init__()
        self._session = session
        self._chosen: str | None = None
        self._names: dict[str, str] = {}
        self._shut_out = False

    def middle(self) -> Iterable[Widget]:
        """The people, and a field for a PIN."""
        yield People(id="people")
        yield EntryField(_("PIN"), PinEntry(), id="pin")

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
        self._names = {person.id: person.name for person in people}
        self.query_one(People).offer(offered)
        self._begin()
        if self._session is not None:
            self.say(_("This till is locked: the same cashier's PIN opens it, or a supervisor's."))
        else:
            self.hint(_("Choose yourself by number, or by the arrows and Enter."))

    def offers(self, action: str) -> bool:
        """+ lifts a lock, where one stands in the way."""
        return action != "confirm" or self._shut_out

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Ask for that one's PIN."""
        self._chosen = event.option.id
        self._ask_for_pin(_("{name}: type the PIN, then Enter.").format(name=self._names.get(self._chosen or "", "")))

    def _ask_for_pin(self, words: str, kind: str = "") -> None:
        self._set_shut_out(shut_out=False)
        field = self.query_one("#pin", EntryField)
        field.put(PinEntry())
        field.display = True
        field.focus()
        self.say(words, kind=kind)

    def _begin(self) -> None:
        self._chosen = None
        self._set_shut_out(shut_out=False)
        self.query_one("#pin", EntryField).display = False
        self.query_one(People).focus()

    def _set_shut_out(self, *, shut_out: bool) -> None:
        self._shut_out = shut_out
        self.query_one(KeyLine).refresh()

    def action_back(self) -> None:
        """Choose again."""
        if self._chosen is None:
            self.query_one(People).search("")
        self._begin()
        self.say("")

    def action_next(self) -> None:
        """Try the PIN."""
        field, person = self.query_one("#pin", EntryField), self._chosen
        entry = field.entry
        if person is not None and isinstance(entry, PinEntry) and entry.complete:
            field.put(PinEntry())
            self.start(self._try(person, entry.digits))

    async def _try(self, person: str, pin: str) -> None:
        session = self._session
        try:
            if session is not None:
                await self.till.ask(lambda terminal: terminal.till.sign_in.unlock(session, person, pin))
                self.dismiss(None)
            else:
                await self.till.begin(await self.till.ask(lambda terminal: terminal.till.sign_in.sign_in(person, pin)))
        except PinLockedError as error:
            self.say_error(error)
            self._set_shut_out(shut_out=await self.till.ask(lambda terminal: terminal.till.approvals.shut_out(person)))
            if self._shut_out:
                self.say(_("{problem} (+: a supervisor lifts it here)").format(problem=in_words(error)), kind="bad")
        except TallystickError as error:
            self.say_error(error)

    def action_confirm(self) -> None:
        """A supervisor lifts the lock."""
        if self._shut_out and self._chosen is not None:
            self.start(self._lift(self._chosen))

    async def _lift(self, person: str) -> None:
        if await self.till.ask(lambda terminal: terminal.till.approvals.needed()):
            what = _("Lift the lock of {name} after too many wrong PINs?").format(name=self._names[person])
            approval = await ask_approval(self.till, what)
        else:
            approval = NOBODY  # the till says what helps in a shop without supervisors
        if approval is None:
            return
        try:
            await self.till.ask(lambda terminal: terminal.till.approvals.lift_lock(person, approval))
        except TallystickError as error:
            self.say_error(error)
            return
        self._ask_for_pin(_("The lock is lifted. Type the PIN, then Enter."), "good")
