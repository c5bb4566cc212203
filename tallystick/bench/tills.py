"""Terminals to measure: enrolled for real, with a book that they pulled, a journal as sales left it, and buyers."""

import asyncio
import os
import random
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.geo import Place
from shared.ids import UUID7_RANDOM_BYTES, uuid7
from syncserver.registry.enrolment import make_token
from syncserver.registry.vendors import add_vendor, change_policy
from syncserver.services import Services
from syncserver.sync.numbering import number_changes
from syncserver.wallets.accounts import add_customer, fund, move_offline
from syncserver.wallets.issuing import issue
from tallystick.bench.errors import BenchError
from tallystick.bench.till import CURRENCY, Code, paid_with
from tallystick.bench.world import CAP, CODES_EACH, QUERIES
from terminal.clock import Moment
from terminal.composition import Terminal
from terminal.journal.device import Device, read_device
from terminal.store.files import make_folder, write_atomically
from terminal.store.unlock import HOME_FILE, find_secret
from terminal.sync import SyncReport
from terminal.till.shift_start import OWNER, begin_shift

# A terminal that was offline for a month; its limits in the book let it go on.
LIMITS = {"radius_m": 60_000, "exposure_limit": 1_000_000_000_00, "exposure_count": 10_000_000}
_AT_ONCE = 5_000
_LONGEST_SPAN_MS = 20 * 60_000
_PURSE = f"{CAP * CODES_EACH // 100}.00"


@dataclass(frozen=True, slots=True)
class Paid:
    """What is tendered for one sale; `minor` of the vendor's currency."""

    wallet: str
    code: str = field(repr=False)
    minor: int

    def plain(self) -> list[object]:
        """As the terminal's process is told."""
        return [self.wallet, self.code, self.minor]


async def open_shop(services: Services, place: Place) -> tuple[bytes, str]:
    """A vendor with wide limits and a token for its terminal."""
    vendor = await add_vendor(services, name="Shop", place=place, currency=CURRENCY)
    await change_policy(services, vendor, LIMITS, actor="bench")
    return vendor, await make_token(services, vendor)


async def add_buyers(services: Services, place: Place, sales: int, seed: int) -> list[Paid]:
    """Customers with codes of full cost for that many sales, each customer's codes in turn with the others'."""
    people = -(-sales // CODES_EACH)
    drawn = random.Random(seed)  # noqa: S311 - amounts to measure with
    dealt = await asyncio.gather(*(_add_buyer(services, place) for _ in range(people)))
    in_turn = [(wallet, mine[number]) for number in range(CODES_EACH) for wallet, mine in dealt]
    return [Paid(wallet, code, drawn.randint(1, CAP)) for wallet, code in in_turn[:sales]]


async def _add_buyer(services: Services, home: Place) -> tuple[str, list[str]]:
    buyer = await add_customer(services, name="Maria Tamm", home=home, currency=CURRENCY)
    await fund(services, buyer.wallet, _PURSE, "bench")
    await move_offline(services, buyer.wallet, _PURSE, "bench")
    issued = await issue(services, buyer.wallet, count=CODES_EACH, cap=CAP, actor="bench")
    return buyer.wallet, [code.code for code in issued.codes]


async def number_books(services: Services) -> None:
    """Let books tell of the series that were put in at once."""
    await services.pool.execute(QUERIES["note_new_series"])
    async with services.pool.acquire() as connection:
        await number_changes(connection)


def enrol(home: Path, token: str, port: int) -> None:
    """Make a folder a terminal, with an unlock secret in its file, and pull its book.

    Raises:
        BenchError: where the book did not come whole.
    """
    make_folder(home)
    write_atomically(home / HOME_FILE, secrets.token_hex(32).encode() + b"\n")
    with Terminal.prepare(home, secret=find_secret) as terminal:
        terminal.enrol(token, f"http://127.0.0.1:{port}", name="till")
    sync(home)


def sync(home: Path) -> SyncReport:
    """One whole sync.

    Raises:
        BenchError: where half of it failed.
    """
    with Terminal.open(home, secret=find_secret) as terminal, terminal.synchroniser() as synchroniser:
        report = synchroniser.sync_once()
    if report.errors:
        raise BenchError(f"a terminal can't sync: {report.errors[0].message}")
    return report


def fill(home: Path, paid: Sequence[Code], seed: int) -> None:
    """Leave in a journal what selling for all these codes would have left: signed, chained, waiting for the server.

    The sales lie within the last minutes, in one shift. Only the deciding and the fsync of each sale are left out.
    """
    drawn = random.Random(seed)  # noqa: S311 - amounts to measure with
    with Terminal.open(home, secret=find_secret) as terminal:
        parts, now = terminal.till.parts, Moment.of(terminal.clock)
        span = min(now.tick, _LONGEST_SPAN_MS)

        def moment(number: int) -> Moment:
            ago = span - span * number // (len(paid) + 1)
            return Moment(now.at - ago, now.tick - ago, now.boot)

        with parts.store.transaction():
            device = read_device(parts.store)
            version = parts.store.value("SELECT version FROM book")
            shift, _ = begin_shift(parts, device, moment(0), OWNER, 0)
        for start in range(0, len(paid), _AT_ONCE):
            with parts.store.transaction():
                for number, code in enumerate(paid[start : start + _AT_ONCE], start):
                    _add(terminal, device, shift.id, code, drawn.randint(1, CAP), moment(number), version)


def _add(
    terminal: Terminal, device: Device, shift: bytes, code: Code, minor: int, moment: Moment, version: int
) -> None:
    payment = uuid7(moment.at, os.urandom(UUID7_RANDOM_BYTES))
    record, _ = terminal.journal.append(
        device,
        lambda common: paid_with(code, common, payment, minor, device.place, book=version),
        moment=moment,
        shift=shift,
        cashier=OWNER,
    )
    terminal.payments.add(record)


def copied(home: Path, to: Path) -> Path:
    """The same terminal once more, to sell at and never to sync: the server would call its journal a fork."""
    shutil.copytree(home, to)
    return to


def cool(home: Path) -> None:
    """Let the system forget what it has cached of a store, so that a start reads it from the disk."""
    for path in home.glob("journal.db*"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def batch_times(home: Path) -> list[tuple[int, int]]:
    """When each batch was answered (ms), and how many records it held, in order."""
    with Terminal.open(home, secret=find_secret) as terminal:
        rows = terminal.store.rows(
            "SELECT answered_at, last_seq - first_seq + 1 AS records FROM batch WHERE receipt IS NOT NULL ORDER BY id"
        )
    return [(row["answered_at"], row["records"]) for row in rows]
