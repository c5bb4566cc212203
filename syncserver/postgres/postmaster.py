"""Starting and stopping the main process of a cluster. Callers hold the start lock."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from syncserver.postgres.account import Account, environment
from syncserver.postgres.binaries import Binaries
from syncserver.postgres.configuration import FILE, configuration
from syncserver.postgres.errors import StartError, StopError
from syncserver.postgres.folders import write_private
from syncserver.postgres.processes import (
    Postmaster,
    discard_stale_lock_files,
    end_process,
    find_launching,
    find_orphans,
    find_postmaster,
    wait_for_end,
)

StopMode = Literal["smart", "fast", "immediate"]

SIGNALS: Mapping[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,  # waits for clients to leave
    "fast": signal.SIGINT,  # ends their sessions and writes a checkpoint
    "immediate": signal.SIGQUIT,  # like a crash: the next start recovers
}

START_SECONDS = 300.0  # long enough to make good max_wal_size of log after a crash, on a slow disk
STOP_SECONDS = 60.0
ORPHAN_SECONDS = 15.0
POLL_SECONDS = 0.02
LOG_BYTES = 8 * 1024 * 1024
TAIL_LINES = 20

# The shell leaves at once, so PostgreSQL is the system's child and not ours: it outlives this process, and its death
# leaves no zombie with us. Descriptor 3 answers with its pid.
DETACH = 'exec 3>&1 1>&2; "$@" 3>&- & echo $! >&3'


@dataclass(frozen=True, slots=True)
class Cluster:
    """All that it takes to run one data folder.

    Attributes:
        name: what each of its processes carries in its title.
        data: the data folder, with no link in its path.
        socket_folder: where the Unix socket goes.
        log: the file PostgreSQL writes to.
        account: as whom it runs.
        binaries: the programs.
        settings: what replaces the usual settings.
    """

    name: str
    data: Path
    socket_folder: Path
    log: Path
    account: Account
    binaries: Binaries
    settings: Mapping[str, str]


def ensure_running(cluster: Cluster) -> Postmaster:
    """The cluster's main process, ready for connections; started if it does not run.

    Raises:
        StartError: with the end of the log, if it fails or takes longer than START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    owner = cluster.data.stat().st_uid
    while time.monotonic() < deadline:
        found = find_postmaster(cluster.data)
        if found is not None and found.state == "ready":
            return found
        # Someone killed in the middle of a start or a stop left it in between: either way it will get somewhere.
        pid = found.pid if found is not None else find_launching(cluster.data, owner)
        if pid is None:
            return _start(cluster, deadline)
        wait_for_end(pid, POLL_SECONDS)
    raise StartError(f"PostgreSQL in {cluster.data} was neither ready nor gone after {START_SECONDS:.0f} s.")


def stop(cluster: Cluster, mode: StopMode) -> None:
    """Stops the main process, if it runs, and waits until it is gone.

    Raises:
        StopError: if it is still there after STOP_SECONDS.
    """
    found = find_postmaster(cluster.data)
    if found is not None and not end_process(found.pid, SIGNALS[mode], STOP_SECONDS):
        raise StopError(f"PostgreSQL (process {found.pid}) did not stop within {STOP_SECONDS:.0f} s.")


def _start(cluster: Cluster, deadline: float) -> Postmaster:
    _end_orphans(cluster)
    discard_stale_lock_files(cluster.data, cluster.socket_folder)
    text = configuration(cluster=cluster.name, socket_folder=cluster.socket_folder, overrides=cluster.settings)
    write_private(cluster.data / FILE, text, uid=cluster.account.uid, gid=cluster.account.gid)
    _rotate(cluster.log)
    log = os.open(cluster.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        begin = os.fstat(log).st_size
        pid = _launch(cluster, log)
    finally:
        os.close(log)
    while time.monotonic() < deadline:
        found = find_postmaster(cluster.data)
        if found is not None and found.state == "ready":
            return found
        if wait_for_end(pid, POLL_SECONDS):
            raise StartError(f"PostgreSQL did not start:\n{_tail(cluster.log, begin)}")
    raise StartError(f"PostgreSQL was not ready after {START_SECONDS:.0f} s:\n{_tail(cluster.log, begin)}")


def _launch(cluster: Cluster, log: int) -> int:
    account = cluster.account
    command = [*account.prefix, str(cluster.binaries.program("postgres")), "-D", str(cluster.data)]
    answer = subprocess.run(
        ["sh", "-c", DETACH, "sh", *command],
        cwd="/",
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        check=True,
        start_new_session=True,  # a Ctrl-C in the terminal is not for PostgreSQL
        user=account.uid,
        group=account.gid,
        extra_groups=None if account.uid is None else [],
    )
    return int(answer.stdout)


def _end_orphans(cluster: Cluster) -> None:
    # With their main process dead these only wait to notice it; the signal is the one it would have sent them.
    deadline = time.monotonic() + ORPHAN_SECONDS
    for pid in find_orphans(cluster.name, cluster.data.stat().st_uid):
        left = max(0.0, deadline - time.monotonic())
        if not end_process(pid, signal.SIGQUIT, left, cluster=cluster.name):
            raise StartError(f"Process {pid} of an earlier PostgreSQL still uses {cluster.data} and does not end.")


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def _tail(log: Path, begin: int) -> str:
    with log.open("rb") as file:
        file.seek(begin)
        lines = file.read().decode(errors="replace").strip().splitlines()
    return "\n".join(lines[-TAIL_LINES:]) or f"(nothing in {log})"
