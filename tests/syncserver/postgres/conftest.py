"""Embedded PostgreSQL servers of a test's own, and other processes that use them."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from syncserver.postgres import EmbeddedPostgres, Login
from syncserver.postgres.processes import find_postmaster
from tests.conftest import FAST

ROOT = Path(__file__).parents[3]

USER = """
import sys
from pathlib import Path
from syncserver.postgres import EmbeddedPostgres
from tests.conftest import FAST

with EmbeddedPostgres(Path(sys.argv[1]), settings=FAST) as postgres:
    print(postgres.pid, flush=True)
    sys.stdin.read()
"""


DYING_USER = """
import importlib, os, signal, sys
from pathlib import Path
from syncserver.postgres import EmbeddedPostgres
from tests.conftest import FAST

module, function = importlib.import_module(sys.argv[2]), sys.argv[3]
work = getattr(module, function)

def work_and_die(*args, **kwargs):
    work(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(module, function, work_and_die)
EmbeddedPostgres(Path(sys.argv[1]), settings=FAST).acquire()
"""


@dataclass(frozen=True, slots=True)
class User:
    """Another process that uses the cluster of a home, until its standard input ends."""

    process: subprocess.Popen[str]

    def postgres_pid(self) -> int:
        """PostgreSQL's process, once this user has it ready."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def leave(self) -> None:
        """Lets it release the cluster and end."""
        self.process.communicate()
        assert self.process.returncode == 0

    def kill(self) -> None:
        """Ends it without any chance to release anything."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


StartUser = Callable[[Path], User]


@pytest.fixture
def start_user() -> Iterator[StartUser]:
    users: list[User] = []

    def start(home: Path) -> User:
        process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        users.append(User(process))
        return users[-1]

    yield start
    for user in users:
        if user.process.returncode is None:
            user.kill()


@pytest.fixture
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(home, settings=FAST) as running:
        yield running


def die_after(home: Path, module: str, function: str) -> None:
    """Lets another process acquire the cluster and be killed the moment one function of `module` has done its work."""
    result = subprocess.run([sys.executable, "-c", DYING_USER, str(home), module, function], cwd=ROOT, check=False)
    assert result.returncode == -signal.SIGKILL


def is_running(home: Path) -> bool:
    """Whether the home's PostgreSQL has a main process."""
    return find_postmaster((home / "postgres" / "data").resolve()) is not None


async def fetch(login: Login, query: str) -> object:
    """One value from one query, over a connection of its own."""
    connection = await asyncpg.connect(**login.arguments())
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()
