"""What syncs behind the screens loads and opens much before its first sync: no sale waits for it, or is lost."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from shared.errors import TallystickError
from terminal.composition import Terminal
from terminal.service.background import Background
from terminal.sync import Pace, SyncReport
from tests.tallystick.test_settled_at_once import Till, till  # noqa: F401 - a fixture
from tests.terminal.shop import sell

pytestmark = pytest.mark.anyio

_PATIENCE_S = 60


async def test_a_sale_before_the_first_sync_waits_for_nothing_and_goes_with_it(
    till: Till,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded, heard = threading.Event(), queue.SimpleQueue[SyncReport | TallystickError]()
    seen: list[bool] = []
    beside = Terminal.beside

    @contextmanager
    def slowly(terminal: Terminal) -> Iterator[Terminal]:
        assert loaded.wait(_PATIENCE_S)
        with beside(terminal) as own:
            yield own

    def story(terminal: Terminal) -> None:
        monkeypatch.setattr(Terminal, "beside", slowly)
        at_once = Pace(first_spread=0.0)
        background = Background(terminal, tell=heard.put, settle_seconds=_PATIENCE_S, pace=at_once)

        def look(request: httpx.Request, serve: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
            seen.append(background.syncing)
            return serve(request)

        till.wire.faults.append(look)
        background.start()
        try:
            assert not background.syncing
            payment = sell(terminal, "12.50", wallet=till.code.wallet, code=till.code.code).payment
            assert payment is not None
            assert background.settle(payment).result(0) is None
            assert _unsynced(terminal, payment)
            loaded.set()
            report = heard.get(timeout=_PATIENCE_S)
            assert isinstance(report, SyncReport)
            assert report.errors == ()
            assert seen == [True]
            assert not _unsynced(terminal, payment)
        finally:
            loaded.set()
            background.close()

    await till.do(story)
    assert await till.shop.vendor_balance() == 12_50


def _unsynced(terminal: Terminal, payment: bytes) -> bool:
    row = terminal.payments.get(payment)
    assert row is not None
    return row.unsynced
