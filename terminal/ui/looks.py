"""How the till looks, sounds and speaks, and which keys it has: as its people prefer."""

import os

from textual.app import App
from textual.scrollbar import ScrollBar

from terminal.preferences import Preferences, write_preferences
from terminal.service.desk import Desk
from terminal.texts import language_of, speak
from terminal.ui import themes
from terminal.ui.plain import PlainBars, PlainLetters


class Looks(App[int]):
    """The part of the app that preferences decide."""

    def __init__(self, desk: Desk, preferences: Preferences) -> None:
        super().__init__()
        self.desk = desk
        self.preferences = preferences
        self._plain = PlainLetters(enabled=False)
        self._filters.append(self._plain)
        ScrollBar.renderer = PlainBars
        for theme in themes.ALL:
            self.register_theme(theme)
        self._dress()

    @property
    def ascii_only(self) -> bool:
        """Whether nothing but ASCII may be shown."""
        return self.theme == "ascii"

    @property
    def language(self) -> str:
        """What is spoken."""
        return self.preferences.language or language_of()

    @property
    def changed_keys(self) -> dict[str, str]:
        """The keys that this till's people have changed."""
        return self.preferences.keys

    def prefer(self, preferences: Preferences) -> None:
        """Take other preferences, and keep them."""
        write_preferences(self.desk.home, preferences)
        self.preferences = preferences
        self._dress()

    def _dress(self) -> None:
        speak(self.language)
        self.theme = self.preferences.theme or themes.usual_theme(os.environ, self.console.color_system)
        self.set_class(self.ascii_only, "-ascii")
        self._plain.enabled = self.ascii_only
        if not self.current_theme.ansi:
            self.ansi_theme_dark = self.ansi_theme_light = themes.palette(self.current_theme)
        self.set_keymap(self.preferences.keys)

    def ring(self) -> None:
        """Ring, where the till's people like it."""
        if self.preferences.bell:
            self.bell()
