"""A new data folder, set up out of sight and moved into place when it is whole."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from syncserver.postgres.account import Account
from syncserver.postgres.binaries import Binaries
from syncserver.postgres.configuration import FILE, HOST_BASED_ACCESS
from syncserver.postgres.credentials import Credentials
from syncserver.postgres.errors import ClusterError, VersionError
from syncserver.postgres.folders import sync_folder, write_private
from syncserver.postgres.login import Role

STAGING = "initdb-"


def create_cluster(
    data: Path, *, account: Account, binaries: Binaries, credentials: Credentials, database: str
) -> None:
    """Makes the data folder `data` with its roles and its one database.

    A set-up that was killed leaves a staging folder behind and no `data`; the next one starts afresh.

    Raises:
        ClusterError: if one of PostgreSQL's programs fails, with what it said.
    """
    for left_over in data.parent.glob(f"{STAGING}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    # A name of its own for each attempt: a killed attempt's initdb may still be writing into its folder.
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=data.parent))
    try:
        if account.uid is not None:
            os.chown(staging, account.uid, -1 if account.gid is None else account.gid)
        new = staging / "data"
        _initdb(new, staging / "password", account, binaries, credentials.passwords[Role.SUPERUSER])
        _configure(new, account)
        _create_roles(new, account, binaries, credentials, database)
        new.rename(data)
        sync_folder(data.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def verify_version(data: Path, binaries: Binaries) -> None:
    """Refuses data of another major version.

    Raises:
        VersionError: if these programs cannot open them.
    """
    written = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if written != binaries.major_version():
        raise VersionError(
            f"The data in {data} are of PostgreSQL {written}, and this program brings {binaries.major_version()}: "
            "dump them with the older one and load them into the newer."
        )


def _initdb(data: Path, password_file: Path, account: Account, binaries: Binaries, password: str) -> None:
    # A file, because a command line is public; it goes with the staging folder.
    write_private(password_file, password + "\n", uid=account.uid, gid=account.gid)
    command: list[str | Path] = [
        binaries.program("initdb"),
        f"--pgdata={data}",
        f"--username={Role.SUPERUSER.value}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--data-checksums",
    ]
    _checked(account.run(command), command, data)


def _configure(data: Path, account: Account) -> None:
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"\ninclude_if_exists = '{FILE}'\n")
    write_private(data / "pg_hba.conf", HOST_BASED_ACCESS, uid=account.uid, gid=account.gid)


def _create_roles(data: Path, account: Account, binaries: Binaries, credentials: Credentials, database: str) -> None:
    # Single-user mode, before the folder has its name: roles and data appear together or not at all. Each line
    # is one statement; the passwords are URL-safe base64, so quotes are enough.
    owner, server = Role.OWNER.value, Role.SERVER.value
    statements = (
        f"CREATE ROLE {owner} LOGIN CREATEDB PASSWORD '{credentials.passwords[Role.OWNER]}'",
        f"CREATE ROLE {server} LOGIN PASSWORD '{credentials.passwords[Role.SERVER]}'",
        f"CREATE DATABASE {database} OWNER {owner}",
    )
    quiet = ["-c", "exit_on_error=on", "-c", "log_min_error_statement=panic", "-c", "log_statement=none"]
    command: list[str | Path] = [binaries.program("postgres"), "--single", "-D", data, *quiet, "postgres"]
    _checked(account.run(command, text_input=";\n".join(statements) + ";\n"), command, data)


def _checked(result: subprocess.CompletedProcess[str], command: Sequence[str | Path], data: Path) -> None:
    if result.returncode != 0:
        said = "\n".join((result.stdout + result.stderr).strip().splitlines()[-10:])
        raise ClusterError(f"{Path(command[0]).name} could not set up {data}:\n{said}")
