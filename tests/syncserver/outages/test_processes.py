"""Several processes of one server behind one port."""

import os
import signal
from pathlib import Path

import pytest

from shared.lifecycles import Status
from shared.messages.receipt import open_receipt
from tests.syncserver.processes import RunningServer, Site, eventually

pytestmark = pytest.mark.anyio


def children_of(pid: int) -> list[int]:
    """The server processes that a process has started and that run."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split() if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def launched(site: Site) -> RunningServer:
    process = site.launch("--processes", "2")
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening on http://"), site.log.read_text(encoding="utf-8")
    return RunningServer(process, line.removeprefix("listening on ").strip())


async def test_processes_of_one_server_settle_alike_and_one_that_dies_is_started_again(site: Site) -> None:
    server = launched(site)
    async with site.shop(server) as shop:
        first, second, *_ = await shop.codes(await shop.customer())
        till = await shop.terminal()
        body = till.batch([till.pay(first, 1_000)[1]])
        assert (await till.send(body)).status_code == 200
        before = children_of(server.process.pid)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)

        async def is_another_there() -> bool:
            return len(set(children_of(server.process.pid)) | set(before)) == 3

        await eventually(is_another_there)
        answer = await till.send(till.batch([till.pay(second, 500)[1]]))
        assert [one.status for one in open_receipt(answer.content, till.server_keys).results] == [Status.SETTLED]
        again = await till.send(body)
        assert [one.status for one in open_receipt(again.content, till.server_keys).results] == [Status.SETTLED]
        assert await shop.vendor_balance() == 1_500
        await shop.assert_reconciled()
    assert server.stop() == 0


def test_what_is_wrong_is_said_once_and_nothing_is_left_running(tmp_path: Path) -> None:
    site = Site(tmp_path / "nothing", tmp_path / "log")
    done = site.command("run", "--port", "0", "--processes", "2")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "server init" in done.stderr
