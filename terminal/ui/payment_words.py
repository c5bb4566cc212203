"""A payment in words: its line in a list, its facts, and what happened to it."""

from collections.abc import Iterable

from rich.text import Text

from shared.ids import uuid_text
from shared.lifecycles import TillState
from shared.money import Money, format_minor
from shared.words import Word
from terminal.journal.payments import PaymentRow
from terminal.texts import _, marked
from terminal.till.explanations import because
from terminal.till.history import Event, EventKind
from terminal.till.sentences import masked, person
from terminal.ui.moments import day_and_time
from terminal.ui.themes import symbol

_AMOUNT_WIDTH = 12
# Half a link: a whole one has no room on the narrowest screen.
_LINK_WIDTH = 32
# How each state is marked and called here.
_STATES: dict[Word, tuple[str, str]] = {
    TillState.PENDING: ("waits", marked("ACCEPTED")),
    TillState.COMPLETED: ("good", marked("SETTLED")),
    TillState.FLAGGED: ("flagged", marked("FLAGGED")),
    TillState.FAILED: ("bad", marked("FAILED")),
    TillState.VOIDED: ("void", marked("VOIDED")),
}
_COLOURS = {"good": "green", "waits": "yellow", "flagged": "yellow", "bad": "red"}
_KINDS: dict[Word, str] = {
    EventKind.TAKEN: marked("taken"),
    EventKind.LIMIT_RAISED: marked("a limit was raised for it"),
    EventKind.SENT: marked("sent to the server"),
    EventKind.ANSWERED: marked("the server's answer"),
    EventKind.UPDATED: marked("decided by an admin"),
    EventKind.VOIDED: marked("voided"),
    EventKind.REFUND_ASKED: marked("refund asked for, not answered yet"),
    EventKind.REFUNDED: marked("refunded"),
    EventKind.REFUND_REFUSED: marked("the server refused a refund"),
}
_STATUSES = {
    "settled": marked("settled"),
    "flagged": marked("flagged: an admin will decide"),
    "failed": marked("failed: nothing was paid"),
    "voided": marked("voided"),
    "rejected": marked("rejected: tell an admin"),
    "recorded": marked("recorded"),
}


def state_text(state: TillState, *, ascii_only: bool) -> Text:
    """Symbol, word and colour of a state."""
    kind, word = _STATES.get(state, ("warn", state.value))
    return Text(f"{symbol(kind, ascii_only=ascii_only)} {_(word)}", _COLOURS.get(kind, ""))


def payment_line(row: PaymentRow, *, ascii_only: bool) -> Text:
    """Time, amount, wallet, state: columns that stand below each other, within 60 cells."""
    amount = format_minor(row.amount, row.currency).rjust(_AMOUNT_WIDTH)
    front = f"{day_and_time(row.at)[5:]} {amount}  {masked(row.wallet)}  "
    return Text(front, no_wrap=True).append_text(state_text(row.state, ascii_only=ascii_only))


def payment_facts(row: PaymentRow, life: Iterable[Event], *, ascii_only: bool) -> Text:
    """A payment whole: state and why, then what anybody can check it by."""
    money = str(Money(row.amount, row.currency))
    head = Text.assemble((money, "bold"), "   ", masked(row.wallet), "   ")
    head.append_text(state_text(row.state, ascii_only=ascii_only))
    lines = [head, *(Text(f"  {line}") for line in reason_lines(row.reasons))]
    if row.unsynced:
        lines.append(Text(f"  {_('The server has not seen it yet: it goes with the next sync.')}"))
    for event in life:
        lines += [Text(""), *(Text(line) for line in event_lines(event))]
    lines += [Text(""), Text(f"{_('payment')} {uuid_text(row.id)}")]
    return Text("\n").join(lines)


def event_lines(event: Event) -> list[str]:
    """When, what and by whom; then what it says."""
    status = _STATUSES.get(event.status or "", event.status or "")
    words = [_(_KINDS[event.kind])]
    if status:
        words.append(f": {_(status)}")
    if event.amount is not None:
        words.append(f", {event.amount}")
    if event.who:
        words.append(f" ({person(event.who)})")
    lines = [f"{day_and_time(event.at)}  {''.join(words)}"]
    lines += [f"  {line}" for line in reason_lines(event.reasons)]
    if event.note:
        lines.append(f"  {_('because: {reason}').format(reason=event.note)}")
    if event.seq is not None:
        link = (event.link or b"").hex()
        lines.append(f"  {_('record {seq}, link').format(seq=event.seq)}")
        lines += [f"  {link[start : start + _LINK_WIDTH]}" for start in range(0, len(link), _LINK_WIDTH)]
    return lines


def reason_lines(reasons: Iterable[str]) -> list[str]:
    """Each reason as a sentence, with its own word for whoever asks the office."""
    return [f"{_(because(reason)) or _('A reason that this till does not know.')} ({reason})" for reason in reasons]
