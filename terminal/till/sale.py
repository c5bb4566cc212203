"""A sale: read → count the guess → derive → decide → sign → journal (durable) → approve, in that order."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from shared.codes import normalise, prove
from shared.errors import MoneyError
from shared.geo import Place
from shared.ids import UUID7_RANDOM_BYTES, uuid7, uuid_text, wallet_number
from shared.journal import Payment
from shared.money import Money
from shared.policy import Policy
from shared.reasons import Action, Reason, Side
from shared.rules.decision import CodeStanding, PaymentFacts, Verdict, decide
from shared.vouchers import Voucher
from terminal.clock import Clock, Moment
from terminal.errors import InputError
from terminal.texts import marked
from terminal.till import sentences
from terminal.till.guesses import Guess, Guesses, Locked
from terminal.till.parts import Parts
from terminal.till.people import Approval, Approvals, check_cashier, check_text
from terminal.till.raised_limits import Raised, keep_raised, may_be_raised
from terminal.till.scene import Scene, facts_with_code, facts_without_code, read_scene
from terminal.till.shift_start import shift_for_sale
from terminal.till.tender import Candidate, Match, TenderError, candidates, find_match, read_voucher

Checkpoint = Callable[[str], None]
Within = Callable[[bytes, Money], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRequest:
    """What is tendered: the code always, with a wallet number or the text of a voucher (or both, which must agree).

    `amount` is in any currency, and refused unless it is the vendor's. `clock` and `place` are those of a sale that
    was taken earlier or elsewhere; guesses always count by the till's own clock. `in_parts`: several codes may pay the
    amount, so that what is too much for one payment is asked for the code all the same, and told what of it may be.
    `raised_by`: a supervisor's word that raises this till's own limits for this one payment (`raised_limits.RAISABLE`).
    """

    amount: Money
    code: str = field(repr=False)
    wallet: str | None = None
    voucher: str | None = field(default=None, repr=False)
    cashier: str | None = None
    new_sale: bool = False
    in_parts: bool = False
    clock: Clock | None = None
    place: Place | None = None
    raised_by: Approval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleAnswer:
    """What became of a sale. `sentence` is for people; `payment`, `seq` and `link` are there when it was approved.

    `retry_ms` says how long no code is tried, where guesses are locked; `guesses_left` is there after a wrong code.
    `covers` is there where nothing but the cap is in the way, or in a sale of several parts a limit for one payment:
    what this code, or this voucher, does pay. `raisable`: a supervisor may raise what stands in the way, once.
    """

    approved: bool
    sentence: str
    amount: Money
    wallet: str
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    payment: bytes | None = None
    seq: int | None = None
    link: bytes | None = None
    shift_opened: bool = False
    retry_ms: int | None = None
    guesses_left: int | None = None
    covers: Money | None = None
    raisable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tender:
    """A request that could be read."""

    request: SaleRequest
    symbols: str
    wallet: str
    voucher: Voucher | None
    clock: Clock
    raised_by: str | None = None


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
        tender = self._read(request)
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
            return _refused(tender, (Reason.CODE_INVALID,), guesses_left=guess.left)
        with self._parts.store.transaction():
            answer = self._decide(tender, match, guess)
            if answer.payment is not None:
                within(answer.payment, answer.amount)
            self._checkpoint("journalled")
        self._checkpoint("committed")
        return answer

    def _read(self, request: SaleRequest) -> _Tender | SaleAnswer:
        if request.amount.minor == 0:
            raise MoneyError("an amount of 0 can't be paid")
        if request.cashier is not None:
            check_text(request.cashier, marked("the cashier"))
        symbols = normalise(request.code)
        wallet = None if request.wallet is None else wallet_number(request.wallet)
        clock = request.clock or self._parts.clock
        if request.voucher is None:
            if wallet is None:
                raise InputError("a sale needs a wallet number or a voucher")
            return _Tender(request=request, symbols=symbols, wallet=wallet, voucher=None, clock=clock)
        try:
            voucher = read_voucher(self._parts.store, request.voucher)
        except TenderError as error:
            return _early(request, wallet or "", error.message)
        if wallet not in (None, voucher.wallet):
            return _early(request, voucher.wallet, sentences.NOT_THE_WALLET)
        return _Tender(request=request, symbols=symbols, wallet=voucher.wallet, voucher=voucher, clock=clock)

    def _count_guess(self, tender: _Tender) -> tuple[Guess, list[Candidate]] | SaleAnswer:
        """Refuse what needs no code; else commit that one is about to be tried."""
        parts, request = self._parts, tender.request
        with parts.store.transaction():
            scene = read_scene(parts, Moment.of(tender.clock))
            check_cashier(scene.book, request.cashier)
            early = self._facts(scene, tender)
            verdict = decide(early, scene.book.policy, Side.TILL)
            covers = _covers(early, verdict, scene.book.policy, in_parts=request.in_parts)
            # What a typed code covers is in the book: it can be told once the code is proved.
            untold = covers is not None and tender.voucher is None
            if _stands(verdict, tender) and not untold:
                return _refused(tender, _refusing(verdict), sentence=_past_date(early), covers=covers)
            guess = self._guesses.begin(
                tender.wallet,
                request.amount.minor,
                scene.book.policy,
                Moment.of(parts.clock),
                new_sale=request.new_sale,
            )
            if isinstance(guess, Locked):
                said = sentences.locked(guess.scope, guess.wait_ms)
                return _refused(tender, (), sentence=said, retry_ms=guess.wait_ms)
            return guess, candidates(parts.store, tender.wallet, tender.voucher)

    def _decide(self, tender: _Tender, match: Match, guess: Guess) -> SaleAnswer:
        """With the code proved: read again all that could have changed, decide, and sign. In a transaction."""
        self._guesses.take_back(guess)
        scene = read_scene(self._parts, Moment.of(tender.clock))
        early = self._facts(scene, tender)
        facts = facts_with_code(self._parts, scene, early, wallet=tender.wallet, match=match, voucher=tender.voucher)
        verdict = decide(facts, scene.book.policy, Side.TILL)
        if _stands(verdict, tender):
            return _refused(
                tender,
                _refusing(verdict),
                sentence=_past_date(facts),
                warnings=self._taken_before(match, scene),
                covers=_covers(facts, verdict, scene.book.policy, in_parts=tender.request.in_parts),
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

    def _facts(self, scene: Scene, tender: _Tender) -> PaymentFacts:
        amount = tender.request.amount
        return facts_without_code(self._parts, scene, amount.minor, amount.currency, tender.voucher)

    def _accept(self, scene: Scene, tender: _Tender, match: Match, facts: PaymentFacts, verdict: Verdict) -> SaleAnswer:
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
        if tender.raised_by is not None and (raised := _refusing(verdict)):
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


def _refusing(verdict: Verdict) -> tuple[str, ...]:
    """The reasons that refuse; what would only have flagged it says nothing to a customer who can't pay anyway."""
    return tuple(reason for reason in verdict.reasons if verdict.weights[reason] >= Action.REFUSE)


