"""Who works at the till, and whose word a void or an early close needs: a supervisor's, proved by a PIN."""

import hashlib
from dataclasses import dataclass

from nacl import pwhash
from nacl.exceptions import CryptoError

from shared.errors import DecodingError
from shared.fields import checked_text
from shared.messages.book import Cashier
from terminal.clock import Moment
from terminal.errors import ApproverError, CashierError, InputError, PinLockedError
from terminal.till.book_view import BookView, read_book
from terminal.till.parts import Parts
from terminal.till.queries import SQL
from terminal.till.shift_start import OWNER

# docs/risk.md: 5 wrong ones a delay, 10 a lock that a supervisor lifts.
_DELAY_AFTER, _LOCK_AFTER = 5, 10
_DELAY_MS = 30_000
_MS_PER_SECOND = 1_000


def check_text(value: str, what: str) -> str:
    """A text as a record may hold it.

    Raises:
        InputError: where it is empty, longer than 128 bytes, or has control characters.
    """
    if not value.strip():
        raise InputError(f"{what} is empty")
    try:
        return checked_text(value, what)
    except DecodingError as error:
        raise InputError(error.message) from None


def check_cashier(book: BookView, cashier: str | None) -> None:
    """A named cashier is one of the book's; where it names none, anybody.

    Raises:
        CashierError: where it is not.
    """
    if cashier is not None and book.cashiers and cashier not in {known.id for known in book.cashiers}:
        raise CashierError(f"this shop has no cashier {cashier!r}")


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approves, and with what PIN."""

    approver: str | None
    pin: str | None

    def __repr__(self) -> str:
        return f"Approval(approver={self.approver!r})"


class Approvals:
    """Checking a supervisor's PIN, with counters that survive a restart."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def needed(self) -> bool:
        """Whether the book has supervisors at all; else the owner approves without a PIN."""
        return bool(read_book(self._parts.store).supervisors)

    def approve(self, given: Approval) -> str:
        """The id of whoever approves. Runs outside of any transaction: a PIN costs an Argon2id.

        Raises:
            ApproverError: where no supervisor stands behind it, or the PIN is wrong.
            PinLockedError: where too many were wrong.
        """
        supervisors = read_book(self._parts.store).supervisors
        if not supervisors:
            return check_text(given.approver or OWNER, "the approver")
        supervisor = supervisors.get(given.approver or "")
        if supervisor is None:
            raise ApproverError("a supervisor of this shop must approve this: name one with --approver")
        if not given.pin:
            raise ApproverError("the supervisor's PIN is needed")
        self._count_try(supervisor)
        if not _fits(supervisor, given.pin):
            raise ApproverError("this PIN does not fit this supervisor")
        self._forget(supervisor.id)
        return supervisor.id

    def lift_lock(self, locked: str, given: Approval) -> None:
        """Another supervisor lifts the lock of one who typed too many wrong PINs.

        Raises:
            ApproverError: as `approve`, or where somebody would lift the own lock.
        """
        if given.approver == locked:
            raise ApproverError("another supervisor must lift this lock")
        self.approve(given)
        self._forget(locked)

    def _count_try(self, supervisor: Cashier) -> None:
        """Commit that a PIN is about to be tried, before it is: so that pulling the plug saves no try."""
        store, moment = self._parts.store, Moment.of(self._parts.clock)
        pin_hash = hashlib.sha256(supervisor.pin.encode()).digest()
        with store.transaction():
            row = store.row(SQL["pin_try"], {"cashier": supervisor.id})
            wrong = row["wrong"] if row and row["pin_hash"] == pin_hash else 0
            if row and wrong >= _LOCK_AFTER:
                raise PinLockedError("too many wrong PINs: another supervisor must lift the lock, or set a new PIN")
            if row and wrong >= _DELAY_AFTER:
                same_boot = row["boot"] == moment.boot
                wait = _DELAY_MS - (moment.tick - row["tick"] if same_boot else moment.at - row["at"])
                if wait > 0:
                    seconds = min(_DELAY_MS, wait + _MS_PER_SECOND - 1) // _MS_PER_SECOND
                    raise PinLockedError(f"too many wrong PINs: try again in {seconds} s")
            store.execute(
                SQL["set_pin_try"],
                {
                    "cashier": supervisor.id,
                    "pin_hash": pin_hash,
                    "wrong": wrong + 1,
                    "at": moment.at,
                    "tick": moment.tick,
                    "boot": moment.boot,
                },
            )

    def _forget(self, cashier: str) -> None:
        with self._parts.store.transaction():
            self._parts.store.execute(SQL["forget_pin_tries"], {"cashier": cashier})


def _fits(supervisor: Cashier, pin: str) -> bool:
    try:
        return pwhash.verify(supervisor.pin.encode(), pin.encode())
    except (CryptoError, ValueError):
        return False  # a wrong PIN, or a book whose PIN hash is none
