"""queue, status and export: looking without touching."""

from pathlib import Path
from typing import Any

from shared.ids import uuid_text
from shared.money import format_minor
from terminal.commands.answers import AsJson, answer, expected_errors, say
from terminal.commands.exits import Exit
from terminal.commands.place import this_terminal
from terminal.errors import InputError
from terminal.journal.export import export_journal
from terminal.journal.payments import PaymentRow
from terminal.till.sentences import masked
from terminal.till.views import Queue, StatusView, SyncTry

_MS_PER_MINUTE = 60_000
_MINUTES_PER_HOUR = 60


def _age(ms: int | None) -> str:
    """An age as people read it: 1 h 50."""
    if ms is None:
        return "never"
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
        say(f"{payment.seq:>6}  {who}  {amount:>14}  {payment.state}{reasons}")
    waiting = found.waiting
    total = format_minor(waiting.exposure.total, waiting.currency)
    say(
        f"{waiting.records} records wait for the server: {waiting.exposure.count} payments, {total} {waiting.currency}."
    )


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
    return {"triedAt": found.tried_at, "succeededAt": found.succeeded_at, "error": found.error}


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
    oldest = f" · oldest {_age(found.oldest_age)}" if found.queue.records else ""
    say(f"{found.name} of {found.vendor_name}")
    say(f"  device    {uuid_text(found.device)}, epoch {found.epoch}, store {found.schema:04d}")
    say(f"  server    {found.server_url}")
    say(f"  queue     {found.queue.records} queued · {total} of {limit} {found.currency}{oldest}")
    book = (
        "none yet: pull one" if found.book_age is None else f"version {found.book_version}, age {_age(found.book_age)}"
    )
    say(f"  book      {book}{'' if found.book_complete or found.book_age is None else ', a newer one is half pulled'}")
    say(f"  shift     {f'open, {found.shift_cashier}' if found.shift else 'none open'}")
    for name, tried in (("push", found.push), ("pull", found.pull)):
        say(f"  last {name} {_say_try(tried, found.now)}")
    if found.clock_skew is not None:
        say(f"  clock     {found.clock_skew / 1_000:+.1f} s from the server's")
    say(f"  codes     {found.guesses_left} wrong ones until this till locks")


def _say_try(tried: SyncTry | None, now: int) -> str:
    if tried is None:
        return "never tried"
    succeeded = "never" if tried.succeeded_at is None else f"{_age(max(0, now - tried.succeeded_at))} ago"
    return f"succeeded {succeeded}" + (f", now failing: {tried.error}" if tried.error else "")


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
        raise InputError(f"there is no folder {file.absolute().parent}")
    with this_terminal() as terminal:
        if file.exists() and file.resolve().parent == terminal.home.resolve() and file.suffix != ".cbor":
            raise InputError(f"{file} is a file of this terminal's own: name another one")
        size = export_journal(terminal.store, terminal.journal, file.absolute(), epoch)
    answer(
        as_json,
        {"file": str(file), "bytes": size},
        lambda: say(f"{size} bytes in {file}. Check: tallystick verify {file}"),
    )
    return Exit.DONE
