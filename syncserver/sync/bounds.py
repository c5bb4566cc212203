"""All bounds of one process: what it takes in at once, and what each kind of request may take of the database."""

from dataclasses import dataclass, field
from typing import Self

from syncserver.sync.admission import PULLS_AT_ONCE, UPLOAD_BYTES_AT_ONCE, UPLOADS_AT_ONCE, Admission
from syncserver.sync.crowd import Crowd
from syncserver.sync.turns import Turns

# Terminals wait 30 s for an answer: whoever has not begun by then is better asked to come back.
SETTLING_SECONDS = 10.0
READING_SECONDS = 5.0
TOKENS_WAITING = 64
# A password's hash takes 19 MiB and some 40 ms of a core: two at once, and few wait, so that all have their turn.
PASSWORDS_AT_ONCE, PASSWORDS_WAITING = 2, 32
# Shares of the pool in tenths. What is left is for readiness, enrolment's second look and the rounds.
_BOOKS_TENTHS, _TOKENS_TENTHS = 3, 4


def _passwords() -> Turns:
    return Turns(PASSWORDS_AT_ONCE, most_waiting=PASSWORDS_WAITING, seconds=READING_SECONDS)


@dataclass(frozen=True, slots=True)
class Bounds:
    """No kind of request can take what the others need.

    Attributes:
        uploads: what is under way of uploads, from before a body is read until the receipt is there.
        settling: whose turn it is to be unpacked, judged and settled.
        pulls: what is under way of book pulls, until the page was read by its terminal.
        books: whose turn it is to have a page made.
        tokens: whose turn it is to get an access token, or to be enrolled.
        passwords: whose turn it is to have a password hashed.
        crowd: when those who are turned away come back.
    """

    uploads: Admission
    settling: Turns
    pulls: Admission
    books: Turns
    tokens: Turns
    passwords: Turns = field(default_factory=_passwords)
    crowd: Crowd = field(default_factory=Crowd)

    @classmethod
    def of(cls, *, pool_size: int = 10, settle_at_once: int = 2) -> Self:
        """The bounds of a process with so many connections beside those that settle."""
        return cls(
            uploads=Admission(UPLOADS_AT_ONCE, UPLOAD_BYTES_AT_ONCE),
            # One more than settle: it is unpacked and verified while the others keep the database busy.
            settling=Turns(settle_at_once + 1, most_waiting=UPLOADS_AT_ONCE, seconds=SETTLING_SECONDS),
            pulls=Admission(PULLS_AT_ONCE),
            books=Turns(_share(pool_size, _BOOKS_TENTHS), most_waiting=PULLS_AT_ONCE, seconds=READING_SECONDS),
            tokens=Turns(_share(pool_size, _TOKENS_TENTHS), most_waiting=TOKENS_WAITING, seconds=READING_SECONDS),
        )


def _share(connections: int, tenths: int) -> int:
    return max(1, connections * tenths // 10)
