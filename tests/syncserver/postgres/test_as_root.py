"""As root, PostgreSQL runs in a user namespace, or as `nobody` where namespaces are refused."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncserver.postgres import EmbeddedPostgres, Role
from syncserver.postgres.account import NAMESPACE, Account, namespace_works, nobody
from syncserver.postgres.binaries import PARTS, Binaries, installed, reachable
from tests.conftest import FAST
from tests.syncserver.postgres.conftest import ROOT, USER, fetch

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]

EVERYONE = Path("/var/tmp")  # noqa: S108  # a folder that nobody can reach, unlike a test's own


@pytest.fixture
def system_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tallystick-test-", dir=EVERYONE))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def without_namespaces(home: Path, system_folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(home, settings=FAST, system_folder=system_folder, namespace_works=lambda *_: False)


def owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def user_namespace(pid: int) -> Path:
    return Path(f"/proc/{pid}/ns/user").readlink()


def namespaces_are_allowed() -> bool:
    return namespace_works(Path("/"), Path("/bin/true"))


async def test_without_namespaces_it_runs_as_nobody(without_namespaces: EmbeddedPostgres, system_folder: Path) -> None:
    found = nobody()
    assert found is not None
    with without_namespaces as postgres:
        assert owner(postgres.pid) == found[0]
        assert await fetch(postgres.login(Role.OWNER), "CREATE TABLE kept AS SELECT 42 AS answer") is None
        folder = Path(postgres.login(Role.SERVER).host).parent
        assert folder.parent == system_folder
        assert folder.stat().st_uid == found[0]
        assert folder.stat().st_mode & 0o077 == 0


async def test_nobodys_data_are_found_again_even_where_namespaces_work(
    without_namespaces: EmbeddedPostgres, home: Path, system_folder: Path
) -> None:
    with without_namespaces as postgres:
        await fetch(postgres.login(Role.OWNER), "CREATE TABLE kept AS SELECT 42 AS answer")
        user = owner(postgres.pid)
    with EmbeddedPostgres(home, settings=FAST, system_folder=system_folder) as postgres:
        assert owner(postgres.pid) == user
        assert await fetch(postgres.login(Role.OWNER), "SELECT answer FROM kept") == 42
        postgres.restart("immediate")
        assert await fetch(postgres.login(Role.OWNER), "SELECT answer FROM kept") == 42


def test_programs_that_nobody_cannot_reach_are_copied_once(tmp_path: Path, system_folder: Path) -> None:
    found = nobody()
    assert found is not None
    account = Account(uid=found[0], gid=found[1], own_folder=True)
    private = Binaries(tmp_path / "site-packages")
    for part in PARTS:
        if (installed().root / part).is_dir():
            shutil.copytree(installed().root / part, private.root / part)
    private.program("postgres").chmod(0o700)  # as under a strict umask
    copy = reachable(private, account, system_folder)
    assert copy.root.parent == system_folder
    made = copy.program("postgres").stat().st_ino
    again = reachable(private, account, system_folder)
    assert again.program("postgres").stat().st_ino == made
    assert [path.name for path in system_folder.iterdir()] == [copy.root.name]
    assert account.run([copy.program("initdb"), "--version"]).returncode == 0


@pytest.mark.skipif(not namespaces_are_allowed(), reason="needs user namespaces")
async def test_with_namespaces_the_files_stay_roots(home: Path) -> None:
    with EmbeddedPostgres(home, settings=FAST) as postgres:
        assert await fetch(postgres.login(Role.SERVER), "SELECT 1") == 1
        assert (home / "postgres" / "data").stat().st_uid == 0
        assert user_namespace(postgres.pid) != user_namespace(os.getpid())


@pytest.mark.skipif(not namespaces_are_allowed(), reason="needs user namespaces")
def test_an_ordinary_user_runs_it_without_any_of_this(home: Path) -> None:
    # Seen from inside its namespace, this process is user 1000.
    result = subprocess.run(
        [*NAMESPACE, sys.executable, "-c", USER, str(home)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 0


async def test_root_runs_another_users_cluster_as_that_user(system_folder: Path) -> None:
    found = nobody()
    assert found is not None
    home = system_folder / "home"
    (home / "postgres").mkdir(parents=True, mode=0o700)
    os.chown(home / "postgres", *found)
    with EmbeddedPostgres(home, settings=FAST, system_folder=system_folder) as postgres:
        assert owner(postgres.pid) == found[0]
        assert (home / "postgres" / "data").stat().st_uid == found[0]
        assert await fetch(postgres.login(Role.SERVER), "SELECT 1") == 1
