"""Delivers payment events at least once: a transaction that fails to deliver leaves them where they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from syncserver.database.queries import load
from syncserver.services import Services

QUERIES = load(Path(__file__).parent)
EVENTS_AT_ONCE = 500

Deliver = Callable[[dict[str, Any]], None]
log = structlog.get_logger()


def to_log(event: dict[str, Any]) -> None:
    """The listener that every server has: its log."""
    log.info("payment", **{name: value for name, value in event.items() if name != "event"})


async def relay(services: Services, deliver: Deliver = to_log) -> int:
    """Deliver some events; how many. A reader knows a repeat by its wallet and number."""
    async with services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(QUERIES["take_events"], EVENTS_AT_ONCE)
        for row in rows:
            deliver(
                {
                    "wallet": row["wallet"],
                    "number": row["number"],
                    "payment": str(row["payment"]),
                    "from": row["before"],
                    "to": row["after"],
                    "reasons": row["reasons"],
                    "at": row["at"],
                }
            )
        return len(rows)
