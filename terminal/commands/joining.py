"""enrol: this folder becomes a terminal of a shop."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from shared.ids import uuid_text
from shared.messages.enrolment import token_kid
from terminal.commands.answers import AsJson, answer, expected_errors, say, warn
from terminal.commands.asking import ask_line
from terminal.commands.exits import Exit
from terminal.composition import Terminal
from terminal.settings import home_folder
from terminal.texts import _, marked
from terminal.till.people import check_text


@expected_errors
def enrol(
    token: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    *,
    server: str,
    name: str = "till",
    allow_http: Annotated[bool, Parameter(negative=())] = False,
    even_unsynced: Annotated[bool, Parameter(negative=())] = False,
    as_json: AsJson = False,
) -> int:
    """Make this folder a terminal of a shop, with a one-time token from the server. The same token may be repeated.

    The terminal makes its own key. Its database key and that one are wrapped by an unlock secret: from the file that
    TALLYSTICK_UNLOCK_FILE names, the systemd credential tallystick-unlock, the file `unlock` in the home, or yours.

    Example: tallystick terminal enrol xq3…f2.9d1c33f0a7e25b61 --server https://pay.example.org --name "till 1"

    Args:
        token: The token that an admin made for this terminal; asked for when it is - or not given.
        server: The server's address: https://, or http:// for this machine.
        name: What people call this terminal.
        allow_http: Take an http:// address of another machine; for tests.
        even_unsynced: Start the next epoch although records of this one still wait for the server.
        as_json: Answer with one JSON object.
    """
    label = check_text(name, marked("the name"))
    word = ask_line(_("Enrolment token: ")).strip() if token is None or token == "-" else token  # noqa: S105 - a dash
    token_kid(word)  # before anything is made for a token that is none
    with Terminal.prepare(home_folder(), made=_say_where) as terminal:
        device = terminal.enrol(word, server, name=label, allow_http=allow_http, even_unsynced=even_unsynced)
        home = terminal.home
    value = {
        "deviceId": uuid_text(device.device),
        "epoch": device.epoch,
        "vendor": device.vendor_name,
        "currency": device.currency,
        "server": device.server_url,
        "home": str(home),
    }

    def words() -> None:
        text = _("ENROLLED as {name} of {vendor}, device {device}, epoch {epoch}.")
        who = {"name": device.name, "vendor": device.vendor_name, "device": uuid_text(device.device)}
        say(text.format(**who, epoch=device.epoch))
        say(f"  {_('next: tallystick terminal pull')}")

    answer(as_json, value, words)
    return Exit.DONE


def _say_where(secret: Path) -> None:
    text = _("The unlock secret is in {file}: whoever can read that file and this folder can use the terminal.")
    warn(text.format(file=secret))
