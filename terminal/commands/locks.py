"""lift-lock: a supervisor helps another one who typed too many wrong PINs."""

from terminal.commands.answers import AsJson, answer, expected_errors, say
from terminal.commands.exits import Exit
from terminal.commands.place import this_terminal
from terminal.commands.selling import ask_approval
from terminal.texts import _


@expected_errors
def lift_lock(cashier: str, /, *, approver: str, as_json: AsJson = False) -> int:
    """Lift the lock of a supervisor after 10 wrong PINs. The other one's PIN is asked for, or read from stdin.

    Example: tallystick terminal lift-lock eva --approver ida

    Args:
        cashier: Whose lock it is.
        approver: Another supervisor, who lifts it.
        as_json: Answer with one JSON object.
    """
    with this_terminal() as terminal:
        terminal.till.approvals.lift_lock(cashier, ask_approval(terminal, approver))
    answer(as_json, {"lifted": cashier}, lambda: say(_("The lock of {cashier} is lifted.").format(cashier=cashier)))
    return Exit.DONE
