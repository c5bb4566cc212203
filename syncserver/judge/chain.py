"""Where a record stands among those that are here: new, the same again, or a fork (docs/protocol.md, section 8)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

import msgspec

from shared.journal import ChainPosition
from shared.messages.receipt import RecordResult

Ranges = tuple[tuple[int, int], ...]


class StoredRecord(msgspec.Struct, frozen=True, gc=False):
    """A record that has its place, with its first answer. `at` is None where its time can't be read."""

    link: bytes
    prev: bytes
    at: int | None
    result: RecordResult


class Placement(msgspec.Struct, frozen=True, gc=False):
    """Where a newcomer stands. `replay` is the first answer where the same bytes were answered before."""

    replay: RecordResult | None = None
    fork: bool = False
    taken: bool = False


# By far the most: neither here nor in contradiction to anything.
_NEW = Placement()


@dataclass(slots=True)
class Chain:
    """One journal of one device, as far as it is here; grows while a batch is judged.

    Attributes:
        genesis: what seq 1 must name as its prev.
        ranges: the seqs that are here, sorted and apart.
        head: the link of the highest seq without a gap below it, as it was before the batch.
        stored: by seq, at least all that stand at or beside a seq of the batch.
        forks: the answers to records whose seq another record had taken, by (seq, link).
    """

    genesis: bytes
    ranges: Ranges
    head: bytes
    stored: dict[int, StoredRecord]
    forks: dict[tuple[int, bytes], RecordResult] = field(default_factory=dict)

    def place(self, position: ChainPosition, link: bytes) -> Placement:
        """Find out where a record belongs, without putting it there."""
        replay = self.forks.get((position.seq, link)) if self.forks else None
        if replay is not None:
            return Placement(replay=replay)
        here = self.stored.get(position.seq)
        if here is None:
            return Placement(fork=True) if self._contradicts(position, link) else _NEW
        return Placement(replay=here.result) if here.link == link else Placement(fork=True, taken=True)

    def is_fresh(self, position: ChainPosition, link: bytes) -> bool:
        """Whether it is none of the records that were answered before."""
        if position.seq not in self.stored and not self.forks:
            return True
        return self.place(position, link).replay is None

    def _contradicts(self, position: ChainPosition, link: bytes) -> bool:
        if position.seq == 1:
            wrong_prev = position.prev != self.genesis
        else:
            before = self.stored.get(position.seq - 1)
            wrong_prev = before is not None and before.link != position.prev
        after = self.stored.get(position.seq + 1)
        return wrong_prev or (after is not None and after.prev != link)

    def put(
        self, position: ChainPosition, link: bytes, at: int | None, placement: Placement, result: RecordResult
    ) -> None:
        """Give a newcomer its place, unless its seq is taken, and remember the answer for the same bytes later."""
        if placement.taken:
            self.forks[position.seq, link] = result
        else:
            self.stored[position.seq] = StoredRecord(link, position.prev, at, result)

    def at_before(self, seq: int) -> int | None:
        """The `at` of the record before a seq, where it is here."""
        before = self.stored.get(seq - 1)
        return before.at if before is not None else None

    def link_at(self, seq: int) -> bytes | None:
        """The link at a seq; the genesis at 0, None where it was not read."""
        if seq == 0:
            return self.genesis
        if seq == through_of(self.ranges):
            return self.head
        stored = self.stored.get(seq)
        return stored.link if stored is not None else None


def add_seqs(ranges: Ranges, seqs: Iterable[int]) -> Ranges:
    """Sorted ranges with some seqs added."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted([*ranges, *_runs(seqs)]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _runs(seqs: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Seqs as the runs that they stand in: a batch is one, most often."""
    first = last = None
    for seq in sorted(seqs):
        if first is None or last is None:
            first = last = seq
        elif seq <= last + 1:
            last = seq
        else:
            yield first, last
            first = last = seq
    if first is not None and last is not None:
        yield first, last


def through_of(ranges: Ranges) -> int:
    """The highest seq with no gap below it; 0 at first."""
    return ranges[0][1] if ranges and ranges[0][0] == 1 else 0


def missing_of(ranges: Ranges) -> Ranges:
    """Every range of seqs that is not here, below the highest that is."""
    gaps: list[tuple[int, int]] = []
    expected = 1
    for first, last in ranges:
        if first > expected:
            gaps.append((expected, first - 1))
        expected = last + 1
    return tuple(gaps)


def seqs_to_read(ranges: Ranges, seqs: Iterable[int]) -> list[int]:
    """Which seqs of those, and of their neighbours, are stored and must be read before judging."""
    if not ranges:
        return []
    highest = ranges[-1][1]
    wanted = {near for seq in seqs if seq <= highest + 1 for near in (seq - 1, seq, seq + 1)}
    # By bisection: a till that leaves out every second seq has as many ranges as records.
    return sorted(seq for seq in wanted if _holds(ranges, seq))


def _holds(ranges: Ranges, seq: int) -> bool:
    place = bisect_right(ranges, seq, key=itemgetter(0))
    return place > 0 and seq <= ranges[place - 1][1]
