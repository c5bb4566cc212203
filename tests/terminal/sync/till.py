"""A terminal of which only the journal and the sync are there: records are appended straight away."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shared.journal import Payment, Record, ShiftOpen
from shared.keys import SigningKey
from terminal.clock import Moment
from terminal.journal.chain import Journal
from terminal.journal.device import read_device
from terminal.journal.payments import Payments
from terminal.store.database import Store
from terminal.sync import Synchroniser, enrol
from tests.terminal.sync.fake_server import START, URL, FakeServer

KEY = bytes(32)
SHIFT = bytes(15) + b"\x01"


@dataclass
class FakeClock:
    """Both clocks, moved by the test; every reading of the tick is a millisecond later."""

    wall: int = START
    ticks: int = 1_000
    boot: bytes = b"boot-one-16bytes"

    def now(self) -> int:
        return self.wall

    def tick(self) -> int:
        self.ticks += 1
        return self.ticks

    def pass_time(self, milliseconds: int) -> None:
        self.wall += milliseconds
        self.ticks += milliseconds


@dataclass
class Keys:
    """A vault in memory."""

    seeded: random.Random
    by_token: dict[str, SigningKey] = field(default_factory=dict)
    by_epoch: dict[int, SigningKey] = field(default_factory=dict)

    def pending_key(self, token: str) -> SigningKey:
        if token not in self.by_token:
            self.by_token[token] = SigningKey.from_seed(self.seeded.randbytes(32))
        return self.by_token[token]

    def assign(self, token: str, epoch: int) -> None:
        self.by_epoch[epoch] = self.by_token[token]


class Till:
    """A terminal and the server that it talks to."""

    def __init__(self, home: Path, server: FakeServer, seed: int = 1) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self.server = server
        self.clock = FakeClock()
        self.seeded = random.Random(seed)  # noqa: S311 - a test repeats
        self.keys = Keys(self.seeded)
        self.store = Store.open(home / "journal.db", KEY)
        self.journal = Journal(self.store, lambda epoch: self.keys.by_epoch[epoch])
        self.payments = Payments(self.store)
        self.sync = self.new_sync()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sync.close()
        self.store.close()

    def new_sync(self) -> Synchroniser:
        return Synchroniser(
            home=self.home,
            store=self.store,
            key_of=lambda epoch: self.keys.by_epoch[epoch],
            clock=self.clock,
            random=self.seeded.randbytes,
            transport=self.server.transport,
        )

    def restart(self) -> None:
        """As after kill -9: nothing is left but the store."""
        self.sync.close()
        self.store.close()
        self.store = Store.open(self.home / "journal.db", KEY)
        self.journal = Journal(self.store, lambda epoch: self.keys.by_epoch[epoch])
        self.payments = Payments(self.store)
        self.sync = self.new_sync()

    def enrol(self, **changes: Any) -> None:
        enrol(
            **{
                "token": self.server.token(),
                "server_url": URL,
                "name": "Till 1",
                "model": "Pi 5",
                "store": self.store,
                "keys": self.keys,
                "clock": self.clock,
                "transport": self.server.transport,
                **changes,
            }
        )

    def sell(self, count: int = 1) -> list[bytes]:
        """Append payments; their ids."""
        return [self._sell() for _ in range(count)]

    def _sell(self) -> bytes:
        payment = self.seeded.randbytes(16)

        def make(common: dict[str, Any]) -> Record:
            return Payment(
                **common,
                id=payment,
                wallet="2026112108",
                series=self.seeded.randbytes(16),
                index=0,
                proof=bytes(32),
                amount=1250,
                currency="EUR",
                lat=1,
                lon=-2,
                book=1,
                flags=(),
            )

        record = self._append(make)
        assert isinstance(record, Payment)
        return payment

    def open_shift(self) -> None:
        """Append a record that is no payment."""
        self._append(lambda common: ShiftOpen(**common, opening_float=100))

    def _append(self, make: Any) -> Record:
        made: list[Record] = []

        def keep(common: dict[str, Any]) -> Record:
            made.append(make(common))
            return made[0]

        with self.store.transaction():
            device = read_device(self.store)
            self.journal.append(device, keep, moment=Moment.of(self.clock), shift=SHIFT, cashier="c1")
            if isinstance(made[0], Payment):
                self.payments.add(made[0])
        return made[0]

    def answers(self) -> dict[tuple[int, int], str]:
        rows = self.store.rows("SELECT epoch, seq, status FROM answer ORDER BY epoch, seq")
        return {(row["epoch"], row["seq"]): row["status"] for row in rows}

    def written(self) -> dict[tuple[int, int], bytes]:
        return {(row["epoch"], row["seq"]): row["raw"] for row in self.store.rows("SELECT epoch, seq, raw FROM record")}

    def state(self, payment: bytes) -> str:
        return self.payments.get(payment).state.value

    def unsynced(self) -> int:
        return int(self.store.value("SELECT count(*) FROM payment WHERE unsynced = 1"))
