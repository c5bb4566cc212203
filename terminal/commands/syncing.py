"""pull and sync: what needs the server. A failure here never stops sales."""

import json
import signal
import threading
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from shared.errors import TallystickError
from terminal.commands.answers import AsJson, answer, expected_errors, say, warn_of
from terminal.commands.exits import Exit, exit_of
from terminal.commands.place import this_terminal
from terminal.composition import Terminal
from terminal.texts import _, marked, plural

if TYPE_CHECKING:
    from terminal.sync import SyncReport

_STATUSES = {
    "settled": marked("settled"),
    "flagged": marked("flagged"),
    "failed": marked("failed"),
    "voided": marked("voided"),
    "rejected": marked("rejected"),
    "recorded": marked("recorded"),
}


@expected_errors
def pull(*, as_json: AsJson = False) -> int:
    """Fetch the code book, with which this terminal takes codes offline.

    Example: tallystick terminal pull

    Args:
        as_json: Answer with one JSON object.
    """
    with this_terminal() as terminal, terminal.synchroniser() as synchroniser:
        report = synchroniser.pull_once()
        terminal.publish_trust()
    answer(as_json, _pull_json(report), lambda: _say_pull(report))
    return _exit(report)


@expected_errors
def sync(*, watch: Annotated[bool, Parameter(negative=())] = False, as_json: AsJson = False) -> int:
    """Send what is queued, take the receipts, and fetch the code book.

    Example: tallystick terminal sync --watch

    Args:
        watch: Go on until stopped (Ctrl-C, SIGTERM), backing off while the server is away.
        as_json: Answer with one JSON object; with --watch one a line, for each sync.
    """
    with this_terminal() as terminal:
        if watch:
            return _watch(terminal, as_json=as_json)
        with terminal.synchroniser() as synchroniser:
            report = synchroniser.sync_once()
            terminal.publish_trust()
    answer(as_json, _report_json(report), lambda: _say_report(report))
    return _exit(report)


def _watch(terminal: Terminal, *, as_json: bool) -> int:
    from terminal.sync import SyncLoop, SyncReport  # noqa: PLC0415 - with httpx, which other commands do without

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def tell(told: SyncReport | TallystickError) -> None:
        if isinstance(told, SyncReport):
            terminal.publish_trust()
            answer(as_json, _report_json(told), lambda: _say_report(told))
        elif as_json:
            say(json.dumps({"error": _error_json(told)}))
        else:
            warn_of(told)

    with terminal.synchroniser() as synchroniser:
        SyncLoop(synchroniser, stop=stop, tell=tell).run()
    return Exit.DONE


def _exit(report: "SyncReport") -> Exit:
    return exit_of(report.errors[0]) if report.errors else Exit.DONE


def _error_json(error: TallystickError | None) -> dict[str, str] | None:
    return None if error is None else {"code": error.code, "message": error.message}


def _pull_json(report: "SyncReport") -> dict[str, Any]:
    return {
        "pages": report.pull.pages,
        "series": report.pull.series,
        "closed": report.pull.closed,
        "updates": report.pull.updates,
        "version": report.pull.version,
        "error": _error_json(report.pull_error),
    }


def _report_json(report: "SyncReport") -> dict[str, Any]:
    missing = {str(epoch): [list(span) for span in spans] for epoch, spans in report.push.missing.items() if spans}
    return {
        "push": {
            "batches": report.push.batches,
            "records": report.push.records,
            "statuses": dict(report.push.statuses),
            "missing": missing,
            "error": _error_json(report.push_error),
        },
        "pull": _pull_json(report),
    }


def _say_report(report: "SyncReport") -> None:
    statuses = ", ".join(
        f"{count} {_(_STATUSES.get(status, status))}" for status, count in sorted(report.push.statuses.items())
    )
    sent = plural("sent {count} record", "sent {count} records", report.push.records).format(count=report.push.records)
    say(f"{sent}: {statuses}" if statuses else sent)
    if report.push_error is not None:
        warn_of(report.push_error)
    _say_pull(report)


def _say_pull(report: "SyncReport") -> None:
    if report.pull.version is not None:
        text = _("book version {version}: {series} series, {closed} closed, {updates} updates")
        told = report.pull
        say(text.format(version=told.version, series=told.series, closed=told.closed, updates=told.updates))
    if report.pull_error is not None:
        warn_of(report.pull_error)
