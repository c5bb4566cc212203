"""One PostgreSQL for all processes that use one home: the first starts it, the last one to leave stops it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from syncserver.postgres import account as accounts
from syncserver.postgres.account import ROOT, Account, choose_account
from syncserver.postgres.binaries import Binaries, installed, reachable
from syncserver.postgres.cluster import create_cluster, verify_version
from syncserver.postgres.credentials import Credentials, load_or_create
from syncserver.postgres.errors import ClusterError, PostgresError
from syncserver.postgres.folders import private_folder, public_folder, socket_folder
from syncserver.postgres.locks import exclusive, leave, share
from syncserver.postgres.login import Login, Role
from syncserver.postgres.postmaster import Cluster, StopMode, ensure_running, stop
from syncserver.postgres.processes import Postmaster, find_postmaster

DATABASE = "tallystick"
SYSTEM_FOLDER = Path("/var/lib/tallystick")


class EmbeddedPostgres:
    """The embedded PostgreSQL of one home folder, as one process uses it.

    Args:
        home: the home folder; everything lives in `home/postgres`.
        settings: PostgreSQL settings that replace the usual ones, for tests; they count for whoever starts it.
        system_folder: where root keeps what the user `nobody` must reach, if PostgreSQL has to run as that user.
        namespace_works: the probe for user namespaces, from (folder, program).
    """

    def __init__(
        self,
        home: Path,
        *,
        settings: Mapping[str, str] | None = None,
        system_folder: Path = SYSTEM_FOLDER,
        namespace_works: Callable[[Path, Path], bool] = accounts.namespace_works,
    ) -> None:
        self._home = home.absolute()
        self._folder = self._home / "postgres"
        self._settings = dict(settings or {})
        self._system_folder = system_folder
        self._namespace_works = namespace_works
        self._share: int | None = None
        self._cluster: Cluster | None = None
        self._credentials: Credentials | None = None

    def acquire(self) -> None:
        """Joins the users of the cluster, setting it up and starting it as needed; blocks until it is ready.

        A second call before `release` does nothing. Takes a few seconds the first time, so an event loop calls it
        in a thread.

        Raises:
            PostgresError: one of its kinds, saying what is wrong.
        """
        if self._share is not None:
            return
        self._make_folder()
        with exclusive(self._folder / "start.lock"):
            handle = share(self._folder / "users.lock")
            try:
                self._cluster = self._prepare()
                ensure_running(self._cluster)
            except BaseException:
                leave(handle)
                raise
            self._share = handle

    def release(self) -> None:
        """Leaves; the last user stops PostgreSQL and waits until it is down. Without `acquire`, does nothing.

        Raises:
            StopError: if it does not stop in time.
        """
        if self._share is None:
            return
        with exclusive(self._folder / "start.lock"):
            handle, self._share = self._share, None
            if leave(handle):
                stop(self._running_cluster(), "fast")

    def revive(self) -> bool:
        """Starts PostgreSQL again if it went away under its users; whether it had. Without `acquire`, does nothing.

        Raises:
            StartError: if it does not start.
        """
        if self._cluster is None or find_postmaster(self._cluster.data) is not None:
            return False
        with exclusive(self._folder / "start.lock"):
            if self._share is None or find_postmaster(self._cluster.data) is not None:
                return False
            ensure_running(self._cluster)
        return True

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def login(self, role: Role, database: str = DATABASE) -> Login:
        """How to connect as `role`. Between `acquire` and `release`.

        Raises:
            PostgresError: if PostgreSQL is not running.
        """
        found = self._postmaster()
        if self._credentials is None:
            raise PostgresError("Acquire the embedded PostgreSQL before connecting to it.")
        return Login(
            host=found.socket_folder,
            port=found.port,
            user=role.value,
            password=self._credentials.passwords[role],
            database=database,
        )

    @property
    def pid(self) -> int:
        """The process id of PostgreSQL's main process.

        Raises:
            PostgresError: if PostgreSQL is not running.
        """
        return self._postmaster().pid

    @property
    def log(self) -> Path:
        """The file PostgreSQL writes its log to."""
        return self._folder / "log"

    def stop(self, mode: StopMode = "fast") -> None:
        """Stops PostgreSQL under everyone who uses it, as tests of outages do."""
        with exclusive(self._folder / "start.lock"):
            stop(self._running_cluster(), mode)

    def restart(self, mode: StopMode = "fast") -> None:
        """Stops PostgreSQL under everyone who uses it and starts it again, as tests of outages do."""
        with exclusive(self._folder / "start.lock"):
            stop(self._running_cluster(), mode)
            ensure_running(self._running_cluster())

    def _running_cluster(self) -> Cluster:
        if self._cluster is None:
            raise PostgresError("Acquire the embedded PostgreSQL first.")
        return self._cluster

    def _postmaster(self) -> Postmaster:
        found = find_postmaster(self._running_cluster().data)
        if found is None:
            raise PostgresError(f"The embedded PostgreSQL is not running; its log is {self.log}.")
        return found

    def _make_folder(self) -> None:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = None
        if os.geteuid() == ROOT and self._folder.exists():
            owner = self._folder.lstat().st_uid  # root may look after another user's cluster
        private_folder(self._folder, uid=owner)

    def _prepare(self) -> Cluster:
        """Everything up to the start: whose it is, where it lies, and its data, made if there are none."""
        data = self._folder / "data"
        if data.is_symlink() and not data.exists():
            raise ClusterError(f"The data are gone: {data} leads to {data.readlink()}, where there is nothing.")
        binaries = installed()
        account = self._choose_account(data, binaries)
        binaries = reachable(binaries, account, self._system_folder)
        credentials = load_or_create(self._folder / "credentials.json", cluster_exists=data.exists())
        self._credentials = credentials
        place = self._place(data, account, credentials)
        self._ensure_data(data, place, account, binaries, credentials)
        verify_version(data, binaries)
        return Cluster(
            name=f"tallystick-{credentials.cluster}",
            data=data.resolve(),
            socket_folder=socket_folder(place, self._home, uid=account.uid, gid=account.gid),
            log=self.log,
            account=account,
            binaries=binaries,
            settings=self._settings,
        )

    def _choose_account(self, data: Path, binaries: Binaries) -> Account:
        folder = data if data.exists() else data.parent
        found = folder.stat()
        # Before there are data, a folder that root found at another user's decides as well.
        known = data.exists() or found.st_uid != os.geteuid()
        return choose_account(
            euid=os.geteuid(),
            named=accounts.has_name(os.geteuid()),
            data_owner=(found.st_uid, found.st_gid) if known else None,
            namespace_works=lambda: self._namespace_works(folder, binaries.program("postgres")),
            nobody=accounts.nobody,
        )

    def _place(self, data: Path, account: Account, credentials: Credentials) -> Path:
        """The folder that holds data and socket: the home's, or one of its own for a user who cannot reach that."""
        if data.is_symlink():
            return data.resolve().parent
        if account.own_folder:
            folder = public_folder(self._system_folder) / credentials.cluster
            return private_folder(folder, uid=account.uid, gid=account.gid)
        return self._folder

    def _ensure_data(
        self, data: Path, place: Path, account: Account, binaries: Binaries, credentials: Credentials
    ) -> None:
        if data.exists():
            return
        target = place / "data"
        if not target.exists():
            create_cluster(target, account=account, binaries=binaries, credentials=credentials, database=DATABASE)
        if target != data:
            # The link is what remembers, at the next start, where the data are and whose.
            data.symlink_to(target)
