"""A wallet's series as people see them."""

from dataclasses import dataclass

from syncserver.database.connection import Connection
from syncserver.wallets.accounts import QUERIES

MOST = 200


@dataclass(frozen=True, slots=True)
class SeriesView:
    """One series: open, closed, withdrawn or released; `held` is what its unused codes still hold (minor units)."""

    series: bytes
    state: str
    issued_at: int
    expires_at: int
    release_at: int
    codes: int
    claimed: int
    held: int


async def list_of_wallet(connection: Connection, wallet: str) -> list[SeriesView]:
    """The latest 200 series of a wallet, the newest first."""
    views = []
    for row in await connection.fetch(QUERIES["series_of_wallet"], wallet, MOST):
        state = row["state"]
        if row["released_at"] is not None:
            state = "released"
        elif row["withdrawn_version"] is not None:
            state = "withdrawn"
        views.append(
            SeriesView(
                series=row["series"].bytes,
                state=state,
                issued_at=row["issued_at"],
                expires_at=row["expires_at"],
                release_at=row["release_at"],
                codes=row["codes"],
                claimed=row["claimed"],
                held=row["held"],
            )
        )
    return views
