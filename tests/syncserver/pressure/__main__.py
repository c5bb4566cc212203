"""The long form, run by `scripts/pressure`: many disruptions, and what they came to."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import structlog
from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from syncserver.postgres import EmbeddedPostgres
from tests.conftest import short_folder
from tests.syncserver.pressure.run import Outcome, Plan, press
from tests.syncserver.pressure.tally import Tally
from tests.syncserver.processes import made_site

# Fresh codes for about so many sales a disruption: twenty to a hot wallet's series of five codes, and as many cold.
_CODES_EACH = 100

app = App(name="scripts/pressure", help_flags=["--help", "-h"], version_flags=[])


@app.default
def main(
    *,
    disruptions: int = 200,
    seed: Annotated[int | None, Parameter()] = None,
    terminals: int = 64,
    keep: Annotated[Path | None, Parameter()] = None,
) -> int:
    """Press on two servers and their PostgreSQL while they are killed; payments must settle exactly once.

    Exit code 0: they did. 1: something is wrong, and is listed.

    Args:
        disruptions: How often a server is killed or PostgreSQL stopped.
        seed: Of all dice; a random one by default.
        terminals: How many send at once.
        keep: A folder that is to have the servers' and PostgreSQL's logs afterwards.
    """
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    console = Console(highlight=False)
    chosen = seed if seed is not None else int.from_bytes(os.urandom(4))
    codes = max(3_000, disruptions * _CODES_EACH)
    plan = Plan(chosen, disruptions, terminals, hot_series=codes // 2 // (16 * 5), cold_wallets=codes // 2 // 5)
    console.print(f"seed {chosen}: {disruptions} disruptions, {terminals} terminals, {codes:,} codes")
    outcome = _run(plan, console, keep)
    table = Table(show_header=False, box=None)
    for name, value in outcome.figures().items():
        table.add_row(name, value)
    console.print(table)
    for entry in outcome.logs.deadlocks:
        console.print(entry, markup=False)
    for entry in outcome.wrong:
        console.print(f"✗ {entry}", markup=False, style="red")
    if not outcome.wrong:
        console.print("✓ nothing lost, nothing doubled, and reconcile found nothing", style="green")
    return 1 if outcome.wrong else 0


def _run(plan: Plan, console: Console, keep: Path | None) -> Outcome:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with short_folder() as folder, made_site(folder / "home") as site:
        site.ask("init")
        with (
            EmbeddedPostgres(site.home) as postgres,
            Progress(*columns, console=Console(stderr=True), transient=True) as bar,
        ):
            task = bar.add_task("preparing", total=plan.disruptions)

            def watch(tally: Tally) -> None:
                text = f"{tally.payments:,} payments, {tally.receipts:,} receipts"
                bar.update(task, completed=tally.blows.total(), description=text)

            try:
                return asyncio.run(press(site, postgres, plan, watch))
            except BaseException:
                console.print(f"seed {plan.seed}", style="red")
                raise
            finally:
                if keep is not None:
                    _keep(keep, site.log, postgres.log)


def _keep(folder: Path, *logs: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, log in enumerate(logs):
        if log.exists():
            (folder / f"{number}-{log.name}").write_bytes(log.read_bytes())


if __name__ == "__main__":
    sys.exit(app())