def _stands(verdict: Verdict, tender: _Tender) -> bool:
    """Whether something refuses that nobody's word has raised."""
    refusing = _refusing(verdict)
    return bool(refusing) and not (tender.raised_by is not None and may_be_raised(refusing))


def _past_date(facts: PaymentFacts) -> str | None:
    # The code itself was right, or is a voucher that lies on the counter: this gives nothing away.
    return sentences.PAST_DATE if facts.code is CodeStanding.INVALID else None


def _covers(facts: PaymentFacts, verdict: Verdict, policy: Policy, *, in_parts: bool) -> Money | None:
    # Told to whoever typed the right code, or holds the voucher that says it: it tells nobody anything new.
    refusing, most = set(_refusing(verdict)), facts.cap
    if in_parts and Reason.PAYMENT_LIMIT in refusing:
        # A day's limit that all of the sale would pass may well have room for a part of it.
        refusing -= {Reason.PAYMENT_LIMIT, Reason.DAILY_LIMIT}
        most = min(most, policy.payment_limit, policy.daily_limit - facts.day_total)
    elif not refusing:
        return None
    return Money(most, facts.currency) if refusing <= {Reason.OVER_CAP} and most > 0 else None


def _early(request: SaleRequest, wallet: str, sentence: str) -> SaleAnswer:
    return SaleAnswer(
        approved=False,
        sentence=sentence,
        amount=request.amount,
        wallet=sentences.masked(wallet) if wallet else "",
        reasons=(Reason.CODE_INVALID.value,),
    )


def _refused(
    tender: _Tender,
    reasons: tuple[str, ...],
    *,
    sentence: str | None = None,
    warnings: tuple[str, ...] = (),
    retry_ms: int | None = None,
    guesses_left: int | None = None,
    covers: Money | None = None,
) -> SaleAnswer:
    return SaleAnswer(
        approved=False,
        sentence=sentence or sentences.refusal(reasons),
        amount=tender.request.amount,
        wallet=sentences.masked(tender.wallet),
        reasons=tuple(str(reason) for reason in reasons),
        warnings=warnings,
        retry_ms=retry_ms,
        guesses_left=guesses_left,
        covers=covers,
        raisable=may_be_raised(reasons),
    )
