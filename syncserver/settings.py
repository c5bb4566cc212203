"""What the environment says: TALLYSTICK_HOME and its siblings."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServerSettings(BaseSettings):
    """Settings of the server, each from the environment variable TALLYSTICK_ and its name.

    Attributes:
        home: the data folder.
        database_url: a PostgreSQL of one's own instead of the embedded one.
        database_owner_url: the same for migrations, where the schema's owner is another user.
        kek_file: where the key-encryption key is, if not in the data folder or a systemd credential.
        pool_size: connections a process keeps at most.
        settle_at_once: batches a process settles at once; about the database's cores.
    """

    model_config = SettingsConfigDict(env_prefix="TALLYSTICK_", extra="ignore")

    home: Path = Path.home() / ".local" / "share" / "tallystick"
    database_url: SecretStr | None = None
    database_owner_url: SecretStr | None = None
    kek_file: Path | None = None
    pool_size: int = 10
    settle_at_once: int = 2
