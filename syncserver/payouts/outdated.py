"""Payouts that must not go out as they were proposed: their vendor was blocked since, or is paid elsewhere by now."""

from collections.abc import Iterable, Mapping

from syncserver.database.arrays import uuids
from syncserver.database.connection import Connection
from syncserver.payouts.steps import QUERIES, Payout


async def why_outdated(connection: Connection, payouts: Iterable[Payout]) -> Mapping[bytes, str]:
    """Lock the vendors of payouts, whose rows are locked; by payout, why it must be called off, where it must."""
    payouts = list(payouts)
    vendors = uuids(sorted({one.vendor for one in payouts}))
    await connection.execute(QUERIES["lock_vendors"], vendors)
    rows = await connection.fetch(QUERIES["current_accounts"], vendors)
    now = {row["vendor"].bytes: row for row in rows}
    found: dict[bytes, str] = {}
    for one in payouts:
        if now[one.vendor]["blocked"]:
            found[one.id] = "the vendor was blocked"
        elif now[one.vendor]["version"] != one.account_version:
            found[one.id] = "the vendor's account was changed"
    return found
