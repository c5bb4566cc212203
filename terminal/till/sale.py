"""A sale: read → count the guess → derive → decide → sign → journal (durable) → approve, in that order."""

from collections.abc import Callable
from dataclasses import replace

from shared.codes import prove
from shared.ids import UUID7_RANDOM_BYTES, uuid7, uuid_text
from shared.journal import Payment
from shared.money import Money
from shared.reasons import Reason, Side
from shared.rules.decision import PaymentFacts, Verdict, decide
from terminal.clock import Moment
from terminal.till import sentences
from terminal.till.guesses import Guess, Guesses, Locked
from terminal.till.parts import Parts
from terminal.till.people import Approvals, check_cashier
from terminal.till.raised_limits import Raised, keep_raised
from terminal.till.refusals import covered, past_date, refusing, stands
from terminal.till.sale_answer import SaleAnswer, refused
from terminal.till.sale_request import SaleRequest, Tender, read_request
from terminal.till.scene import Scene, facts_with_code, facts_without_code, read_scene
from terminal.till.shift_start import shift_for_sale
from terminal.till.tender import Candidate, Match, candidates, find_match

Checkpoint = Callable[[str], None]
Within = Callable[[bytes, Money], None]


def alone(_payment: bytes, _amount: Money) -> None:
    """A payment that belongs to nothing else."""


def go_on(_step: str) -> None:
    """Nothing stops a sale between its steps, except in a test that kills it there."""


class Sales:
    """Selling. `checkpoint` is called between the steps with their names."""

    def __init__(self, parts: Parts, checkpoint: Checkpoint = go_on) -> None:
        self._parts = parts
        self._guesses = Guesses(parts.store, parts.random)
        self._approvals = Approvals(parts)
        self._checkpoint = checkpoint

    def sell(self, request: SaleRequest, within: Within = alone) -> SaleAnswer:
        """Accept a payment offline, or say why not. When the answer is approved, its record is durable.

        Args:
            request: what is tendered.
            within: called with the payment and its amount in the transaction that adds it: what it writes commits
                with the payment, and what it raises undoes both.

        Raises:
            WalletNumberError, CodeFormatError, MoneyError, InputError: where the request can't be one; nothing counts.
            NotEnrolledError: where this terminal is nobody's yet.
            ApproverError, PinLockedError: where a limit is to be raised, by nobody who may.
            StoreError: where the store fails: then nothing was approved.
        """
        tender = read_request(self._parts, request)
        if isinstance(tender, SaleAnswer):
            return tender
        if request.raised_by is not None:
            tender = replace(tender, raised_by=self._approvals.approve(request.raised_by))
        tried = self._count_guess(tender)
        if isinstance(tried, SaleAnswer):
            return tried
        guess, among = tried
        self._checkpoint("guessed")
        match = find_match(tender.symbols, among)
        self._checkpoint("derived")
        if match is None:
            return refused(request.amount, tender.wallet, (Reason.CODE_INVALID,), guesses_left=guess.left)
        with self._parts.store.transaction():
            answer = self._decide(tender, match, guess)
            if answer.payment is not None:
                within(answer.payment, answer.amount)
            self._checkpoint("journalled")
        self._checkpoint("committed")
        return answer

    def _count_guess(self, tender: Tender) -> tuple[Guess, list[Candidate]] | SaleAnswer:
        """Refuse what needs no code; else commit that one is about to be tried."""
        parts, request = self._parts, tender.request
        with parts.store.transaction():
            scene = read_scene(parts, Moment.of(tender.clock))
            check_cashier(scene.book, request.cashier)
            early = self._facts(scene, tender)
            verdict = decide(early, scene.book.policy, Side.TILL)
            covers = covered(early, verdict, scene.book.policy, in_parts=request.in_parts)
            # What a typed code covers is in the book: it can be told once the code is proved.
            untold = covers is not None and tender.voucher is None
            if stands(verdict, tender.raised_by) and not untold:
                return refused(
                    request.amount, tender.wallet, refusing(verdict), sentence=past_date(early), covers=covers
                )
            guess = self._guesses.begin(
                tender.wallet,
                request.amount.minor,
                scene.book.policy,
                Moment.of(parts.clock),
                new_sale=request.new_sale,
            )
            if isinstance(guess, Locked):
                said = sentences.locked(guess.scope, guess.wait_ms)
                return refused(request.amount, tender.wallet, (), sentence=said, retry_ms=guess.wait_ms)
            return guess, candidates(parts.store, tender.wallet, tender.voucher)

    def _decide(self, tender: Tender, match: Match, guess: Guess) -> SaleAnswer:
        """With the code proved: read again all that could have changed, decide, and sign. In a transaction."""
        self._guesses.take_back(guess)
        scene = read_scene(self._parts, Moment.of(tender.clock))
        early = self._facts(scene, tender)
        facts = facts_with_code(self._parts, scene, early, wallet=tender.wallet, match=match, voucher=tender.voucher)
        verdict = decide(facts, scene.book.policy, Side.TILL)
        if stands(verdict, tender.raised_by):
            return refused(
                tender.request.amount,
                tender.wallet,
                refusing(verdict),
                sentence=past_date(facts),
                warnings=self._taken_before(match, scene),
                covers=covered(facts, verdict, scene.book.policy, in_parts=tender.request.in_parts),
            )
        self._guesses.end_sale(tender.wallet, tender.request.amount.minor)
        return self._accept(scene, tender, match, facts, verdict)

    def _taken_before(self, match: Match, scene: Scene) -> tuple[str, ...]:
        """After a crash right behind the commit, nobody saw the answer: the cashier has to hear that it was taken."""
        before = self._parts.payments.by_code(match.series, match.index)
        if before is None:
            return ()
        amount = Money(before.amount, before.currency)
        return (sentences.taken_before(uuid_text(before.id), str(amount), before.state, scene.moment.at - before.at),)

    def _facts(self, scene: Scene, tender: Tender) -> PaymentFacts:
        amount = tender.request.amount
        return facts_without_code(self._parts, scene, amount.minor, amount.currency, tender.voucher)

    def _accept(self, scene: Scene, tender: Tender, match: Match, facts: PaymentFacts, verdict: Verdict) -> SaleAnswer:
        parts, device, moment, amount = self._parts, scene.device, scene.moment, tender.request.amount
        shift, shift_opened = shift_for_sale(parts, device, moment, tender.request.cashier)
        place = tender.request.place or device.place
        payment = uuid7(moment.at, parts.random(UUID7_RANDOM_BYTES))
        proof = prove(
            match.secrets.proof_key,
            payment=payment,
            device=device.device,
            wallet=tender.wallet,
            amount=amount.minor,
            currency=amount.currency,
            at=moment.at,
        )
        record, stored = parts.journal.append(
            device,
            lambda common: Payment(
                **common,
                id=payment,
                wallet=tender.wallet,
                series=match.series,
                index=match.index,
                proof=proof,
                amount=amount.minor,
                currency=amount.currency,
                lat=place.lat,
                lon=place.lon,
                book=0 if tender.voucher is not None else scene.book.version,
                flags=verdict.reasons,
            ),
            moment=moment,
            shift=shift.id,
            cashier=tender.request.cashier or shift.cashier,
        )
        parts.payments.add(record, taken=scene.when)
        if tender.raised_by is not None and (raised := refusing(verdict)):
            keep_raised(parts, payment, Raised(tender.raised_by, raised, moment.at))
        return SaleAnswer(
            approved=True,
            sentence=sentences.ACCEPTED,
            amount=amount,
            wallet=sentences.masked(tender.wallet),
            reasons=verdict.reasons,
            warnings=_warnings(scene, facts, verdict),
            payment=payment,
            seq=stored.seq,
            link=stored.link,
            shift_opened=shift_opened,
        )


def _warnings(scene: Scene, facts: PaymentFacts, verdict: Verdict) -> tuple[str, ...]:
    policy, count = scene.book.policy, (facts.till.streak if facts.till else 0) + 1
    said = [sentences.remark(reason) for reason in verdict.reasons]
    if count >= policy.streak_warn:
        said.append(sentences.streak_warning(count, policy.streak_stop))
    return tuple(said)
