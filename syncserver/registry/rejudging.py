"""A stored payment judged again, by other limits, as far as what is stored tells: pure.

What a payment's reasons say of facts that are not stored (a proof, a fork, what its till counted) is taken from them.
Everything else is reckoned anew: distance, speed, sums of the day, rates, amounts, clocks and lateness.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import structs

from shared.geo import Place
from shared.lifecycles import PaymentState
from shared.policy import Policy
from shared.reasons import Action, Reason, Side
from shared.rules.decision import Blocked, CodeStanding, PaymentFacts, Sighting, Verdict, decide
from syncserver.sync.history import place_of

# What only the till knows of itself: the server has it from a record's flags alone.
TILLS_OWN = frozenset({Reason.STREAK, Reason.TERMINAL_EXPOSURE, Reason.STALE_BOOK})
# As an administrator names what became of a payment when it arrived.
WORDS = {Action.SETTLE: "settled", Action.FLAG: "flagged", Action.REFUSE: "failed", Action.FAIL: "failed"}


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What became of a payment when it came, and what would have.

    `alike` is whether the limits of its time, and what is stored, explain what became of it.
    """

    payment: bytes
    wallet: str
    amount: int
    currency: str
    taken_at: int
    was: str
    was_reasons: tuple[str, ...]
    would: str
    would_reasons: tuple[str, ...]
    alike: bool


def rejudge(row: Any, old: Policy, new: Policy) -> Rejudged:
    """Judge a row of `payments_to_rejudge` by the limits it was judged by, and by others."""
    reasons = tuple(row["reasons"])
    was = _as_it_came(row)
    facts = _facts_of(row, reasons)
    side = Side.TILL if row["channel"] == "online" else Side.SERVER
    # What can't be reckoned again was the till's word, or of facts that are gone: it stays, as a flag does.
    missing = set(reasons).difference(decide(facts, old, side).reasons)
    facts = structs.replace(facts, flags=(*facts.flags, *sorted(missing)))
    by_old, by_new = _outcome(row, decide(facts, old, side)), _outcome(row, decide(facts, new, side))
    return Rejudged(
        payment=row["payment"].bytes,
        wallet=row["wallet"],
        amount=row["amount"],
        currency=row["currency"],
        taken_at=row["taken_at"],
        was=was,
        was_reasons=reasons,
        would=by_new[0],
        would_reasons=by_new[1],
        alike=by_old == (was, tuple(sorted(reasons))),
    )


def _as_it_came(row: Any) -> str:
    """What it was before anybody decided or voided it."""
    if row["first"] == PaymentState.SUCCESSFUL.value:
        return "settled"
    return "flagged" if row["first"] == PaymentState.FLAGGED.value else "failed"


def _outcome(row: Any, verdict: Verdict) -> tuple[str, tuple[str, ...]]:
    """What a verdict makes of a payment, and with which reasons."""
    hold_was_gone = row["channel"] != "online" and not row["claimed"] and _as_it_came(row) != "failed"
    if verdict.action is Action.SETTLE and hold_was_gone:
        # Whatever the limits say, there is nothing to settle it from.
        return "flagged", tuple(sorted({*verdict.reasons, Reason.LATE.value}))
    return WORDS[verdict.action], verdict.reasons


def _facts_of(row: Any, reasons: Sequence[str]) -> PaymentFacts:
    online = row["channel"] == "online"
    amount: int = row["amount"]
    over = Reason.OVER_CAP in reasons
    return PaymentFacts(
        amount=amount,
        currency=row["currency"],
        wallet_currency=row["wallet_currency"] or row["currency"],
        vendor_currency=row["vendor_currency"],
        code=_standing(reasons),
        cap=amount - 1 if over else amount,
        when=row["taken_at"],
        spent=Reason.CODE_SPENT in reasons,
        place=place_of(row["lat"], row["lon"]),
        home=_home(row),
        uncertainty=row["uncertainty"],
        day_total=row["day_total"],
        others=[
            Sighting(when, place_of(lat, lon), uncertainty)
            for when, lat, lon, uncertainty in msgspec.json.decode(row["others"])
        ],
        at=row["at"],
        previous_at=row["previous_at"],
        received=None if online else row["received_at"],
        blocked=_blocked(row, reasons),
        fork=Reason.FORK in reasons,
        score=row["score"],
        flags=tuple(reason for reason in reasons if reason in TILLS_OWN or reason not in set(Reason)),
    )


def _home(row: Any) -> Place | None:
    return place_of(row["home_lat"], row["home_lon"])


def _standing(reasons: Sequence[str]) -> CodeStanding:
    if Reason.CODE_INVALID in reasons:
        return CodeStanding.INVALID
    return CodeStanding.WITHDRAWN if Reason.CODE_WITHDRAWN in reasons else CodeStanding.GOOD


def _blocked(row: Any, reasons: Sequence[str]) -> Blocked:
    if Reason.BLOCKED not in reasons:
        return Blocked.NO
    # Its till knew, and took it all the same: only then it failed for that.
    return Blocked.KNOWN if row["first"] == PaymentState.FAILED.value else Blocked.SINCE
