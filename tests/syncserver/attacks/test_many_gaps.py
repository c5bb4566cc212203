"""A rogue till leaves out every second seq, so that its journal is all gaps."""

import time

from syncserver.judge.chain import seqs_to_read

RANGES = 100_000


def test_finding_the_neighbours_of_a_batch_among_many_ranges_takes_no_time() -> None:
    ranges = tuple((seq, seq + 1) for seq in range(1, 4 * RANGES, 4))  # 1, 2, 5, 6, 9, 10 …
    seqs = range(2 * RANGES, 2 * RANGES + 1_000)
    begun = time.process_time()
    near = seqs_to_read(ranges, seqs)
    assert time.process_time() - begun < 1  # looked at one by one, these are 300 million comparisons
    assert near == [seq for seq in range(2 * RANGES - 1, 2 * RANGES + 1_001) if seq % 4 in (1, 2)]


def test_the_ends_of_ranges_are_found_and_what_lies_between_is_not() -> None:
    assert seqs_to_read((), [1, 2]) == []
    assert seqs_to_read(((2, 3), (6, 6), (9, 12)), [1, 4, 7, 13, 20]) == [2, 3, 6, 12]
    assert seqs_to_read(((2, 3), (6, 6), (9, 12)), [10]) == [9, 10, 11]
