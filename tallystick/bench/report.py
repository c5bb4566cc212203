"""What every part of a bench is handed, and what it gives back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tallystick.bench.measures import Measured


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that the project means to reach. `at_least` tells the direction."""

    name: str
    value: float
    bound: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        direction = "at least" if self.at_least else "at most"
        return {"name": self.name, "value": self.value, direction.replace(" ", "_"): self.bound, "met": self.met}


@dataclass(slots=True)
class Part:
    """One part's outcome. `figures` goes into the JSON as it is; `rows` are (what, measured or text, unit)."""

    title: str
    figures: dict[str, Any] = field(default_factory=dict)
    rows: list[tuple[str, Measured | str, str]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def row(self, what: str, value: Measured | str, unit: str = "") -> None:
        """Add a line to what people see."""
        self.rows.append((what, value, unit))

    def show(self, console: Console) -> None:
        """Print it as a table."""
        table = Table(title=self.title, title_justify="left", title_style="bold")
        for name, justify in (("", "left"), ("median", "right"), ("min", "right"), ("max", "right"), ("", "left")):
            table.add_column(name, justify=justify)  # type: ignore[arg-type]  # rich's own literals
        for what, value, unit in self.rows:
            shown = (value, "", "") if isinstance(value, str) else _figures(value)
            table.add_row(what, *shown, unit)
        console.print(table)
        for note in self.notes:
            console.print(f"  {note}", highlight=False)
        for target in self.targets:
            sign = "[green]✓[/green]" if target.met else "[red]✗ missed:[/red]"
            direction = "at least" if target.at_least else "at most"
            console.print(f"  {sign} {target.name}: {target.value:g} ({direction} {target.bound:g})", highlight=False)
        console.print()


def _figures(value: Measured) -> Sequence[str]:
    plain = value.plain()
    return [f"{plain[name]:,}" for name in ("median", "min", "max")]


@dataclass(frozen=True, slots=True)
class Run:
    """How a bench runs: `quick` measures less of the same, `rounds` how often everything is measured.

    `folder` is for all parts: servers' homes in it are used by one part after another (`office.open_office`).
    `keep` takes a long part's figures as far as they have come, so that one that is broken off has left something.
    """

    console: Console
    quick: bool
    rounds: int
    folder: Path
    keep: Callable[[Mapping[str, Any]], None] = lambda _figures: None

    @property
    def office(self) -> Path:
        """The home of the server that a part measures."""
        return self.folder / "office"

    def workplace(self, part: str) -> Path:
        """A new folder for what else a part needs."""
        folder = self.folder / part
        folder.mkdir()
        return folder

    @contextmanager
    def progress(self, title: str, steps: int) -> Iterator["Steps"]:
        """A bar of that many steps on stderr, so that figures can be piped away; lines where that is no terminal."""
        console = Console(stderr=True)
        if not console.is_terminal:
            done_so_far = 0

            def line(what: str, *, done: int = 1) -> None:
                nonlocal done_so_far
                done_so_far += done
                if what:
                    console.print(f"{title}: {done_so_far}/{steps} {what}", highlight=False, soft_wrap=True)

            yield Steps(line)
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(title, total=steps)

            def step(what: str, *, done: int = 1) -> None:
                bar.update(task, description=f"{title}: {what}", advance=done)

            yield Steps(step)


class Steps:
    """Tells a person how far a part has come."""

    def __init__(self, step: Any) -> None:
        self._step = step

    def say(self, what: str) -> None:
        """What is at work now."""
        self._step(what, done=0)

    def done(self, what: str = "") -> None:
        """One step is done."""
        self._step(what, done=1)
