"""`terminal sell` with a connection to a real server: settled at once; on any doubt offline, and never paid twice."""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx
import pytest

from syncserver.database.connect import DatabaseTarget
from syncserver.payments import views
from syncserver.registry import enrolment
from syncserver.wallets import accounts
from terminal.commands import selling
from terminal.commands.app import app
from terminal.commands.exits import Exit
from terminal.composition import Terminal
from terminal.journal.payments import PaymentRow
from terminal.settings import SETTLE_VARIABLE
from terminal.store import vault
from tests.syncserver.kit import Code, Shop, open_shop
from tests.terminal.shop import FakeClock, secret_of_tests
from tests.terminal.sync.fake_server import Fault, be_busy, fail, lose_answer, refuse_connection

pytestmark = pytest.mark.anyio

BATCHES = "/api/sync/batches"


@dataclass
class Wire(httpx.BaseTransport):
    """Carries a terminal's questions from its thread to the server's loop, and breaks where a test says so."""

    shop: Shop
    loop: asyncio.AbstractEventLoop
    faults: deque[Fault] = field(default_factory=deque)
    fault_on: str = BATCHES
    asked: list[str] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        request.read()
        if self.faults and request.url.path == self.fault_on:
            return self.faults.popleft()(request, self._serve)
        return self._serve(request)

    def _serve(self, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            return await self.shop.http.request(
                request.method, request.url.raw_path.decode(), content=request.content, headers=request.headers
            )

        answer = asyncio.run_coroutine_threadsafe(ask(), self.loop).result()
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@dataclass
class Till:
    """A real terminal beside a real server."""

    shop: Shop
    home: Path
    wire: Wire
    clock: FakeClock
    code: Code
    out: Callable[[], str]
    patch: pytest.MonkeyPatch

    async def do(self, work: Callable[[Terminal], Any]) -> Any:
        """Some work of the opened terminal, in a thread of its own as a command would be."""

        def run() -> Any:
            with Terminal.open(self.home, clock=self.clock, secret=secret_of_tests, transport=self.wire) as terminal:
                return work(terminal)

        return await anyio.to_thread.run_sync(run)

    async def sell(self, *, exit_code: Exit = Exit.DONE) -> dict[str, Any]:
        """What `terminal sell --json` answers."""

        def work(terminal: Terminal) -> int:
            self.patch.setattr(selling, "this_terminal", lambda: contextlib.nullcontext(terminal))
            words = ["--wallet", self.code.wallet, "--code", self.code.code, "--amount", "12.50"]
            with pytest.raises(SystemExit) as ended:
                app(["sell", *words, "--json"])
            return int(str(ended.value.code))

        assert await self.do(work) == exit_code
        answered = json.loads(self.out())
        assert isinstance(answered, dict)
        return answered

    async def row(self, payment: str) -> PaymentRow:
        """How the till sees a payment."""
        found = await self.do(lambda terminal: terminal.payments.get(bytes.fromhex(payment.replace("-", ""))))
        assert isinstance(found, PaymentRow)
        return found

    async def sync(self) -> None:
        """A later sync that works."""

        def work(terminal: Terminal) -> None:
            with terminal.synchroniser() as synchroniser:
                assert synchroniser.sync_once().errors == ()

        await self.do(work)

    async def state_there(self, payment: str) -> str:
        """How the server sees a payment."""
        view = await views.find(self.shop.services, bytes.fromhex(payment.replace("-", "")))
        return view.state.value


@pytest.fixture
async def till(
    database: DatabaseTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Till]:
    monkeypatch.setattr(vault, "_T", 1)
    monkeypatch.setattr(vault, "_M_KIB", 8)
    monkeypatch.setenv(SETTLE_VARIABLE, "60")
    async with open_shop(database) as shop:
        async with enrolled(shop, tmp_path, monkeypatch, capsys) as made:
            yield made
        await shop.assert_reconciled()


@contextlib.asynccontextmanager
async def enrolled(
    shop: Shop, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Till]:
    """A terminal with a book, and a customer's code."""
    wallet = await shop.customer()
    (code,) = await shop.codes(wallet, 1, 5_000)
    token = await enrolment.make_token(shop.services, shop.vendor)
    clock = FakeClock(wall=shop.clock.now)
    wire = Wire(shop, asyncio.get_running_loop())
    made = Till(shop, folder / "till", wire, clock, code, lambda: capsys.readouterr().out, patch)

    def join() -> None:
        with Terminal.prepare(made.home, clock=clock, secret=secret_of_tests, transport=wire) as terminal:
            terminal.enrol(token, "http://127.0.0.1:1", name="till")

    await anyio.to_thread.run_sync(join)
    await made.sync()
    wire.asked.clear()
    yield made


async def test_a_sale_is_settled_while_the_customer_waits(till: Till) -> None:
    sold = await till.sell()
    assert (sold["approved"], sold["status"], sold["message"]) == (True, "settled", "SETTLED")
    assert await till.state_there(sold["payment"]) == "SUCCESSFUL"
    row = await till.row(sold["payment"])
    assert (row.state.value, row.unsynced) == ("COMPLETED", False)
    assert await till.shop.vendor_balance() == 1_250
    till.wire.asked.clear()
    await till.sync()
    assert BATCHES not in till.wire.asked, "there is nothing left to send"


def break_down(request: httpx.Request, _serve: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    """A defect of the terminal's own."""
    raise LookupError(request.url.path)


@pytest.mark.parametrize("fault", [refuse_connection, lose_answer, be_busy, fail, break_down])
async def test_on_any_doubt_a_sale_is_offline_and_the_sync_settles_the_same_record(till: Till, fault: Fault) -> None:
    till.wire.faults.append(fault)
    sold = await till.sell()
    assert (sold["approved"], sold["status"]) == (True, None)
    assert sold["message"] == "ACCEPTED OFFLINE, not yet settled"
    row = await till.row(sold["payment"])
    assert (row.state.value, row.unsynced) == ("PENDING", True)
    committed = 1_250 if fault is lose_answer else 0
    assert await till.shop.vendor_balance() == committed
    await till.sync()
    row = await till.row(sold["payment"])
    assert (row.state.value, row.unsynced) == ("COMPLETED", False)
    assert await till.state_there(sold["payment"]) == "SUCCESSFUL"
    assert await till.shop.vendor_balance() == 1_250, "paid once"


async def test_what_the_server_refuses_is_no_sale(till: Till) -> None:
    await accounts.block(till.shop.services, till.code.wallet, blocked=True)
    # Blocked after this till's book: the server flags it, for its till could not know.
    sold = await till.sell()
    assert (sold["approved"], sold["status"], sold["reasons"]) == (True, "flagged", ["BLOCKED"])
    assert await till.shop.vendor_balance() == 0


async def test_a_failed_payment_is_refused_at_the_counter(till: Till) -> None:
    # The series is gone from the server: nobody can pay with it.
    owner = await till.shop.target.connect_owner()
    await owner.execute("UPDATE series SET expires_at = issued_at - 1, release_at = issued_at")
    await owner.close()
    sold = await till.sell(exit_code=Exit.REFUSED)
    assert (sold["approved"], sold["status"], sold["reasons"]) == (False, "failed", ["CODE_INVALID"])
    assert (await till.row(sold["payment"])).state.value == "FAILED"


async def test_a_setting_keeps_sales_offline(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTLE_VARIABLE, "0")
    assert (await till.sell())["status"] is None
    assert till.wire.asked == []
    monkeypatch.setenv(SETTLE_VARIABLE, "soon")

    def work(terminal: Terminal) -> int:
        monkeypatch.setattr(selling, "this_terminal", lambda: contextlib.nullcontext(terminal))
        with pytest.raises(SystemExit) as ended:
            app(["sell", "--wallet", till.code.wallet, "--code", till.code.code, "--amount", "1"])
        return int(str(ended.value.code))

    assert await till.do(work) == Exit.USAGE
