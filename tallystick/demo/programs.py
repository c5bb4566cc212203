"""Runs the programs as a person would, each with its own data folder, and shows what was typed and answered."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from shared.errors import TallystickError

# -P: whatever lies in the folder that the demo is run from is none of ours.
COMMAND = [sys.executable, "-P", "-m", "tallystick"]
CODE_WIDTH = len("7KQ2-M9XD")
STOP_SECONDS = 30


class DemoError(TallystickError):
    """The day did not go as it should."""

    code = "DEMO"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said: its exit code and its JSON object."""

    code: int
    data: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.data[name]


@dataclass(frozen=True, slots=True)
class Place:
    """A machine of the story: a name, its TALLYSTICK_HOME, and other settings in its environment."""

    name: str
    home: Path
    console: Console
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """How `tallystick` is run there."""
        return COMMAND

    def environment(self) -> dict[str, str]:
        """The environment of a program that runs there."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TALLYSTICK_")}
        return kept | {"TALLYSTICK_HOME": str(self.home), **self.settings}

    def run(self, *words: str, typed: str | None = None, expect: int = 0, hide: str | None = None) -> Answer:
        """Run `tallystick WORDS` there and show it.

        Args:
            words: the command.
            typed: what is typed when it asks; never part of the command line.
            expect: the exit code that the story has.
            hide: a long word that is shown shortened.

        Raises:
            DemoError: where the exit code is another.
        """
        shown = shlex.join(["tallystick", *(word if word != hide else word[:12] + "…" for word in words)])
        codes = typed.split("\n") if typed is not None else []
        # What is typed is shown where it is codes; an enrolment token is a secret that is longer than any of them.
        asked = f"   [dim](types {', '.join(codes)})[/dim]" if codes and max(map(len, codes)) <= CODE_WIDTH else ""
        self.console.print(f"  [cyan]{self.name}[/cyan] $ {escape(shown)}{asked}", highlight=False, soft_wrap=True)
        done = subprocess.run(
            [*COMMAND, *words, "--json"],
            input=(typed or "") + "\n",
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != expect:
            raise DemoError(f"exit {done.returncode} instead of {expect}: {shown}\n{done.stdout}{done.stderr}")
        return Answer(done.returncode, json.loads(done.stdout.strip().splitlines()[-1]))


@contextmanager
def running_server(place: Place) -> Iterator[int]:
    """`tallystick server run` on a free port of loopback; its port. Stopped, with its database, at the end.

    Raises:
        DemoError: where it does not start.
    """
    log = place.home / "server.log"
    with log.open("w", encoding="utf-8") as errors:
        server = subprocess.Popen(
            [*COMMAND, "server", "run", "--port", "0"],
            env=place.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        line = server.stdout.readline() if server.stdout is not None else ""
        if not line.startswith("listening on "):
            raise DemoError(f"the server did not start:\n{log.read_text(encoding='utf-8')[-2_000:]}")
        yield int(line.rsplit(":", 1)[1])
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stdout is not None:
            server.stdout.close()
