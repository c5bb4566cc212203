"""The till's app: it joins the desk to the screens and decides which one is needed next."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import rich
from rich.segment import Segments
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen

from shared.errors import TallystickError
from terminal.composition import SecretOf, Terminal
from terminal.errors import NoSecretError, NotEnrolledError, UnlockError
from terminal.preferences import Preferences
from terminal.service.desk import Desk, LinkNews, News, server_of
from terminal.service.printouts import PrintNews
from terminal.till.shift_start import OWNER
from terminal.till.sign_in import Session, SignedIn
from terminal.ui.doors import Doors
from terminal.ui.key_reader import EventClock, KeyClock, KeyReader
from terminal.ui.keys import bindings
from terminal.ui.looks import Looks
from terminal.ui.paper import told
from terminal.ui.screens import opening
from terminal.ui.screens.base import EVERYWHERE, TillScreen
from terminal.ui.screens.sign_in import SignInScreen
from terminal.ui.standing import Standing
from terminal.ui.typed_ahead import Behind, TypedAhead

_Answer = TypeVar("_Answer")
_LOOK_EVERY_S = 2.0


class Heard(Message):
    """The desk has news."""

    def __init__(self, news: News) -> None:
        super().__init__()
        self.news = news


class TillApp(Looks, Doors):
    """The till. `desk` was claimed already; `key_clock` says when keys were pressed."""

    CSS_PATH = Path(__file__).with_name("till.tcss")
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(*EVERYWHERE, "close"), Binding("ctrl+c", "close", show=False)]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (100, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-usual"), (30, "-high")]  # noqa: RUF012 - the same

    standing: reactive[Standing] = reactive(Standing())

    def __init__(self, desk: Desk, preferences: Preferences, *, key_clock: KeyClock | None = None) -> None:
        super().__init__(desk, preferences)
        desk.tell = self.hear
        self.session: Session | None = None
        self._typed = TypedAhead(send=super().on_event, shown=self._shown, focused=lambda: self.focused)
        self.live = False
        self._terminal: Terminal | None = None
        self._reader = KeyReader(
            clock=key_clock or EventClock(),
            focused=lambda: self.focused,
            later=self.set_timer,
            deliver=self._typed.deliver,
            take_back=self._typed.take_back,
            scanned=self._scanned,
        )

    @property
    def signed_in(self) -> SignedIn | None:
        """Who works here."""
        return self.session.who if self.session is not None else None

    def _fatal_error(self) -> None:
        """End after a defect, as Textual does, but without variables: there are codes and PINs among them."""
        from rich.traceback import Traceback  # noqa: PLC0415 - with highlighters, for what hardly ever happens

        self.bell()
        trace = Traceback(show_locals=False, width=None, suppress=[rich])
        self._exit_renderables.append(Segments(self.console.render(trace, self.console.options)))
        self._close_messages_no_wait()

    # -- keys -------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys are read before anything else sees them; a burst of them is a scan."""
        if isinstance(event, events.InputEvent) and self._shown() is None:
            return
        if isinstance(event, events.Key) and not event.is_forwarded:
            if self.session is not None:
                self.session.touch(self.desk.clock.tick())
            for key in self._reader.read(event):
                await self._typed.deliver(key)
            return
        if isinstance(event, events.Paste) and not event.is_forwarded:
            self._reader.pasted(event.text)
            return
        await super().on_event(event)

    def _shown(self) -> Screen[Any] | None:
        """The screen that is shown now; None while the program ends, when keys and news may still come."""
        return self.screen_stack[-1] if self.screen_stack else None

    async def on_behind(self, message: Behind) -> None:
        """What a key did is done: the next one that was typed ahead."""
        await self._typed.passed(message)

    def go_ahead(self) -> None:
        """A screen waits for nothing any more: type what was typed ahead for it."""
        self.call_later(self._typed.go_ahead)

    def _scanned(self, text: str) -> None:
        if text and self._top is not None:
            self._top.scanned(text)

    # -- the till ---------------------------------------------------------------------------------------------------

    async def ask(self, work: Callable[[Terminal], _Answer]) -> _Answer:
        """Do something with the terminal, on its thread."""
        return await asyncio.wrap_future(self.desk.ask(work))

    async def on_mount(self) -> None:
        """Unlock, and show what is needed."""
        self.set_interval(_LOOK_EVERY_S, self._regularly)
        await self.unlock()

    async def unlock(self, secret: SecretOf | None = None) -> None:
        """Open the terminal of this folder, and go on from there.

        Raises:
            UnlockError: where a secret was given and is wrong.
        """
        try:
            self._terminal = await asyncio.wrap_future(self.desk.unlock(secret))
        except NotEnrolledError:
            self._terminal = None
        except NoSecretError:
            self._put(opening.unlocking())
            return
        except UnlockError as error:
            if secret is not None:
                raise
            self._put(opening.trouble(error))
            return
        except TallystickError as error:
            self._put(opening.trouble(error))
            return
        self.go_on()

    def go_on(self) -> None:
        """Show what this till needs next. A worker of the app's: whoever asks may be gone before it is done."""
        self.run_worker(self._go_on(), exclusive=True, group="next screen")

    async def _go_on(self) -> None:
        try:
            url = await self.ask(server_of)
        except NotEnrolledError:
            await self._show(opening.enrolling())
            return
        await self.look()
        await self._show(await opening.next_screen(self))
        if self._terminal is not None and not self.live:
            self.live = True
            # What syncs loads more than a screen needs: nobody waits for that before there is one.
            self.desk.go_live(self._terminal, url)

    def adopt(self, terminal: Terminal) -> None:
        """Go on with a terminal that was just enrolled."""
        self._terminal, self.live, self.session = terminal, False, None
        self.go_on()

    async def begin(self, who: SignedIn) -> None:
        """Somebody works here from now on."""
        self.session = await self.ask(lambda terminal: terminal.till.sign_in.begin(who))
        self.go_on()

    async def begin_as_owner(self) -> None:
        """Where the book names nobody, its owner works here and needs no PIN."""
        self.session = await self.ask(lambda terminal: terminal.till.sign_in.begin(terminal.till.sign_in.sign_in()))

    async def sign_out(self) -> None:
        """Nobody works here any more, unless their shift is open."""
        session = self.session
        if session is None:
            return
        try:
            await self.ask(lambda terminal: terminal.till.sign_in.sign_out(session))
        except TallystickError as error:
            self._complain(error)
            return
        self.session = None
        self.go_on()

    async def action_sign_out(self) -> None:
        """Log out."""
        await self.sign_out()

    async def action_lock(self) -> None:
        """Lock the till."""
        if self.session is not None:
            self.session.lock()
        await self.lock()

    async def lock(self) -> None:
        """Ask for a PIN before anything else, with everything below left as it is."""
        session = self.session
        asked = any(isinstance(screen, SignInScreen) for screen in self.screen_stack)
        if session is not None and session.locked(self.desk.clock.tick()) and not asked:
            await self.push_screen(SignInScreen(session))

    def _complain(self, error: TallystickError) -> None:
        if self._top is not None:
            self._top.say_error(error)

    async def show(self, screen: Screen[_Answer]) -> _Answer | None:
        """Show a screen above this one; what it was dismissed with. For workers."""
        return await self.push_screen_wait(screen)

    @property
    def _top(self) -> TillScreen | None:
        """The till's screen that is shown; none before the first and after the last."""
        stack = self.screen_stack
        return stack[-1] if stack and isinstance(stack[-1], TillScreen) else None

    def _put(self, screen: TillScreen) -> None:
        self.run_worker(self._show(screen), exclusive=True, group="next screen")

    async def _show(self, screen: TillScreen) -> None:
        """Put one screen in place of all others."""
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        await self.push_screen(screen)

    # -- how it stands ----------------------------------------------------------------------------------------------

    async def look(self) -> None:
        """Read anew how the till stands."""
        try:
            status = await self.ask(lambda terminal: terminal.till.views.status())
        except TallystickError:
            return  # nothing to show before the enrolment; a store that fails says so where it matters
        name = self.signed_in.name if self.signed_in and self.signed_in.role != OWNER else ""
        self.standing = replace(self.standing, status=status, syncing=self.desk.syncing, cashier=name)

    async def _regularly(self) -> None:
        if self.live:
            await self.look()
            await self.lock()

    def hear(self, news: News) -> None:
        """News of the desk, from whatever thread."""
        self.post_message(Heard(news))

    async def on_heard(self, message: Heard) -> None:
        """The link went or came, or a sync ended."""
        news = message.news
        if isinstance(news, LinkNews):
            if news.up and self.standing.link is False:
                self.desk.sync_now()
            since = None if news.up else self.desk.clock.now()
            self.standing = replace(self.standing, link=news.up, since=since)
        await self.look()
        screen = self._top
        if screen is not None:
            if isinstance(news, PrintNews):
                text, kind = told(news)
                screen.say(text, kind=kind)
            if screen.is_mounted and not screen.gone:  # one that is only just coming up reads for itself
                await screen.heard(news)
