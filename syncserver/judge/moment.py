"""When a payment was taken: protocol.md's "when", told by the server's clock and the terminal's monotonic one."""

from dataclasses import dataclass

import msgspec

from shared.policy import Policy
from shared.rules.decision import MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Sending:
    """The terminal's clocks when it sent the batch, and the server's clock when it arrived (ms)."""

    received: int
    tick: int
    boot: bytes


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A time in ms since the epoch (UTC), and by how much it may be off."""

    when: int
    uncertainty: int


def earliest_of(at: int, tick: int, boot: bytes, sending: Sending) -> int:
    """A time (ms) that `moment_of` is never before, whenever the code was issued."""
    when = sending.received - (sending.tick - tick) if boot == sending.boot else at
    return min(when, sending.received)


def moment_of(*, at: int, tick: int, boot: bytes, sending: Sending, issued_at: int | None, policy: Policy) -> Moment:
    """Server time minus the ticks since the record in the same boot, else `at`; never before the issue or after now."""
    tolerance = policy.clock_tolerance_s * MS_PER_SECOND
    if boot == sending.boot:
        when, uncertainty = sending.received - (sending.tick - tick), 0
    else:
        when, uncertainty = at, tolerance
    # Compared instead of max and min: it is asked of each payment, and most are within.
    if issued_at is not None and when < issued_at - tolerance:
        when = issued_at - tolerance
    if not 0 <= when <= sending.received:
        when = max(0, min(when, sending.received))
    return Moment(when, uncertainty)
