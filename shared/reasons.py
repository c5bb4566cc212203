"""Every reason, and what it does to a payment: the decision table of docs/risk.md."""

from dataclasses import dataclass
from enum import IntEnum

from shared.words import Word


class Action(IntEnum):
    """What a reason does; the worst one wins. REFUSE is the till's alone: the server has nothing left to refuse."""

    SETTLE = 0
    FLAG = 1
    REFUSE = 2
    FAIL = 3

    @property
    def label(self) -> str:
        """The action's name in a policy."""
        return self.name.lower()


class Side(Word):
    """Who decides, and over what."""

    TILL = "till"  # before the sale; an online payment is judged with the till's actions too
    SERVER = "server"  # after it: an offline record whose goods are gone


class Reason(Word):
    """Why a payment is not simply settled."""

    CODE_INVALID = "CODE_INVALID"
    CODE_WITHDRAWN = "CODE_WITHDRAWN"
    CODE_SPENT = "CODE_SPENT"
    OVER_CAP = "OVER_CAP"
    CURRENCY = "CURRENCY"
    DISTANCE = "DISTANCE"
    DAILY_LIMIT = "DAILY_LIMIT"
    RATE_LIMIT = "RATE_LIMIT"
    PAYMENT_LIMIT = "PAYMENT_LIMIT"
    STREAK = "STREAK"
    TERMINAL_EXPOSURE = "TERMINAL_EXPOSURE"
    STALE_BOOK = "STALE_BOOK"
    CLOCK = "CLOCK"
    LATE = "LATE"
    BLOCKED = "BLOCKED"
    FORK = "FORK"
    SPEED = "SPEED"
    SCORE = "SCORE"


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason's actions, and whether a policy may change them."""

    till: Action
    server: Action
    adjustable: bool = True

    def action(self, side: Side) -> Action:
        """The default action on one side."""
        return self.till if side is Side.TILL else self.server


_FLAG, _REFUSE, _FAIL = Action.FLAG, Action.REFUSE, Action.FAIL

# Where the server's action is milder, the till could not know: an honest offline sale must not fail for it.
RULES: dict[Reason, Rule] = {
    # The five that a policy can't touch: changing them would settle money that nobody proved or that is not there.
    Reason.CODE_INVALID: Rule(_FAIL, _FAIL, adjustable=False),
    Reason.CODE_SPENT: Rule(_REFUSE, _FLAG, adjustable=False),
    Reason.OVER_CAP: Rule(_FAIL, _FAIL, adjustable=False),
    Reason.CURRENCY: Rule(_FAIL, _FAIL, adjustable=False),
    Reason.FORK: Rule(_FLAG, _FLAG, adjustable=False),
    Reason.CODE_WITHDRAWN: Rule(_FAIL, _FLAG),
    Reason.DISTANCE: Rule(_FLAG, _FLAG),
    Reason.DAILY_LIMIT: Rule(_FAIL, _FLAG),
    Reason.RATE_LIMIT: Rule(_FAIL, _FLAG),
    Reason.PAYMENT_LIMIT: Rule(_FAIL, _FAIL),
    Reason.STREAK: Rule(_REFUSE, _FLAG),
    Reason.TERMINAL_EXPOSURE: Rule(_REFUSE, _FLAG),
    Reason.STALE_BOOK: Rule(_REFUSE, _FLAG),
    Reason.CLOCK: Rule(_FLAG, _FLAG),
    Reason.LATE: Rule(_FLAG, _FLAG),
    Reason.BLOCKED: Rule(_FAIL, _FLAG),
    Reason.SPEED: Rule(_FLAG, _FLAG),
    Reason.SCORE: Rule(_FAIL, _FLAG),
}
ADJUSTABLE = frozenset(reason.value for reason, rule in RULES.items() if rule.adjustable)
