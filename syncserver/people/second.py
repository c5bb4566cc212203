"""Above an amount, money moves only when two admins ask for the same."""

from dataclasses import dataclass
from pathlib import Path

from shared.money import Money, minor_digits
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.people.access import Caller
from syncserver.services import Services

QUERIES = load(Path(__file__).parent)
# Whoever asks second has so long; then the first must ask again.
WAITS_MS = 24 * 3_600_000


async def may_go_ahead(
    connection: Connection,
    services: Services,
    caller: Caller,
    *,
    action: str,
    subject: str,
    money: Money,
    in_all: Money | None = None,
) -> bool:
    """Whether this may be done now; else it is noted, and waits for another admin. In the caller's transaction.

    Args:
        connection: in the transaction that does it, or that notes that somebody asked.
        services: of this process.
        caller: the admin who asks.
        action: what is to be done, such as refund.
        subject: what it is done to, with everything but the amount that both must mean.
        money: how much of it moves; both must mean the same.
        in_all: what is held against the amount that takes two, where that is not this money alone.
    """
    if not takes_two(services, in_all or money):
        return True
    what, who, now = f"{subject} {money.minor} {money.currency}", uuid_of(caller.user_id), services.clock()
    if await connection.execute(QUERIES["ask_first"], action, what, who, now) == "INSERT 0 1":
        await _note_first(connection, services, caller, action, what)
        return False
    row = await connection.fetchrow(QUERIES["who_asked"], action, what)
    if row is None:
        return False
    over = bool(row["first_at"] + WAITS_MS < now or not row["approved"])
    if not over and await _are_one(connection, row["first_by"].bytes, caller.user_id):
        return False
    if await connection.execute(QUERIES["forget_first"], action, what) != "DELETE 1":
        return False  # a third asked at the same time
    if over:
        await connection.execute(QUERIES["ask_first"], action, what, who, now)
        await _note_first(connection, services, caller, action, what)
    return not over


async def _note_first(connection: Connection, services: Services, caller: Caller, action: str, what: str) -> None:
    await trail.note(
        connection, services, actor=caller.actor, action="second.ask", object_="second", after={action: what}
    )


def takes_two(services: Services, money: Money) -> bool:
    """Whether so much needs a second admin."""
    limit: int = services.two_person_amount * 10 ** minor_digits(money.currency)
    return money.minor > limit


async def agrees_as_another(connection: Connection, first: bytes, second: bytes) -> bool:
    """Whether what a first admin asked for and a second agrees to is the word of two persons.

    The word of an admin who was blocked since counts for nothing.
    """
    counts = await connection.fetchval(QUERIES["may_decide"], uuid_of(first))
    return bool(counts) and not await _are_one(connection, first, second)


async def _are_one(connection: Connection, first: bytes, second: bytes) -> bool:
    """Whether two admins may be one person: the same, or one who made the other, or both made by one.

    Whoever makes an admin over the network chooses the password, and could be both.
    """
    if first == second:
        return True
    origins = [await connection.fetchval(QUERIES["origin_of"], uuid_of(one)) for one in (first, second)]
    return None in origins or origins[0] == origins[1]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an admin asked for that takes a second one: `about` says all that both must mean. `at` in ms."""

    action: str
    about: str
    by: bytes
    login: str | None
    at: int

    @property
    def until(self) -> int:
        """When the first must ask again."""
        return self.at + WAITS_MS


async def list_asked(connection: Connection, now: int, limit: int) -> list[Asked]:
    """What waits for a second admin, the oldest first."""
    rows = await connection.fetch(QUERIES["list_waiting_seconds"], now - WAITS_MS, limit)
    return [Asked(row["action"], row["object"], row["first_by"].bytes, row["login"], row["first_at"]) for row in rows]
