"""The demo is the product's first promise: it must come out even, and leave nothing behind."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LAST_LINE = re.compile(
    r"reconciled: (\d+) payments, (\d+) settled, (\d+) flagged, (\d+) failed, (\d+) voided, difference 0\.00 EUR"
)


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


def _command_lines() -> list[bytes]:
    """The command line of every process there is."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append((folder / "cmdline").read_bytes())
        except OSError:  # it has ended meanwhile
            continue
    return found
