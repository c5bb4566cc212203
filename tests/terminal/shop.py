"""A shop for tests: an enrolled terminal with a book, made without a server, and clocks that a test sets."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacl import pwhash

from shared import cose, journal, vouchers
from shared.codes import KdfParameters, code_from, derive
from shared.geo import Place
from shared.ids import luhn_digit
from shared.keys import SigningKey, kid_of
from shared.messages.enrolment import Certificate, sign_certificate
from shared.money import Money
from shared.policy import Policy
from shared.vouchers import Voucher, sign_voucher
from terminal.clock import SystemClock
from terminal.composition import Terminal
from terminal.store.vault import Secret
from terminal.till.people import Approval
from terminal.till.sale_answer import SaleAnswer
from terminal.till.sale_request import SaleRequest

START = 1_780_000_000_000
HOUR = 3_600_000
TALLINN = Place(594_370_000, 247_536_000)
DEVICE = b"\x01" * 16
CHEAP = KdfParameters(t=1, m_kib=8)
TOKEN = "test." + "00" * 8
NO_APPROVAL = Approval(None, None)


def secret_of_tests(_home: Path) -> Secret:
    return Secret(b"open sesame")


def wallet_of(number: int) -> str:
    digits = f"{number:09d}"
    return digits + luhn_digit(digits)


@dataclass
class FakeClock:
    """Stands still until a test moves it."""

    wall: int = START
    ticks: int = 10 * HOUR
    boot: bytes = b"b" * 16

    def now(self) -> int:
        return self.wall

    def tick(self) -> int:
        return self.ticks

    def advance(self, ms: int) -> None:
        self.wall += ms
        self.ticks += ms

    @classmethod
    def of_now(cls) -> "FakeClock":
        """This machine's time, for a shop whose terminal other processes use."""
        real = SystemClock()
        return cls(real.now(), real.tick(), real.boot)

    def reboot(self) -> None:
        self.boot = hashlib.sha256(self.boot).digest()[:16]
        self.ticks = 1_000


class Dice:
    """Random bytes that are the same in each run."""

    def __init__(self, seed: str = "") -> None:
        self.seed = seed
        self.thrown = 0

    def __call__(self, count: int) -> bytes:
        self.thrown += 1
        return hashlib.shake_256(f"{self.seed}/{self.thrown}".encode()).digest(count)


@dataclass
class Series:
    """What a customer was given: codes by index, and the voucher of each."""

    id: bytes
    wallet: str
    codes: list[str]
    vouchers: list[str]


