"""Shops, tills, customers and codes to measure with: real keys, real proofs, set-based inserts.

Codes are not derived by Argon2id here: a server never derives one. Their proof keys are random, wrapped as ever.
"""

import asyncio
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import codes, journal
from shared.geo import UNITS_PER_DEGREE, Place
from shared.ids import luhn_digit, uuid7
from shared.keys import SEED_BYTES, SigningKey
from shared.messages.batch import decode_batch
from syncserver.database.arrays import uuid_of, uuids
from syncserver.database.queries import load
from syncserver.services import Services
from syncserver.sync import intake
from syncserver.sync.grid import cell_of
from tallystick.bench.till import CURRENCY, Code, Till

QUERIES = load(Path(__file__).parent)
CENTRE = Place.from_degrees("59.437", "24.7536")
CAP = 20_00
CODES_EACH = 5
# Customers who live too far away to be let through: their payments are flagged, as a few are every day.
FAR_SHARE = 0.02
_HOUR = 3_600_000
_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one till has to upload: the bodies of its batches, in order, and how many payments they hold."""

    device: bytes
    bodies: tuple[bytes, ...]
    payments: int


class World:
    """Everything that lives in one database while it is measured. `random` decides amounts and who pays where."""

    def __init__(self, services: Services, seed: int = 1) -> None:
        self.services = services
        self.vendors: list[bytes] = []
        self.random = random.Random(seed)  # noqa: S311 - figures to measure with, no secrets
        self._numbers = itertools.count(100_000_000)

    async def add_vendors(self, count: int) -> None:
        """Open some shops in the middle of the town."""
        made = [self.new_id() for _ in range(count)]
        await self.services.pool.execute(
            QUERIES["add_vendors"],
            uuids(made),
            [CENTRE.lat] * count,
            [CENTRE.lon] * count,
            CURRENCY,
            self.services.clock(),
        )
        self.vendors += made

    async def add_tills(self, count: int, vendor: bytes | None = None, *, open_shifts: bool = True) -> list[Till]:
        """Enrol tills, at one vendor or at each in turn, and open a shift at each."""
        now = self.services.clock()
        tills = [self._till(vendor or self.vendors[number % len(self.vendors)], now) for number in range(count)]
        await self.services.pool.execute(
            QUERIES["add_devices"],
            uuids(till.device for till in tills),
            uuids(till.vendor for till in tills),
            [till.place.lat for till in tills],
            [till.place.lon for till in tills],
            [till.key.kid for till in tills],
            [till.key.public_key for till in tills],
            [till.prev for till in tills],
            now,
        )
        for till in tills if open_shifts else ():
            body = till.batch([till.open_shift(now - _HOUR)], now)
            await intake.ingest(self.services, till.device, decode_batch(body))
        return tills

    async def add_customers(self, count: int) -> list[str]:
        """Open wallets, empty ones."""
        wallets: list[str] = []
        for start in range(0, count, _ROWS_AT_ONCE):
            homes = [self._home() for _ in range(min(_ROWS_AT_ONCE, count - start))]
            made = [self._wallet() for _ in homes]
            await self.services.pool.execute(
                QUERIES["add_customers"],
                uuids(self.new_id() for _ in made),
                made,
                [home.lat for home in homes],
                [home.lon for home in homes],
                CURRENCY,
                self.services.clock(),
            )
            wallets += made
        return wallets

    async def issue(self, wallets: Sequence[str]) -> list[Code]:
        """Fund each wallet and give it a series of codes, as an issue would; in no order."""
        made: list[Code] = []
        for start in range(0, len(wallets), _ROWS_AT_ONCE):
            made += await self._issue(wallets[start : start + _ROWS_AT_ONCE])
        self.random.shuffle(made)
        return made

    async def _issue(self, wallets: Sequence[str]) -> list[Code]:
        now = self.services.clock()
        series = {wallet: self.new_id() for wallet in wallets}
        made = [
            Code(wallet, series[wallet], index, self.random.randbytes(codes.PROOF_KEY_BYTES))
            for wallet in wallets
            for index in range(CODES_EACH)
        ]
        wrap = self.services.kek.wrap_proof_key
        wrapped = await asyncio.to_thread(lambda: [wrap(code.proof_key, code.series, code.index) for code in made])
        async with self.services.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                QUERIES["issue"],
                list(wallets),
                uuids(series[wallet] for wallet in wallets),
                [cell_of(CENTRE)] * len(wallets),
                CAP * CODES_EACH,
                CURRENCY,
                now - 2 * _HOUR,
                now + 70 * _HOUR,
            )
            await connection.copy_records_to_table(
                "code",
                columns=("wallet", "series", "idx", "cap", "verifier", "wrapped_proof_key", "state"),
                records=[
                    (code.wallet, uuid_of(code.series), code.index, CAP, bytes(16), secret, "issued")
                    for code, secret in zip(made, wrapped, strict=True)
                ],
            )
        return made

    def sell(self, till: Till, paid: Sequence[Code], size: int) -> Backlog:
        """Pay with each of these codes at one till within the last hour, in batches of a size."""
        now = self.services.clock()
        start, step = now - _HOUR // 2, max(1, (_HOUR // 2) // max(1, len(paid)))
        raws = [till.pay(code, self.random.randint(1, CAP), start + number * step) for number, code in enumerate(paid)]
        bodies = tuple(till.batch(raws[first : first + size], now) for first in range(0, len(raws), size))
        return Backlog(till.device, bodies, len(raws))

    def _till(self, vendor: bytes, now: int) -> Till:
        key = SigningKey.from_seed(self.random.randbytes(SEED_BYTES))
        device = self.new_id()
        till = Till(device, vendor, key, CENTRE, self.random.randbytes(16), now - 24 * _HOUR, self.new_id())
        till.prev = journal.genesis_of(device, 1, key.public_key)
        return till

    def _home(self) -> Place:
        """Somewhere within 18 km of the centre, or some 40 km north of it."""
        if self.random.random() < FAR_SHARE:
            return Place(CENTRE.lat + 36 * UNITS_PER_DEGREE // 100, CENTRE.lon)
        distance, angle = 0.16 * math.sqrt(self.random.random()), self.random.random() * 2 * math.pi
        lat = CENTRE.lat + round(distance * math.sin(angle) * UNITS_PER_DEGREE)
        lon = CENTRE.lon + round(distance * math.cos(angle) * UNITS_PER_DEGREE)
        return Place(lat, lon)

    def _wallet(self) -> str:
        digits = f"{next(self._numbers):09d}"
        return digits + luhn_digit(digits)

    def new_id(self) -> bytes:
        """An id that nothing has yet."""
        return uuid7(self.services.clock(), self.random.randbytes(10))


def dealt(values: Sequence[Code], hands: int) -> Iterator[list[Code]]:
    """The codes in that many hands; a wallet's codes are all in one, so that no two tills wait for one wallet."""
    by_hand: list[list[Code]] = [[] for _ in range(hands)]
    for code in values:
        by_hand[int(code.wallet[:-1]) % hands].append(code)
    return iter(by_hand)
