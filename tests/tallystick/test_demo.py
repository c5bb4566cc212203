"""The demo is the product's first promise: it must come out even, and leave nothing behind."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tallystick.typist import Typist, typing_into

LAST_LINE = re.compile(
    r"reconciled: (\d+) payments, (\d+) settled, (\d+) flagged, (\d+) failed, (\d+) voided, difference 0\.00 EUR"
)


CARD = re.compile(r"type 1250 Enter, (\d{10}) Enter, (\w{8}) Enter")
SECOND = re.compile(r"Jaan Saar\s*│\s*(\d{10})\s*│\s*(\w{4}-\w{4})")
ENTER, CABLE, CODES, QUIT = "\r", "\x0f", "\x0b", "\x11"


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short path, because sockets need one; nothing is left in it, and nothing runs that names it."""
    folder = Path("/tmp") / f"tallystick-demo-test-{os.getpid()}"  # noqa: S108 - see above
    folder.mkdir(mode=0o700)
    yield folder
    assert list(folder.iterdir()) == []
    folder.rmdir()
    assert [words for words in _command_lines() if str(folder).encode() in words] == []


@pytest.mark.timeout(240)
def test_the_day_comes_out_even_and_leaves_nothing_running(place: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tallystick", "demo", "--once"],
        env={**os.environ, "TMPDIR": str(place), "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    match = LAST_LINE.fullmatch(done.stdout.strip().splitlines()[-1])
    assert match is not None, done.stdout
    payments, *states = map(int, match.groups())
    assert payments == sum(states) == 9
    assert states == [7, 0, 1, 1]


@pytest.mark.timeout(300)
def test_a_newcomer_sells_pulls_the_cable_sells_on_and_everything_settles(place: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "TMPDIR": str(place),
        "HOME": str(tmp_path),
        "TERM": "xterm-256color",
        "LANGUAGE": "en",
    }
    with typing_into([sys.executable, "-m", "tallystick", "demo"], environment) as person:
        told = person.sees("Enter opens the till.")
        first, second = CARD.search(told), SECOND.search(told)
        assert first is not None
        assert second is not None
        person.type(ENTER)
        person.sees("Amount")
        person.sees("ONLINE")
        sell(person, "1250", first[1], first[2])
        person.sees("SETTLED")
        person.type(CABLE)
        person.sees("CABLE PULLED")
        person.sees("OFFLINE")
        person.type(ENTER)
        person.sees("Amount")
        sell(person, "700", second[1], second[2].replace("-", ""))
        person.sees("ACCEPTED OFFLINE, not yet settled")
        person.type(ENTER)
        person.sees("Amount")
        person.type(CODES)
        assert person.sees("customers' card")
        person.type("3")
        person.sees("Voucher read")
        person.type(CABLE)
        person.sees("all synced")
        person.type(QUIT)
        assert person.ended() == 0
        match = LAST_LINE.fullmatch(person.shown.strip().splitlines()[-1].strip())
        assert match is not None, person.shown[-2_000:]
        assert [int(count) for count in match.groups()] == [2, 2, 0, 0, 0]


def sell(person: Typist, amount: str, wallet: str, code: str) -> None:
    person.type(*amount, ENTER)
    person.sees("type the wallet number")
    person.type(*wallet, ENTER)
    person.sees("The customer's code")
    person.type(*code, ENTER)


def _command_lines() -> list[bytes]:
    """The command line of every process there is."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append((folder / "cmdline").read_bytes())
        except OSError:  # it has ended meanwhile
            continue
    return found
