"""As whom PostgreSQL runs. It refuses root, so root lends it a user namespace, the data's owner or `nobody`."""

import os
import pwd
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from syncserver.postgres.errors import AccountError

ROOT = 0

_USUAL_UID = 1000


def _named_uid() -> int:
    """An ordinary user id that has a name here: PostgreSQL looks its own up and does not start without one."""
    names = {entry.pw_uid: entry.pw_name for entry in pwd.getpwall() if entry.pw_uid != ROOT}
    unprivileged = [uid for uid, name in names.items() if name == "nobody"]
    return next((uid for uid in (_USUAL_UID, *unprivileged, *sorted(names)) if uid in names), _USUAL_UID)


# Inside, PostgreSQL sees that user; outside, its files and processes stay ours: no system user, no chown.
NAMESPACE = ("unshare", "--user", f"--map-user={_named_uid()}", f"--map-group={_USUAL_UID}", "--")


@dataclass(frozen=True, slots=True)
class Account:
    """How to run a program as the account PostgreSQL gets.

    Attributes:
        prefix: words before the command.
        uid: the user to become; None stays this process's.
        gid: the group to become; None stays this process's.
        own_folder: whether the data must lie outside the home, which this user may be unable to reach.
    """

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None
    own_folder: bool = False

    def run(self, command: Sequence[str | Path], *, text_input: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a short program to its end, capturing what it says."""
        return subprocess.run(
            [*self.prefix, *map(str, command)],
            cwd="/",  # the caller's folder may be unreachable for this user
            env=environment(),
            input=text_input,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )


def environment() -> dict[str, str]:
    """A clean environment: no PG* setting of the caller's may steer this cluster."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def choose_account(
    *,
    euid: int,
    named: bool = True,
    data_owner: tuple[int, int] | None,
    namespace_works: Callable[[], bool],
    nobody: Callable[[], tuple[int, int] | None],
) -> Account:
    """Decides as whom PostgreSQL runs; pure but for the probes handed in.

    Args:
        euid: who this process is.
        named: whether this process's user has a name, as a user id that a container was given may not.
        data_owner: (uid, gid) of the existing data, or None before there are any.
        namespace_works: whether this process may make a user namespace that reaches the data and the programs.
        nobody: (uid, gid) of the system's unprivileged user, None without one.

    Raises:
        AccountError: if the data are another user's, or root has nobody to hand PostgreSQL to.
    """
    if euid != ROOT:
        if data_owner is not None and data_owner[0] != euid:
            raise AccountError(f"The database's files belong to user {data_owner[0]}, and this is user {euid}.")
        return Account() if named or not namespace_works() else Account(prefix=NAMESPACE)
    if data_owner is not None and data_owner[0] != ROOT:
        return Account(uid=data_owner[0], gid=data_owner[1])
    if namespace_works():
        return Account(prefix=NAMESPACE)
    if data_owner is not None:
        raise AccountError(
            "The database's files were made in a user namespace, which this system now refuses. "
            "Give them to an ordinary user, or allow user namespaces."
        )
    found = nobody()
    if found is None:
        raise AccountError
    return Account(uid=found[0], gid=found[1], own_folder=True)


def namespace_works(folder: Path, program: Path) -> bool:
    """Whether a user namespace may be made in which `folder` is writable and `program` runs."""
    probe: list[str | Path] = ["sh", "-c", 'test -w "$1" && exec "$2" --version', "sh", folder, program]
    try:
        return Account(prefix=NAMESPACE).run(probe).returncode == 0
    except FileNotFoundError:  # no unshare on this system
        return False


def has_name(uid: int) -> bool:
    """Whether a user id has a name on this system."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def nobody() -> tuple[int, int] | None:
    """The (uid, gid) of the system's unprivileged user."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid
