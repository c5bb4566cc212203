"""queue, status and export: looking without touching."""

from pathlib import Path
from typing import Any

from shared.ids import uuid_text
from shared.lifecycles import TillState
from shared.money import Money, format_minor
from shared.words import Word
from terminal.commands.answers import AsJson, answer, expected_errors, say, say_row
from terminal.commands.exits import Exit
from terminal.commands.place import this_terminal
from terminal.errors import InputError
from terminal.journal.export import export_journal
from terminal.journal.payments import PaymentRow
from terminal.texts import _, marked, plural, with_code
from terminal.till.sentences import masked, person
from terminal.till.views import Queue, StatusView, SyncTry

_MS_PER_MINUTE = 60_000
_MINUTES_PER_HOUR = 60
_LABEL = 9
_STATES: dict[Word, str] = {
    TillState.PENDING: marked("PENDING"),
    TillState.COMPLETED: marked("SETTLED"),
    TillState.FLAGGED: marked("FLAGGED"),
    TillState.FAILED: marked("FAILED"),
    TillState.VOIDED: marked("VOIDED"),
}


def _age(ms: int | None) -> str:
    """An age as people read it: 1 h 50."""
    if ms is None:
        return _("never")
    hours, minutes = divmod(ms // _MS_PER_MINUTE, _MINUTES_PER_HOUR)
    return f"{hours} h {minutes:02d}" if hours else f"{minutes} min"


@expected_errors
def queue(*, as_json: AsJson = False) -> int:
    """Show what waits for the server: every payment that no receipt covers yet.

    Example: tallystick terminal queue

    Args:
        as_json: Answer with one JSON object; amounts in minor units, times in ms.
    """
    with this_terminal() as terminal:
        found = terminal.till.views.queue()
    answer(as_json, _queue_json(found), lambda: _say_queue(found))
    return Exit.DONE


def _queue_json(found: Queue) -> dict[str, Any]:
    return {
        "records": found.waiting.records,
        "oldest": found.waiting.oldest,
        "currency": found.waiting.currency,
        "count": found.waiting.exposure.count,
        "total": found.waiting.exposure.total,
        "payments": [_payment_json(payment) for payment in found.payments],
    }


def _payment_json(payment: PaymentRow) -> dict[str, Any]:
    return {
        "payment": uuid_text(payment.id),
        "epoch": payment.epoch,
        "seq": payment.seq,
        "wallet": masked(payment.wallet),
        "amount": payment.amount,
        "currency": payment.currency,
        "at": payment.at,
        "state": payment.state.value,
        "reasons": list(payment.reasons),
    }


def _say_queue(found: Queue) -> None:
    for payment in found.payments:
        amount = f"{format_minor(payment.amount, payment.currency)} {payment.currency}"
        reasons = f"  {', '.join(payment.reasons)}" if payment.reasons else ""
        who = f"{uuid_text(payment.id)}  {masked(payment.wallet)}"
        say(f"{payment.seq:>6}  {who}  {amount:>14}  {_(_STATES.get(payment.state, payment.state.value))}{reasons}")
    waiting = found.waiting
    records = plural(
        "{count} record waits for the server: {payments}.",
        "{count} records wait for the server: {payments}.",
        waiting.records,
    )
    payments = plural("{count} payment, {total}", "{count} payments, {total}", waiting.exposure.count).format(
        count=waiting.exposure.count, total=Money(waiting.exposure.total, waiting.currency)
    )
    say(records.format(count=waiting.records, payments=payments))


@expected_errors
def status(*, as_json: AsJson = False) -> int:
    """Show how this till stands: what is queued, the exposure, the book's age, the last sync, the clock.

    Example: tallystick terminal status

    Args:
        as_json: Answer with one JSON object; amounts in minor units, times and ages in ms.
    """
    with this_terminal() as terminal:
        found = terminal.till.views.status()
    answer(as_json, _status_json(found), lambda: _say_status(found))
    return Exit.DONE


def _try_json(found: SyncTry | None) -> dict[str, Any] | None:
    if found is None:
        return None
    error = None if found.error is None else with_code(found.error)
    return {"triedAt": found.tried_at, "succeededAt": found.succeeded_at, "error": error}


def _status_json(found: StatusView) -> dict[str, Any]:
    return {
        "device": uuid_text(found.device),
        "epoch": found.epoch,
        "name": found.name,
        "vendor": found.vendor_name,
        "server": found.server_url,
        "currency": found.currency,
        "schema": found.schema,
        "queued": found.queue.records,
        "unsyncedCount": found.queue.exposure.count,
        "unsyncedTotal": found.queue.exposure.total,
        "exposureLimit": found.exposure_limit,
        "exposureCount": found.exposure_count,
        "oldestAge": found.oldest_age,
        "book": {
            "version": found.book_version,
            "complete": found.book_complete,
            "age": found.book_age,
            "expiresAt": found.book_expires_at,
        },
        "shift": uuid_text(found.shift) if found.shift else None,
        "cashier": found.shift_cashier,
        "push": _try_json(found.push),
        "pull": _try_json(found.pull),
        "clockSkew": found.clock_skew,
        "guessesLeft": found.guesses_left,
    }


def _say_status(found: StatusView) -> None:
    total = format_minor(found.queue.exposure.total, found.currency)
    limit = format_minor(found.exposure_limit, found.currency)
    say(_("{name} of {vendor}").format(name=found.name, vendor=found.vendor_name))
    device = _("{device}, epoch {epoch}, store {schema:04d}")
    _row(_("device"), device.format(device=uuid_text(found.device), epoch=found.epoch, schema=found.schema))
    _row(_("server"), found.server_url)
    queued = _("{count} queued · {total} of {limit} {currency}").format(
        count=found.queue.records, total=total, limit=limit, currency=found.currency
    )
    oldest = f" · {_('oldest {age}').format(age=_age(found.oldest_age))}" if found.queue.records else ""
    _row(_("queue"), f"{queued}{oldest}")
    _row(_("book"), _book(found))
    _row(
        _("shift"),
        _("open, {cashier}").format(cashier=person(found.shift_cashier or "")) if found.shift else _("none open"),
    )
    _row(_("last push"), _said_try(found.push, found.now))
    _row(_("last pull"), _said_try(found.pull, found.now))
    if found.clock_skew is not None:
        _row(_("clock"), _("{seconds:+.1f} s from the server's").format(seconds=found.clock_skew / 1_000))
    _row(_("codes"), _("{count} wrong ones until this till locks").format(count=found.guesses_left))


def _row(label: str, value: str) -> None:
    say_row(label, value, _LABEL)


def _book(found: StatusView) -> str:
    if found.book_age is None:
        return _("none yet: pull one")
    book = _("version {version}, age {age}").format(version=found.book_version, age=_age(found.book_age))
    return book if found.book_complete else f"{book}, {_('a newer one is half pulled')}"


def _said_try(tried: SyncTry | None, now: int) -> str:
    if tried is None:
        return _("never tried")
    if tried.succeeded_at is None:
        succeeded = _("never succeeded")
    else:
        succeeded = _("succeeded {age} ago").format(age=_age(max(0, now - tried.succeeded_at)))
    failing = _(", now failing: {words}").format(words=with_code(tried.error)) if tried.error else ""
    return f"{succeeded}{failing}"


@expected_errors
def export(file: Path, /, *, epoch: int | None = None, as_json: AsJson = False) -> int:
    """Write the signed journal to a file that `tallystick verify` checks anywhere, without this terminal.

    Example: tallystick terminal export journal.cbor

    Args:
        file: Where to write it.
        epoch: Which enrolment's journal; the current one by default.
        as_json: Answer with one JSON object.
    """
    if not file.absolute().parent.is_dir():
        raise InputError("there is no folder {folder}", folder=file.absolute().parent)
    with this_terminal() as terminal:
        if file.exists() and file.resolve().parent == terminal.home.resolve() and file.suffix != ".cbor":
            raise InputError("{file} is a file of this terminal's own: name another one", file=file)
        size = export_journal(terminal.store, terminal.journal, file.absolute(), epoch)
    answer(
        as_json,
        {"file": str(file), "bytes": size},
        lambda: say(_("{size} bytes in {file}. Check: tallystick verify {file}").format(size=size, file=file)),
    )
    return Exit.DONE
