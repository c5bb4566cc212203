"""What a person says about a payout that no statement told: that the bank refused it, paid it, or sent it back."""

from shared.fields import checked_text
from shared.ids import uuid_text
from shared.lifecycles import PayoutState
from shared.words import Word
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.payments.refunds import check_reason
from syncserver.payouts.actors import By, actor_of, note
from syncserver.payouts.errors import BankReferenceError, PayoutStateError, ReturnEntryError, UnknownPayoutError
from syncserver.payouts.proposing import BY_HAND
from syncserver.payouts.steps import QUERIES, Payout, Steps
from syncserver.people.access import Caller
from syncserver.people.alone import lock_alone, may_move
from syncserver.services import Services
from syncserver.wallets.funding.assigning import Unmatched, lock_credit, tie_to_payout

MOST_REFERENCE = 64


class Outcome(Word):
    """What became of a payout, in a person's word."""

    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"


async def decide(
    connection: Connection,
    services: Services,
    by: By,
    payout: bytes,
    outcome: Outcome,
    *,
    reason: str = "",
    reference: str | None = None,
    entry: bytes | None = None,
) -> bool:
    """Write down what became of a payout, in the caller's transaction; False where another admin must say the same.

    Args:
        connection: in that transaction.
        services: of this process.
        by: who says so.
        payout: its id.
        outcome: paid is for one that is paid by hand, called off meanwhile or not, or whose entry in a statement did
            not fit; failed for what the bank refused (a pain.002, say); returned for what came back without its name.
        entry: the bank's entry by which it came back, needed then: nobody can give that money to a wallet afterwards.
        reason: why; needed unless it was paid.
        reference: the bank's, of a payment; good for one payout.

    Raises:
        UnknownPayoutError: there is none.
        PayoutStateError: it is not in a state for that.
        ReasonRequiredError, BankReferenceError, ReturnEntryError, DecodingError: what has to be said was not.
        UnknownEntryError, EntryStateError: the entry is not there, or is somebody's already.
    """
    if outcome is not Outcome.PAID:
        check_reason(reason)
    alone = await lock_alone(connection, services, by) if isinstance(by, Caller) else {}
    # Before the payout: an import has wallets locked when it comes to payouts, whoever assigns an entry that entry.
    back = await _locked_entry(connection, entry) if outcome is Outcome.RETURNED else None
    found = await connection.fetchrow(QUERIES["lock_payout"], uuid_of(payout))
    if found is None:
        raise UnknownPayoutError
    one = Payout.of(found)
    after = PayoutState(outcome.value)
    before_or_off = one.state in (PayoutState.APPROVED, PayoutState.CANCELLED)
    by_hand = one.method == BY_HAND and before_or_off and outcome is Outcome.PAID
    expected = PayoutState.PAID if outcome is Outcome.RETURNED else PayoutState.SENT
    if one.state is not expected and not by_hand:
        raise PayoutStateError(f"a payout that is {one.state.value} can't become {after.value} by hand")
    if outcome is Outcome.PAID:
        reference = await _checked_reference(connection, payout, reference)
    if back is not None and (back.account, back.money) != (one.ours, one.money):
        raise ReturnEntryError(f"this entry is not {one.money} that came in on {one.ours}")
    means = uuid_text(back.entry) if back is not None else reference
    subject = f"payout {uuid_text(payout)} {outcome.value} {means or ''}".strip()
    if isinstance(by, Caller) and not await may_move(
        connection, services, by, action="payout", subject=subject, money=one.money, alone=alone
    ):
        asked = {"outcome": outcome.value, "waits": True}
        await note(connection, services, by, "payout.decide", "payout", payout, after=asked, reason=reason or None)
        return False
    at = services.clock()
    steps = await Steps.of(connection, [one.vendor], actor=actor_of(by), at=at)
    if one.state is PayoutState.APPROVED:
        steps.take(one, PayoutState.SENT)
    steps.take(one, after, reason or reference)
    if back is not None:
        await tie_to_payout(connection, back, payout, actor_of(by), at)
    if reference is not None and outcome is Outcome.PAID:
        await connection.execute(QUERIES["set_payout_reference"], uuid_of(payout), reference)
    await steps.write(connection)
    facts = {"outcome": outcome.value, "reference": reference, "entry": entry, "amount": one.money.minor}
    await note(connection, services, by, "payout.decide", "payout", payout, after=facts, reason=reason or None)
    return True


async def _locked_entry(connection: Connection, entry: bytes | None) -> Unmatched:
    if entry is None:
        raise ReturnEntryError
    return await lock_credit(connection, entry)


async def _checked_reference(connection: Connection, payout: bytes, reference: str | None) -> str:
    text = " ".join(checked_text(reference or "", "reference").split())
    if not 1 <= len(text) <= MOST_REFERENCE:
        raise BankReferenceError
    if await connection.fetchval(QUERIES["reference_is_used"], text, uuid_of(payout)):
        raise BankReferenceError("another payout has this reference of the bank's")
    return text
