"""Signing in: who works at the till proves it with the PIN of the book, and again when nobody was there for a while."""

from dataclasses import dataclass

from shared.messages.book import Cashier
from terminal.errors import CashierError, ShiftIsOpenError, SignInError
from terminal.till.book_view import read_book
from terminal.till.parts import Parts
from terminal.till.pins import Pins
from terminal.till.shift_start import OWNER

LOCKS_AFTER_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who works at the till: `role` is cashier or supervisor, or owner where the book names nobody."""

    id: str
    name: str
    role: str


@dataclass(slots=True)
class Session:
    """Somebody at the till. Ticks are ms of the terminal's monotonic clock; the session reads no clock itself.

    Once it is locked no key opens it again: only `SignIn.unlock` does.
    """

    who: SignedIn
    touched: int
    shut: bool = False

    def touch(self, now: int) -> None:
        """A key was pressed."""
        if not self.locked(now):
            self.touched = now

    def lock(self) -> None:
        """Somebody leaves the till for a moment. An owner without a PIN has nothing to lock."""
        self.shut = self.who.role != OWNER

    def locked(self, now: int) -> bool:
        """Whether it needs a PIN again: after five minutes without a key, or ticks that are of another boot."""
        if self.who.role != OWNER and not 0 <= now - self.touched < LOCKS_AFTER_MS:
            self.shut = True
        return self.shut

    def open(self, now: int) -> None:
        """Somebody proved that they may."""
        self.shut, self.touched = False, now


class SignIn:
    """Who may work here, by the book."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pins = Pins(parts)

    def people(self) -> tuple[SignedIn, ...]:
        """The cashiers and supervisors of the book; none: the owner works here, without a PIN."""
        return tuple(_signed_in(known) for known in read_book(self._parts.store).cashiers)

    def sign_in(self, cashier_id: str = OWNER, pin: str = "") -> SignedIn:
        """Who works here from now on. Where the book names nobody, that is the owner.

        Raises:
            CashierError: where the book has no such cashier.
            SignInError: where the PIN is wrong.
            PinLockedError: where too many were.
        """
        cashiers = read_book(self._parts.store).cashiers
        if not cashiers:
            if cashier_id != OWNER:
                raise CashierError("this shop has no cashier {cashier!r}", cashier=cashier_id)
            return SignedIn(OWNER, OWNER, OWNER)
        return self._prove(cashier_id, pin, cashiers)

    def begin(self, who: SignedIn) -> Session:
        """The session of somebody who has just signed in."""
        return Session(who, self._parts.clock.tick())

    def unlock(self, session: Session, cashier_id: str, pin: str) -> SignedIn:
        """Go on with a locked session, by its own cashier's PIN or by a supervisor's; who unlocked it.

        Raises:
            CashierError, SignInError, PinLockedError: as `sign_in`; another cashier's PIN does not fit.
        """
        book = read_book(self._parts.store)
        if cashier_id != session.who.id and cashier_id not in book.supervisors:
            raise SignInError("only who works here, or a supervisor, can unlock this till")
        who = self._prove(cashier_id, pin, book.cashiers)
        session.open(self._parts.clock.tick())
        return who

    def sign_out(self, session: Session) -> None:
        """Make sure that somebody may go: their shift is closed.

        Raises:
            ShiftIsOpenError: where it is not.
        """
        shift = self._parts.shifts.open_one()
        if shift is not None and shift.cashier == session.who.id:
            raise ShiftIsOpenError("the shift of {name} is open: close it first", name=session.who.name)

    def _prove(self, cashier_id: str, pin: str, cashiers: tuple[Cashier, ...]) -> SignedIn:
        person = next((known for known in cashiers if known.id == cashier_id), None)
        if person is None:
            raise CashierError("this shop has no cashier {cashier!r}", cashier=cashier_id)
        if not pin or not self._pins.fits(person, pin):
            raise SignInError
        return _signed_in(person)


def _signed_in(known: Cashier) -> SignedIn:
    return SignedIn(known.id, known.name, known.role)
