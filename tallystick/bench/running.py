"""A server as people run it: a process of its own, with a port that is free, until it is told to stop."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tallystick.bench.errors import BenchError
from tallystick.bench.machine import children_of, cpu_seconds, high_water_mib, resident_mib

_STOP_SECONDS = 40.0
_SAMPLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server process that listens on this machine, and the home that it serves."""

    pid: int
    port: int
    home: Path

    @property
    def url(self) -> str:
        """The address that terminals are given."""
        return f"http://127.0.0.1:{self.port}"

    def database_cpu(self) -> float:
        """The processor time of all sessions that the embedded database has now.

        Raises:
            BenchError: it does not run.
        """
        found = next((self.home / "postgres").rglob("postmaster.pid"), None)
        if found is None:
            raise BenchError("the database does not run")
        total = 0.0
        for pid in children_of(int(found.read_text(encoding="utf-8").splitlines()[0])):
            with suppress(OSError):  # that session ended
                total += cpu_seconds(pid)
        return total

    def high_water_mib(self) -> float:
        """The most memory that any of its processes ever had in use."""
        return max(high_water_mib(pid) for pid in (self.pid, *children_of(self.pid)))

    def cpu_seconds(self) -> float:
        """The processor time that its processes have used."""
        return sum(cpu_seconds(pid) for pid in (self.pid, *children_of(self.pid)))

    async def sample_memory(self, into: list[float]) -> None:
        """Note the memory that it has in use, in MiB, ten times a second until cancelled."""
        while True:
            into.append(resident_mib(self.pid))
            await asyncio.sleep(_SAMPLE_SECONDS)


@contextmanager
def running_server(home: Path, *, processes: int = 1, settle_at_once: int | None = None) -> Iterator[RunningServer]:
    """`tallystick server run` on a home that is set up, by default as it ships.

    Raises:
        BenchError: it does not come up.
    """
    log = home.parent / "server.log"
    environment = {**os.environ, "TALLYSTICK_HOME": str(home)}
    if settle_at_once is not None:
        environment["TALLYSTICK_SETTLE_AT_ONCE"] = str(settle_at_once)
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tallystick", "server", "run", "--port", "0", "--processes", str(processes)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line.startswith("listening on "):
            raise BenchError(f"the server did not start: {log.read_text(encoding='utf-8')[-500:]}")
        yield RunningServer(process.pid, int(line.strip().rpartition(":")[2]), home)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
