"""PostgreSQL's processes, told apart from others by what the kernel says of them, never by a pid alone."""

import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The main process of a running cluster, from its `postmaster.pid`.

    Attributes:
        pid: its process.
        port: the number in its socket's name.
        socket_folder: where that socket is.
        state: "starting", "ready", "stopping", as it writes it.
    """

    pid: int
    port: int
    socket_folder: str
    state: str


def find_postmaster(data: Path) -> Postmaster | None:
    """The running main process of `data`, or None: without one, or if its pid is now someone else's."""
    lines = _pid_file(data).splitlines()
    pid = _number(lines, 0)
    if pid is None or not is_postmaster(pid, data):
        return None
    return Postmaster(
        pid=pid,
        port=_number(lines, 3) or 0,
        socket_folder=lines[4] if len(lines) > 4 else "",
        state=lines[7].strip() if len(lines) > 7 else "starting",
    )


def discard_stale_pid_file(data: Path) -> None:
    """Removes `postmaster.pid` if an unrelated process now has its pid, which would keep PostgreSQL from starting.

    A pid nobody has is left to PostgreSQL, which recognises that by itself.
    """
    pid = _number(_pid_file(data).splitlines(), 0)
    if pid is not None and (PROC / str(pid)).exists() and not is_postmaster(pid, data):
        (data / "postmaster.pid").unlink(missing_ok=True)


def is_postmaster(pid: int, data: Path) -> bool:
    """Whether this process is the main process of the cluster in `data`."""
    words = _command_line(pid)  # empty for a process that is dead but not yet collected
    if len(words) < 3 or Path(words[0]).name != "postgres":
        return False
    return any(words[i : i + 2] == ["-D", str(data)] for i in range(1, len(words) - 1))


def find_orphans(cluster: str, uid: int) -> list[int]:
    """The cluster's processes by their titles, such as `postgres: tallystick-1f…: checkpointer`.

    Asked only when the main process is gone: then those left still hold its shared memory.
    """
    title = f"postgres: {cluster}: "
    return [pid for pid in _pids_of(uid) if _command_line(pid)[:1] and _command_line(pid)[0].startswith(title)]


def end_process(pid: int, number: signal.Signals, seconds: float, *, cluster: str = "") -> bool:
    """Sends a signal and waits until the process is gone; False if it is still there after `seconds`.

    Given a cluster's name, it signals nothing whose title does not carry it.
    """
    try:
        handle = os.pidfd_open(pid)  # a handle cannot come to mean another process, as a pid can
    except ProcessLookupError:
        return True
    try:
        if cluster and not "".join(_command_line(pid)[:1]).startswith(f"postgres: {cluster}: "):
            return True
        signal.pidfd_send_signal(handle, number)
        return _ended(handle, seconds)
    except ProcessLookupError:
        return True
    finally:
        os.close(handle)


def wait_for_end(pid: int, seconds: float) -> bool:
    """Waits until the process is gone; False if it is still there after `seconds`."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return _ended(handle, seconds)
    finally:
        os.close(handle)


def _ended(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if poll.poll(left * 1000):
            return True
    return bool(poll.poll(0))


def _pid_file(data: Path) -> str:
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _number(lines: list[str], index: int) -> int | None:
    try:
        return int(lines[index])
    except (IndexError, ValueError):
        return None


def _command_line(pid: int) -> list[str]:
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in raw.split(b"\0")[:-1]]


def _pids_of(uid: int) -> list[int]:
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                owner = entry.stat().st_uid
            except OSError:  # it ended in between
                continue
            if owner == uid:
                found.append(int(entry.name))
    return found
