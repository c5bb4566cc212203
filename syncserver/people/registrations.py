"""Registering: somebody asks to be a customer or a vendor, and waits.

Several may register one login; each waits with a password of their own, and an admin approves one of them. So
registering does the same and answers the same whether a login is taken or not, and logging in afterwards tells nothing
either.
"""

import re
from dataclasses import dataclass

from shared.errors import DecodingError
from shared.fields import checked_text
from shared.geo import Place
from shared.ids import uuid7
from shared.lifecycles import PersonState
from shared.money import minor_digits
from syncserver.database.arrays import uuid_of
from syncserver.people import passwords
from syncserver.people.access import Role
from syncserver.people.errors import ForbiddenError, LoginError
from syncserver.people.person import QUERIES, Person, read
from syncserver.services import Services
from syncserver.sync.turns import Turns

REGISTERING = frozenset({Role.CUSTOMER, Role.VENDOR})
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,63}")


@dataclass(frozen=True, slots=True, repr=False)
class Registration:
    """What somebody registers with. `name` is a vendor's shop's, `place` a home or where the shop is."""

    login: str
    password: str
    name: str
    role: Role
    place: Place
    currency: str

    def __repr__(self) -> str:
        return f"Registration({self.role.value})"


def login_of(text: str) -> str:
    """A login as it is stored: without capital letters.

    Raises:
        LoginError: it is none.
    """
    login = text.lower()
    if not text.isascii() or not _LOGIN.fullmatch(login):
        raise LoginError
    return login


async def register(services: Services, turns: Turns, asked: Registration) -> Person:
    """Note that somebody wants to be a customer or a vendor.

    Raises:
        ForbiddenError: an admin is made by another admin.
        LoginError, PasswordError, DecodingError, CurrencyError: nothing was done.
        BusyError: too many passwords are being hashed.
    """
    if asked.role not in REGISTERING:
        raise ForbiddenError
    login, name = login_of(asked.login), checked_name(asked.name)
    minor_digits(asked.currency)
    stored = await hashed(turns, asked.password, login)
    now = services.clock()
    user_id = uuid7(now, services.random(10))
    async with services.pool.acquire() as connection:
        place = (asked.place.lat, asked.place.lon, asked.currency)
        undecided = (None, None, None)
        state = PersonState.WAITING
        await connection.execute(
            QUERIES["write_person"],
            uuid_of(user_id),
            login,
            name,
            asked.role,
            state,
            stored,
            *place,
            now,
            *undecided,
        )
        return await read(connection, user_id)


async def hashed(turns: Turns, password: str, login: str) -> str:
    """The hash of a new password, made when it is its turn.

    Raises:
        PasswordError, BusyError: there is none.
    """
    encoded = passwords.checked(password, login)
    async with turns.turn():
        return await passwords.hash_of(encoded)


def checked_name(text: str) -> str:
    """A name as it is stored.

    Raises:
        DecodingError: it is none.
    """
    name = checked_text(text, "name").strip()
    if not name:
        raise DecodingError("name: empty")
    return name
