"""Forward-only migrations: numbered SQL files, each with its checksum, each in one transaction.

A store that has rows is copied first, encrypted with the same key, so that a failed update loses nothing.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terminal.errors import DiskFullError, StoreVersionError
from terminal.store.files import sync_file, sync_folder
from terminal.texts import system_words

if TYPE_CHECKING:  # it takes longer to import than a store takes to open, and most stores need no step
    from sqlite_utils import Database

_FOLDER = Path(__file__).parent
_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, so that a step that was applied can't change any more."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known_migrations() -> list[Migration]:
    """Every step that this version of the program has, in order."""
    return sorted(
        (Migration(int(file.name[:4]), file.stem, file.read_text("utf-8")) for file in _FOLDER.glob("*.sql")),
        key=lambda step: step.number,
    )


def migrate(connection: Any, path: Path, steps: list[Migration] | None = None) -> None:
    """Apply the steps that a store lacks. The caller holds the lock that keeps other processes out.

    Raises:
        StoreVersionError: where a newer version wrote the store, or an applied step differs from ours.
    """
    steps = known_migrations() if steps is None else steps
    applied = _applied(connection)
    _check(applied, steps)
    missing = [step for step in steps if step.number not in applied]
    if not missing:
        return
    from sqlite_utils import Database  # noqa: PLC0415 - see the top

    db = Database(connection, execute_plugins=False)
    if applied:
        _back_up(db, path, missing[0].number)
    for step in missing:
        _apply(db, step)


def _applied(connection: Any) -> dict[int, str]:
    if not list(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migration'")):
        return {}
    return dict(connection.execute("SELECT number, checksum FROM migration"))


def _check(applied: dict[int, str], steps: list[Migration]) -> None:
    ours = {step.number: step.checksum for step in steps}
    for number, checksum in applied.items():
        if number not in ours:
            raise StoreVersionError(
                "the store has migration {number:04d}, which this version does not know: update it", number=number
            )
        if ours[number] != checksum:
            raise StoreVersionError(
                "migration {number:04d} was changed after it was applied to this store", number=number
            )


def _back_up(db: "Database", path: Path, number: int) -> None:
    """Copy the whole store beside itself; VACUUM INTO keeps SQLCipher's key, so the copy is as secret."""
    copy = path.with_name(f"{path.name}.before-{number:04d}")
    beside = copy.with_name(f"{copy.name}.part")
    try:
        beside.unlink(missing_ok=True)
        db.execute("VACUUM INTO ?", [str(beside)])
        beside.chmod(0o600)
        sync_file(beside)
        beside.replace(copy)
        sync_folder(path.parent)
    except OSError as error:
        raise DiskFullError(
            "the backup before an update failed: {why}. Nothing was changed.", why=system_words(error)
        ) from error


def _apply(db: "Database", step: Migration) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        db.executescript(step.sql)
        db.execute(_TABLE)
        db.execute("INSERT INTO migration VALUES (?, ?, ?)", [step.number, step.name, step.checksum])
        db.execute("COMMIT")
    except BaseException:
        if db.conn.in_transaction:
            db.execute("ROLLBACK")
        raise
