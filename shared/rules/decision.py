"""From facts about one payment to a verdict: the same pure function before the sale and after it.

A fact that one side can't know has its default and gives no reason there.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from shared.geo import EARTH_RADIUS_M, Place, haversine_m, is_within
from shared.policy import Policy
from shared.reasons import RULES, Action, Reason, Side
from shared.words import Word

MS_PER_SECOND = 1_000
MS_PER_HOUR = 3_600_000
MS_PER_DAY = 24 * MS_PER_HOUR


class CodeStanding(Word):
    """What is known of the code that was shown."""

    GOOD = "good"
    INVALID = "invalid"  # unknown, wrong, expired, or withdrawn before the record's book
    WITHDRAWN = "withdrawn"  # after the record's book, so that its till could not know


class Blocked(Word):
    """Whether wallet, customer, vendor or device is blocked, and whether the till could know."""

    NO = "no"
    KNOWN = "known"  # before the record's book
    SINCE = "since"  # after it, or the device was revoked


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """Another payment of the same customer: when (ms), where if that is known, and how far off the time may be (ms)."""

    when: int
    place: Place | None
    uncertainty: int = 0


class TillFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What only a till knows of itself, of payments that no server has seen: this customer's count, and all of them."""

    streak: int = 0
    unsynced_total: int = 0
    unsynced_count: int = 0
    stale_book: bool = False


# A Struct is made several times faster than a dataclass: a server makes one for every payment.
class PaymentFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that decides one payment. Money in minor units, times in ms since the epoch (UTC).

    `when` is the time that the rules use; `at` what the device's clock said; `previous_at` the `at` of the record
    before; `received` the server's time. `day_total` is what the customer's other settled and flagged payments of
    the same UTC day sum up to, `others` those close in time, in any order.
    """

    amount: int
    currency: str
    wallet_currency: str
    vendor_currency: str
    code: CodeStanding
    cap: int
    when: int
    spent: bool = False
    place: Place | None = None
    home: Place | None = None
    uncertainty: int = 0
    day_total: int = 0
    others: Sequence[Sighting] = ()
    at: int | None = None
    previous_at: int | None = None
    received: int | None = None
    blocked: Blocked = Blocked.NO
    fork: bool = False
    score: int = 0
    till: TillFacts | None = None
    flags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a payment, with every reason, sorted, each once."""

    action: Action
    reasons: tuple[str, ...] = ()
    weights: Mapping[str, Action] = field(default_factory=dict, compare=False)


_NOTHING_AGAINST_IT = Verdict(Action.SETTLE)


def decide(facts: PaymentFacts, policy: Policy, side: Side) -> Verdict:
    """Weigh every reason that the facts give; the worst action wins."""
    reasons = _reasons(facts, policy)
    if not reasons and facts.blocked is Blocked.NO and facts.score < policy.score_flag and not facts.flags:
        return _NOTHING_AGAINST_IT  # as of nearly all
    weights: dict[str, Action] = {}
    for reason, action in _findings(facts, reasons, policy, side):
        weights[reason] = max(action, weights.get(reason, Action.SETTLE))
    return Verdict(max(weights.values()), tuple(sorted(weights)), weights)


def action_of(reason: Reason, policy: Policy, side: Side) -> Action:
    """A reason's action under a policy.

    A policy's `fail` never reaches an offline record for what its till could not know: there it stays a flag.
    """
    rule = RULES[reason]
    chosen = policy.actions.get(reason) if rule.adjustable else None
    if chosen is None:
        return rule.action(side)
    if side is Side.SERVER and rule.server < rule.till:
        return min(chosen, rule.server)
    return chosen


def _findings(
    facts: PaymentFacts, reasons: Sequence[Reason], policy: Policy, side: Side
) -> Iterator[tuple[str, Action]]:
    for reason in reasons:
        yield reason, action_of(reason, policy, side)
    if facts.blocked is not Blocked.NO:
        # Before the record's book its till knew, so the till's action holds on the server too.
        known = facts.blocked is Blocked.KNOWN
        yield Reason.BLOCKED, action_of(Reason.BLOCKED, policy, Side.TILL if known else Side.SERVER)
    if facts.score >= policy.score_fail:
        yield Reason.SCORE, action_of(Reason.SCORE, policy, side)
    elif facts.score >= policy.score_flag:
        yield Reason.SCORE, min(action_of(Reason.SCORE, policy, side), Action.FLAG)
    for flag in facts.flags:
        action = action_of(Reason(flag), policy, side) if flag in RULES else Action.FLAG
        yield flag, min(action, Action.FLAG)


