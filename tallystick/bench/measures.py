"""What rounds of one measurement come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Measured:
    """The same thing measured in several rounds: the median, and how far they lie apart."""

    rounds: tuple[float, ...]

    @classmethod
    def of(cls, rounds: Sequence[float]) -> "Measured":
        """The measurement that these rounds are.

        Raises:
            ValueError: where there are none.
        """
        if not rounds:
            raise ValueError("a measurement has at least one round")
        return cls(tuple(rounds))

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.rounds)

    def ratio_to(self, other: "Measured") -> "Measured":
        """This by another one, round by round: both ran next to each other in each."""
        return Measured.of([mine / theirs for mine, theirs in zip(self.rounds, other.rounds, strict=True)])

    def plain(self, digits: int = 3) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "median": _rounded(self.median, digits),
            "min": _rounded(min(self.rounds), digits),
            "max": _rounded(max(self.rounds), digits),
            "rounds": [_rounded(one, digits) for one in self.rounds],
        }


def _rounded(value: float, digits: int) -> float:
    """Three significant digits below 100, whole numbers above: more would be noise."""
    return round(value) if abs(value) >= 100 else round(value, digits)  # noqa: PLR2004 - see above


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of the values does not exceed, by the nearest rank.

    Raises:
        ValueError: where there are none.
    """
    if not values:
        raise ValueError("no value has no percentile")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * round(share * 1_000) // 1_000) - 1))]
