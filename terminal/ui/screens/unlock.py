"""Unlocking: the secret that the vault was made with, typed where no file or credential has it."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.widget import Widget
from textual.widgets import Input, Static

from shared.errors import TallystickError
from terminal.store.vault import Secret
from terminal.texts import _, marked
from terminal.ui.screens.base import TillScreen


class UnlockScreen(TillScreen):
    """Asks for the secret, as often as need be: the vault's own Argon2id makes each guess dear."""

    TITLE_TEXT = marked("Unlock this till")
    ACTIONS: ClassVar[tuple[str, ...]] = ("next",)

    def middle(self) -> Iterable[Widget]:
        """One field, in the dark."""
        yield Static(_("Unlock secret"), markup=False)
        yield Input(password=True, id="secret", compact=True)

    def on_mount(self) -> None:
        """Say what is asked for."""
        self.hint(_("Type what this till was made with, then Enter."))

    @on(Input.Submitted)
    @work(exclusive=True)
    async def try_it(self, event: Input.Submitted) -> None:
        """Open the vault with what was typed."""
        secret = event.value
        if not secret:
            return
        self.say(_("Unlocking …"))
        event.input.clear()
        try:
            await self.till.unlock(lambda _home: Secret(secret.encode()))
        except TallystickError as error:
            self.say_error(error)
