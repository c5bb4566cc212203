"""refund: a settled payment is given back by the server."""

from shared.ids import uuid_text
from shared.money import Money
from terminal.commands.answers import AsJson, answer, expected_errors, say
from terminal.commands.exits import Exit
from terminal.commands.place import this_terminal
from terminal.commands.selling import ask_approval, payment_id
from terminal.texts import _


@expected_errors
def refund(
    payment: str,
    /,
    *,
    reason: str,
    amount: str | None = None,
    approver: str | None = None,
    as_json: AsJson = False,
) -> int:
    """Give a settled payment back, whole or in part. Needs a connection; the money goes to the customer's wallet.

    Where the shop has supervisors, one of them must approve: the PIN is asked for, or read from stdin. After a lost
    answer the same refund can be asked for again: it is made once.

    Example: tallystick terminal refund 01932f8e-7c1a-7def-8123-456789abcdef --amount 4.00 --reason "one was broken"

    Args:
        payment: The payment's id, as `sell` and `queue` show it.
        reason: Why, in a few words.
        amount: How much of it, in the shop's currency; by default all that is left.
        approver: The supervisor who approves; the owner where the shop has none.
        as_json: Answer with one JSON object.
    """
    wanted = payment_id(payment)
    with this_terminal() as terminal:
        money = None if amount is None else Money.parse(amount, terminal.till.currency)
        done = terminal.refund(wanted, money, ask_approval(terminal, approver), reason)
    value = {
        "payment": uuid_text(done.payment),
        "amount": done.amount.minor,
        "refunded": done.refunded.minor,
        "currency": done.amount.currency,
        "whole": done.whole,
    }
    text = _("REFUNDED {amount}; of this payment {refunded} in all.")
    answer(as_json, value, lambda: say(text.format(amount=done.amount, refunded=done.refunded)))
    return Exit.DONE
