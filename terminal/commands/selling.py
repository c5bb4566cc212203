"""sell and void: what a cashier does all day."""

from dataclasses import replace
from typing import Annotated, Any

from cyclopts import Parameter

from shared.errors import DecodingError
from shared.ids import uuid_bytes, uuid_text
from shared.lifecycles import TillState
from shared.money import Money
from shared.reasons import Reason
from terminal.commands.answers import AsJson, answer, expected_errors, say, say_row, warn
from terminal.commands.asking import ask_line, ask_pin, voucher_text
from terminal.commands.exits import Exit
from terminal.commands.place import this_terminal
from terminal.composition import Terminal
from terminal.errors import InputError
from terminal.journal.payments import PaymentRow
from terminal.settings import settle_seconds
from terminal.texts import _
from terminal.till import sentences
from terminal.till.people import Approval
from terminal.till.sale_answer import SaleAnswer
from terminal.till.sale_request import SaleRequest

_MS = 1_000
# What the server's word on a sale is called, and what it makes of it in words.
_SETTLED = {
    TillState.COMPLETED: ("settled", sentences.SETTLED),
    TillState.FLAGGED: ("flagged", sentences.FLAGGED),
    TillState.FAILED: ("failed", sentences.FAILED),
}


@expected_errors
def sell(
    *,
    amount: str,
    wallet: str | None = None,
    code: str | None = None,
    voucher: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    cashier: str | None = None,
    new_sale: Annotated[bool, Parameter(negative=())] = False,
    raised_by: str | None = None,
    as_json: AsJson = False,
) -> int:
    """Take a payment by wallet number or voucher, and a code. Works without a network; with one it settles at once.

    Example: tallystick terminal sell --wallet 2026112108 --code 7KQ2-M9XD --amount 12.50

    Exit code 0: settled, flagged, or accepted offline. 3: refused. 4: locked after too many wrong codes.

    Args:
        amount: How much, in the shop's currency, such as 12.50.
        wallet: The customer's wallet number, 10 digits.
        code: The customer's code, 8 letters and digits. Asked for when not given.
        voucher: The text of a voucher's QR code, @FILE to read it from a file, or - for stdin.
        cashier: Who sells; by default whoever opened the shift.
        new_sale: Not the sale of the last wrong codes: another customer's of the same wallet and amount.
        raised_by: A supervisor who raises this till's own limits for this one payment; the PIN is asked for.
        as_json: Answer with one JSON object.
    """
    if wallet is None and voucher is None:
        raise InputError("say --wallet NUMBER or --voucher TEXT")
    seconds = settle_seconds()
    with this_terminal() as terminal:
        money = Money.parse(amount, terminal.till.currency)
        text = None if voucher is None else voucher_text(voucher)
        request = SaleRequest(
            amount=money,
            code=code or "",
            wallet=wallet,
            voucher=text,
            cashier=cashier,
            new_sale=new_sale,
            raised_by=None if raised_by is None else ask_approval(terminal, raised_by),
        )
        result = _try(terminal, request) if code is not None else _ask_and_try(terminal, request)
        settled = _settle(terminal, result, seconds)
        # Said before the store is closed, which may fold its log: what is approved is durable already.
        answer(as_json, sale_json(result, settled), lambda: _say(result, settled))
    return sale_exit(result, settled)


def _settle(terminal: Terminal, result: SaleAnswer, seconds: float) -> PaymentRow | None:
    """What the server says of a sale at once, if there is a connection; None where the sale is offline."""
    if result.payment is None or not seconds:
        return None
    row = terminal.settle_now(result.payment, seconds)
    return row if row is not None and not row.unsynced and row.state in _SETTLED else None


def _try(terminal: Terminal, request: SaleRequest) -> SaleAnswer:
    return terminal.till.sales.sell(request)


def _ask_and_try(terminal: Terminal, request: SaleRequest) -> SaleAnswer:
    """Ask for the code, and again while it is wrong and one may still be tried."""
    new_sale = request.new_sale
    while True:
        typed = ask_line(_("Code for {amount}: ").format(amount=request.amount))
        result = _try(
            terminal,
            replace(request, code=typed, new_sale=new_sale),
        )
        if Reason.CODE_INVALID not in result.reasons or not result.guesses_left:
            return result
        warn(_(result.sentence))
        new_sale = False


def sale_exit(result: SaleAnswer, settled: PaymentRow | None = None) -> Exit:
    """The exit code of a sale."""
    if result.approved:
        return Exit.REFUSED if _failed(settled) else Exit.DONE
    return Exit.REFUSED if result.retry_ms is None else Exit.LOCKED


