"""The queue and the sync in words."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from shared.errors import TallystickError
from shared.money import Money
from terminal.journal.payments import PaymentRow
from terminal.texts import _, in_words, plural, with_code
from terminal.till.sentences import masked
from terminal.till.views import AskedRefund, StatusView, SyncTry
from terminal.ui.moments import age, clock_time, day_and_time
from terminal.ui.themes import symbol

if TYPE_CHECKING:  # with httpx, which the first screen does without
    from terminal.sync import SyncReport

_MOST_NAMED = 8


def queue_line(row: PaymentRow, now: int) -> Text:
    """One payment that waits: since when, how much, whose."""
    amount = str(Money(row.amount, row.currency)).rjust(16)
    return Text(f"{day_and_time(row.at)[5:]}  {age(now - row.at):>9} {amount}  {masked(row.wallet)}", no_wrap=True)


def queue_head(status: StatusView, *, ascii_only: bool) -> Text:
    """How much waits, and since when; or that nothing does."""
    waiting = status.queue
    if not waiting.records:
        return Text(f"{symbol('good', ascii_only=ascii_only)} {_('All is synced: nothing waits.')}", "bold green")
    records = plural("{count} record waits", "{count} records wait", waiting.records).format(count=waiting.records)
    payments = plural("{count} payment", "{count} payments", waiting.exposure.count).format(
        count=waiting.exposure.count
    )
    total = Money(waiting.exposure.total, waiting.currency)
    oldest = _("oldest {age}").format(age=age(status.oldest_age or 0))
    return Text(f"{records}: {payments}, {total}; {oldest}", "bold")


def refund_lines(refunds: Iterable[AskedRefund]) -> list[Text]:
    """The refunds that were not answered, and why none of them can be taken back."""
    lines = [
        Text(
            _("Refund of {amount} to {wallet}, asked {time}: not answered.").format(
                amount=refund.amount, wallet=masked(refund.wallet), time=day_and_time(refund.asked_at)
            ),
            "bold yellow",
        )
        for refund in refunds
    ]
    return [*lines, Text(not_answered())] if lines else []


def not_answered() -> str:
    """Why a refund that was not answered can't be taken back here."""
    return _("Whether the server made it can't be known here, so it can't be cancelled. A asks again: it is made once.")


def try_lines(status: StatusView) -> list[Text]:
    """The last push and the last pull; what kept both from it is said once."""
    push, pull = status.push, status.pull
    errors = dict.fromkeys(with_code(last.error) for last in (push, pull) if last is not None and last.error)
    return [
        Text(f"{_('Sent to the server')}: {_try(push, status.now)}"),
        Text(f"{_('Book from the server')}: {_try(pull, status.now)}"),
        *(Text(error, "bold red") for error in errors),
    ]


def _try(last: SyncTry | None, now: int) -> str:
    if last is None:
        return _("not tried yet")
    tried = _("tried {time} ({age})").format(time=clock_time(last.tried_at), age=age(now - last.tried_at))
    if last.succeeded_at is None:
        return f"{_('never succeeded')}, {tried}"
    succeeded = _("succeeded {time} ({age})").format(
        time=clock_time(last.succeeded_at), age=age(now - last.succeeded_at)
    )
    return f"{succeeded}, {tried}"


def report_lines(told: "SyncReport | TallystickError | None") -> list[Text]:
    """What the last sync did, and what the server lacks or refuses."""
    if told is None:
        return []
    if isinstance(told, TallystickError):
        return [Text(in_words(told), "bold red")]
    push = told.push
    lines = [Text(_("Last sync: {sent}, {books}").format(sent=_sent(push.records), books=_updates(told)))]
    for epoch, spans in push.missing.items():
        if spans:
            named = ", ".join(f"{first}-{last}" for first, last in spans[:_MOST_NAMED])
            text = _("The server lacks records {spans} of epoch {epoch}: they are sent again.")
            lines.append(Text(text.format(spans=named, epoch=epoch), "bold yellow"))
    if push.refused:
        named = ", ".join(str(seq) for _epoch, seq in push.refused[:_MOST_NAMED])
        text = _("The server takes these records in no batch: {seqs} ({count} in all). Tell an admin; they are kept.")
        lines.append(Text(text.format(seqs=named, count=len(push.refused)), "bold red"))
    return lines


def _sent(count: int) -> str:
    return plural("{count} record sent", "{count} records sent", count).format(count=count)


def _updates(told: "SyncReport") -> str:
    return plural("{count} payment updated", "{count} payments updated", told.pull.updates).format(
        count=told.pull.updates
    )
