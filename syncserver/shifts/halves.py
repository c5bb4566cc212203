"""A shift's two halves and what is odd about them: pure.

What the till's signed close says stands beside what the server has of the shift. Money is in minor units, times in ms.
"""

import hashlib
from dataclasses import dataclass

from shared.errors import CurrencyError
from shared.lifecycles import ShiftState
from shared.money import format_minor
from shared.rules.decision import MS_PER_HOUR
from shared.words import Word

UNCLOSED_HOURS = 24
Ranges = tuple[tuple[int, int], ...]


class Trouble(Word):
    """What is odd about a shift: what makes it an exception."""

    MISSING = "MISSING"  # records between its opening and its close are not here
    GAP_BEFORE = "GAP_BEFORE"  # all of its own are here, and some before it are not
    DIFFERS = "DIFFERS"  # count, total or currency are not those of its close
    FORK = "FORK"  # the journal contradicts itself in this shift
    LATE = "LATE"  # payments came later than their policy allows
    REFUSED = "REFUSED"  # records in it were rejected
    OUTSIDE = "OUTSIDE"  # payments that name it stand behind its close
    NO_OPENING = "NO_OPENING"  # it was closed, and nothing in its journal opened it before
    UNCLOSED = "UNCLOSED"  # open for too long
    DISPUTED = "DISPUTED"  # its figures match, and somebody disputes it
    AFTER_RECONCILING = "AFTER_RECONCILING"  # something of it came after it was reconciled


# What a person may know and still reconcile without an override.
HARMLESS = frozenset({Trouble.GAP_BEFORE})


@dataclass(frozen=True, slots=True, order=True)
class ShiftKey:
    """Which shift: ids are a till's own, so they are unique in one of its epochs alone."""

    device: bytes
    epoch: int
    shift: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """What the till's signed close says: payments less the voided ones."""

    seq: int
    at: int
    count: int
    total: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What the server has of a shift.

    Attributes:
        count, total: payments between opening and close, less those that a void before the close names.
        carried, carried_total: those of them that came after the close was signed, by the till's clock.
        voided, flagged, failed: how many payments a void names, wait for an admin, came to nothing.
        records: of any type, between opening and close.
        missing: ranges of seq that are not here, both ends included.
        forks, refused, late, outside, after: how many records or payments of each trouble; `others` of the forks are
            other halves, whose place another record has.
    """

    count: int = 0
    total: int = 0
    carried: int = 0
    carried_total: int = 0
    voided: int = 0
    flagged: int = 0
    failed: int = 0
    records: int = 0
    missing: Ranges = ()
    forks: int = 0
    others: int = 0
    refused: int = 0
    late: int = 0
    outside: int = 0
    after: int = 0

    @property
    def missing_records(self) -> int:
        """How many records are not here."""
        return sum(last - first + 1 for first, last in self.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A shift with both halves. `currency` is its vendor's, `day_at` when it ended by its till's clock.

    `till_gone` says that its till signs nothing more in this epoch: it is revoked, or has a later one.
    """

    key: ShiftKey
    vendor: bytes
    vendor_name: str
    device_name: str
    currency: str
    cashier: str
    state: ShiftState
    compared: bool
    opened_seq: int | None
    opened_at: int | None
    opening_float: int | None
    day_at: int
    reconciled_at: int | None
    claim: Claim | None
    received: Received
    till_gone: bool = False

    @property
    def difference(self) -> int | None:
        """What the close says beyond what is here, below zero where it says less; None where they can't be compared."""
        if self.claim is None or self.claim.currency != self.currency:
            return None
        return self.claim.total - self.received.total

    @property
    def matches(self) -> bool:
        """Whether the close says what is here, and nothing of the shift is missing."""
        claim, here = self.claim, self.received
        return claim is not None and not here.missing and self.difference == 0 and claim.count == here.count

    @property
    def stake(self) -> int:
        """What is at stake in accepting it, for whether it takes two: the difference, or the larger of both halves."""
        if self.difference is not None:
            return abs(self.difference)
        return max(self.claim.total if self.claim is not None else 0, self.received.total)

    @property
    def fingerprint(self) -> str:
        """What changes whenever a decision would be about something else: state and both halves."""
        said = repr((self.key, self.state.value, self.opened_seq, self.claim, self.received))
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def troubles(self, now: int, unclosed_hours: int = UNCLOSED_HOURS) -> tuple[Trouble, ...]:
        """What is odd about it, the gravest first."""
        here = self.received
        if self.state is ShiftState.RECONCILED:
            return (Trouble.AFTER_RECONCILING,) if here.after else ()
        closed, differs = self.claim is not None, self.claim is not None and not here.missing and not self.matches
        found = {
            Trouble.FORK: here.forks > 0,
            Trouble.MISSING: closed and bool(here.missing),
            Trouble.DIFFERS: differs,
            Trouble.OUTSIDE: here.outside > 0,
            Trouble.REFUSED: here.refused > 0,
            Trouble.DISPUTED: self.state is ShiftState.DISPUTED and not differs,
            Trouble.LATE: here.late > 0,
            Trouble.NO_OPENING: closed and self._no_opening,
            Trouble.UNCLOSED: not closed and self.day_at + unclosed_hours * MS_PER_HOUR < now,
            Trouble.GAP_BEFORE: closed and not self.compared and not here.missing,
        }
        return tuple(trouble for trouble, is_so in found.items() if is_so)

    def in_order(self, now: int) -> bool:
        """Whether it may be reconciled without an override: closed, matching, and nothing odd about it."""
        return self.state is ShiftState.CLOSED and self.matches and HARMLESS.issuperset(self.troubles(now))

    @property
    def said(self) -> str:
        """Both halves in words, as they are kept with a decision."""
        here = f"here {self.received.count}, {money(self.received.total, self.currency)}"
        if self.received.missing:
            here += f", {self.received.missing_records} records missing"
        if self.claim is None:
            return f"not closed; {here}"
        return f"close {self.claim.count}, {money(self.claim.total, self.claim.currency)}; {here}"

    @property
    def _no_opening(self) -> bool:
        return self.opened_seq is None or (self.claim is not None and self.opened_seq > self.claim.seq)


def money(minor: int, currency: str) -> str:
    """An amount in words; a till may sign any three letters for a currency."""
    try:
        return f"{format_minor(minor, currency)} {currency}"
    except CurrencyError:
        return f"{minor} minor units of {currency}"


def gaps_within(ranges: Ranges, first: int, last: int) -> Ranges:
    """The ranges of seq from `first` to `last` that are not among `ranges`, which are sorted and apart."""
    gaps, expected = [], first
    for start, end in ranges:
        if end < expected:
            continue
        if start > last:
            break
        if start > expected:
            gaps.append((expected, start - 1))
        expected = end + 1
    if expected <= last:
        gaps.append((expected, last))
    return tuple(gaps)
