"""What the whole fleet can lose at this moment (docs/risk.md), by currency: the sum of what each shop's tills can."""

from collections import defaultdict
from dataclasses import dataclass

import msgspec

from syncserver.database.connection import Connection
from syncserver.database.row_ids import id_or_none
from syncserver.judge.policies import PolicyChange, PolicyHistory
from syncserver.overview.needs import QUERIES
from syncserver.registry.exposure import most_unsynced, over_since


@dataclass(frozen=True, slots=True)
class FleetExposure:
    """What can be lost in a currency (minor units), and by how many terminals and flagged payments."""

    currency: str
    terminals: int
    unsynced: int
    flagged_payments: int
    flagged: int

    @property
    def bound(self) -> int:
        """The most that can be lost."""
        return self.unsynced + self.flagged


async def read_fleet_exposure(connection: Connection, now: int) -> list[FleetExposure]:
    """The fleet's exposure, by currency."""
    changes: dict[bytes, list[tuple[bytes | None, PolicyChange]]] = defaultdict(list)
    for row in await connection.fetch(QUERIES["fleet_limits"]):
        device = id_or_none(row["device"])
        body = msgspec.json.decode(row["body"])
        change = PolicyChange(row["version"], row["effective_at"], row["device"] is not None, body)
        changes[row["vendor"].bytes].append((device, change))
    terminals, unsynced = defaultdict[str, int](int), defaultdict[str, int](int)
    for row in await connection.fetch(QUERIES["fleet_terminals"]):
        of_shop = changes[row["vendor"].bytes]
        history = PolicyHistory([change for of, change in of_shop if of in (None, row["device"].bytes)])
        if row["revoked_at"] is not None and row["revoked_at"] < over_since(history.latest(), now):
            continue
        terminals[row["currency"]] += 1
        unsynced[row["currency"]] += most_unsynced(history, now)
    flagged = {row["currency"]: row for row in await connection.fetch(QUERIES["fleet_flagged"])}
    return [
        FleetExposure(
            currency,
            terminals[currency],
            unsynced[currency],
            flagged[currency]["payments"] if currency in flagged else 0,
            flagged[currency]["amount"] if currency in flagged else 0,
        )
        for currency in sorted(terminals.keys() | flagged.keys())
    ]
