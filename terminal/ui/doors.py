"""The keys that work on every screen, and where each of them leads."""

from textual.app import App

from terminal.texts import _
from terminal.till.sign_in import Session
from terminal.ui.screens.approval import ApprovalScreen
from terminal.ui.screens.base import EVERYWHERE, TillScreen
from terminal.ui.screens.confirming import ConfirmScreen
from terminal.ui.screens.help import HelpScreen
from terminal.ui.screens.history import HistoryScreen
from terminal.ui.screens.menu import MenuScreen
from terminal.ui.screens.queue import QueueScreen
from terminal.ui.screens.reason import ReasonScreen
from terminal.ui.screens.receipt import ReceiptScreen
from terminal.ui.screens.refund import RefundScreen
from terminal.ui.screens.settings import SettingsScreen
from terminal.ui.screens.shift import ShiftScreen
from terminal.ui.screens.status import StatusScreen
from terminal.ui.surroundings import of

# What a till that is locked still does.
_ALWAYS = ("help", "sync")
# Left without a thought: nobody waits for what they were dismissed with, and nothing is under way there.
_LOOKED_AT = (HelpScreen, HistoryScreen, QueueScreen, ReceiptScreen, StatusScreen)
# What they ask was put into words before, in the language of then; and nothing is set in the midst of an answer.
_QUESTIONS = (ApprovalScreen, ConfirmScreen, ReasonScreen, RefundScreen)


class Doors(App[int]):
    """The part of the app that its bindings call."""

    session: Session | None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A till that is locked, or that nobody works at, has its keys for nothing but help."""
        del parameters
        if action not in EVERYWHERE or action in _ALWAYS:
            return True
        if action == "settings" and isinstance(next(reversed(self.screen_stack), None), _QUESTIONS):
            return False
        return self.session is not None and not self.session.shut

    def action_help(self) -> None:
        """The keys."""
        self._open(HelpScreen(getattr(self.screen, "ACTIONS", ())))

    def action_menu(self) -> None:
        """Everything, by number."""
        if not isinstance(self.screen, MenuScreen):
            self.push_screen(MenuScreen(), self._chosen)

    async def _chosen(self, action: str | None) -> None:
        if action is not None:
            await self.run_action(action)

    def action_history(self) -> None:
        """The payments so far."""
        self._open(HistoryScreen())

    def action_queue(self) -> None:
        """What waits."""
        self._open(QueueScreen())

    def action_shift(self) -> None:
        """The shift's report, and closing it."""
        self._open(ShiftScreen())

    def action_status(self) -> None:
        """How this till is."""
        self._open(StatusScreen())

    def action_settings(self) -> None:
        """Looks, language, printer, keys."""
        self._open(SettingsScreen())

    def action_last(self) -> None:
        """The receipt of what is shown, else the last sale's."""
        self._open(ReceiptScreen(getattr(self.screen, "receipt_of", None)))

    def action_sync(self) -> None:
        """Sync now."""
        of(self).desk.sync_now()
        screen = self.screen
        if isinstance(screen, TillScreen):
            screen.say(_("Syncing …"))

    def action_close(self) -> None:
        """End the program; nothing is lost by it."""
        self.exit(0)

    def _open(self, screen: TillScreen) -> None:
        """Show a screen: once where a key is pressed twice, and in place of one that is only looked at."""
        if type(self.screen) is type(screen):
            return
        if isinstance(self.screen, _LOOKED_AT):
            self.switch_screen(screen)
        else:
            self.push_screen(screen)
