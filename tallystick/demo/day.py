"""`tallystick demo`: a day in a shop, over real HTTP, with the network going away and coming back."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from tallystick.demo import apps, chapters
from tallystick.demo.cable import Cable
from tallystick.demo.counter import tend
from tallystick.demo.programs import DemoError, Place, running_server
from tallystick.demo.shop import FAR, NEAR, Story, add_customer, add_vendor, enrol
from tallystick.extras import advice, missing_extras
from terminal.browser import Address


def demo(
    *,
    once: Annotated[bool, Parameter(negative="")] = False,
    serve: Annotated[bool, Parameter(negative="")] = False,
    port: int = 8100,
) -> int:
    """A shop with its till: sell, pull the network cable, sell on, and see every cent settled once when it is back.

    On a terminal it sets up a server and a shop, and opens the till for you. Elsewhere, and with --once, it tells a day
    in a shop, each step a command that you can type yourself. Nothing is left running, and all money is play money.

    Args:
        once: Tell the day, also on a terminal.
        serve: Open the till in a browser, at http://127.0.0.1:8100/, until Ctrl-C.
        port: Where that page is served; 0 is any port that is free.
    """
    console = Console(highlight=False)
    try:
        page = _page(port) if serve else None
        with _folder() as folder, ExitStack() as stack:
            if serve or (sys.stdin.isatty() and sys.stdout.isatty() and not once):
                last_line = tend(Story(console), folder, page=page)
            else:
                last_line = _day(Story(console), folder, stack)
    except DemoError as error:
        print(f"The day did not go as it should: {error.message}", file=sys.stderr)
        return 1
    print(last_line)
    return 0


def _page(port: int) -> Address:
    missing = missing_extras("browser")
    if missing:
        raise DemoError(advice(missing))
    try:
        return Address("127.0.0.1", port)
    except ValueError as error:
        raise DemoError(str(error)) from error


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for the day, with a short path because sockets need one; everything in it is play money."""
    folder = Path(tempfile.mkdtemp(prefix="tallystick-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _day(story: Story, folder: Path, stack: ExitStack) -> str:
    # Nobody wants to watch how somebody waits for a day.
    server = Place("office", folder / "server", story.console, {"TALLYSTICK_WAITING_HOURS": "0"})
    story.chapter("The office sets up a server")
    story.tell(f"server {server.run('server', 'init')['serverId']}")
    port = stack.enter_context(running_server(server))
    story.tell(f"it listens on http://127.0.0.1:{port}")

    story.chapter("A shop, four customers with money and codes, two tills")
    vendor = add_vendor(server)
    people = chapters.People(
        maria=add_customer(server, "Maria Tamm", NEAR, "150.00"),
        jaan=add_customer(server, "Jaan Saar", NEAR, "150.00"),
        liis=add_customer(server, "Liis Kask", NEAR, "150.00"),
        peeter=add_customer(server, "Peeter Mägi", FAR, "100.00"),
    )
    one, two = (
        enrol(server, vendor, folder / name, name, stack.enter_context(Cable(port)), story)
        for name in ("till-1", "till-2")
    )
    chapters.go_offline(story, one, two, people)
    chapters.come_back(story, server, one, two, people, port)
    chapters.decide_flagged(story, server, one)
    apps.pay_online(story, server, port, vendor)
    return chapters.reconcile(story, server)
