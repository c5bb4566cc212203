"""What of a verdict refuses a sale at the till, and what may be told of it."""

from shared.money import Money
from shared.policy import Policy
from shared.reasons import Action, Reason
from shared.rules.decision import CodeStanding, PaymentFacts, Verdict
from terminal.till import sentences
from terminal.till.raised_limits import may_be_raised


def refusing(verdict: Verdict) -> tuple[str, ...]:
    """The reasons that refuse; what would only have flagged it says nothing to a customer who can't pay anyway."""
    return tuple(reason for reason in verdict.reasons if verdict.weights[reason] >= Action.REFUSE)


def stands(verdict: Verdict, raised_by: str | None) -> bool:
    """Whether something refuses that nobody's word has raised."""
    reasons = refusing(verdict)
    return bool(reasons) and not (raised_by is not None and may_be_raised(reasons))


def past_date(facts: PaymentFacts) -> str | None:
    """The sentence for a code that is past its date. It was right, or is a voucher's that lies on the counter.

    So this gives nothing away.
    """
    return sentences.PAST_DATE if facts.code is CodeStanding.INVALID else None


def covered(facts: PaymentFacts, verdict: Verdict, policy: Policy, *, in_parts: bool) -> Money | None:
    """What the code does pay, where nothing but its cap is in the way, or in parts the limit for one payment.

    Told to whoever typed the right code, or holds the voucher that says it: it tells nobody anything new.
    """
    reasons, most = set(refusing(verdict)), facts.cap
    if in_parts and Reason.PAYMENT_LIMIT in reasons:
        # A day's limit that all of the sale would pass may well have room for a part of it.
        reasons -= {Reason.PAYMENT_LIMIT, Reason.DAILY_LIMIT}
        most = min(most, policy.payment_limit, policy.daily_limit - facts.day_total)
    elif not reasons:
        return None
    return Money(most, facts.currency) if reasons <= {Reason.OVER_CAP} and most > 0 else None
