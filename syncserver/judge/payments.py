"""One payment: its facts, its verdict, and what it does to money."""

import msgspec

from shared import codes
from shared.journal import Payment
from shared.lifecycles import CODE, CodeState, PaymentState
from shared.policy import Policy
from shared.reasons import Action, Reason, Side
from shared.rules.decision import (
    MS_PER_HOUR,
    MS_PER_SECOND,
    Blocked,
    CodeStanding,
    PaymentFacts,
    Sighting,
    Verdict,
    decide,
)
from syncserver.judge.facts import (
    BatchFacts,
    CodeFacts,
    DeviceFacts,
    KnownPayment,
    WalletDay,
    WalletFacts,
    utc_day,
)
from syncserver.judge.moment import Moment, moment_of
from syncserver.ledger.postings import Account, Cause

_CLAIMABLE = frozenset(before for before, after in CODE.items() if CodeState.CLAIMED in after)


class NewPayment(msgspec.Struct, frozen=True, gc=False):
    """A payment that a batch brought, judged; `known` has the state that it ends with, also after a void behind it."""

    record: Payment
    link: bytes
    moment: Moment
    score: int
    known: KnownPayment


def policy_of(facts: BatchFacts, record: Payment, issued_at: int | None) -> Policy:
    """The policy of the book that the till used; for a voucher, that of the issue."""
    if record.book > 0:
        return facts.policies.at_version(record.book)
    return facts.policies.at_time(issued_at) if issued_at is not None else facts.policies.latest()


def moment_of_payment(facts: BatchFacts, record: Payment, issued_at: int | None, policy: Policy) -> Moment:
    """When a payment was taken, with a code that was issued then; None for one that is not there."""
    return moment_of(
        at=record.at,
        tick=record.tick,
        boot=record.boot,
        sending=facts.sending,
        issued_at=issued_at,
        policy=policy,
    )


def judge_payment(facts: BatchFacts, record: Payment, link: bytes, *, fork: bool) -> NewPayment:
    """Judge a payment, move its money and note its state."""
    code = facts.customers.codes.get((record.wallet, record.series, record.index))
    issued_at = code.issued_at if code is not None else None
    policy = policy_of(facts, record, issued_at)
    moment = moment_of_payment(facts, record, issued_at, policy)
    day = (record.wallet, utc_day(moment.when))
    verdict = _verdict(facts, record, code, policy, moment, day, fork=fork)
    claims = code is not None and code.state in _CLAIMABLE and verdict.action is not Action.FAIL
    reasons = verdict.reasons
    if verdict.action is Action.SETTLE and not claims:
        # The hold is gone (released), so there is nothing to settle from: whatever a policy says, an admin decides.
        reasons = tuple(sorted({*reasons, Reason.LATE.value}))
        state = PaymentState.FLAGGED
    else:
        state = _STATES[verdict.action]
    facts.postings.change_state(record.wallet, record.id, PaymentState.PROCESSING, state, reasons)
    if claims and code is not None:
        code.state = CodeState.CLAIMED
        _claim(facts, record, code.cap, Account.VENDOR if state is PaymentState.SUCCESSFUL else Account.REVIEW)
    if state is not PaymentState.FAILED:
        _count(facts, record, moment, day)
    known = KnownPayment(
        wallet=record.wallet,
        shift=record.shift,
        vendor=facts.device.vendor,
        amount=record.amount,
        claimed=claims,
        taken_at=moment.when,
        state=state,
        reasons=reasons,
        from_customer=record.amount,
    )
    return NewPayment(record, link, moment, 0, known)


_STATES = {
    Action.SETTLE: PaymentState.SUCCESSFUL,
    Action.FLAG: PaymentState.FLAGGED,
    Action.REFUSE: PaymentState.FLAGGED,
    Action.FAIL: PaymentState.FAILED,
}


