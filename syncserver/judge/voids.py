"""Voids: a settled or flagged payment is reversed once, whichever of the two records arrives first."""

from shared.journal import Void
from shared.lifecycles import PaymentState
from syncserver.judge.facts import BatchFacts, KnownPayment, KnownVoid, utc_day
from syncserver.ledger.postings import Account, Cause, Postings

WAITING, HELD, APPLIED, NO_EFFECT = "waiting", "held", "applied", "no_effect"
REVERSIBLE = frozenset({PaymentState.SUCCESSFUL, PaymentState.FLAGGED})


def judge_void(facts: BatchFacts, record: Void) -> KnownVoid | None:
    """What becomes of a void; None where it is the second one or names a payment of another shift."""
    key = (record.payment, record.shift)
    if key in facts.voids:
        return None
    payment = facts.payments.get(record.payment)
    if payment is not None and payment.shift != record.shift:
        return None
    void = facts.voids[key] = KnownVoid(state=WAITING)
    if payment is not None:
        apply_void(facts, record.payment, payment, void)
    elif facts.device.quarantined:
        void.state = HELD
    return void


def apply_void(facts: BatchFacts, payment_id: bytes, payment: KnownPayment, void: KnownVoid) -> None:
    """Reverse a payment by a void of its shift that waited, if it can be; in quarantine it waits for an admin."""
    if facts.device.quarantined:
        void.state = HELD
        return
    if payment.state not in REVERSIBLE:
        void.state = NO_EFFECT
        return
    reverse(facts.postings, payment_id, payment)
    void.state = APPLIED
    day = (payment.wallet, utc_day(payment.taken_at))
    facts.customers.day_totals[day] = facts.customers.day_totals.get(day, 0) - payment.amount
    sightings = facts.customers.sightings.get(payment.wallet, [])
    seen = next((sighting for sighting in sightings if sighting.when == payment.taken_at), None)
    if seen is not None:
        sightings.remove(seen)


def reverse(postings: Postings, payment_id: bytes, payment: KnownPayment) -> None:
    """Move a payment's money back from where it is (vendor or review) and note its state."""
    if payment.state is PaymentState.SUCCESSFUL:
        # What the house had paid for a customer without funds goes back to the house.
        for credit, amount in (
            (Account.OFFLINE, payment.from_customer),
            (Account.LOSS, payment.from_house),
        ):
            postings.move(
                payment.wallet,
                Account.VENDOR,
                credit,
                amount,
                Cause.VOID,
                payment=payment_id,
                vendor=payment.vendor,
            )
    elif payment.claimed:
        postings.move(payment.wallet, Account.REVIEW, Account.OFFLINE, payment.amount, Cause.VOID, payment=payment_id)
    postings.change_state(payment.wallet, payment_id, payment.state, PaymentState.REVERSED, payment.reasons)
    payment.state = PaymentState.REVERSED
