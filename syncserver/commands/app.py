"""`tallystick server`: set up, run and look after the sync server."""

import asyncio
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console

from shared.ids import uuid_text
from syncserver.commands.running import Json, run, show
from syncserver.commands.search import find
from syncserver.composition import initialise, migrate_database, open_database
from syncserver.reconcile.checks import Reconciliation
from syncserver.reconcile.checks import reconcile as run_checks
from syncserver.reconcile.totals import Totals, count
from syncserver.registry.vendors import start_all_books_over
from syncserver.services import Services
from syncserver.settings import ServerSettings

app = App(
    name="server",
    help="""Set up, run and look after the sync server.

    Everything is kept in TALLYSTICK_HOME (default ~/.local/share/tallystick). The database is an embedded PostgreSQL,
    unless TALLYSTICK_DATABASE_URL names another. Commands run beside a running server or without one.

    A first shop: `server init`, `server vendor add`, `server customer add`, `server wallet fund`,
    `server wallet move-offline`, `server codes issue`, `server device token`, then `server run`.

    Exit codes: 0 done, 1 it failed or something was found, 2 wrong usage.
    """,
)
# Where each part is, and what it is for. It is loaded when it is asked for: a command starts with what it needs alone.
_PARTS = (
    ("people:vendor", "Shops: add, list, block, their limits and their cashiers."),
    ("proposals:policy", "Limits: what others would have done, and how they came to be."),
    ("people:customer", "Customers: add one with a wallet."),
    ("wallets:wallet", "Wallets: fund, move money offline, look, block."),
    ("funding:funding", "Money that comes in: our bank accounts, their statements, who paid."),
    ("wallets:codes", "Offline codes: issue, list, withdraw."),
    ("devices:device", "Terminals: make enrolment tokens, list, revoke, release from quarantine."),
    ("reviewing:payment", "Payments: look one up, list the flagged ones, decide them."),
    ("payouts:payouts", "Paying vendors what they are owed: accounts, runs, files for the bank."),
    ("shifts:shifts", "Shifts: what tills signed at their close beside what is here, and what you decide."),
    ("admins:admin", "Admins: add, list, vouch for, block, give a new password."),
    ("keys:keys", "Signing keys: list, rotate, revoke."),
    ("audit:audit", "Who did what: find it, and verify the seals."),
)
for _path, _purpose in _PARTS:
    app.command(f"syncserver.commands.{_path}", help=_purpose)
app.command(find, name="search")
app.command("syncserver.commands.reviewing:list_second", name="second", help="List what waits for a second admin.")


@app.command
def init(*, json: Json = False) -> None:
    """Set up keys, database and schema. What is there already stays as it is.

    Example: TALLYSTICK_HOME=/srv/tallystick tallystick server init
    """
    server_id = uuid_text(asyncio.run(initialise(ServerSettings())))
    show({"serverId": server_id}, f"The server {server_id} is set up in {ServerSettings().home}.", json=json)


@app.command
def migrate(*, json: Json = False) -> None:
    """Bring the database's schema up to date; `init` and the embedded database's `run` do it too."""

    async def migrated() -> list[str]:
        async with open_database(ServerSettings()) as target:
            return await migrate_database(target)

    applied = asyncio.run(migrated())
    words = "\n".join(f"applied {name}" for name in applied) or "The schema is up to date."
    show({"applied": applied}, words, json=json)


@app.command
def restored(*, json: Json = False) -> None:
    """Say that the database was restored from a backup: every terminal then begins its book anew.

    What terminals uploaded after the backup they still have; with its next record each sends again what is missing.

    Example: tallystick server restored
    """
    generation = run(start_all_books_over)
    show({"generation": generation}, f"Every terminal's book begins anew (generation {generation}).", json=json)


@app.command(name="run")
def run_server(
    *,
    host: str = "127.0.0.1",
    port: int = 8400,
    processes: Annotated[int, Parameter(validator=Number(gte=1, lte=64))] = 1,
) -> None:
    """Serve terminals until SIGTERM or Ctrl-C.

    TLS belongs in front of it: it speaks plain HTTP, and listens on loopback unless told otherwise.

    Example: tallystick server run --host 127.0.0.1 --port 8400

    Args:
        host: Where it listens.
        port: 0 takes a free one and prints it.
        processes: How many share the port and the database; one for each core that the database leaves free.
    """
    # Only this command needs a web server's imports.
    if processes > 1:
        from syncserver.commands.workers import serve_in_processes  # noqa: PLC0415 - see the line above

        serve_in_processes(host, port, processes)
    else:
        from syncserver.commands.serving import serve  # noqa: PLC0415 - see above

        serve(host, port)


@app.command
def reconcile(*, json: Json = False) -> int:
    """Check every invariant of the money. Exit code 1 and the rows where anything is wrong.

    Example: tallystick server reconcile --json
    """
    with Console(stderr=True).status("reconciling") as status:

        async def checked(services: Services) -> tuple[Reconciliation, Totals]:
            result = await run_checks(services, lambda check: status.update(f"checking {check}"))
            return result, await count(services)

        result, totals = run(checked)
    data = {
        "ok": result.ok,
        "findings": [{"check": one.check, "meaning": one.meaning, "row": one.row} for one in result.findings],
        "totals": {"payments": totals.payments, **totals.by_status, "difference": totals.differences},
    }
    lines = [f"{one.check}: {one.meaning}: {one.row}" for one in result.findings]
    lines.append(f"{'reconciled' if result.ok else 'NOT RECONCILED'}: {totals}")
    show(data, "\n".join(lines), json=json)
    return 0 if result.ok else 1
