"""reset: this folder is no terminal any more."""

from terminal.commands.answers import AsJson, answer, expected_errors, say
from terminal.commands.exits import Exit
from terminal.commands.place import this_terminal
from terminal.errors import InputError
from terminal.journal.device import read_device
from terminal.texts import _


@expected_errors
def reset(*, yes: str | None = None, as_json: AsJson = False) -> int:
    """Forget this terminal, its keys and its journal, so that the folder can be enrolled anew.

    Refused while records wait for the server, a shift is open, a sale is in hand or a refund is not answered. Export
    the journal first where it is to be kept. The server keeps its half; revoke the device there.

    Example: tallystick terminal reset --yes "till 1"

    Args:
        yes: The terminal's name: nothing is forgotten without it.
        as_json: Answer with one JSON object.
    """
    with this_terminal() as terminal:
        name = read_device(terminal.store).name
        if yes is None:
            terminal.till.pending().refuse()
            raise InputError("this forgets {name!r}, its keys and its journal for good: say --yes {name!r}", name=name)
        terminal.reset(yes)
        home = terminal.home
    text = _("{name} is forgotten. {home} can be enrolled.")
    answer(as_json, {"forgotten": name, "home": str(home)}, lambda: say(text.format(name=name, home=home)))
    return Exit.DONE
