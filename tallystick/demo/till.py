"""The till of the demo: the product's app, with a card of codes beside it and a hand on its network cable.

Run as `python -m tallystick.demo.till SCENE`, with TALLYSTICK_HOME, on a console or behind a page.
"""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from textual import on, work
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import OptionList, Static

from tallystick.demo.cable import Cable
from tallystick.demo.card import Code, Scene, first_keys
from terminal.preferences import Preferences
from terminal.service.desk import Desk
from terminal.settings import SETTLE_SECONDS, home_folder
from terminal.ui.app import TillApp
from terminal.ui.running import run_till
from terminal.ui.screens.base import TillScreen
from terminal.ui.widgets.choices import Choices

_ENOUGH = 1_000


class CardScreen(TillScreen):
    """The customers' card; a line that is chosen is held to the scanner."""

    TITLE_TEXT = "The customers' card: what is chosen is scanned, as its voucher's QR code would be"
    ACTIONS: ClassVar[tuple[str, ...]] = ("back",)

    def __init__(self, codes: Iterable[Code], used: set[tuple[str, int]]) -> None:
        super().__init__()
        self._codes = tuple(codes)
        self._used = used

    def middle(self) -> Iterable[Widget]:
        """Each code, and whether it was spent."""
        yield Choices([(str(number), self._line(code)) for number, code in enumerate(self._codes)])

    def _line(self, code: Code) -> str:
        spent = "   spent" if (code.wallet, code.index) in self._used else ""
        return f"{code.wallet}  {code.code}  {code.name}{spent}"

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._codes[int(event.option_id or "0")].voucher)


class DemoLine(Static):
    """Two lines above the keys: the cable, and what to type."""

    DEFAULT_CSS = "DemoLine { height: 2; padding: 0 1; background: $accent; color: $background; }"

    def on_mount(self) -> None:
        """Say it anew whenever something changes."""
        self.watch(self.app, "hint", self._follow)

    def _follow(self, hint: str) -> None:
        self.update(hint)


class DemoTill(TillApp):
    """The till, with two keys more."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "cable", show=False, priority=True),
        Binding("ctrl+k", "card", show=False, priority=True),
    ]
    hint: reactive[str] = reactive("")

    def __init__(self, desk: Desk, preferences: Preferences, *, cable: Cable, codes: Iterable[Code]) -> None:
        super().__init__(desk, preferences)
        self._cable = cable
        self._codes = tuple(codes)
        self._plugged = True
        self._used: set[tuple[str, int]] = set()
        self._hint()

    def push_screen(self, screen: Any, *arguments: Any, **options: Any) -> Any:
        """Each screen of the till has the demo's lines above its keys."""
        pushed = super().push_screen(screen, *arguments, **options)
        screen.call_later(screen.mount, DemoLine())
        return pushed

    async def look(self) -> None:
        """See also which codes are spent by now."""
        await super().look()
        payments = await self.ask(lambda terminal: terminal.payments.latest(_ENOUGH))
        self._used = {(payment.wallet, payment.idx) for payment in payments}
        self._hint()

    def _hint(self) -> None:
        cable = "Cable in: Ctrl-O pulls it" if self._plugged else "CABLE PULLED: Ctrl-O plugs it in"
        fresh = next((code for code in self._codes if (code.wallet, code.index) not in self._used), None)
        sale = f"Type {first_keys(fresh)}" if fresh else "All codes of the card are spent."
        self.hint = f"DEMO  {cable}, Ctrl-K: codes, Ctrl-Q: end\n{sale}"

    async def action_cable(self) -> None:
        """Pull the network cable, or plug it in."""
        await asyncio.to_thread(self._cable.unplug if self._plugged else self._cable.plug)
        self._plugged = not self._plugged
        self._hint()

    @work
    async def action_card(self) -> None:
        """Show the card; what is chosen there is scanned."""
        if isinstance(self.screen, CardScreen):
            return
        voucher = await self.push_screen_wait(CardScreen(self._codes, self._used))
        if voucher is not None:
            self._scanned(voucher)


def main() -> int:
    """Open the till until somebody closes it."""
    scene = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Scene)
    with Cable(scene.server_port, scene.cable_port) as cable:
        ended = run_till(
            home_folder(),
            settle_seconds=SETTLE_SECONDS,
            app_of=lambda desk, preferences: DemoTill(desk, preferences, cable=cable, codes=scene.codes),
        )
    return ended or 0


if __name__ == "__main__":
    sys.exit(main())
