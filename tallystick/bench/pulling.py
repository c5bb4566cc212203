"""A real terminal in a process of its own, so that its memory is its own: it enrols, or pulls its book.

`python -m tallystick.bench.pulling HOME URL TOKEN` enrols, and without a token pulls and prints what it took as JSON.
It loads what `tallystick terminal pull` loads, in the same order: the network's library only once the vault is open.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from shared.messages import book
from tallystick.bench.machine import cpu_seconds, forget_peak, high_water_mib, resident_mib
from tallystick.bench.stopwatch import Stopwatch
from terminal.book import apply
from terminal.composition import Terminal
from terminal.store.database import Store
from terminal.store.vault import Secret


def _watch_apply(watch: Stopwatch) -> None:
    """Time what a page takes to verify and decode, and for how long it keeps sales from the store."""
    open_book: Callable[..., Any] = book.open_book
    transaction: Callable[[Store], AbstractContextManager[None]] = Store.transaction

    def timed_open(*arguments: Any) -> Any:
        with watch.lap("decode"):
            return open_book(*arguments)

    @contextmanager
    def timed_transaction(store: Store) -> Iterator[None]:
        with watch.lap("locked"), transaction(store):
            yield

    # The terminal's own code runs between these two, unchanged.
    vars(apply)["open_book"] = timed_open
    setattr(Store, "transaction", timed_transaction)  # noqa: B010 - an assignment to a method is what mypy refuses


def _secret(_: Path) -> Secret:
    return Secret(b"bench")


def _enrol(home: Path, url: str, token: str) -> None:
    with Terminal.prepare(home, secret=_secret) as terminal:
        terminal.enrol(token, url, name="till")


def _pull(home: Path) -> dict[str, Any]:
    import_module("terminal.commands.app")  # as much as a person's `terminal pull` has in memory
    watch = Stopwatch()
    with Terminal.open(home, secret=_secret) as terminal:
        from tallystick.bench.counting import CountingTransport  # noqa: PLC0415 - with httpx, which is loaded last

        terminal.transport = transport = CountingTransport(watch)
        _watch_apply(watch)
        life = high_water_mib()
        before = resident_mib()
        forget_peak("self")
        cpu = cpu_seconds(os.getpid())
        synchroniser = terminal.synchroniser()
        begin = time.perf_counter()
        with synchroniser:
            report = synchroniser.pull_once()
        seconds = time.perf_counter() - begin
        if report.pull_error is not None:
            raise report.pull_error
        peak = high_water_mib()
        return {
            "seconds": seconds,
            "cpu": cpu_seconds(os.getpid()) - cpu,
            "pages": report.pull.pages,
            "series": report.pull.series,
            "closed": report.pull.closed,
            "bytes": transport.received,
            "waits": watch.of("page"),
            "transfer": sum(watch.of("transfer")),
            "decode": sum(watch.of("decode")),
            # The last transaction only notes that the pull went well.
            "locked": watch.of("locked")[:-1],
            "before_mib": before,
            "peak_mib": peak,
            "life_mib": max(life, peak),
        }


if __name__ == "__main__":
    folder, *enrolment = sys.argv[1:]
    if enrolment:
        _enrol(Path(folder), *enrolment)
    else:
        print(json.dumps(_pull(Path(folder))))
