"""Real servers: processes with a home and an embedded PostgreSQL, and the commands that people type beside them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx

from syncserver.composition import open_services, system_clock
from syncserver.database.connect import DatabaseTarget
from syncserver.database.connection import Connection
from syncserver.postgres import EmbeddedPostgres, Role
from syncserver.registry import vendors
from syncserver.settings import ServerSettings
from tests.syncserver.kit import TALLINN, FakeClock, Shop

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 90.0  # says that something hangs, not how fast it is to be

# What was committed must survive PostgreSQL's own crash, if not a power cut.
SETTINGS = {"fsync": "off"}
_T = TypeVar("_T")

# Of locks, not of sessions: who is connected is looked up once a transaction, and who waits may have come since.
WAITING = (
    "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
)


async def eventually(condition: Callable[[], Awaitable[_T]], seconds: float = DEADLINE_SECONDS) -> _T:
    """What the condition answers as soon as that is true; fails where it never is in time."""
    deadline = time.monotonic() + seconds
    while not (answer := await condition()):
        assert time.monotonic() < deadline, "what was waited for did not happen"
        await asyncio.sleep(0.01)
    return answer


def killed(process: subprocess.Popen[str]) -> None:
    """End a process at once. Its output is not read to its end: what it started may hold that open."""
    process.kill()
    process.wait(DEADLINE_SECONDS)
    if process.stdout is not None:
        process.stdout.close()


@dataclass(frozen=True, slots=True)
class RunningServer:
    """One `server run` that listens."""

    process: subprocess.Popen[str]
    url: str

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End it without any chance to finish anything."""
        killed(self.process)

    def stop(self) -> int:
        """End it as a service manager does; its exit code."""
        self.send(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        self.process.communicate(timeout=DEADLINE_SECONDS)
        return self.process.returncode

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, timeout=DEADLINE_SECONDS)


@dataclass(slots=True)
class Site:
    """A home folder, and all that runs on it. `log` has what its servers wrote."""

    home: Path
    log: Path
    variables: dict[str, str] = field(default_factory=dict)
    launched: list[subprocess.Popen[str]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TALLYSTICK_")}
        return {**inherited, "TALLYSTICK_HOME": str(self.home), "COLUMNS": "100", **self.variables}

    def settings(self) -> ServerSettings:
        """What the site's servers are told by their environment."""
        prefix = "TALLYSTICK_"
        named = {name.removeprefix(prefix).lower(): value for name, value in self.variables.items()}
        return ServerSettings.model_validate({"home": self.home, **named})

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`tallystick server …` as a person types it."""
        return subprocess.run(
            [sys.executable, "-m", "syncserver", *words],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def commands(self, *lines: Sequence[str]) -> list[tuple[int, str, str]]:
        """Several commands at once: exit code, output and errors of each."""
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "syncserver", *words],
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for words in lines
        ]
        return [(one.returncode, *said) for one, said in [(one, one.communicate()) for one in running]]

    def ask(self, *words: str) -> Any:
        """What a command answers to a script."""
        result = self.command(*words, "--json")
        assert result.returncode == 0, result.stderr
        assert result.stdout.count("\n") == 1, "one object, nothing beside it"
        return json.loads(result.stdout)

    def launch(self, *words: str) -> subprocess.Popen[str]:
        """A `server run` on its way."""
        with self.log.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "syncserver", "run", "--port", "0", *words],
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.launched.append(process)
        return process

    def run(self) -> RunningServer:
        """A server that listens."""
        process = self.launch()
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://"), self.log.read_text(encoding="utf-8")
        return RunningServer(process, line.removeprefix("listening on ").strip())

    def end_all(self) -> None:
        """Leave no server behind."""
        for process in self.launched:
            if process.poll() is None:
                killed(process)

    @asynccontextmanager
    async def shop(self, server: RunningServer) -> AsyncIterator[Shop]:
        """A new vendor at a running server, on the true time."""
        now = system_clock()
        async with open_services(self.settings()) as services, server.client() as http:
            vendor = await vendors.add_vendor(services, name="Corner Shop", place=TALLINN, currency="EUR")
            yield Shop(services, FakeClock(now, origin=now), vendor, http, DatabaseTarget({}, {}))


@contextmanager
def made_site(home: Path, variables: Mapping[str, str] | None = None) -> Iterator[Site]:
    """A home to set up, with no server yet. Every server that a test starts is ended with it."""
    site = Site(home, home.with_name("server.log"), dict(variables or {}))
    try:
        yield site
    finally:
        site.end_all()


@contextmanager
def beside(site: Site) -> Iterator[EmbeddedPostgres]:
    """The site's own PostgreSQL, with the test among its users."""
    with EmbeddedPostgres(site.home, settings=SETTINGS) as postgres:
        yield postgres


@asynccontextmanager
async def superuser(postgres: EmbeddedPostgres) -> AsyncIterator[Connection]:
    """A connection that may do anything."""
    connection = await asyncpg.connect(**postgres.login(Role.SUPERUSER).arguments())
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def locked(
    connection: Connection, statement: str, *arguments: Any
) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """What a statement locks stays locked meanwhile; gives how many others wait for it, as a question."""
    async with connection.transaction():
        await connection.execute(statement, *arguments)

        async def waiting() -> int:
            return int(await connection.fetchval(WAITING))

        yield waiting