def _failed(settled: PaymentRow | None) -> bool:
    return settled is not None and settled.state is TillState.FAILED


def sale_json(result: SaleAnswer, settled: PaymentRow | None = None) -> dict[str, Any]:
    """A sale's answer for scripts: amounts in minor units, `retryAfter` in seconds.

    `status` is the server's word, where it was there to say it: settled, flagged or failed; null where it will come by
    a later sync.
    """
    status, message = (None, result.sentence) if settled is None else _SETTLED[settled.state]
    return {
        "approved": result.approved and not _failed(settled),
        "status": status,
        "message": message,
        "amount": result.amount.minor,
        "currency": result.amount.currency,
        "wallet": result.wallet,
        "reasons": list(result.reasons if settled is None else settled.reasons),
        "warnings": list(result.warnings),
        "payment": uuid_text(result.payment) if result.payment else None,
        "seq": result.seq,
        "link": result.link.hex() if result.link else None,
        "shiftOpened": result.shift_opened,
        "locked": result.retry_ms is not None,
        "retryAfter": None if result.retry_ms is None else -(-result.retry_ms // _MS),
        "guessesLeft": result.guesses_left,
        "raisable": result.raisable,
    }


def _say(result: SaleAnswer, settled: PaymentRow | None) -> None:
    if not result.approved:
        say(_("REFUSED: {sentence}").format(sentence=_(result.sentence)))
        if result.reasons:
            say_row(_("reason"), ", ".join(result.reasons))
        if result.guesses_left is not None:
            say(f"  {_('Codes that may still be tried: {count}').format(count=result.guesses_left)}")
        for warning in result.warnings:
            say(f"  ! {warning}")
        if result.raisable:
            say(_("A supervisor may raise this limit for one payment: --raised-by WHO"))
        return
    say(_(result.sentence if settled is None else _SETTLED[settled.state][1]))
    if settled is not None and settled.reasons:
        say_row(_("reason"), ", ".join(settled.reasons))
    say_row(_("amount"), str(result.amount))
    say_row(_("wallet"), result.wallet)
    say_row(_("payment"), uuid_text(result.payment or b""))
    say_row(_("record"), f"{result.seq}, link {(result.link or b'').hex()}")
    if result.shift_opened:
        say(f"  {_('a shift was opened with a float of 0')}")
    for warning in result.warnings:
        say(f"  ! {warning}")


def payment_id(text: str) -> bytes:
    """The id of a payment, as people type it.

    Raises:
        InputError: where it is none.
    """
    try:
        return uuid_bytes(text)
    except DecodingError as error:
        raise InputError(error.template, **error.facts) from None


@expected_errors
def void(
    payment: str,
    /,
    *,
    reason: str,
    approver: str | None = None,
    cashier: str | None = None,
    as_json: AsJson = False,
) -> int:
    """Take back a payment of the open shift. Its code stays used.

    Where the shop has supervisors, one of them must approve: the PIN is asked for, or read from stdin.

    Example: tallystick terminal void 01932f8e-7c1a-7def-8123-456789abcdef --reason "wrong amount" --approver eva

    Args:
        payment: The payment's id, as `sell` and `queue` show it.
        reason: Why, in a few words; it goes into the signed record.
        approver: The supervisor who approves; the owner where the shop has none.
        cashier: Who voids; by default whoever opened the shift.
        as_json: Answer with one JSON object.
    """
    wanted = payment_id(payment)
    with this_terminal() as terminal:
        approval = ask_approval(terminal, approver)
        done = terminal.till.voids.void(wanted, reason=reason, approval=approval, cashier=cashier)
    value = {
        "payment": uuid_text(done.payment),
        "amount": done.amount.minor,
        "currency": done.amount.currency,
        "approver": done.approver,
        "seq": done.seq,
        "link": done.link.hex(),
    }
    answer(
        as_json,
        value,
        lambda: say(
            _("VOIDED {amount}, record {seq}. The server hears of it with the next sync.").format(
                amount=done.amount, seq=done.seq
            )
        ),
    )
    return Exit.DONE


def ask_approval(terminal: Terminal, approver: str | None) -> Approval:
    """Ask for a supervisor's PIN where the shop has supervisors and one was named."""
    if approver is None or not terminal.till.approvals.needed():
        return Approval(approver, None)
    return Approval(approver, ask_pin(approver))
