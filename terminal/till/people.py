"""Who works at the till, and whose word a void or an early close needs: a supervisor's, proved by a PIN."""

from dataclasses import dataclass

from shared.errors import DecodingError
from shared.fields import checked_text
from terminal.errors import ApproverError, CashierError, InputError
from terminal.texts import marked
from terminal.till.book_view import BookView, read_book
from terminal.till.parts import Parts
from terminal.till.pins import Pins
from terminal.till.shift_start import OWNER


def check_text(value: str, what: str) -> str:
    """A text as a record may hold it.

    Raises:
        InputError: where it is empty, longer than 128 bytes, or has control characters.
    """
    if not value.strip():
        raise InputError("{what} is empty", what=what)
    try:
        return checked_text(value, what)
    except DecodingError as error:
        raise InputError(error.template, **error.facts) from None


def check_cashier(book: BookView, cashier: str | None) -> None:
    """A named cashier is one of the book's; where it names none, anybody.

    Raises:
        CashierError: where it is not.
    """
    if cashier is not None and book.cashiers and cashier not in {known.id for known in book.cashiers}:
        raise CashierError("this shop has no cashier {cashier!r}", cashier=cashier)


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
        self._pins = Pins(parts)

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
            return check_text(given.approver or OWNER, marked("the approver"))
        supervisor = supervisors.get(given.approver or "")
        if supervisor is None:
            raise ApproverError("a supervisor of this shop must approve this: name one with --approver")
        if not given.pin:
            raise ApproverError("the supervisor's PIN is needed")
        if not self._pins.fits(supervisor, given.pin):
            raise ApproverError("this PIN does not fit this supervisor")
        return supervisor.id

    def shut_out(self, person: str) -> bool:
        """Whether somebody typed so many wrong PINs that only `lift_lock` or a new PIN helps."""
        known = {cashier.id: cashier for cashier in read_book(self._parts.store).cashiers}
        return person in known and self._pins.shut_out(known[person])

    def lift_lock(self, locked: str, given: Approval) -> None:
        """A supervisor lifts the lock of a cashier, or of another supervisor, who typed too many wrong PINs.

        Raises:
            ApproverError: as `approve`, or where somebody would lift the own lock.
        """
        if given.approver == locked:
            raise ApproverError("another supervisor must lift this lock")
        if not self.needed():
            # The owner's bare word would let anybody guess a cashier's PIN for ever.
            raise ApproverError("this shop has no supervisor to lift this lock: set a new PIN at the office")
        self.approve(given)
        self._pins.forget(locked)
