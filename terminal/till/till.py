"""The till: one face for commands and screens."""

from dataclasses import dataclass

from terminal.journal.device import read_device
from terminal.till.checkout import Checkout
from terminal.till.history import History
from terminal.till.parts import Parts
from terminal.till.pending import Pending, read_pending
from terminal.till.people import Approvals
from terminal.till.sale import Checkpoint, Sales, go_on
from terminal.till.shift import ShiftDesk
from terminal.till.sign_in import SignIn
from terminal.till.views import Views
from terminal.till.void import Voids
from terminal.till.z_report import Reports


@dataclass(frozen=True, slots=True)
class Till:
    """What a cashier can do."""

    sales: Sales
    checkout: Checkout
    voids: Voids
    shifts: ShiftDesk
    views: Views
    history: History
    reports: Reports
    approvals: Approvals
    sign_in: SignIn
    parts: Parts

    @classmethod
    def of(cls, parts: Parts, checkpoint: Checkpoint = go_on) -> "Till":
        """A till that stands on these parts."""
        approvals = Approvals(parts)
        sales, voids = Sales(parts, checkpoint), Voids(parts, approvals)
        return cls(
            sales=sales,
            checkout=Checkout(parts, sales, voids),
            voids=voids,
            shifts=ShiftDesk(parts, approvals),
            views=Views(parts),
            history=History(parts),
            reports=Reports(parts),
            approvals=approvals,
            sign_in=SignIn(parts),
            parts=parts,
        )

    @property
    def currency(self) -> str:
        """The vendor's currency, which every amount here is in.

        Raises:
            NotEnrolledError: where the server has not answered an enrolment yet.
        """
        return read_device(self.parts.store).currency

    def pending(self) -> Pending:
        """What is not done here, and would be lost with this terminal.

        Raises:
            NotEnrolledError: where this terminal is nobody's.
        """
        return read_pending(self.parts, self.checkout)
