"""A rogue till leaves out every second seq, so that its journal is all gaps."""

from typing import Any

from syncserver.judge.chain import seqs_to_read

RANGES = 100_000


class Counted(tuple[tuple[int, int], ...]):
    """Ranges that count how often one of them is looked at."""

    __slots__ = ()
    looks = 0

    def __getitem__(self, index: Any) -> Any:
        type(self).looks += 1
        return super().__getitem__(index)

    def __iter__(self) -> Any:
        raise AssertionError("the ranges were searched from end to end")


def test_the_neighbours_of_a_batch_are_found_among_many_ranges_by_bisection() -> None:
    ranges = Counted([(seq, seq + 1) for seq in range(1, 4 * RANGES, 4)])  # 1, 2, 5, 6, 9, 10 …
    seqs = range(2 * RANGES, 2 * RANGES + 1_000)
    near = seqs_to_read(ranges, seqs)
    assert 0 < Counted.looks < len(seqs) * 30
    assert near == [seq for seq in range(2 * RANGES - 1, 2 * RANGES + 1_001) if seq % 4 in (1, 2)]


def test_the_ends_of_ranges_are_found_and_what_lies_between_is_not() -> None:
    assert seqs_to_read((), [1, 2]) == []
    assert seqs_to_read(((2, 3), (6, 6), (9, 12)), [1, 4, 7, 13, 20]) == [2, 3, 6, 12]
    assert seqs_to_read(((2, 3), (6, 6), (9, 12)), [10]) == [9, 10, 11]
