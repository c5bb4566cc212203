"""What ends a bench."""

from shared.errors import TallystickError


class BenchError(TallystickError):
    """A measurement did not go as it should, so there is no figure to show."""

    code = "BENCH"
