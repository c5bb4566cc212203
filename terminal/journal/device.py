"""Who this terminal is, by its enrolment."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.geo import Place
from terminal.errors import NotEnrolledError
from terminal.journal.queries import SQL
from terminal.store.database import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The enrolled device in its current epoch; `place` is its declared place, `currency` its vendor's."""

    device: bytes
    epoch: int
    public_key: bytes
    certificate: bytes
    server_url: str
    server_id: bytes
    vendor: bytes
    vendor_name: str
    place: Place
    currency: str
    name: str


def read_device(store: Store) -> Device:
    """The device row, read anew each time: another process may enrol again.

    Raises:
        NotEnrolledError: where the server has not answered an enrolment yet.
    """
    row = store.row(SQL["device"])
    if row is None:
        raise NotEnrolledError
    place = Place(row.pop("lat"), row.pop("lon"))
    return Device(**row, place=place)


def read_server_keys(store: Store) -> Mapping[bytes, tuple[bytes, int | None]]:
    """The pinned server keys: kid → public key, and until when the server signs with it (ms; None: not said)."""
    return {row["kid"]: (row["key"], row["not_after"]) for row in store.rows(SQL["server_keys"])}
