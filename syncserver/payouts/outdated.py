"""Payouts that must not go out as they were proposed: their vendor was blocked since, or is paid elsewhere by now."""

from collections.abc import Sequence

from shared.lifecycles import PayoutState
from syncserver.database.arrays import uuids
from syncserver.database.connection import Connection
from syncserver.payouts.steps import QUERIES, Payout, Steps


async def call_off_outdated(connection: Connection, payouts: Sequence[Payout], actor: str, at: int) -> Sequence[Payout]:
    """Call off payouts whose vendor is blocked or has another account by now; those that are left."""
    vendors = uuids(sorted({one.vendor for one in payouts}))
    await connection.execute(QUERIES["lock_vendors"], vendors)
    rows = await connection.fetch(QUERIES["current_accounts"], vendors)
    now = {row["vendor"].bytes: row for row in rows}
    notes: dict[bytes, str] = {}
    for one in payouts:
        if now[one.vendor]["blocked"]:
            notes[one.id] = "the vendor was blocked"
        elif now[one.vendor]["version"] != one.account_version:
            notes[one.id] = "the vendor's account was changed"
    if notes:
        outdated = [one for one in payouts if one.id in notes]
        steps = await Steps.of(connection, {one.vendor for one in outdated}, actor=actor, at=at)
        for one in outdated:
            steps.take(one, PayoutState.CANCELLED, notes[one.id])
        await steps.write(connection)
    return [one for one in payouts if one.id not in notes]
