"""`tallystick bench`: chooses the parts, shows what they measured, and keeps it as JSON."""

import json as jsons
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import structlog
from cyclopts import Parameter
from rich.console import Console

from shared.errors import TallystickError
from tallystick.bench.machine import describe
from tallystick.bench.office import bench_folder
from tallystick.bench.report import Part, Run

PartName = Literal["settle", "http", "growth", "terminal", "book", "screen", "reconnect", "all"]
# In the order in which `all` runs them, each the module that measures it.
PARTS = ("settle", "http", "growth", "book", "terminal", "screen", "reconnect")
_ROUNDS, _QUICK_ROUNDS = 7, 2


def bench(
    part: PartName = "all",
    /,
    *,
    json: Annotated[Path | None, Parameter(name="--json")] = None,
    quick: Annotated[bool, Parameter(negative="")] = False,
    rounds: Annotated[int | None, Parameter()] = None,
) -> int:
    """Measure how fast it is on this machine: real signatures, real PostgreSQL with fsync on, real HTTP on loopback.

    Everything that is compared runs in the same call, in rounds that alternate. Leaves nothing behind.

    Exit code 0: measured, and every balance reconciled. 1: a measurement failed. A missed target is shown as missed.

    Args:
        part: What to measure.
        json: Also write all figures there.
        quick: Measure less of the same, for a first look.
        rounds: How often each thing is measured; 7 by default, 2 with --quick.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    console = Console(highlight=False)
    machine = describe()
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}"
    )
    many = max(1, rounds or (_QUICK_ROUNDS if quick else _ROUNDS))
    console.print(f"{many} rounds{', quick' if quick else ''}\n")
    document: dict[str, object] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "quick": quick,
        "rounds": many,
    }
    with bench_folder() as folder:
        run = Run(console, quick, many, folder)
        for name in PARTS if part == "all" else (part,):

            def keep(figures: Mapping[str, Any], name: str = name) -> None:
                document[name] = dict(figures)
                if json is not None:  # a long run that is broken off has left what it had
                    json.write_text(jsons.dumps(document, indent=2) + "\n", encoding="utf-8")

            try:
                done = _measure_of(name)(replace(run, keep=keep))
            except TallystickError as error:
                print(f"error: {name}: {error.message}", file=sys.stderr)
                return 1
            done.show(console)
            keep({**done.figures, "targets": [target.plain() for target in done.targets]})
    return 0


def _measure_of(part: str) -> Callable[[Run], Part]:
    measure: Callable[[Run], Part] = import_module(f"tallystick.bench.{part}").measure
    return measure
