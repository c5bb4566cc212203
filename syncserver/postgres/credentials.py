"""The passwords of the embedded PostgreSQL: random, made once, in a file that only its owner reads."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from syncserver.postgres.errors import CredentialsError
from syncserver.postgres.folders import write_private
from syncserver.postgres.login import Role

PASSWORD_BYTES = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """The cluster's random name, and a password for each role."""

    cluster: str
    passwords: Mapping[Role, str] = field(repr=False)


def load_or_create(path: Path, *, cluster_exists: bool) -> Credentials:
    """Reads the credentials, or draws and stores them where there is no cluster yet that would need older ones.

    Raises:
        CredentialsError: if the file is damaged, or missing beside an existing cluster.
    """
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if cluster_exists:
            raise CredentialsError(f"{path} is missing, and the data beside it cannot be opened without it.") from None
    except (ValueError, KeyError, TypeError):
        raise CredentialsError(f"{path} is damaged.") from None
    credentials = Credentials(
        cluster=secrets.token_hex(8),
        passwords={role: secrets.token_urlsafe(PASSWORD_BYTES) for role in Role},
    )
    document = {"cluster": credentials.cluster, "passwords": dict(credentials.passwords)}
    # On disk before anything uses them: a cluster whose passwords were lost is lost as well.
    write_private(path, json.dumps(document, indent=2) + "\n")
    return credentials


def _parse(text: str) -> Credentials:
    document = json.loads(text)
    cluster = document["cluster"]
    passwords = {role: document["passwords"][role.value] for role in Role}
    if not all(isinstance(value, str) and value.isascii() for value in (cluster, *passwords.values())):
        raise ValueError
    return Credentials(cluster=cluster, passwords=passwords)
