"""What every screen of the till has: the status above, its own middle, its keys below, and a line for words."""

from collections.abc import Coroutine, Iterable
from inspect import isawaitable
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from shared.errors import TallystickError
from terminal.service.desk import News
from terminal.texts import _, in_words
from terminal.ui.keys import bindings
from terminal.ui.surroundings import Surroundings, of
from terminal.ui.themes import symbol
from terminal.ui.widgets.key_line import KeyLine
from terminal.ui.widgets.status_line import StatusLine

# The keys that work on all screens of a till that is open.
EVERYWHERE = ("help", "history", "queue", "shift", "sync", "last", "status", "settings", "lock", "menu")


class TillScreen(Screen[Any]):
    """A screen. `TITLE_TEXT` is what stands above its middle; `ACTIONS` are its keys, of `terminal.ui.keys`."""

    TITLE_TEXT: ClassVar[str] = ""
    ACTIONS: ClassVar[tuple[str, ...]] = ("back",)
    # How this screen was drawn: the language, and whether in plain ASCII.
    _spoken = ("", False)
    # While something is under way, keys wait; they are typed once it is done, where such a screen is shown still.
    busy = False
    _ready = False

    def __init_subclass__(cls, **settings: Any) -> None:
        """Bind the screen's own keys; those that work everywhere are the app's."""
        cls.BINDINGS = [*bindings(*(action for action in cls.ACTIONS if action not in EVERYWHERE))]
        super().__init_subclass__(**settings)

    # The payments whose receipt the receipt key shows; None for the last sale's.
    receipt_of: tuple[bytes, ...] | None = None

    @property
    def till(self) -> Surroundings:
        """The app around this screen."""
        return of(self)

    def compose(self) -> ComposeResult:
        """Status, title, middle, words, keys."""
        self._spoken = self._speech
        yield StatusLine()
        if self.TITLE_TEXT:
            yield Static(_(self.TITLE_TEXT), classes="title", markup=False)
        with Vertical(classes="middle"):
            yield from self.middle()
        yield Static("", id="words", markup=False)
        yield KeyLine()

    async def on_screen_resume(self) -> None:
        """Draw anew where another language, or other letters, were chosen above this screen."""
        if self._spoken != self._speech:
            self._spoken = self._speech
            await self.speak_anew()

    @property
    def _speech(self) -> tuple[str, bool]:
        return self.till.language, self.till.ascii_only

    async def speak_anew(self) -> None:
        """Say everything in the language that is spoken now: as if this screen had just come up."""
        await self.recompose()
        begin: Any = getattr(self, "on_mount", lambda: None)()
        if isawaitable(begin):
            await begin

    def middle(self) -> Iterable[Widget]:
        """What this screen is about."""
        return ()

    def _on_mount(self, event: events.Mount) -> None:
        """Textual runs this behind a screen's own `on_mount`, and its own behind this: now there is whom to type to."""
        del event
        self._ready = True
        self.till.go_ahead()

    @property
    def waits(self) -> bool:
        """Whether no key can be typed here just now."""
        return self.busy or not self._ready

    def start(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do something that asks the till: one thing at a time, and keys wait until it is done."""
        self.busy = True
        self.run_worker(self._whole(doing), group="doing")

    async def _whole(self, doing: Coroutine[Any, Any, None]) -> None:
        try:
            await doing
        finally:
            self.busy = False
            self.till.go_ahead()

    def end(self) -> None:
        """Nothing is left to do here: what is typed now is for the screen that comes next, where it is one of these."""
        self._ready = False
        self.till.go_on()

    def offers(self, action: str) -> bool:
        """Whether a key means anything just now; the footer leaves the others out."""
        del action
        return True

    @property
    def gone(self) -> bool:
        """Whether this screen was left: what comes back from the till only then has nobody to be shown to."""
        return not self.is_attached or not self.display or not self.query(KeyLine)

    def say(self, text: str, *, kind: str = "") -> None:
        """A line above the keys; `kind` is a mark of `themes.symbol`, and what is no good rings."""
        ascii_only = self.till.ascii_only
        mark = f"{symbol(kind, ascii_only=ascii_only)} " if kind and text else ""
        text = text.replace("…", "...") if ascii_only else text
        # A worker may end after its screen has gone: then nobody is there to read it.
        for words in self.query("#words").results(Static):
            words.update(f"{mark}{text}")
            words.set_classes(f"-{kind}" if kind else "")
        if kind in ("bad", "warn", "flagged") and text:
            self.till.ring()

    def hint(self, text: str) -> None:
        """A line above the keys, unless something more important stands there."""
        words = self.query("#words").results(Static)
        if not any(str(line.render()).strip() for line in words):
            self.say(text)

    def say_error(self, error: TallystickError) -> None:
        """What went wrong, in its own words."""
        self.say(in_words(error), kind="bad")

    def scanned(self, text: str) -> None:
        """Something was scanned while this screen was shown."""
        del text
        self.say(_("There is nothing to scan here."), kind="warn")

    async def heard(self, news: News) -> None:
        """The link went or came, or a sync ended; the status above knows already."""

    def action_back(self) -> None:
        """Leave this screen."""
        self.dismiss(None)
