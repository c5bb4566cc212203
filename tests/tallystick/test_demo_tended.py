"""The demo with somebody at its till: on a console, and on a page. What they sell is reconciled in the evening."""

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse
from rich.console import Console

from tallystick.demo.programs import Place
from tests.tallystick.test_demo import LAST_LINE
from tests.tallystick.test_till_under_tmux import BETWEEN_KEYS_S, TMUX, console
from tests.terminal.browser.test_page import APART_S, BETWEEN_TRIES_S, leaves, sees, tab

_SALE = re.compile(r"A sale of 12\.50: type 1250 Enter, (\d{10}) Enter, (\w{8}) Enter")
_SET_UP_SECONDS = 150
_STOP_SECONDS = 150
_MORE_ENTERS = 2

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, because sockets need one."""
    with TemporaryDirectory(prefix="tsd-", dir="/tmp") as made:
        yield Path(made)


@pytest.mark.skipif(TMUX is None, reason="the demo on a console is NOT TESTED here: there is no tmux")
def test_a_newcomer_sells_from_the_card_without_a_network_and_all_is_reconciled(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    place = Place("newcomer", folder / "home", Console(file=io.StringIO()))
    with console(place, folder, "demo") as screen:
        screen.sees("Enter opens the till.", patience=_SET_UP_SECONDS)
        sale = _SALE.search(" ".join(screen.run("capture-pane", "-p", "-J", "-t", "till").split()))
        assert sale is not None
        wallet, code = sale.groups()
        screen.type("Enter")
        screen.sees("Type the amount", "ONLINE", "Cable in: Ctrl-O pulls it", "F1  Help", f"Type 1250 Enter, {wallet}")
        screen.type("C-o")
        screen.sees("CABLE PULLED", "OFFLINE")
        screen.type(*"1250", "Enter")
        screen.sees("Scan the voucher")
        screen.type(*wallet, "Enter")
        screen.sees("The customer's code")
        screen.type(*code, "Enter")
        screen.sees("A C C E P T E D   O F F L I N E", "12.50 EUR")
        screen.type("Enter")
        screen.sees("Type the amount", "12.50 of 5000.00 EUR at risk")
        screen.type("C-o")
        screen.sees("ONLINE", "all synced", "Cable in")
        screen.type("C-q")
        screen.sees(
            "reconciled: 1 payments, 1 settled, 0 flagged, 0 failed, 0 voided",
            patience=_SET_UP_SECONDS,
        )
        screen.until_ended(0)
        assert list(folder.glob("tallystick-demo-*")) == []
        assert running_below(folder / "tallystick-demo-") == []


def running_below(folder: Path) -> list[str]:
    """The command lines that name a place in a folder, such as the database's, which has a session of its own."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # one that ended meanwhile
            lines.append(file.read_text(errors="replace").replace("\0", " "))
    return [line for line in lines if str(folder) in line]


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """`tallystick demo --serve`: its program, all that it said, and the page's address."""
    environment = {**os.environ, "TMPDIR": str(folder), "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    program = subprocess.Popen(
        [sys.executable, "-m", "tallystick", "demo", "--serve", "--port", "0"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, found = "", None
        assert program.stdout is not None
        while found is None:
            line = program.stdout.readline()
            assert line, said
            said += line
            found = re.search(r"The till is at (http://\S+/)", said)
        yield program, said, found[1]
    finally:
        # What it has started holds its output open: that is not waited for, and it is asked to end all of it first.
        if program.poll() is None:
            program.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                program.wait(_STOP_SECONDS)
            program.kill()
            program.wait()
        if program.stdout is not None:
            program.stdout.close()


async def enters(page: ClientWebSocketResponse, keys: str, *texts: bytes) -> None:
    """Type at a person's pace, as what comes faster is a scanner's, and Enter until one of some texts comes of it."""
    for key in keys:
        await page.send_json(["stdin", key])
        await asyncio.sleep(BETWEEN_KEYS_S)
    for _ in range(_MORE_ENTERS):
        with suppress(AssertionError):
            await _enter(page, texts, BETWEEN_TRIES_S)
            return
    await _enter(page, texts, _SET_UP_SECONDS)


async def _enter(page: ClientWebSocketResponse, texts: Sequence[bytes], patience: float) -> None:
    await asyncio.sleep(APART_S)
    await page.send_json(["stdin", "\r"])
    await sees(page, *texts, patience=patience)


def test_the_page_of_the_demo_runs_its_till(folder: Path) -> None:
    with served(folder) as (program, said, url):
        sale = _SALE.search(" ".join(said.split()))
        assert sale is not None
        wallet, code = sale.groups()

        async def story() -> None:
            async with ClientSession() as client:
                async with client.get(url) as answer:
                    assert answer.status == 200
                    assert "Opening the till" in await answer.text()
                async with tab(client, url) as page:
                    await sees(page, b"Cable in: Ctrl-O pulls it")
                    await enters(page, "1250", b"Scan the voucher")
                    await enters(page, wallet, b"code, then Enter")
                    # Where the server does not answer in time, the sale is offline; a later sync settles it.
                    await enters(page, code, b"S E T T L E D", b"A C C E P T E D   O F F L I N E")
                    await leaves(page)

        asyncio.run(story())
        program.send_signal(signal.SIGINT)
        rest, _nothing = program.communicate(timeout=_STOP_SECONDS)
    assert program.returncode == 0, rest
    match = LAST_LINE.fullmatch(rest.strip().splitlines()[-1])
    assert match is not None, rest
    assert match.groups() == ("1", "1", "0", "0", "0")
