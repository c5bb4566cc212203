"""shift open and shift close."""

from typing import Annotated

from cyclopts import App, Parameter

from shared.ids import uuid_text
from shared.money import Money
from terminal.commands.answers import AsJson, answer, expected_errors, say
from terminal.commands.exits import Exit
from terminal.commands.place import this_terminal
from terminal.commands.selling import ask_approval
from terminal.texts import _, plural
from terminal.till.people import Approval
from terminal.till.sentences import person
from terminal.till.shift import ShiftClosed

shift = App(name="shift", help="Open and close a cashier's shift.")


@shift.command(name="open")
@expected_errors
def open_shift(
    *,
    opening_float: Annotated[str, Parameter(name="--float")] = "0",
    cashier: str | None = None,
    as_json: AsJson = False,
) -> int:
    """Begin a shift. A first sale does it by itself, with a float of 0.

    Example: tallystick terminal shift open --float 150.00 --cashier eva

    Args:
        opening_float: The money in the drawer, in the shop's currency.
        cashier: Who works; by default the owner.
        as_json: Answer with one JSON object.
    """
    with this_terminal() as terminal:
        money = Money.parse(opening_float, terminal.till.currency)
        done = terminal.till.shifts.open(money, cashier)
    value = {
        "shift": uuid_text(done.shift),
        "cashier": done.cashier,
        "float": done.opening_float.minor,
        "currency": done.opening_float.currency,
        "seq": done.seq,
        "link": done.link.hex(),
    }
    text = _("SHIFT OPEN for {cashier} with {float}, record {seq}.")
    answer(
        as_json, value, lambda: say(text.format(cashier=person(done.cashier), float=done.opening_float, seq=done.seq))
    )
    return Exit.DONE


@shift.command(name="close")
@expected_errors
def close_shift(*, approver: str | None = None, cashier: str | None = None, as_json: AsJson = False) -> int:
    """End the shift: its count and total are signed, and what is not synced yet is named.

    Where the shop has supervisors, one must approve a close with unsynced payments.

    Example: tallystick terminal shift close

    Args:
        approver: The supervisor who approves a close with unsynced payments.
        cashier: Who closes; by default whoever opened it.
        as_json: Answer with one JSON object.
    """
    with this_terminal() as terminal:
        approval = ask_approval(terminal, approver) if approver else Approval(None, None)
        done = terminal.till.shifts.close(approval, cashier)
    value = {
        "shift": uuid_text(done.shift),
        "cashier": done.cashier,
        "count": done.count,
        "total": done.total.minor,
        "currency": done.total.currency,
        "voids": done.voids,
        "carried": {"count": done.carried.count, "total": done.carried.total},
        "seq": done.seq,
        "link": done.link.hex(),
    }
    answer(as_json, value, lambda: _say(done))
    return Exit.DONE


def _say(done: ShiftClosed) -> None:
    say(_("SHIFT CLOSED for {cashier}, record {seq}.").format(cashier=person(done.cashier), seq=done.seq))
    sums = _("payments {count}, total {total}, voided {voids}")
    say(f"  {sums.format(count=done.count, total=done.total, voids=done.voids)}")
    if done.carried.count:
        carried = plural(
            "carried forward, not synced yet: {count} payment, {total}",
            "carried forward, not synced yet: {count} payments, {total}",
            done.carried.count,
        )
        total = Money(done.carried.total, done.total.currency)
        say(f"  {carried.format(count=done.carried.count, total=total)}")
    else:
        say(f"  {_('every payment is synced')}")