# Lists instead of generators: a server asks for the reasons of each payment, and most have none.
def _reasons(facts: PaymentFacts, policy: Policy) -> list[Reason]:
    found = _code_reasons(facts)
    place = facts.place
    if not facts.currency == facts.wallet_currency == facts.vendor_currency:
        found.append(Reason.CURRENCY)
    if facts.home is not None and place is not None and not is_within(facts.home, place, policy.radius_m):
        found.append(Reason.DISTANCE)
    if facts.day_total + facts.amount > policy.daily_limit:
        found.append(Reason.DAILY_LIMIT)
    if len(facts.others) >= policy.rate_count and exceeds_rate(
        [other.when for other in facts.others], facts.when, policy.rate_count, policy.rate_seconds
    ):
        found.append(Reason.RATE_LIMIT)
    if facts.amount > policy.payment_limit:
        found.append(Reason.PAYMENT_LIMIT)
    if facts.till is not None:
        found += _till_reasons(facts.till, facts.amount, policy)
    found += _time_reasons(facts, policy)
    if facts.fork:
        found.append(Reason.FORK)
    if place is not None and too_fast(facts.when, place, facts.uncertainty, facts.others, policy.speed_kmh):
        found.append(Reason.SPEED)
    return found


def _code_reasons(facts: PaymentFacts) -> list[Reason]:
    if facts.code is CodeStanding.INVALID:
        return [Reason.CODE_INVALID]  # neither cap nor claim of a code that was not proved
    found = []
    if facts.code is CodeStanding.WITHDRAWN:
        found.append(Reason.CODE_WITHDRAWN)
    if facts.spent:
        found.append(Reason.CODE_SPENT)
    if facts.amount > facts.cap:
        found.append(Reason.OVER_CAP)
    return found


def _till_reasons(till: TillFacts, amount: int, policy: Policy) -> Iterator[Reason]:
    if till.streak + 1 > policy.streak_stop:
        yield Reason.STREAK
    if till.unsynced_total + amount > policy.exposure_limit or till.unsynced_count + 1 > policy.exposure_count:
        yield Reason.TERMINAL_EXPOSURE
    if till.stale_book:
        yield Reason.STALE_BOOK


def _time_reasons(facts: PaymentFacts, policy: Policy) -> list[Reason]:
    tolerance = policy.clock_tolerance_s * MS_PER_SECOND
    found = []
    if facts.at is not None:
        off = abs(facts.at - facts.when) > tolerance
        stepped_back = facts.previous_at is not None and facts.previous_at - facts.at > tolerance
        if off or stepped_back:
            found.append(Reason.CLOCK)
    if facts.received is not None and facts.received - facts.when > policy.upload_hours * MS_PER_HOUR:
        found.append(Reason.LATE)
    return found


def exceeds_rate(times: Sequence[int], when: int, count: int, seconds: int) -> bool:
    """Whether any window of `seconds` that holds `when` holds more than `count` payments, this one included.

    Offline payments arrive in any order, so windows before, around and after it are looked at.
    """
    width = seconds * MS_PER_SECOND
    close = sorted([*(time for time in times if abs(time - when) <= width), when])
    return any(
        close[first + count] - close[first] <= width and close[first] <= when <= close[first + count]
        for first in range(len(close) - count)
    )


def reach_ms(policy: Policy) -> int | None:
    """How far away in time (ms) another payment can matter to a customer's rate or speed; None where it always can."""
    return reach_of(policy.rate_seconds, policy.speed_kmh)


def reach_of(rate_seconds: int, speed_kmh: int) -> int | None:
    """The same for two limits.

    Nobody is further away than half of the Earth's circumference, and a speed covers that in a time.
    """
    if speed_kmh == 0:
        return None
    # metres · 3 600 / (km/h): see `too_fast`
    return max(rate_seconds * MS_PER_SECOND, math.ceil(math.pi * EARTH_RADIUS_M * 3_600 / speed_kmh))


def too_fast(when: int, place: Place, uncertainty: int, others: Sequence[Sighting], speed_kmh: int) -> bool:
    """Whether any other payment is further away than `speed_kmh` allows in the time between, at its longest."""
    for other in others:
        if other.place == place or other.place is None:  # most often the same: no distance is to be reckoned then
            continue
        distance_m = haversine_m(place, other.place)
        most_ms = abs(when - other.when) + uncertainty + other.uncertainty
        # metres > km/h · ms / 3 600: 1 km/h is 1/3 600 m/ms
        if distance_m * 3_600 > speed_kmh * most_ms:
            return True
    return False
