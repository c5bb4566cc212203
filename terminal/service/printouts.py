"""Receipts and reports on paper or in files, on a thread of its own: a dead printer freezes nothing but itself."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from shared.errors import TallystickError
from shared.ids import uuid_text
from terminal.composition import Terminal
from terminal.printing.errors import PrinterError
from terminal.printing.receipts import Receipts
from terminal.printing.slip import ReportSlip, Slip
from terminal.store.files import make_folder, write_atomically

FOLDER = "receipts"
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Paper:
    """A printer as `terminal.printing.addresses` names it, and its columns."""

    printer: str
    width: int


@dataclass(frozen=True, slots=True)
class PrintNews:
    """A printout was made, as a `copy` where it was not the first; saved to `files`, or printed; or what went wrong."""

    copy: bool = False
    files: tuple[Path, ...] = ()
    problem: TallystickError | None = None


class Ask(Protocol):
    """Asks the terminal on its thread, as `Desk.ask` does."""

    def __call__(self, work: Callable[[Terminal], _Answer]) -> Future[_Answer]:
        """The answer, later."""


class Printouts:
    """What is to be printed and saved, one after the other.

    Args:
        home: the terminal's folder; files are saved to `receipts` in it.
        ask: see `Ask`.
        tell: hears how each one went, on this thread.
    """

    def __init__(self, home: Path, *, ask: Ask, tell: Callable[[PrintNews], None]) -> None:
        self._home = home
        self._ask = ask
        self._tell = tell
        self._jobs: queue.SimpleQueue[Callable[[], PrintNews] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def print_receipt(self, payments: Sequence[bytes], paper: Paper) -> None:
        """Print the receipt of one payment, or of several of a sale; each after the first says COPY."""

        def send(slip: Slip) -> PrintNews:
            _send(slip, paper)
            return PrintNews(copy=slip.copy)

        self._begin(lambda: self._hand_out(payments, send))

    def save_receipt(self, payments: Sequence[bytes], width: int) -> None:
        """Save it as text and picture; that counts as handed out, too."""

        def save(slip: Slip) -> PrintNews:
            part = slip.parts[0]
            name = f"receipt-{part.epoch}-{part.seq}-{uuid_text(part.payment)[-12:]}"
            return PrintNews(copy=slip.copy, files=self._save(slip, f"{name}-copy" if slip.copy else name, width))

        self._begin(lambda: self._hand_out(payments, save))

    def print_report(self, slip: ReportSlip, paper: Paper) -> None:
        """Print a report."""

        def job() -> PrintNews:
            _send(slip, paper)
            return PrintNews()

        self._begin(job)

    def save_report(self, slip: ReportSlip, name: str, width: int) -> None:
        """Save a report as text and picture, under a name without an ending."""
        self._begin(lambda: PrintNews(files=self._save(slip, name, width)))

    def close(self) -> None:
        """End. A printer that hangs is not waited for: what it has not printed was counted, and will say COPY."""
        self._closed.set()
        self._jobs.put(None)

    def _begin(self, job: Callable[[], PrintNews]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="printouts", daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                news = job()
            except TallystickError as error:
                news = PrintNews(problem=error)
            except RuntimeError:
                if self._closed.is_set():
                    return  # the till's thread is gone, and with it whoever would hear of this
                raise
            self._tell(news)

    def _hand_out(self, payments: Sequence[bytes], give: Callable[[Slip], PrintNews]) -> PrintNews:
        slip = self._ask(lambda terminal: Receipts(terminal.store, terminal.clock).hand_out(payments)).result()
        try:
            return give(slip)
        except TallystickError as error:
            if not (isinstance(error, PrinterError) and error.begun):
                self._ask(lambda terminal: Receipts(terminal.store, terminal.clock).take_back(slip)).result()
            raise

    def _save(self, slip: Slip | ReportSlip, name: str, width: int) -> tuple[Path, ...]:
        from terminal.printing.as_picture import as_png  # noqa: PLC0415 - with Pillow, which a sale does without
        from terminal.printing.as_text import as_text  # noqa: PLC0415 - the same

        folder = self._home / FOLDER
        make_folder(folder)
        files = (folder / f"{name}.txt", folder / f"{name}.png")
        write_atomically(files[0], as_text(slip, width).encode())
        write_atomically(files[1], as_png(slip, width))
        return files


def _send(slip: Slip | ReportSlip, paper: Paper) -> None:
    from terminal.printing.printers import print_slip  # noqa: PLC0415 - with Pillow, which a sale does without

    print_slip(slip, paper.printer, paper.width)