@dataclass
class Shop:
    """The server's side of one terminal, as far as a till can tell."""

    home: Path
    clock: FakeClock = field(default_factory=FakeClock)
    dice: Dice = field(default_factory=Dice)
    server_key: SigningKey = field(default_factory=lambda: SigningKey.from_seed(b"s" * 32))

    @contextmanager
    def terminal(self) -> Iterator[Terminal]:
        with Terminal.open(self.home, clock=self.clock, random=self.dice, secret=secret_of_tests) as terminal:
            yield terminal

    def enrol(self, *, epoch: int = 1, policy: Policy | None = None) -> None:
        with Terminal.prepare(self.home, clock=self.clock, random=self.dice, secret=secret_of_tests) as terminal:
            token = f"{TOKEN}{epoch}"
            key = terminal.vault.pending_key(token)
            terminal.vault.assign(token, epoch)
            certificate = sign_certificate(
                Certificate(
                    device=DEVICE, epoch=epoch, key=key.public_key, vendor=b"\x02" * 16, name="till", issued_at=START
                ),
                self.server_key,
            )
            public = self.server_key.public_key
            store = terminal.store
            with store.transaction():
                store.execute("DELETE FROM device")
                store.execute(
                    "INSERT INTO device VALUES (1, ?, ?, ?, ?, 'http://[::1]:9', ?, ?, 'Shop', ?, ?, 'EUR', 'till', ?)",
                    [
                        DEVICE,
                        epoch,
                        key.public_key,
                        certificate,
                        b"\x03" * 16,
                        b"\x02" * 16,
                        TALLINN.lat,
                        TALLINN.lon,
                        START,
                    ],
                )
                store.execute("INSERT OR IGNORE INTO server_key VALUES (?, ?, NULL)", [kid_of(public), public])
        if epoch == 1:
            self.publish(policy=policy)

    def publish(
        self,
        *,
        policy: Policy | None = None,
        cashiers: list[dict[str, str]] | None = None,
        blocked: list[str] | None = None,
        version: int = 7,
    ) -> None:
        """A complete book reaches the terminal now, and with it the server's time."""
        now = self.clock.now()
        with self.terminal() as terminal, terminal.store.transaction():
            terminal.store.execute(
                "INSERT OR REPLACE INTO book VALUES (1, 1, ?, 1, ?, ?, ?, ?, ?)",
                [
                    version,
                    now,
                    now + 72 * HOUR,
                    json.dumps((policy or Policy()).to_wire()),
                    json.dumps(cashiers or []),
                    json.dumps(blocked or []),
                ],
            )
            terminal.store.execute(
                "INSERT OR REPLACE INTO server_clock VALUES (1, ?, ?, ?, ?)",
                [now, now, self.clock.tick(), self.clock.boot],
            )

    def issue(
        self,
        wallet: str,
        *,
        count: int = 5,
        cap: int = 50_00,
        in_book: bool = True,
        home: Place = TALLINN,
        currency: str = "EUR",
        hours: int = 72,
        spent: list[int] | None = None,
        key: SigningKey | None = None,
    ) -> Series:
        series = self.dice(16)
        codes = [code_from(self.dice(5)) for _ in range(count)]
        verifiers = [derive(code, series, CHEAP).verifier for code in codes]
        now = self.clock.now()
        texts = [
            vouchers.to_text(
                sign_voucher(
                    Voucher(
                        series=series,
                        index=index,
                        wallet=wallet,
                        cap=cap,
                        currency=currency,
                        not_before=now // 1_000,
                        expires=now // 1_000 + hours * 3_600,
                        home=home,
                        verifier=verifier,
                        kdf=CHEAP,
                    ),
                    key or self.server_key,
                )
            )
            for index, verifier in enumerate(verifiers)
        ]
        if in_book:
            with self.terminal() as terminal, terminal.store.transaction():
                terminal.store.execute(
                    "INSERT INTO book_series VALUES (?, ?, 'A. C.', ?, ?, ?, ?, ?, ?)",
                    [
                        series,
                        wallet,
                        CHEAP.t,
                        CHEAP.m_kib,
                        b"".join(verifiers),
                        json.dumps([cap] * count),
                        json.dumps(spent or []),
                        now + hours * HOUR,
                    ],
                )
        return Series(series, wallet, codes, texts)

    def close_series(self, series: Series) -> None:
        self.run("INSERT INTO book_closed VALUES (?)", [series.id])
        self.run("DELETE FROM book_series WHERE series = ?", [series.id])

    def sync(self) -> None:
        """As if a receipt had settled all that waits."""
        with self.terminal() as terminal, terminal.store.transaction():
            terminal.store.execute("UPDATE payment SET unsynced = 0")

    def run(self, sql: str, parameters: Any = ()) -> None:
        with self.terminal() as terminal, terminal.store.transaction():
            terminal.store.execute(sql, parameters)


def sell(terminal: Terminal, amount: str = "10.00", **request: Any) -> SaleAnswer:
    currency = request.pop("currency", "EUR")
    return terminal.till.sales.sell(SaleRequest(amount=Money.parse(amount, currency), **request))


def check_chain(terminal: Terminal, epoch: int = 1) -> list[journal.Record]:
    """Every record of an epoch, after checking seq, prev, link and signature of each."""
    key = terminal.vault.device_key(epoch)
    prev, records = journal.genesis_of(DEVICE, epoch, key.public_key), []
    for number, stored in enumerate(terminal.journal.records(epoch), start=1):
        payload = cose.open_with(stored.raw, cose.Kind.RECORD, {key.kid: key.public_key})
        record = journal.decode_record(payload)
        assert (record.seq, record.prev, stored.seq) == (number, prev, number)
        assert journal.link_of(stored.raw) == stored.link
        assert record.at == stored.at
        prev = stored.link
        records.append(record)
    return records


def supervisor(name: str, pin: str) -> dict[str, str]:
    hashed = pwhash.argon2id.str(pin.encode(), opslimit=1, memlimit=8 * 1024).decode()
    return {"id": name, "name": name.title(), "role": "supervisor", "pin": hashed}
