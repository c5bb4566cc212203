"""What a sale is asked: what is tendered, and the same once it was read."""

from dataclasses import dataclass, field

from shared.codes import normalise
from shared.errors import MoneyError
from shared.geo import Place
from shared.ids import wallet_number
from shared.money import Money
from shared.reasons import Reason
from shared.vouchers import Voucher
from terminal.clock import Clock
from terminal.errors import InputError
from terminal.texts import marked
from terminal.till import sentences
from terminal.till.parts import Parts
from terminal.till.people import Approval, check_text
from terminal.till.sale_answer import SaleAnswer, refused
from terminal.till.tender import TenderError, read_voucher


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
class Tender:
    """A request that could be read: the code's symbols, whose they are, and the clock that counts.

    `raised_by` is the supervisor (an id) whose word was proved.
    """

    request: SaleRequest
    symbols: str = field(repr=False)
    wallet: str
    voucher: Voucher | None
    clock: Clock
    raised_by: str | None = None


def read_request(parts: Parts, request: SaleRequest) -> Tender | SaleAnswer:
    """The request as it was read; an answer where its voucher can't be taken.

    Raises:
        WalletNumberError, CodeFormatError, MoneyError, InputError: where it can't be a sale's.
    """
    if request.amount.minor == 0:
        raise MoneyError("an amount of 0 can't be paid")
    if request.cashier is not None:
        check_text(request.cashier, marked("the cashier"))
    symbols = normalise(request.code)
    wallet = None if request.wallet is None else wallet_number(request.wallet)
    clock = request.clock or parts.clock
    if request.voucher is None:
        if wallet is None:
            raise InputError("a sale needs a wallet number or a voucher")
        return Tender(request=request, symbols=symbols, wallet=wallet, voucher=None, clock=clock)
    try:
        voucher = read_voucher(parts.store, request.voucher)
    except TenderError as error:
        return _unread(request, wallet or "", error.message)
    if wallet not in (None, voucher.wallet):
        return _unread(request, voucher.wallet, sentences.NOT_THE_WALLET)
    return Tender(request=request, symbols=symbols, wallet=voucher.wallet, voucher=voucher, clock=clock)


def _unread(request: SaleRequest, wallet: str, sentence: str) -> SaleAnswer:
    return refused(request.amount, wallet, (Reason.CODE_INVALID,), sentence=sentence)
