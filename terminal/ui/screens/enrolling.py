"""Enrolment: the server's address and a one-time token make this folder a till of a shop."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from shared.errors import TallystickError
from shared.messages.enrolment import token_kid
from terminal.composition import Terminal
from terminal.texts import _, marked
from terminal.till.people import check_text
from terminal.ui.screens.base import TillScreen

_FIELDS = (
    ("server", marked("Server's address")),
    ("token", marked("Token (type or scan)")),
    ("name", marked("This till's name")),
    ("secret", marked("Unlock secret")),
    ("again", marked("The same again")),
)


class EnrolScreen(TillScreen):
    """One field after the other; what is wrong is said, and nothing that was typed is lost by it."""

    TITLE_TEXT = marked("Make this a till of a shop")
    ACTIONS: ClassVar[tuple[str, ...]] = ("next", "back", "help")

    def __init__(self, *, again: bool = False) -> None:
        super().__init__()
        self._again = again

    def middle(self) -> Iterable[Widget]:
        """The fields."""
        with VerticalScroll(can_focus=False):
            yield Static(_("The shop's office makes a token for each till. It is good once."), markup=False)
            for name, label in _FIELDS:
                if name not in ("secret", "again") or self.till.desk.needs_secret:
                    with Horizontal(classes="field"):
                        yield Label(_(label), markup=False)
                        yield Input(id=name, compact=True, password=name in ("secret", "again"))
            if self.till.desk.needs_secret:
                yield Static(
                    _("Left empty, the secret is kept in a file: whoever has this machine has the till."), markup=False
                )

    def on_mount(self) -> None:
        """Begin at the top; most tills are called till."""
        self.query_one("#name", Input).value = "till"
        self.query_one("#server", Input).focus()
        self.hint(_("Enter goes to the next line; behind the last, this till is enrolled."))

    def scanned(self, text: str) -> None:
        """A token that was scanned from the office's screen or paper."""
        self.query_one("#token", Input).value = text
        self.query_one("#name", Input).focus()

    @on(Input.Submitted)
    def go_to_next(self, event: Input.Submitted) -> None:
        """The next field, or the enrolment."""
        fields = list(self.query(Input))
        place = fields.index(event.input)
        problem = self._problem(event.input)
        if problem is not None:
            self.say_error(problem)
        elif place + 1 < len(fields):
            self.say("")
            fields[place + 1].focus()
        else:
            self._enrol()

    def action_next(self) -> None:
        """Enter beside the fields."""
        self.query_one("#server", Input).focus()

    def action_back(self) -> None:
        """Back, where this till is enrolled already."""
        if self._again:
            self.dismiss(None)

    def _problem(self, field: Input) -> TallystickError | None:
        try:
            if field.id == "server":
                from terminal.sync.address import checked_url  # noqa: PLC0415 - with httpx, for which other screens do not wait

                field.value = checked_url(field.value)
            elif field.id == "token":
                token_kid(field.value.strip())
            elif field.id == "name":
                check_text(field.value, marked("the name"))
        except TallystickError as error:
            return error
        return None

    @work(exclusive=True, group="enrol")
    async def _enrol(self) -> None:
        values = {str(field.id): field.value for field in self.query(Input)}
        wrong = next((field for field in self.query(Input) if self._problem(field) is not None), None)
        if wrong is not None:
            wrong.focus()
            self.say_error(self._problem(wrong) or TallystickError())
            return
        if values.get("secret", "") != values.get("again", ""):
            self.say(_("The two secrets differ."), kind="warn")
            return
        try:
            self.say(_("Enrolling …"))
            terminal = await asyncio.wrap_future(self.till.desk.prepare(values.get("secret", "")))
            token, server, name = values["token"].strip(), values["server"], values["name"]
            await self.till.ask(lambda found: found.enrol(token, server, name=name))
            self.say(_("Enrolled. Fetching the book …"))
            await self.till.ask(_first_pull)
        except TallystickError as error:
            self.say_error(error)
            return
        self.till.adopt(terminal)


def _first_pull(terminal: Terminal) -> None:
    """The first book. One that fails is fetched by the next sync: the till is enrolled all the same."""
    with terminal.synchroniser() as synchroniser:
        synchroniser.pull_once()
    terminal.publish_trust()
