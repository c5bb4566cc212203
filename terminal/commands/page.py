"""`tallystick terminal --serve`: the till's screens in a browser."""

import sys
from importlib.util import find_spec

from terminal.browser import Address, is_own_machine
from terminal.commands.answers import expected_errors, say, warn
from terminal.commands.exits import Exit
from terminal.errors import InputError
from terminal.texts import _

# -P: whatever lies in the folder that it is run from is none of ours.
COMMAND = (sys.executable, "-P", "-m", "terminal")


@expected_errors
def serve_page(host: str, port: int, *, anyone: bool) -> int:
    """Serve the till until somebody says enough; each tab is a till's program, and only one gets the till."""
    if any(find_spec(module) is None for module in ("textual_serve", "aiohttp")):
        raise InputError("The till in a browser needs the extra [browser]: pip install 'tallystick[browser]'")
    if not is_own_machine(host) and not anyone:
        raise InputError(
            "{host} is reached by other machines: whoever opens the page is at the till, and what is typed crosses"
            " the network as it is. Say --anyone if that is what you want.",
            host=host,
        )
    try:
        address = Address(host, port)
    except ValueError as error:
        raise InputError("There is no such address: {why}", why=str(error)) from error
    from terminal.browser.serving import serve  # noqa: PLC0415 - with the extra that was just looked for

    if anyone:
        warn(_("Whoever reaches that page is at this till."))
    serve(COMMAND, address, lambda url: say(_("the till is at {url} until Ctrl-C").format(url=url)))
    return Exit.DONE
