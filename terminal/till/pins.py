"""PINs of the book's cashiers and supervisors: wrong ones are counted, over restarts, before they are tried."""

import hashlib

from nacl import pwhash
from nacl.exceptions import CryptoError

from shared.messages.book import Cashier
from terminal.clock import Moment
from terminal.errors import PinLockedError
from terminal.texts import marked
from terminal.till.parts import Parts
from terminal.till.queries import SQL

# docs/risk.md: 5 wrong ones a delay, 10 a lock that a supervisor lifts.
_DELAY_AFTER, _LOCK_AFTER = 5, 10
_DELAY_MS = 30_000
_MS_PER_SECOND = 1_000


class Pins:
    """Checking PINs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def fits(self, person: Cashier, pin: str) -> bool:
        """Whether it is this person's. Runs outside of any transaction: a PIN costs an Argon2id.

        Raises:
            PinLockedError: where too many were wrong.
        """
        self._count_try(person)
        if not _verify(person, pin):
            return False
        self.forget(person.id)
        return True

    def forget(self, person: str) -> None:
        """What was typed wrong counts no more."""
        with self._parts.store.transaction():
            self._parts.store.execute(SQL["forget_pin_tries"], {"cashier": person})

    def shut_out(self, person: Cashier) -> bool:
        """Whether no PIN of this person is tried any more until somebody lifts the lock."""
        return self._wrong(person) >= _LOCK_AFTER

    def _wrong(self, person: Cashier) -> int:
        row = self._parts.store.row(SQL["pin_try"], {"cashier": person.id})
        return int(row["wrong"]) if row and row["pin_hash"] == _hash_of(person) else 0

    def _count_try(self, person: Cashier) -> None:
        """Commit that a PIN is about to be tried, before it is: so that pulling the plug saves no try."""
        store, moment = self._parts.store, Moment.of(self._parts.clock)
        pin_hash = _hash_of(person)
        with store.transaction():
            row, wrong = store.row(SQL["pin_try"], {"cashier": person.id}), self._wrong(person)
            if row and wrong >= _LOCK_AFTER:
                lifts = marked("another supervisor") if person.role == "supervisor" else marked("a supervisor")
                raise PinLockedError("too many wrong PINs: {lifts} must lift the lock, or set a new PIN", lifts=lifts)
            if row and wrong >= _DELAY_AFTER:
                same_boot = row["boot"] == moment.boot
                wait = _DELAY_MS - (moment.tick - row["tick"] if same_boot else moment.at - row["at"])
                if wait > 0:
                    seconds = min(_DELAY_MS, wait + _MS_PER_SECOND - 1) // _MS_PER_SECOND
                    raise PinLockedError("too many wrong PINs: try again in {seconds} s", seconds=seconds)
            store.execute(
                SQL["set_pin_try"],
                {
                    "cashier": person.id,
                    "pin_hash": pin_hash,
                    "wrong": wrong + 1,
                    "at": moment.at,
                    "tick": moment.tick,
                    "boot": moment.boot,
                },
            )


def _hash_of(person: Cashier) -> bytes:
    """What tells a new PIN from the one that was tried."""
    return hashlib.sha256(person.pin.encode()).digest()


def _verify(person: Cashier, pin: str) -> bool:
    try:
        return pwhash.verify(person.pin.encode(), pin.encode())
    except (CryptoError, ValueError):
        return False  # a wrong PIN, or a book whose PIN hash is none
