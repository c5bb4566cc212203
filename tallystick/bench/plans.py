"""How PostgreSQL means to read one page of a book: by an index, whatever the size of the country."""

import json
from collections.abc import Iterator
from typing import Any

from shared.messages.book import MAX_SERIES_PER_PAGE
from shared.policy import Policy
from syncserver.services import Services
from syncserver.sync.grid import cells_around
from syncserver.sync.numbering import QUERIES
from tallystick.bench.errors import BenchError
from tallystick.bench.till import CURRENCY
from tallystick.bench.world import CENTRE


def scans_of(plan: dict[str, Any], table: str) -> Iterator[str]:
    """Every way in which a plan reads a table: `Index Scan by series_by_cell`, or `Seq Scan`."""
    if plan.get("Relation Name") == table:
        yield f"{plan['Node Type']} by {plan['Index Name']}" if "Index Name" in plan else str(plan["Node Type"])
    if plan["Node Type"] == "Bitmap Index Scan":
        yield f"Bitmap Index Scan by {plan['Index Name']}"
    for child in plan.get("Plans", ()):
        yield from scans_of(child, table)


async def require_index(services: Services) -> str:
    """How the series within the radius are found.

    Raises:
        BenchError: where the whole table is read for them.
    """
    cells = cells_around(CENTRE, Policy().radius_m)
    window = (0, MAX_SERIES_PER_PAGE + 1, MAX_SERIES_PER_PAGE + 1, CURRENCY)
    found: list[str] = []
    for states in (["open"], ["open", "closed"]):
        for name, arguments in (("next_in_cells", (0,)), ("series_in_cells", window)):
            text = await services.pool.fetchval(f"EXPLAIN (FORMAT JSON) {QUERIES[name]}", states, cells, *arguments)
            found += scans_of(json.loads(text)[0]["Plan"], "series")
    if not found or not all("Index" in scan or scan == "Bitmap Heap Scan" for scan in found):
        raise BenchError(f"the radius is read without an index: {found}")
    return ", ".join(sorted(set(found)))
