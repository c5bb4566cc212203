"""What the environment says: TALLYSTICK_HOME and its siblings."""

import os
from ipaddress import ip_network
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _user_data_folder() -> Path:
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "tallystick"


class ServerSettings(BaseSettings):
    """Settings of the server, each from the environment variable TALLYSTICK_ and its name.

    Attributes:
        home: the data folder; by default `tallystick` in the user's data folder (~/.local/share).
        database_url: a PostgreSQL of one's own instead of the embedded one.
        database_owner_url: the same for migrations, where the schema's owner is another user.
        kek_file: where the key-encryption key is, if not in the data folder or a systemd credential.
        limits_url: a Redis or Valkey that counts people's requests for all processes; without it each counts its own.
        trusted_proxies: addresses and networks, with commas between, whose X-Forwarded-For is believed.
        pool_size: connections a process keeps at most.
        two_person_amount: above so many whole units of a currency, what an admin does needs a second one.
        waiting_hours: nobody is approved sooner than so many hours after registering; 0 is at once.
        device_records_a_day: records that one terminal may add in a day (UTC).
        device_mib_a_day: MiB of records that one terminal may add in a day.
        settle_at_once: batches a process settles at once; about the database's cores.
    """

    model_config = SettingsConfigDict(env_prefix="TALLYSTICK_", env_ignore_empty=True, extra="ignore")

    home: Path = Field(default_factory=_user_data_folder)
    database_url: SecretStr | None = None
    database_owner_url: SecretStr | None = None
    kek_file: Path | None = None
    limits_url: SecretStr | None = None
    trusted_proxies: str = ""
    pool_size: int = 10
    settle_at_once: int = 2
    device_records_a_day: int = Field(default=250_000, ge=1)
    device_mib_a_day: int = Field(default=256, ge=1)
    two_person_amount: int = 1_000
    waiting_hours: int = Field(default=24, ge=0, le=24 * 365)

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: str) -> str:
        for proxy in proxies.split(",") if proxies.strip() else ():
            ip_network(proxy.strip())  # uvicorn would take what is none as a name, and trust nobody
        return proxies.strip()
