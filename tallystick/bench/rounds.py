"""What one terminal gives when it is measured: rounds of cold starts and sales, and the upload of all that waits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tallystick.bench.errors import BenchError
from tallystick.bench.measures import Measured, percentile
from tallystick.bench.processes import Memory, run_status, till_process
from tallystick.bench.tills import Paid, batch_times, cool

_SLICES = 7
_GOOD = {"settled", "flagged", "recorded"}


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale, in ms: from the code being entered to the durable answer, Argon2id's share; both as processor time."""

    whole: float
    argon2id: float
    busy: float
    argon2id_busy: float

    @property
    def decision(self) -> float:
        """All but Argon2id: read, count the guess, decide, sign, and two commits with their fsync."""
        return self.whole - self.argon2id

    @property
    def decision_busy(self) -> float:
        """The same as processor time, which other programs on the machine do not lengthen."""
        return self.busy - self.argon2id_busy


@dataclass(slots=True)
class Series:
    """What one store gave: moments in s, memory in MB."""

    name: str
    home: Path
    paid: Sequence[Paid]
    interpreter: list[float] = field(default_factory=list)
    imports: list[float] = field(default_factory=list)
    opening: list[float] = field(default_factory=list)
    looking: list[float] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    unlock: list[float] = field(default_factory=list)
    command: list[float] = field(default_factory=list)
    opened: list[Memory] = field(default_factory=list)
    sold: list[Memory] = field(default_factory=list)
    sales: list[list[Sale]] = field(default_factory=list)

    def measure(self, number: int, sales: int) -> None:
        """One round: a cold start, the sales, the vault by itself, and the command."""
        cool(self.home)
        with till_process("sell", self.home) as process:
            ready = process.hear()
            self.interpreter.append(ready["began"] - process.spawned)
            self.imports.append(ready["imported"] - ready["began"])
            self.opening.append(ready["opened"] - ready["imported"])
            self.looking.append(ready["ready"] - ready["opened"])
            self.start.append(ready["ready"] - process.spawned)
            self.opened.append(process.memory())
            process.tell([one.plain() for one in self.paid[number * sales : (number + 1) * sales]])
            told = process.hear()
            self.sold.append(process.memory())
            self.sales.append([Sale(*one) for one in told["sales"]])
            process.tell([])
            self.unlock.append(process.hear()["seconds"])
        cool(self.home)
        self.command.append(run_status(self.home))

    def over(self, share: float, value: Callable[[Sale], float]) -> Measured:
        """A percentile of the sales, by round."""
        return Measured.of([percentile([value(sale) for sale in sales], share) for sales in self.sales])


@dataclass(frozen=True, slots=True)
class Drained:
    """What uploading all that waited took: of the whole in s, and slice by slice in payments a second."""

    payments: int
    seconds: float
    busy: float
    slices: tuple[float, ...]
    statuses: dict[str, int]
    peak: float


def drain(home: Path, payments: int) -> Drained:
    """Upload what waits by a process of its own, over HTTP.

    Raises:
        BenchError: where the server took less than all of it.
    """
    with till_process("drain", home) as process:
        process.hear()
        process.tell([])
        told = process.hear()
        peak = process.memory().peak
        process.tell([])
    statuses: dict[str, int] = told["statuses"]
    if told["records"] < payments or not set(statuses) <= _GOOD:
        raise BenchError(f"the upload of {payments} payments ended in {statuses}")
    return Drained(payments, told["seconds"], told["busy"], slices_of(batch_times(home)), statuses, peak)


def slices_of(batches: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """Payments a second of some stretches of one upload, one after another: whether it gets slower as it goes on."""
    full = max((records for _, records in batches), default=0)
    batches = [batch for batch in batches if batch[1] == full]  # the last one may hold a handful, and tells nothing
    each = max(1, (len(batches) - 1) // _SLICES)
    found = []
    for first in range(0, len(batches) - each, each):
        stretch = batches[first : first + each + 1]
        seconds = (stretch[-1][0] - stretch[0][0]) / 1_000
        found.append(sum(records for _, records in stretch[1:]) / max(seconds, 0.001))
    return tuple(found) or (0.0,)
