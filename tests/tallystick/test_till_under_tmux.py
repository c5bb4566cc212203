"""The till on a console, by keys under tmux: it sells, loses the network, sells, closes, and all is reconciled."""

import io
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from rich.console import Console

from tallystick.demo.cable import Cable
from tallystick.demo.programs import COMMAND, Place, running_server
from tallystick.demo.shop import NEAR, Story, add_customer, add_vendor, enrol
from tests.terminal.browser.test_page import APART_S

TMUX = shutil.which("tmux")
# A person's pace: what comes faster is a scanner's.
BETWEEN_KEYS_S = 0.07
PATIENCE_S = 45.0

pytestmark = pytest.mark.skipif(TMUX is None, reason="the till on a console is NOT TESTED here: there is no tmux")


class Console80x24:
    """A console of 80 columns and 24 lines with the till on it."""

    def __init__(self, socket: Path) -> None:
        self._tmux = [str(TMUX), "-S", str(socket)]

    def run(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def type(self, *keys: str) -> None:
        for key in keys:
            if len(key) > 1:  # it acts
                time.sleep(APART_S)
            self.run("send-keys", "-t", "till", "--", key)
            time.sleep(BETWEEN_KEYS_S)  # fingers, not a wait for anything

    def sees(self, *texts: str, patience: float = PATIENCE_S) -> None:
        ends = time.monotonic() + patience
        while not all(text in (shown := self.run("capture-pane", "-p", "-t", "till")) for text in texts):
            assert time.monotonic() < ends, f"never came: {texts}\n{shown}"

    def until_ended(self, code: int, patience: float = PATIENCE_S) -> None:
        """Wait until the program has ended with an exit code, and with all that it started."""
        ends = time.monotonic() + patience
        while (status := self._asked("#{pane_dead_status}")) == "":
            assert time.monotonic() < ends, self.run("capture-pane", "-p", "-t", "till")
            # libutempter, which tmux calls when a terminal is closed, takes SIGCHLD for itself meanwhile: whatever ends
            # just then stays a zombie until tmux looks again.
            os.kill(int(self._asked("#{pid}")), signal.SIGCHLD)
        assert int(status) == code
        assert _session(int(self._asked("#{pane_pid}"))) == []

    def _asked(self, what: str) -> str:
        return self.run("display-message", "-p", "-t", "till", what).strip()


def _session(leader: int) -> list[str]:
    """The command lines of all processes that belong to a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # one that ended meanwhile
            _state, _parent, _group, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader:
                found.append((folder / "cmdline").read_text().replace("\0", " "))
    return found


@contextmanager
def console(place: Place, folder: Path, *words: str) -> Iterator[Console80x24]:
    """A program of Tallystick on a console of its own."""
    made = Console80x24(folder / "tmux")
    environment = {**place.environment(), "TERM": "xterm-256color"}
    settings = [word for name, value in environment.items() for word in ("-e", f"{name}={value}") if "TALLY" in name]
    size = ("-x", "80", "-y", "24")
    till = (*made._tmux, "-f", "/dev/null", "new-session", "-d", "-s", "till", *size, *settings, *COMMAND, *words)
    subprocess.run((*till, ";", "set-option", "remain-on-exit", "on"), check=True, env=environment)
    try:
        yield made
    finally:
        subprocess.run([*made._tmux, "kill-server"], check=False, capture_output=True)


def test_a_day_at_a_console(tmp_path: Path) -> None:
    quiet = Console(file=io.StringIO())
    story = Story(quiet)
    with ExitStack() as stack:
        server = Place("office", tmp_path / "server", quiet)
        server.run("server", "init")
        cable = stack.enter_context(Cable(stack.enter_context(running_server(server))))
        vendor = add_vendor(server)
        maria = add_customer(server, "Maria Tamm", NEAR, "150.00")
        till = enrol(server, vendor, tmp_path / "till", "till-1", cable, story)
        codes = [maria.code(index).replace("-", "") for index in range(3)]
        with console(till.place, tmp_path, "terminal") as screen:
            screen.sees("Open a shift", "ONLINE")
            screen.type(*"5000", "Enter")
            screen.sees("Type the amount")

            def sell(digits: str, code: str, *verdict: str) -> None:
                screen.type(*digits, "Enter")
                screen.sees("Scan the voucher")
                screen.type(*maria.wallet, "Enter")
                screen.sees("The customer's code")
                screen.type(*code, "Enter")
                screen.sees(*verdict)
                screen.type("Enter")
                screen.sees("0.00 EUR", "Type the amount")

            sell("1250", codes[0], "S E T T L E D", "12.50 EUR")
            cable.unplug()
            screen.sees("OFFLINE")
            sell("800", codes[1], "A C C E P T E D   O F F L I N E", "8.00 EUR")
            screen.sees("1 queued", "8.00 of 5000.00 EUR at risk")
            cable.plug()
            screen.sees("ONLINE", "all synced")
            screen.type("F4")
            screen.sees("X REPORT", "2 x 20.50 EUR")
            screen.type("+")
            screen.sees("Close the shift of owner")
            screen.type("+")
            screen.sees("Z REPORT", "2 x 20.50 EUR")
            screen.type("F5")
            screen.sees("all synced")
            screen.type("C-q")
            screen.until_ended(0)
        found = server.run("server", "reconcile")
        assert found["ok"]
        assert (found["totals"]["payments"], found["totals"]["settled"]) == (2, 2)
