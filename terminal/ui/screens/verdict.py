"""The verdict: one big word with its mark and colour, the sentence behind it, and what to do next."""

import asyncio
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import work
from textual.widget import Widget
from textual.widgets import Static

from shared.lifecycles import TillState
from terminal.journal.payments import PaymentRow
from terminal.texts import _, marked
from terminal.till import sentences
from terminal.till.checkout import OpenSale
from terminal.till.sale_answer import SaleAnswer
from terminal.ui.paper import ALWAYS, print_receipt, save_receipt
from terminal.ui.screens.base import TillScreen
from terminal.ui.themes import symbol

# What the server's word on a sale is called, and how it looks.
_SETTLED = {
    TillState.COMPLETED: ("good", sentences.SETTLED),
    TillState.FLAGGED: ("flagged", sentences.FLAGGED),
    TillState.FAILED: ("bad", sentences.FAILED),
}


class VerdictScreen(TillScreen):
    """Dismissed with "next" or "back"; or with "raise", where a supervisor is to raise what stands in the way."""

    ACTIONS: ClassVar[tuple[str, ...]] = ("next", "confirm", "print", "save", "back", "help")

    def __init__(self, kind: str, sentence: str, facts: Callable[[], list[str]], todo: str) -> None:
        super().__init__()
        self._kind = kind
        self._sentence = sentence
        self._facts = facts
        self._todo = todo
        self.sale: OpenSale | None = None
        self._prints_itself = False
        self._raisable = False

    @classmethod
    def refused(cls, answer: SaleAnswer) -> "VerdictScreen":
        """A sale that can't be taken so."""

        def facts() -> list[str]:
            lines = [_("Amount {amount}").format(amount=answer.amount)]
            if answer.guesses_left is not None:
                lines.append(_("Codes that may still be tried: {count}").format(count=answer.guesses_left))
            return [*lines, *answer.warnings]

        todo = marked("Enter: try again or pay with another code   Esc: give this sale up")
        if answer.raisable:
            todo = marked("Enter: another code   Esc: give this sale up   +: a supervisor raises the limit once")
        screen = cls("bad", answer.sentence, facts, todo)
        screen._raisable = answer.raisable
        return screen

    @classmethod
    def accepted(cls, sale: OpenSale, answer: SaleAnswer | None, *, found: bool = False) -> "VerdictScreen":
        """A sale that is paid; `found` after a restart, which nobody has seen yet."""
        kind, sentence = standing_of(sale.payments)

        def facts() -> list[str]:
            lines = [_("Amount {amount}").format(amount=sale.amount)]
            if sale.otherwise.minor:
                lines.append(_("Paid by codes {paid}, another way {rest}").format(paid=sale.paid, rest=sale.otherwise))
            lines += answer.warnings if answer else ()
            if found:
                lines.append(_("This sale was taken right before the till was started again."))
            return lines

        screen = cls(kind, sentence, facts, marked("Enter: next customer   P: print   S: save"))
        screen.sale = sale
        screen.receipt_of = tuple(row.id for row in sale.paying)
        return screen

    def middle(self) -> Iterable[Widget]:
        """The word, the sentence, the facts, what to do."""
        yield Static("", id="verdict", markup=False)
        yield Static("", id="sentence", markup=False)
        yield Static("\n".join(self._facts()), id="facts", markup=False)
        yield Static(_(self._todo), id="todo", markup=False)

    def on_mount(self) -> None:
        """Ring, and ask the server while the customer puts the card away."""
        self._draw()
        self.till.ring()
        self._prints_itself = bool(self.receipt_of) and self.till.preferences.receipts == ALWAYS
        if self.sale is not None and self._kind == "waits":
            self._settle(self.sale)
        else:
            self._print_once()

    async def speak_anew(self) -> None:
        """The same verdict, in other words: nothing rings or prints again."""
        await self.recompose()
        self._draw()

    def _print_once(self) -> None:
        """Where people want each receipt printed, once: when the server has spoken, or before this screen is left."""
        if self._prints_itself:
            self._prints_itself = False
            self.action_print()

    def offers(self, action: str) -> bool:
        """What was refused has no receipt; + is for a limit that may be raised."""
        if action == "confirm":
            return self._raisable
        return action not in ("print", "save") or bool(self.receipt_of)

    def action_print(self) -> None:
        """The receipt on paper, once there is one."""
        if self.receipt_of:
            self.say(print_receipt(self.till, self.receipt_of))

    def action_save(self) -> None:
        """The receipt in files."""
        if self.receipt_of:
            self.say(save_receipt(self.till, self.receipt_of))

    def _draw(self) -> None:
        word = {
            "good": _("SETTLED"),
            "waits": _("ACCEPTED OFFLINE"),
            "flagged": _("FLAGGED"),
            "bad": _("FAILED") if self.sale else _("REFUSED"),
        }[self._kind]
        mark = symbol(self._kind, ascii_only=self.till.ascii_only)
        verdict = self.query_one("#verdict", Static)
        verdict.update(f"{mark}  {' '.join(word) if self.size.width >= 2 * len(word) + 12 else word}  {mark}")
        verdict.set_classes(f"-{self._kind}")
        self.query_one("#sentence", Static).update(_(self._sentence))

    @work(exclusive=True)
    async def _settle(self, sale: OpenSale) -> None:
        """With a connection the same record settles now; on any doubt it stays as it is, and is never paid twice."""
        if self.till.standing.link and sale.payments:
            await self._ask_server(sale)
        self._print_once()

    async def _ask_server(self, sale: OpenSale) -> None:
        self.say(_("Asking the server …"))
        await asyncio.wrap_future(self.till.desk.settle(sale.payments[-1].id))
        rows = await self.till.ask(lambda terminal: [terminal.payments.get(row.id) for row in sale.payments])
        self._kind, self._sentence = standing_of(rows)
        if self.gone:
            return
        self.say("")
        self._draw()
        if self._kind != "waits":
            self.till.ring()
        await self.till.look()

    def action_confirm(self) -> None:
        """A supervisor is to raise the limit."""
        if self._raisable:
            self.dismiss("raise")

    def action_next(self) -> None:
        """It was seen."""
        self._print_once()
        self.dismiss("next")

    def action_back(self) -> None:
        """Give the sale up, where it was refused; else as Enter."""
        self._print_once()
        self.dismiss("back" if self.sale is None else "next")


def standing_of(payments: Iterable[PaymentRow]) -> tuple[str, str]:
    """A sale's mark and sentence: the worst of its payments' that the server has spoken of."""
    rows = list(payments)
    for state in (TillState.FAILED, TillState.FLAGGED):
        if any(row.state is state for row in rows):
            return _SETTLED[state]
    if rows and all(row.state is TillState.COMPLETED and not row.unsynced for row in rows):
        return _SETTLED[TillState.COMPLETED]
    return "waits", sentences.ACCEPTED
