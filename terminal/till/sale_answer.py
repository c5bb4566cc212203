"""What a sale is answered."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.money import Money
from terminal.till import sentences
from terminal.till.raised_limits import may_be_raised


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


def refused(
    amount: Money,
    wallet: str,
    reasons: Iterable[str],
    *,
    sentence: str | None = None,
    warnings: tuple[str, ...] = (),
    retry_ms: int | None = None,
    guesses_left: int | None = None,
    covers: Money | None = None,
) -> SaleAnswer:
    """A sale is refused. `wallet` is empty where none is known; without a `sentence`, the reasons have theirs."""
    names = tuple(str(reason) for reason in reasons)
    return SaleAnswer(
        approved=False,
        sentence=sentence or sentences.refusal(names),
        amount=amount,
        wallet=sentences.masked(wallet),
        reasons=names,
        warnings=warnings,
        retry_ms=retry_ms,
        guesses_left=guesses_left,
        covers=covers,
        raisable=may_be_raised(names),
    )
