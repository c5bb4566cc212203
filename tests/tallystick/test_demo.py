"""The demo is the product's first promise: it must come out even, and leave nothing behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

LAST_LINE = re.compile(
    r"reconciled: (\d+) payments, (\d+) settled, (\d+) flagged, (\d+) failed, (\d+) voided, difference 0\.00 EUR"
)


@pytest.mark.timeout(240)
def test_the_day_comes_out_even_and_leaves_nothing_running(tmp_path: Path) -> None:
    place = Path("/tmp") / f"tallystick-demo-test-{os.getpid()}"  # noqa: S108 - sockets need a short path
    place.mkdir(mode=0o700)
    environment = {**os.environ, "TMPDIR": str(place), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "tallystick", "demo", "--once"],
        env=environment,
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
    assert list(place.iterdir()) == []
    place.rmdir()
    assert [words for words in _command_lines() if str(place).encode() in words] == []


def _command_lines() -> list[bytes]:
    """The command line of every process there is."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append((folder / "cmdline").read_bytes())
        except OSError:  # it has ended meanwhile
            continue
    return found
