"""`tallystick demo`: a day in a shop, over real HTTP, with the network going away and coming back."""

import shutil
import signal
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
from tallystick.demo.programs import DemoError, Place, running_server
from tallystick.demo.shop import FAR, NEAR, Story, add_customer, add_vendor, enrol


def demo(*, once: Annotated[bool, Parameter(negative="")] = False) -> int:
    """A day in a shop: a terminal sells with no network, and every cent is settled once when it returns.

    Each step is a command that you can type yourself. On a terminal the shop stays open at the end, until Ctrl-C.

    Args:
        once: Stop at the end, also on a terminal, and leave nothing running.
    """
    console = Console(highlight=False)
    try:
        with _folder() as folder, ExitStack() as stack:
            last_line = _day(Story(console), folder, stack, stay=sys.stdout.isatty() and not once)
    except DemoError as error:
        print(f"The day did not go as it should: {error.message}", file=sys.stderr)
        return 1
    print(last_line)
    return 0


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for the day, with a short path because sockets need one; everything in it is play money."""
    folder = Path(tempfile.mkdtemp(prefix="tallystick-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _day(story: Story, folder: Path, stack: ExitStack, *, stay: bool) -> str:
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
    last_line = chapters.reconcile(story, server)
    if stay:
        chapters.explain(story, server, one, people.maria)
        print(f"\n{last_line}\n\nCtrl-C ends the day.", flush=True)
        _wait()
        print()
        last_line = chapters.reconcile(story, server)  # more may have been sold by hand
    return last_line


def _wait() -> None:
    """Stay until somebody says enough; the server keeps running meanwhile."""
    wanted = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    signal.sigwait(wanted)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, wanted)
