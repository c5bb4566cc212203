"""Settings: looks, language, bell, printer, paper, receipts, keys. Each takes effect at once and is kept."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import ClassVar, TypeVar

import msgspec
from textual import on, work
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from shared.errors import TallystickError
from terminal.preferences import THEMES, Preferences, read_preferences
from terminal.printing.addresses import parse_printer
from terminal.texts import LANGUAGES, _, language_of, marked
from terminal.ui.screens.base import TillScreen
from terminal.ui.screens.key_settings import KeySettingsScreen
from terminal.ui.widgets.choices import Choices

_Value = TypeVar("_Value")
_PAPERS = (32, 42, 48)
_THEME_WORDS = {
    "dark": marked("dark"),
    "light": marked("light"),
    "contrast": marked("high contrast"),
    "ascii": marked("plain ASCII"),
}


class SettingsScreen(TillScreen):
    """A list: Enter goes to the next value, or asks for one."""

    TITLE_TEXT = marked("Settings")
    ACTIONS: ClassVar[tuple[str, ...]] = ("next", "back", "help")

    def middle(self) -> Iterable[Widget]:
        """The list, and a field for the printer's name."""
        yield Choices(id="settings")
        yield Static("", id="hint", markup=False)
        yield Input(id="printer", compact=True, placeholder="tcp:192.168.1.50:9100")

    def on_mount(self) -> None:
        """Show what is set; say so where the file was damaged."""
        self.query_one("#printer", Input).display = False
        self._offer()
        self.query_one(Choices).focus()
        self.hint(_("A number changes, or the arrows and Enter."))
        if read_preferences(self.till.desk.home).damaged:
            self.say(_("The settings' file is damaged: these are the usual ones, until you change one."), kind="warn")

    def _offer(self) -> None:
        now = self.till.preferences
        choices = self.query_one(Choices)
        place = choices.highlighted
        theme = self.app.theme
        choices.offer(
            [
                ("theme", _("Look: {theme}").format(theme=_(_THEME_WORDS.get(theme, theme)))),
                ("language", _("Language: {language}").format(language=LANGUAGES[now.language or language_of()])),
                ("bell", _("Bell: on") if now.bell else _("Bell: off")),
                ("printer", _("Printer: {printer}").format(printer=now.printer or _("none"))),
                ("paper", _("Paper: {columns} columns").format(columns=now.paper)),
                ("receipts", _("Receipts: always") if now.receipts == "always" else _("Receipts: on a key")),
                ("keys", _("Keys")),
            ]
        )
        choices.highlighted = place or 0

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Change one."""
        now = self.till.preferences
        match event.option.id:
            case "theme":
                self._prefer(msgspec.structs.replace(now, theme=_next(THEMES, self.app.theme)))
            case "language":
                language = _next(tuple(LANGUAGES), now.language or language_of())
                self._prefer(msgspec.structs.replace(now, language=language))
                self.call_later(self.on_screen_resume)
            case "bell":
                self._prefer(msgspec.structs.replace(now, bell=not now.bell))
            case "paper":
                self._prefer(msgspec.structs.replace(now, paper=_next(_PAPERS, now.paper)))
            case "receipts":
                receipts = "never" if now.receipts == "always" else "always"
                self._prefer(msgspec.structs.replace(now, receipts=receipts))
            case "printer":
                self._ask_for_printer()
            case _:
                self._change_keys()

    def _ask_for_printer(self) -> None:
        field = self.query_one("#printer", Input)
        field.display, field.value = True, self.till.preferences.printer
        field.focus()
        self.say(_("usb:04b8:0e15, serial:/dev/ttyUSB0, tcp:ADDRESS:9100 or file:/PATH; empty is none. Then Enter."))

    @on(Input.Submitted, "#printer")
    def take_printer(self, event: Input.Submitted) -> None:
        """A printer's name."""
        name = event.value.strip()
        try:
            if name:
                parse_printer(name)
        except TallystickError as error:
            self.say_error(error)
            return
        event.input.display = False
        self._prefer(msgspec.structs.replace(self.till.preferences, printer=name))
        self.query_one(Choices).focus()

    @work(exclusive=True)
    async def _change_keys(self) -> None:
        await self.till.show(KeySettingsScreen())

    def _prefer(self, preferences: Preferences) -> None:
        try:
            self.till.prefer(preferences)
        except TallystickError as error:
            self.say_error(error)
            return
        self.say("")
        self._offer()

    def action_next(self) -> None:
        """Enter belongs to the list."""

    def action_back(self) -> None:
        """Out of the printer's field first."""
        field = self.query_one("#printer", Input)
        if field.display:
            field.display = False
            self.query_one(Choices).focus()
        else:
            self.dismiss(None)


def _next(values: Sequence[_Value], now: object) -> _Value:
    return next((after for before, after in pairwise(values) if before == now), values[0])
