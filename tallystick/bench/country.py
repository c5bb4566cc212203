"""A country of customers with codes, most of them far from the one terminal whose book is measured."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tallystick.bench.office import Office
from tallystick.bench.till import CURRENCY
from tallystick.bench.world import CAP, CENTRE, CODES_EACH, QUERIES

_ROWS_AT_ONCE = 100_000
_SEEDS = (0.25, 0.5)  # of two sessions: PostgreSQL writes with one core in each


@dataclass(frozen=True, slots=True)
class Country:
    """How many series there are, one a customer, and how many are near the terminal; `near` divides `series`."""

    series: int
    near: int

    @property
    def chunks(self) -> int:
        """In how many steps it is written."""
        return -(-self.series // _ROWS_AT_ONCE)


async def fill(office: Office, country: Country, done: Callable[[str], Any]) -> None:
    """Write a country into an empty database, set-based, in two sessions; `done` is told after each chunk."""
    chunks = iter(range(0, country.series, _ROWS_AT_ONCE))
    await asyncio.gather(*(_write(office, country, chunks, seed, done) for seed in _SEEDS))
    await office.services.pool.execute(QUERIES["book_clock"], country.series + 1)


async def _write(
    office: Office, country: Country, chunks: Iterator[int], seed: float, done: Callable[[str], Any]
) -> None:
    """Write chunks as long as there are any."""
    now = office.services.clock()
    held = CAP * CODES_EACH
    share = country.series // country.near
    owner = await office.target.connect_owner()
    try:
        await owner.execute(QUERIES["book_seed"], seed)
        await owner.execute(QUERIES["book_people"])
        for first in chunks:
            last = min(first + _ROWS_AT_ONCE, country.series) - 1
            async with owner.transaction():
                await owner.execute(QUERIES["book_forget"])
                await owner.execute(
                    QUERIES["book_places"], first, last, country.series, share, CENTRE.lat, CENTRE.lon, now
                )
                await owner.execute(QUERIES["book_customers"], now)
                await owner.execute(QUERIES["book_wallets"], now, held, CURRENCY)
                await owner.execute(QUERIES["book_transfers"], now, held, CURRENCY)
                await owner.execute(QUERIES["book_series"], now)
                await owner.execute(QUERIES["book_codes"], CODES_EACH, CAP)
            done(f"{(last + 1) * CODES_EACH:,} codes")
    finally:
        await owner.close()
