"""`server funding`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cyclopts import App
from rich.console import Console
from rich.progress import Progress

from shared.ids import uuid_bytes, wallet_number
from shared.money import format_minor
from syncserver.commands.running import Json, actor, run, show
from syncserver.payouts.bank_word import BankWord
from syncserver.services import Services
from syncserver.wallets.funding import assigning, bank_accounts, importing, statements
from syncserver.wallets.funding.assigning import Assignment
from syncserver.wallets.funding.bank_accounts import BankAccount
from syncserver.wallets.funding.errors import StatementError
from syncserver.wallets.funding.importing import Summary

funding = App(name="funding")
MOST_LISTED = 1_000


@funding.command(name="account")
def add_account(account: str, *, holder: str, currency: str, bic: str | None = None, json: Json = False) -> None:
    """Add one of our bank accounts, where customers pay in; again with another holder or BIC to change those.

    Example: tallystick server funding account EE382200221020145685 --holder "Tallystick Ltd" --currency EUR
    """
    made = run(lambda services: bank_accounts.add(services, account=account, holder=holder, currency=currency, bic=bic))
    show(_account(made), f"{made.account} of {made.holder} in {made.currency}", json=json)


@funding.command(name="accounts")
def list_accounts(*, json: Json = False) -> None:
    """List our bank accounts."""

    async def read(services: Services) -> tuple[BankAccount, ...]:
        async with services.pool.acquire() as connection:
            return await bank_accounts.listed(connection)

    found = run(read)
    lines = [f"{one.account}  {one.currency}  {one.bic or '-':<11}  {one.holder}" for one in found]
    show({"accounts": [_account(one) for one in found]}, "\n".join(lines) or "There are none yet.", json=json)


def _account(one: BankAccount) -> dict[str, Any]:
    return {"account": one.account, "holder": one.holder, "bic": one.bic, "currency": one.currency}


@funding.command(name="import")
def import_file(file: Path, *, account: str | None = None, json: Json = False) -> int:
    """Import a bank statement, camt.053 or CSV. Each entry is taken once, whatever files it is in.

    Exit code 1 where an entry named no wallet, so that somebody has to look: `server funding entries`. Statements of
    whole days are best: where a bank gives entries no reference, equal ones of one day are told apart by their number.

    Example: tallystick server funding import statement-2026-11-21.xml

    Args:
        file: The bank's file.
        account: Whose statement a CSV is, where no column says it.
    """
    statement = statements.read(_read(file), account)
    with _progress() as told:
        summary = run(lambda services: importing.import_statement(services, statement, BankWord(), actor(), told))
    show(_summary(summary), _words(summary), json=json)
    return 1 if summary.waiting else 0


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(statements.MOST_BYTES + 1)
    except OSError as error:
        raise StatementError(f"{file} can't be read: {error.strerror}") from error
    return data


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("importing", total=None)
        yield lambda done, everything: bar.update(task, completed=done, total=everything)


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "credited": summary.credited,
        "payouts": summary.payouts,
        "sums": dict(sorted(summary.sums.items())),
        "known": summary.known,
        "pending": summary.pending,
        "empty": summary.empty,
        "unmatched": {why.value: number for why, number in sorted(summary.unmatched.items())},
        "waiting": summary.waiting,
    }


def _words(summary: Summary) -> str:
    sums = ", ".join(f"{format_minor(minor, currency)} {currency}" for currency, minor in sorted(summary.sums.items()))
    lines = [f"{summary.credited} credited" + (f": {sums}" if sums else "")]
    lines += [f"{number} unmatched: {why.value}" for why, number in sorted(summary.unmatched.items())]
    others = (
        (summary.payouts, "of payouts"),
        (summary.known, "known"),
        (summary.pending, "not booked yet"),
        (summary.empty, "of no money"),
    )
    lines += [f"{number} {what}" for number, what in others if number]
    return "\n".join(lines)


@funding.command(name="entries")
def list_entries(*, state: str = "unmatched", reason: str | None = None, json: Json = False) -> None:
    """List unmatched entries of statements, the newest first, at most a thousand; others with --state credited.

    Example: tallystick server funding entries --reason NO_REFERENCE
    """

    async def read(services: Services) -> list[Any]:
        async with services.pool.acquire() as connection:
            return list(await assigning.listed(connection, state=state, reason=reason, before=None, limit=MOST_LISTED))

    rows = run(read)
    data = [
        {
            "entryId": str(row["entry"]),
            "account": row["account"],
            "bookedOn": row["booked_on"].isoformat(),
            "amount": row["amount"],
            "currency": row["currency"],
            "credit": row["credit"],
            "payer": row["payer"],
            "remittance": row["remittance"],
            "state": row["state"],
            "reason": row["reason"],
            "wallet": row["wallet"],
        }
        for row in rows
    ]
    lines = [
        f"{row['entry']}  {row['booked_on']}  {'' if row['credit'] else '-'}"
        f"{format_minor(row['amount'], row['currency'])} {row['currency']}  {row['reason'] or row['state']}  "
        f"{row['payer']}  {row['remittance']}"
        for row in rows
    ]
    show({"entries": data}, "\n".join(lines) or "There are none.", json=json)


@funding.command(name="assign")
def assign(entry_id: str, wallet: str, *, json: Json = False) -> None:
    """Give the money of an unmatched entry to a wallet.

    Example: tallystick server funding assign 0192f0c1-a000-7000-8000-00000000d001 2026112108
    """
    entry, number = uuid_bytes(entry_id), wallet_number(wallet)

    async def assigned(services: Services) -> None:
        async with services.pool.acquire() as connection, connection.transaction():
            money = await assigning.lock_unmatched(connection, entry)
            await Assignment(entry, number, money, actor(), services.clock()).pay_in(connection, services)

    run(assigned)
    show({"entryId": entry_id, "wallet": number, "state": "credited"}, f"Credited to {number}.", json=json)
