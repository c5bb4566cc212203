"""Wrong tries to sign in as an admin: counted until that admin is next here, and told; locks, in the audit trail.

However many guess, there is one row a login, one entry a lock, and a count at the next right try. Those of logins that
are no admin's are counted alike, so that nobody learns who is one, and forgotten after an hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from syncserver.audit import trail
from syncserver.audit.acting import who
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.people.access import ADMINS
from syncserver.people.person import QUERIES, Person, object_of
from syncserver.services import Services

NOBODY = "anonymous"
LOCKS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class WrongTries:
    """Wrong passwords and one-time passwords since somebody was last here; when (ms) and from where the last came."""

    count: int
    last_at: int
    last_from: str | None

    @property
    def noted(self) -> Mapping[str, Any]:
        """As the audit trail has it."""
        return {"wrong_tries": self.count, "last_wrong_at": self.last_at, "last_wrong_from": self.last_from}

    def __str__(self) -> str:
        tries = "1 wrong try" if self.count == 1 else f"{self.count} wrong tries"
        at = datetime.fromtimestamp(self.last_at / 1_000, UTC).strftime("%Y-%m-%d %H:%M")
        return (
            f"{tries} to sign in as you since you were last here, the last at {at} UTC "
            f"from {self.last_from or 'somewhere unknown'}."
        )


async def count_wrong(connection: Connection, services: Services, login: str) -> None:
    """A password was wrong, or tried while the login was locked."""
    await connection.execute(QUERIES["count_wrong"], login, services.clock(), who().origin)


async def tell(connection: Connection, person: Person) -> WrongTries | None:
    """What an admin who has come in is to be told, this once. The person is locked."""
    if person.role not in ADMINS:
        return None
    rows = await connection.fetch(QUERIES["tell_tries"], person.login)
    rows += await connection.fetch(QUERIES["tell_factor_tries"], uuid_of(person.user_id))
    wrong = [row for row in rows if row["wrong"]]
    if not wrong:
        return None
    last = max(wrong, key=lambda row: row["wrong_at"])
    return WrongTries(sum(row["wrong"] for row in wrong), last["wrong_at"], last["origin"])


async def note_locks(services: Services) -> int:
    """Write down which admins' logins were locked by wrong passwords; how many.

    By a round, and not by whoever tried: how long an answer takes tells nobody whose login it was.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(QUERIES["note_locks"], LOCKS_AT_ONCE)
        for row in rows:
            await trail.note(
                connection,
                services,
                actor=NOBODY,
                action="session.lock",
                object_=object_of(row["user_id"].bytes),
                after={"wrong_tries": row["wrong"], "locked_until": row["locked_until"]},
                origin=row["origin"],
            )
    return len(rows)
