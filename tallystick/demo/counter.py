"""The demo with somebody at the till: the shop is set up, they sell, and in the evening everything is reconciled."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import msgspec

from tallystick.demo import chapters
from tallystick.demo.cable import Cable
from tallystick.demo.card import Scene, card_of, first_keys, show_card
from tallystick.demo.programs import DemoError, Place, running_server
from tallystick.demo.shop import NEAR, Story, Till, add_admin, add_customer, add_vendor, enrol
from terminal.browser import Address

_CODES_EACH = 3
_STOP_SECONDS = 20


def tend(story: Story, folder: Path, *, page: Address | None) -> str:
    """Set up a shop, open its till here or on a page until somebody closes it, and reconcile; the last line."""
    with _ended_politely():
        return _tend(story, folder, page)


def _tend(story: Story, folder: Path, page: Address | None) -> str:
    server = Place("office", folder / "server", story.console)
    story.chapter("The office sets up a server")
    story.tell(f"server {server.run('server', 'init')['serverId']}")
    with running_server(server) as port:
        password = add_admin(server)
        story.tell(f"the console for admins: http://localhost:{port}/console/  (login office, password {password})")
        story.chapter("A shop, two customers with money and codes, and a till")
        vendor = add_vendor(server)
        people = [add_customer(server, name, NEAR, "150.00") for name in ("Maria Tamm", "Jaan Saar")]
        with Cable(port) as cable:
            till = enrol(server, vendor, folder / "till", "till-1", cable, story)
        till.place.run("terminal", "shift", "open", "--float", "100.00")
        scene = Scene(port, cable.port, card_of(people, _CODES_EACH))
        story.console.print()
        show_card(story.console, scene.codes)
        story.console.print(f"A sale of 12.50: type {first_keys(scene.codes[0])}", highlight=False)
        story.console.print(
            "Ctrl-O pulls the network cable and plugs it in, Ctrl-K shows the codes, Ctrl-Q ends the day."
        )
        file = folder / "scene.json"
        file.write_bytes(msgspec.json.encode(scene))
        command = [sys.executable, "-P", "-m", "tallystick.demo.till", str(file)]
        if page is None:
            _on_this_console(story, command, till.place)
        else:
            _on_a_page(command, till.place, page)
        return _evening(story, server, till, scene)


def _on_this_console(story: Story, command: list[str], place: Place) -> None:
    story.console.input("\nEnter opens the till. ")
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.SIG_IGN))  # the till's own
        program = stack.enter_context(subprocess.Popen(command, env=place.environment()))
        stack.callback(_end, program)
        if program.wait():
            raise DemoError(f"the till ended with exit code {program.returncode}")


def _on_a_page(command: list[str], place: Place, page: Address) -> None:
    from terminal.browser.serving import serve  # noqa: PLC0415 - with the extra `browser`, which a console does without

    serve(
        command,
        page,
        lambda url: print(f"\nThe till is at {url}. Ctrl-C here ends the day.", flush=True),
        environment=place.environment(),
    )


def _evening(story: Story, server: Place, till: Till, scene: Scene) -> str:
    """Whatever was left undone: the cable is plugged in, what waits is sent, and the shift is closed."""
    story.chapter("The evening: the cable is in, what waits is sent, the shift is closed")
    with Cable(scene.server_port, scene.cable_port):
        chapters.sync(story, till)
        if till.place.run("terminal", "status")["shift"]:
            closed = till.place.run("terminal", "shift", "close")
            story.tell(f"{closed['count']} payments, {closed['carried']['count']} not synced yet")
            chapters.sync(story, till)
        else:
            story.tell("the shift was closed at the till")
    return chapters.reconcile(story, server)


class _Ended(BaseException):
    """Somebody ends the demo from outside; whatever runs is stopped on the way out."""


@contextmanager
def _ended_politely() -> Iterator[None]:
    def leave(_number: int, _frame: FrameType | None) -> None:
        raise _Ended

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except _Ended:
        raise DemoError("the demo was ended from outside") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        program.kill()
