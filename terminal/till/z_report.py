"""The report of a shift: while it is open (X) or when it was closed (Z), and the shifts that there were."""

from dataclasses import dataclass

from shared import cose
from shared.journal import decode_record
from shared.lifecycles import TillState
from shared.money import Money
from terminal.errors import NoShiftError
from terminal.journal.chain import StoredRecord
from terminal.journal.device import read_device
from terminal.journal.payments import Exposure
from terminal.store.database import Row
from terminal.till.parts import Parts
from terminal.till.queries import SQL

MOST_SHIFTS = 200
_NEWEST = (2**62, b"")


@dataclass(frozen=True, slots=True)
class Part:
    """Some payments or refunds: how many and how much."""

    count: int
    total: Money


@dataclass(frozen=True, slots=True)
class Mark:
    """A record of the journal, by which anybody can check the report."""

    seq: int
    link: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftSummary:
    """A shift in a list; `taken` is what its close signed, None while it is open."""

    id: bytes
    epoch: int
    cashier: str
    opened_at: int
    closed_at: int | None
    taken: Part | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftReport:
    """All of a shift, as this till knows it now.

    `taken` are the payments less the void ones: of a closed shift as its close signed them. They are in four states:
    `settled`, `flagged`, `failed` and `waiting` (not settled yet). `carried` is what the whole till had without a
    receipt, at the close or now; None for a shift that was closed by a version that did not note it. `refunds` were
    made in this shift, of whatever shift's payments; of `refunds_asked` it is not known whether they were.
    """

    id: bytes
    epoch: int
    cashier: str
    opened_at: int
    closed_at: int | None
    opening_float: Money
    taken: Part
    voids: Part
    settled: Part
    flagged: Part
    failed: Part
    waiting: Part
    carried: Part | None
    by_cashier: tuple[tuple[str, Part], ...]
    refunds: Part
    refunds_asked: Part
    first: Mark | None
    last: Mark | None

    @property
    def is_open(self) -> bool:
        """Whether it is an X report."""
        return self.closed_at is None


class Reports:
    """Reports of shifts; looking without touching."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def shifts(self, before: ShiftSummary | None = None, most: int = 50) -> tuple[ShiftSummary, ...]:
        """Shifts, the newest first, behind one of them; up to 200.

        Raises:
            NotEnrolledError: where this terminal is nobody's yet.
        """
        opened_at, shift = _NEWEST if before is None else (before.opened_at, before.id)
        values = {"opened_at": opened_at, "id": shift, "most": max(1, min(most, MOST_SHIFTS))}
        with self._parts.store.snapshot():
            currency = read_device(self._parts.store).currency
            rows = self._parts.store.rows(SQL["past_shifts"], values)
        return tuple(
            ShiftSummary(
                id=row["id"],
                epoch=row["epoch"],
                cashier=row["cashier"],
                opened_at=row["opened_at"],
                closed_at=row["closed_at"],
                taken=_signed(row, currency),
            )
            for row in rows
        )

    def report(self, shift: bytes | None = None) -> ShiftReport:
        """The report of a shift, by default of the one that is open.

        Raises:
            NoShiftError: where there is none.
            NotEnrolledError: where this terminal is nobody's yet.
        """
        parts = self._parts
        with parts.store.snapshot():
            wanted = shift
            if wanted is None:
                current = parts.shifts.open_one()
                wanted = None if current is None else current.id
            row = None if wanted is None else parts.store.row(SQL["shift"], {"id": wanted})
            if row is None:
                raise NoShiftError if shift is None else NoShiftError("this terminal had no such shift")
            return self._report(row, read_device(parts.store).currency)

    def _report(self, row: Row, currency: str) -> ShiftReport:
        store, this = self._parts.store, {"shift": row["id"]}
        states = _parts_by_state(store.rows(SQL["shift_by_state"], this), currency)
        refunds = _parts_by_state(store.rows(SQL["shift_refunds"], this), currency)
        nothing = Part(0, Money(0, currency))
        settled, flagged, failed, waiting = (
            states.get(state, nothing)
            for state in (TillState.COMPLETED, TillState.FLAGGED, TillState.FAILED, TillState.PENDING)
        )
        return ShiftReport(
            id=row["id"],
            epoch=row["epoch"],
            cashier=row["cashier"],
            opened_at=row["opened_at"],
            closed_at=row["closed_at"],
            opening_float=Money(row["opening_float"], currency),
            taken=_signed(row, currency) or _sum([settled, flagged, failed, waiting], currency),
            voids=states.get(TillState.VOIDED, nothing),
            settled=settled,
            flagged=flagged,
            failed=failed,
            waiting=waiting,
            carried=self._carried(row, currency),
            by_cashier=self._by_cashier(row["id"], currency),
            refunds=refunds.get("done", nothing),
            refunds_asked=refunds.get("asked", nothing),
            first=_mark(self._record_of(row, row["opened_at"], "shift_open")),
            last=_mark(self._last(row)),
        )

    def _carried(self, row: Row, currency: str) -> Part | None:
        if row["closed_at"] is None:
            carried = self._parts.payments.exposure()
        elif row["carried_count"] is None:
            return None
        else:
            carried = Exposure(row["carried_count"], row["carried_total"])
        return Part(carried.count, Money(carried.total, currency))

    def _by_cashier(self, shift: bytes, currency: str) -> tuple[tuple[str, Part], ...]:
        """Who took how much, as the records say it."""
        amounts: dict[str, list[int]] = {}
        for row in self._parts.store.rows(SQL["shift_records"], {"shift": shift}):
            cashier = decode_record(cose.parse(row["raw"]).payload).cashier
            amounts.setdefault(cashier, []).append(row["amount"])
        return tuple((who, Part(len(all_), Money(sum(all_), currency))) for who, all_ in sorted(amounts.items()))

    def _last(self, row: Row) -> StoredRecord | None:
        if row["closed_at"] is None:
            return self._parts.journal.last(row["epoch"])
        return self._record_of(row, row["closed_at"], "shift_close")

    def _record_of(self, row: Row, at: int, kind: str) -> StoredRecord | None:
        """A shift's first or last record has the very time that the shift has."""
        found = self._parts.journal.of_moment(at, kind)
        return next((stored for stored in found if stored.decoded().shift == row["id"]), None)


def _mark(stored: StoredRecord | None) -> Mark | None:
    return None if stored is None else Mark(stored.seq, stored.link)


def _signed(row: Row, currency: str) -> Part | None:
    return None if row["closed_at"] is None else Part(row["count"], Money(row["total"], currency))


def _parts_by_state(rows: list[Row], currency: str) -> dict[str, Part]:
    return {row["state"]: Part(row["count"], Money(row["total"], currency)) for row in rows}


def _sum(some: list[Part], currency: str) -> Part:
    return Part(sum(part.count for part in some), Money(sum(part.total.minor for part in some), currency))