def _verdict(
    facts: BatchFacts,
    record: Payment,
    code: CodeFacts | None,
    policy: Policy,
    moment: Moment,
    day: WalletDay,
    *,
    fork: bool,
) -> Verdict:
    device, customers = facts.device, facts.customers
    wallet = customers.wallets.get(record.wallet)
    payment = PaymentFacts(
        amount=record.amount,
        currency=record.currency,
        # A wallet that nobody has is CODE_INVALID, not a currency of its own.
        wallet_currency=wallet.currency if wallet is not None else record.currency,
        vendor_currency=device.vendor_currency,
        code=standing_of(record, code, moment),
        cap=code.cap if code is not None else 0,
        spent=code is not None and code.state is CodeState.CLAIMED,
        when=moment.when,
        uncertainty=moment.uncertainty,
        place=device.place,
        home=wallet.home if wallet is not None else None,
        day_total=customers.day_totals.get(day, 0),
        others=customers.sightings.get(record.wallet, ()),
        at=record.at,
        previous_at=facts.chain.at_before(record.seq),
        received=facts.sending.received,
        blocked=_blocked(device, wallet, record),
        fork=fork or device.quarantined,
        flags=(*record.flags, Reason.STALE_BOOK) if _is_stale(facts, record, policy, moment) else record.flags,
    )
    return decide(payment, policy, Side.SERVER)


def _is_stale(facts: BatchFacts, record: Payment, policy: Policy, moment: Moment) -> bool:
    """Whether the limits of the named book had been replaced for longer than any book is good.

    A till that names one all the same was altered: else it could go on for ever by limits that were looser once.
    """
    if record.book == 0 or not facts.policies.changes:
        return False  # a voucher: by the limits at its issue
    longest = policy.book_hours * MS_PER_HOUR + policy.clock_tolerance_s * MS_PER_SECOND
    return facts.policies.replaced_before(record.book, moment.when - longest)


def standing_of(record: Payment, code: CodeFacts | None, moment: Moment) -> CodeStanding:
    """What is known of the code that a record names, its proof checked."""
    if code is None or moment.when > code.expires_at:
        return CodeStanding.INVALID
    proof = codes.prove(
        code.proof_key,
        payment=record.id,
        device=record.device,
        wallet=record.wallet,
        amount=record.amount,
        currency=record.currency,
        at=record.at,
    )
    if not codes.same(proof, record.proof):
        return CodeStanding.INVALID
    if code.withdrawn_version is None:
        return CodeStanding.GOOD
    return CodeStanding.INVALID if code.withdrawn_version <= record.book else CodeStanding.WITHDRAWN


def _blocked(device: DeviceFacts, wallet: WalletFacts | None, record: Payment) -> Blocked:
    by_customer, by_vendor = wallet.blocked_version if wallet is not None else None, device.vendor_blocked_version
    if by_customer is None and by_vendor is None:
        return Blocked.SINCE if device.revoked or device.compromised else Blocked.NO
    known = any(version is not None and version <= record.book for version in (by_customer, by_vendor))
    return Blocked.KNOWN if known else Blocked.SINCE


def _claim(facts: BatchFacts, record: Payment, cap: int, to: Account) -> None:
    """The first claim takes the whole hold: the amount to vendor or review, the rest back to the customer."""
    vendor = facts.device.vendor if to is Account.VENDOR else None
    facts.postings.move(
        record.wallet,
        Account.HELD,
        to,
        record.amount,
        Cause.CLAIM,
        payment=record.id,
        series=record.series,
        vendor=vendor,
    )
    facts.postings.move(
        record.wallet,
        Account.HELD,
        Account.OFFLINE,
        cap - record.amount,
        Cause.REST,
        payment=record.id,
        series=record.series,
    )


def _count(facts: BatchFacts, record: Payment, moment: Moment, day: WalletDay) -> None:
    """Let the payments after it in the batch know of it."""
    customers = facts.customers
    customers.day_totals[day] = customers.day_totals.get(day, 0) + record.amount
    sighting = Sighting(moment.when, facts.device.place, moment.uncertainty)
    customers.sightings.setdefault(record.wallet, []).append(sighting)
    facts.postings.note_paid(record.wallet, moment.when)
