"""`tallystick server run` as a process of its own, with what it and its database take."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tallystick.bench.errors import BenchError
from tallystick.bench.processes import children_of, cpu_seconds

_STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that listens on loopback."""

    url: str
    pid: int
    postmaster: int

    def database_cpu(self) -> float:
        """The processor time of all sessions that the database has now."""
        total = 0.0
        for pid in children_of(self.postmaster):
            try:
                total += cpu_seconds(pid)
            except OSError:  # that session ended
                continue
        return total


@contextmanager
def serving(home: Path) -> Iterator[Serving]:
    """Run the server of a folder until the block ends; its database must run already.

    Raises:
        BenchError: where it does not start.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TALLYSTICK_")}
    log = home / "server.log"
    with log.open("w", encoding="utf-8") as errors:
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "tallystick", "server", "run", "--port", "0"],
            env=kept | {"TALLYSTICK_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        line = server.stdout.readline() if server.stdout is not None else ""
        if not line.startswith("listening on "):
            raise BenchError(f"the server did not start: {log.read_text(encoding='utf-8')[-2_000:]}")
        yield Serving(line.removeprefix("listening on ").strip(), server.pid, _postmaster(home))
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stdout is not None:
            server.stdout.close()


def _postmaster(home: Path) -> int:
    for found in (home / "postgres").rglob("postmaster.pid"):
        return int(found.read_text(encoding="utf-8").splitlines()[0])
    raise BenchError("the database does not run")
