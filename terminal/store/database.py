"""The encrypted database: one connection of one process, transactions that hold, errors that say what to do.

Two processes may use one store at once: SQLite's write-ahead log serves readers beside one writer, and every
transaction here begins as a writer (BEGIN IMMEDIATE). A deferred one that reads and then writes would fail with
"database is locked" whatever the busy timeout.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from terminal.errors import (
    DiskFullError,
    OldSqliteError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
)
from terminal.store.files import PRIVATE_FILE, locked, sync_folder
from terminal.store.migrations import migrate
from terminal.texts import system_words

Row = dict[str, Any]
Parameters = Mapping[str, Any] | Sequence[Any]

FILE_NAME = "journal.db"
# 3.7.0 to 3.51.2 can damage a write-ahead log when two connections reset it at once. The sqlcipher3 0.6.4 wheel
# bundles SQLite 3.53.4 (SQLCipher 4.19.0), whatever the system has; a build against an older one is refused.
_LEAST_SQLITE = (3, 51, 3)
_BUSY_MS = 10_000
# Pages of 4 KiB. A sale's commit that finds more in the log has to fold it; syncs do that every half minute, so that
# hardly any sale ever does.
_FOLD_ABOVE = 4_000

# Primary result codes of SQLite (https://sqlite.org/rescode.html); the extended ones keep them in the low byte.
_BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 5, 6, 8, 10, 11, 13, 14, 26


def lock_of(path: Path) -> Path:
    """The file whose lock keeps others from opening a store."""
    return path.with_name(f"{path.name}.lock")


def _refuse_old_library() -> None:
    if tuple(int(part) for part in sqlcipher.sqlite_version.split(".")) < _LEAST_SQLITE:
        raise OldSqliteError


def _translated(error: Exception) -> StoreError:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (_FULL, _IOERR, _READONLY, _CANTOPEN):
        return DiskFullError(
            "The store can't be written: the disk is full or fails. Nothing was approved. ({why})", why=str(error)
        )
    if code in (_BUSY, _LOCKED):
        return StoreBusyError()
    if code in (_NOTADB, _CORRUPT):
        return StoreDamagedError()
    return StoreError("the store failed: {why}", why=str(error))


@contextmanager
def _translating() -> Iterator[None]:
    """Turn SQLite's errors into ours; a broken constraint stays as it is, for it is a bug and not the weather."""
    try:
        yield
    except (sqlcipher.IntegrityError, sqlcipher.ProgrammingError):
        raise
    except sqlcipher.Error as error:
        raise _translated(error) from error


class Store:
    """One process's connection to `<home>/journal.db`. `transaction` is the only way to write."""

    def __init__(self, path: Path, connection: Any) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path, key: bytes) -> "Store":
        """Open, or make, the database and bring its schema up to date.

        Args:
            path: the database file; its backups, log and lock lie beside it.
            key: 32 random bytes from the vault.

        Raises:
            StoreDamagedError: where the file is no database of this key.
            StoreVersionError: where a newer version wrote it.
            DiskFullError, StoreBusyError: where it can't be written now.
        """
        _refuse_old_library()
        with locked(lock_of(path)):
            # SQLite gives its log and index the mode of the database file.
            with _file_errors(path):
                path.touch(mode=PRIVATE_FILE)
                sync_folder(path.parent)
            store = cls(path, connect(path, key))
            try:
                with _translating():
                    migrate(store._connection, path)
            except BaseException:
                store.close()
                raise
        return store

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN IMMEDIATE … COMMIT, durable when it returns; any exception rolls all of it back.

        Raises:
            DiskFullError: where the commit can't be made durable: then nothing of it happened.
            StoreBusyError: where another process writes for longer than the busy timeout.
        """
        with _translating():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    with suppress(sqlcipher.Error):
                        self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Several reads that see one state of the store, beside any writer."""
        with _translating():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement; returns how many rows it changed."""
        with _translating():
            return int(self._connection.execute(sql, parameters).rowcount)

    def execute_each(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Run one statement with each of many parameters, in their order."""
        with _translating():
            self._connection.executemany(sql, parameters)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows that a query gives, by column name."""
        with _translating():
            cursor = self._connection.execute(sql, parameters)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    def row(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, parameters)
        return None if found is None else next(iter(found.values()))

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open on this connection."""
        return bool(self._connection.in_transaction)

    def fold(self) -> None:
        """Bring the write-ahead log into the file, as far as nobody is kept waiting for it."""
        with _translating():
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def require_alone(self) -> None:
        """Make sure that no other connection to this store is open. The caller holds the store's lock.

        Raises:
            StoreBusyError: where one is.
        """
        with _translating():
            # Leaving the write-ahead log needs the file for oneself alone.
            self._connection.execute("PRAGMA journal_mode = DELETE").fetchall()

    def share_again(self) -> None:
        """The end of `require_alone`, where the store stays."""
        with _translating():
            self._connection.execute("PRAGMA journal_mode = WAL").fetchall()

    def close(self) -> None:
        """Close the connection; the last one to close folds the log into the file."""
        with suppress(sqlcipher.Error):
            self._connection.close()


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskFullError("{path} can't be written: {why}", path=path, why=system_words(error)) from error


def connect(path: Path, key: bytes) -> Any:
    """A raw connection with every setting that the journal needs.

    Raises:
        StoreDamagedError: where the file is no database of this key.
    """
    with _translating():
        # isolation_level None: this module alone begins and ends transactions.
        connection = sqlcipher.connect(str(path), isolation_level=None, timeout=_BUSY_MS / 1_000)
        try:
            connection.execute("PRAGMA cipher_log_level = NONE")  # it would log to stderr what we report ourselves
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")  # a raw key: the vault has derived already
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # an fsync at each commit; NORMAL makes none in WAL mode
            connection.execute(f"PRAGMA wal_autocheckpoint = {_FOLD_ABOVE}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA recursive_triggers = ON")  # else REPLACE deletes with no trigger to refuse it
        except BaseException:
            connection.close()
            raise
    return connection
