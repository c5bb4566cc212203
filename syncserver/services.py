"""What every part of the running server is handed: clock, randomness, keys and the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from syncserver.database.gathering import Gathering
from syncserver.judge.authenticity import EpochKey, Upload
from syncserver.keys.remembered import Remembered
from syncserver.keys.signing import ServerKeys
from syncserver.keys.wrapping import KeyEncryptionKey
from syncserver.ports import Clock, Random

DEVICES_REMEMBERED = 20_000
ENDED_SESSIONS_REMEMBERED = 20_000
TWO_PERSON_AMOUNT = 1_000
WAITING_HOURS = 24
MIB = 1024 * 1024
# Four times what a till has after three days offline that sold every four seconds.
DEVICE_RECORDS_A_DAY = 250_000
DEVICE_BYTES_A_DAY = 256 * MIB

# kid → key of every epoch of a device; an epoch's key never changes once it is enrolled
DeviceKeys = Mapping[bytes, EpochKey]


@dataclass(frozen=True, slots=True)
class Services:
    """One process's way to everything; all state is in the database that `pool` leads to.

    `settling_pool` has about as many connections as the database has cores: a short queue here is cheaper than a queue
    of row locks there, and whoever asks for anything else finds a connection in `pool` meanwhile.
    """

    server_id: bytes
    pool: "asyncpg.Pool[asyncpg.Record]"
    clock: Clock
    random: Random
    kek: KeyEncryptionKey
    keys: ServerKeys
    settling_pool: "asyncpg.Pool[asyncpg.Record]"
    # Above so many euros, dollars or yen an admin needs a second one.
    two_person_amount: int = TWO_PERSON_AMOUNT
    # Nobody is approved sooner than so many hours after registering.
    waiting_hours: int = WAITING_HOURS
    # What one device may add in a day (UTC).
    device_records_a_day: int = DEVICE_RECORDS_A_DAY
    device_bytes_a_day: int = DEVICE_BYTES_A_DAY
    # Of this pool alone: whoever is given another pool has another crowd that waits for it.
    gathering: Gathering[Upload, bytes] = field(default_factory=Gathering, init=False)
    # Sessions of people that somebody ended, which is for good: whoever holds a token of one costs nobody anything.
    ended_sessions: Remembered[bytes, bool] = field(default_factory=lambda: Remembered(ENDED_SESSIONS_REMEMBERED))
    device_keys: Remembered[bytes, DeviceKeys] = field(default_factory=lambda: Remembered(DEVICES_REMEMBERED))
