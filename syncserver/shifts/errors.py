"""What can go wrong with shifts and their days."""

from shared.errors import TallystickError


class UnknownShiftError(TallystickError):
    """There is no such shift."""

    code = "UNKNOWN_SHIFT"


class AmbiguousShiftError(TallystickError):
    """This terminal has several shifts with this id: name the epoch too."""

    code = "AMBIGUOUS_SHIFT"


class ShiftStateError(TallystickError):
    """The shift is not in a state that allows this."""

    code = "SHIFT_STATE"


class ShiftTillLivesError(TallystickError):
    """This shift's terminal may still close it: where it is lost, revoke it first, or begin a new epoch."""

    code = "SHIFT_TILL_LIVES"


class ShiftChangedError(TallystickError):
    """The shift is not any more what was looked at: look again."""

    code = "SHIFT_CHANGED"


class ShiftHasExceptionsError(TallystickError):
    """This shift has exceptions: accept it with a reason, or dispute it."""

    code = "SHIFT_EXCEPTIONS"


class NothingMissingError(TallystickError):
    """No record of this shift is missing."""

    code = "NOTHING_MISSING"


class NothingToWriteOffError(TallystickError):
    """No record of this shift is missing whose money its close proves."""

    code = "NOTHING_TO_WRITE_OFF"


class NothingToTakeBackError(TallystickError):
    """Nothing that was written off for this shift has come since."""

    code = "NOTHING_TO_TAKE_BACK"


class DayNotMatchingError(TallystickError):
    """Not every shift of this day matches."""

    code = "DAY_NOT_MATCHING"


class DayTooLargeError(TallystickError):
    """This vendor has more shifts on this day than can be handled at once."""

    code = "DAY_TOO_LARGE"


class EvidenceTooLargeError(TallystickError):
    """This shift has more records than one bundle holds."""

    code = "EVIDENCE_TOO_LARGE"
