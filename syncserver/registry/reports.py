"""What a terminal says of itself beside its questions (docs/protocol.md, appendix B): for people to look at.

Nothing is decided by it. Whoever stands between could change it, so what is no report is no error either.
"""

import re
from dataclasses import dataclass

from shared.fields import MAX_INTEGER
from syncserver.database.arrays import uuid_of
from syncserver.registry.vendors import QUERIES
from syncserver.services import Services

HEADER = "Tallystick-Till"
_MOST = 200
_PART = re.compile(r"(app|waiting|oldest|at)=([A-Za-z0-9.+-]{1,32})")


@dataclass(frozen=True, slots=True)
class Report:
    """What a terminal said: its program's version, how many records wait, the oldest's time and its own clock (ms)."""

    app: str | None
    waiting: int | None
    oldest_at: int | None
    clock: int | None


def read_report(header: str | None) -> Report | None:
    """The report that a header is; None where it is none."""
    if header is None or len(header) > _MOST:
        return None
    found: dict[str, str] = {}
    for part in header.split(";"):
        match = _PART.fullmatch(part.strip())
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[2]
    return Report(found.get("app"), *(_number(found.get(name)) for name in ("waiting", "oldest", "at")))


def _number(text: str | None) -> int | None:
    if text is None or not (text.isdecimal() and len(text) <= len(str(MAX_INTEGER))):
        return None
    return min(int(text), MAX_INTEGER)


async def keep(services: Services, device: bytes, book: int, header: str | None) -> None:
    """Note that a terminal asked for its book, which version it had, and what it said of itself."""
    report, now = read_report(header) or Report(None, None, None, None), services.clock()
    skew = report.clock - now if report.clock is not None else None
    facts = (report.app, report.waiting, report.oldest_at, skew)
    await services.pool.execute(QUERIES["write_report"], uuid_of(device), now, book, *facts)
