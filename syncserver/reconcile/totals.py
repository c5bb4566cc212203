"""The sums that stand under a reconciliation: payments by what became of them, and tills against server."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.lifecycles import STATUS_OF_PAYMENT, PaymentState
from shared.money import format_minor
from syncserver.database.queries import parse
from syncserver.services import Services

_FILE = Path(__file__).parent / "totals.sql"
QUERIES = dict(parse(_FILE.read_text(encoding="utf-8"), _FILE.name))


@dataclass(frozen=True, slots=True)
class Totals:
    """How many payments there are in each status, and by currency (minor units) what tills closed less what is here."""

    payments: int
    by_status: Mapping[str, int]
    differences: Mapping[str, int]

    def __str__(self) -> str:
        counts = ", ".join(f"{number} {status}" for status, number in self.by_status.items())
        sums = ", ".join(f"{format_minor(minor, currency)} {currency}" for currency, minor in self.differences.items())
        return f"{self.payments} payments, {counts}" + (f", difference {sums}" if sums else "")


async def count(services: Services) -> Totals:
    """Sum up all that is here, in one snapshot."""
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        states = {row["state"]: row["payments"] for row in await connection.fetch(QUERIES["payments_by_state"])}
        differences = await connection.fetch(QUERIES["differences"])
    order = (PaymentState.SUCCESSFUL, PaymentState.FLAGGED, PaymentState.FAILED, PaymentState.REVERSED)
    return Totals(
        payments=sum(states.values()),
        by_status={STATUS_OF_PAYMENT[state].value: states.get(state.value, 0) for state in order},
        differences={row["currency"]: int(row["difference"]) for row in differences},
    )
