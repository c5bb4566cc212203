"""What a batch asks of the database is a look-up by keys, also by plans that were made while a table was empty."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from syncserver.database.connect import DatabaseTarget
from syncserver.ledger import store
from syncserver.maintenance import outbox
from syncserver.sync import reading
from tallystick.bench.world import World
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio

STATEMENTS = {
    name: queries[name]
    for queries, names in (
        (
            reading.QUERIES,
            (
                "devices_for_uploads",
                "waiting_voids",
                "read_recent",
                "lock_epochs",
                "read_records",
                "payments_of_journal",
                "read_tenders",
                "read_history",
                "read_payments",
                "read_shifts",
                "write_journal",
                "write_heads",
                "write_payments",
            ),
        ),
        (store.QUERIES, ("lock_wallets", "write_postings")),
    )
    for name in names
}
CUSTOMERS = 500
# Each joins a list of keys with a table, in whatever order seems cheaper; for an empty one both are.
UPDATES = ("write_heads", "write_payments", "write_postings")


def scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every part of a plan that reads a table or an index."""
    if "Scan" in node["Node Type"] and ("Relation Name" in node or "Index Name" in node):
        yield node
    for part in node.get("Plans", ()):
        yield from scans(part)


async def unkeyed(target: DatabaseTarget, name: str) -> list[dict[str, Any]]:
    """What a statement reads without naming a key, by the plan that it gets now."""
    owner = await target.connect_owner()
    try:
        await owner.execute("VACUUM (ANALYZE)")  # now PostgreSQL knows how small the tables are
    finally:
        await owner.close()
    statement = STATEMENTS[name]
    nulls = ", ".join(["NULL"] * max(int(number) for number in re.findall(r"\$(\d+)", statement)))
    async with await target.settling_pool(1) as pool, pool.acquire() as connection:
        await connection.execute(f"PREPARE asked AS {statement}")
        plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked ({nulls})"))
        found = list(scans(plan[0]["Plan"]))
    # A bitmap's own scan of the table follows from its index's.
    bad = [node for node in found if "Index Cond" not in node and node["Node Type"] != "Bitmap Heap Scan"]
    # A vendor's limits and a journal's voids are a handful, and asked for by the table's first column.
    return [node for node in bad if node.get("Relation Name") not in ("policy", "void")]


@pytest.mark.parametrize("name", [name for name in STATEMENTS if name not in UPDATES])
async def test_an_empty_table_does_not_make_a_plan_that_reads_a_full_one(database: DatabaseTarget, name: str) -> None:
    assert await unkeyed(database, name) == []


@pytest.mark.parametrize("name", UPDATES)
async def test_an_update_is_by_key_once_there_are_some_hundred_rows(shop: Shop, name: str) -> None:
    world = World(shop.services)
    await world.issue(await world.add_customers(CUSTOMERS))
    await world.add_vendors(1)
    await world.add_tills(CUSTOMERS // 5, open_shifts=False)
    assert await unkeyed(shop.target, name) == []


async def test_a_full_outbox_is_not_read_whole_by_a_plan_of_an_empty_one(database: DatabaseTarget) -> None:
    owner = await database.connect_owner()
    try:
        await owner.execute("VACUUM (ANALYZE)")
        async with owner.transaction():
            await owner.execute(outbox.QUERIES["by_index"])
            await owner.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            await owner.execute(f"PREPARE asked AS {outbox.QUERIES['take_events']}")
            (plan,) = json.loads(await owner.fetchval("EXPLAIN (FORMAT JSON) EXECUTE asked (500)"))
    finally:
        await owner.close()
    found = [(node["Node Type"], node.get("Relation Name")) for node in scans(plan["Plan"])]
    # In the order of the index as far as the limit; each of those by its place; each event by its key.
    assert sorted(found) == [("Index Scan", "outbox"), ("Index Scan", "payment_event"), ("Tid Scan", "outbox")]
