"""What is counted while it runs: how far the crowd has come is also what everything else goes by."""

import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from tests.syncserver.processes import eventually

# Longer than any restart on a busy machine; a crowd that gets no answer for so long has found something.
STUCK_SECONDS = 90.0


class Blow(StrEnum):
    """What is done to a server or to its database in the middle of work."""

    SERVER = "a server killed"
    DATABASE = "PostgreSQL stopped at once, for the servers to find"
    RESTART = "PostgreSQL stopped at once and started again"
    BOTH = "a server and PostgreSQL together"


@dataclass(slots=True)
class Tally:
    """Counters of one run.

    Attributes:
        receipts: batches that were answered, the same one as often as it was answered.
        answers: records in them, repeats included.
        payments: different payments that have their answer.
        told_to_wait: 503 by their error code.
        broken: connections that broke, by the error.
        logins: access tokens that were asked for anew.
        blows: what the saboteur did.
        stalls: seconds from each blow until the next batch was answered.
        failed_starts: servers that ended before they listened.
        admin: what the admins did or were refused, by name.
    """

    receipts: int = 0
    answers: int = 0
    payments: int = 0
    told_to_wait: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    logins: int = 0
    blows: Counter[Blow] = field(default_factory=Counter)
    stalls: list[float] = field(default_factory=list)
    failed_starts: int = 0
    admin: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    closing: bool = False

    async def more(self, receipts: int) -> bool:
        """Wait until that many more batches were answered; False if the run is closing before."""
        wanted = self.receipts + receipts

        async def reached() -> bool:
            return self.closing or self.receipts >= wanted

        await eventually(reached, STUCK_SECONDS)
        return not self.closing
