"""The settings of the embedded PostgreSQL."""

from collections.abc import Mapping
from pathlib import Path

from syncserver.postgres.folders import PORT

FILE = "tallystick.conf"

# Only local connections, each by password: with trust, every local user would be a superuser.
HOST_BASED_ACCESS = "local all all scram-sha-256\n"

# fsync and synchronous_commit keep their default, on: an answered batch must survive a power cut.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "256MB",
    # After a checkpoint, whoever touches a page first writes all of it to the log: with millions of payments stored
    # that is half of what growth costs. A backlog brings one by the log's size; at quieter times checkpoint_timeout
    # does, so that a restart has five minutes to make good, not 4 GB.
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log says what went wrong, never the text of a statement: it may hold what must stay secret.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


def configuration(*, cluster: str, socket_folder: Path, overrides: Mapping[str, str]) -> str:
    """The text of the configuration file.

    Args:
        cluster: the name that each of this cluster's processes carries in its title.
        socket_folder: where the Unix socket goes.
        overrides: settings that replace these, for tests.
    """
    settings = {
        **SETTINGS,
        "port": str(PORT),
        "cluster_name": cluster,
        # This setting is a list, in which double quotes keep a folder with a comma or space whole.
        "unix_socket_directories": '"' + str(socket_folder).replace('"', '""') + '"',
        **overrides,
    }
    lines = (f"{name} = {_quoted(value)}\n" for name, value in settings.items())
    return "# Written at each start; changes made here are lost.\n" + "".join(lines)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
