"""Other keys for what the till does: choose an action, press its key."""

from collections.abc import Iterable
from typing import ClassVar

import msgspec
from textual import events, on
from textual.widget import Widget
from textual.widgets import OptionList

from terminal.texts import _, marked
from terminal.ui.keys import KEYS, conflict, keys_of, names_of
from terminal.ui.screens.base import TillScreen
from terminal.ui.widgets.choices import Choices

# What types and moves stays as it is, or nobody could get back.
_FIXED = ("next", "back", "confirm")
# F12; a longer name stands out by itself.
_KEY_WIDTH = 3


class KeySettingsScreen(TillScreen):
    """The table of keys; Enter on a row, then the new key. The last row brings the usual ones back."""

    TITLE_TEXT = marked("Keys")
    ACTIONS: ClassVar[tuple[str, ...]] = ("back", "help")

    def __init__(self) -> None:
        super().__init__()
        self._waits_for: str | None = None

    def middle(self) -> Iterable[Widget]:
        """The table."""
        yield Choices(id="keys")

    def on_mount(self) -> None:
        """Fill it."""
        self._offer()
        self.query_one(Choices).focus()
        self.hint(_("Enter on a line, then its new key."))

    def _offer(self) -> None:
        changed = self.till.preferences.keys
        rows = [
            (name, f"{names_of(keys_of(name, changed)).ljust(_KEY_WIDTH)}  {_(key.long)}")
            for name, key in KEYS.items()
            if name not in _FIXED
        ]
        self.query_one(Choices).offer([*rows, ("", _("All keys as they usually are"))])

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Wait for a key."""
        if not event.option.id:
            self._keep({})
            return
        self._waits_for = event.option.id
        self.say(_("Press the new key for: {action}. Esc leaves it.").format(action=_(KEYS[event.option.id].long)))

    def on_key(self, event: events.Key) -> None:
        """The new key."""
        action = self._waits_for
        if action is None:
            return
        event.stop()
        event.prevent_default()
        self._waits_for = None
        if event.key == "escape":
            self.say("")
            return
        changed = self.till.preferences.keys
        taken = conflict(event.key, action, changed)
        if taken is None:
            self._keep({**changed, action: event.key})
        else:
            self.say(_("This key is taken: {what}").format(what=taken), kind="warn")

    def _keep(self, keys: dict[str, str]) -> None:
        self.till.prefer(msgspec.structs.replace(self.till.preferences, keys=keys))
        self._offer()
        self.say(_("Kept."))
