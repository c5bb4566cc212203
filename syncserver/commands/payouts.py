"""`server payouts`."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from cyclopts import App

from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from shared.lifecycles import PayoutState
from shared.money import Money, format_minor
from syncserver.commands.running import Json, actor, run, show
from syncserver.database.connection import Connection
from syncserver.payouts import accounts, approving, deciding, proposing, sending, views
from syncserver.payouts.accounts import PayoutAccount
from syncserver.payouts.deciding import Outcome
from syncserver.payouts.errors import PaymentFileError, PayoutStateError
from syncserver.payouts.initiation import Schema
from syncserver.payouts.proposing import Proposal
from syncserver.payouts.views import Run
from syncserver.registry.vendors import read_vendor
from syncserver.services import Services

payouts = App(name="payouts")
MOST_LISTED = 200
_T = TypeVar("_T")


def _in_transaction(work: Callable[[Connection, Services], Awaitable[_T]]) -> _T:
    async def worked(services: Services) -> _T:
        async with services.pool.acquire() as connection, connection.transaction():
            return await work(connection, services)

    return run(worked)


@payouts.command(name="account")
def account(
    vendor_id: str,
    account: str | None = None,
    *,
    holder: str = "",
    bic: str | None = None,
    minimum: str | None = None,
    json: Json = False,
) -> None:
    """Have a vendor paid to an account from now on; without one, show where it is paid.

    Example: tallystick server payouts account VENDOR DE89370400440532013000 --holder "Corner Shop Ltd" --minimum 10.00
    """
    vendor = uuid_bytes(vendor_id)

    async def work(connection: Connection, services: Services) -> list[PayoutAccount]:
        if account is not None:
            currency = (await read_vendor(services, vendor)).currency
            least = Money.parse(minimum, currency) if minimum is not None else None
            await accounts.ask(
                connection, services, actor(), vendor, account=account, holder=holder, bic=bic, minimum=least
            )
        return await accounts.listed(connection, vendor, limit=MOST_LISTED)

    found = _in_transaction(work)
    lines = [
        f"{one.version}  {one.account}  {one.holder}  from {format_minor(one.minimum.minor, one.minimum.currency)} on  "
        f"{'confirmed' if one.counts else 'waits for another person'}"
        for one in found
    ]
    data = [
        {
            "version": one.version,
            "account": one.account,
            "holder": one.holder,
            "bic": one.bic,
            "minimum": one.minimum.minor,
            "confirmed": one.counts,
        }
        for one in found
    ]
    show({"accounts": data}, "\n".join(lines) or "It has none.", json=json)


@payouts.command(name="confirm")
def confirm(vendor_id: str, version: int, *, json: Json = False) -> None:
    """Confirm the account that an admin asked for.

    Example: tallystick server payouts confirm VENDOR 2
    """
    vendor = uuid_bytes(vendor_id)
    one = _in_transaction(lambda connection, services: accounts.confirm(connection, services, actor(), vendor, version))
    show({"version": one.version, "account": one.account}, f"{one.account} of {one.holder} counts now.", json=json)


@payouts.command(name="propose")
def propose(
    *,
    currency: str = "EUR",
    vendor: str | None = None,
    by_hand: bool = False,
    ours: str | None = None,
    json: Json = False,
) -> None:
    """Propose to pay all vendors what they are owed, or one of them. What is proposed is no longer owed.

    Example: tallystick server payouts propose

    Args:
        currency: Of the vendors.
        vendor: One alone.
        by_hand: Without a file for the bank, as for currencies that SEPA does not move.
        ours: Which of our accounts pays.
    """
    asked = Proposal(currency, uuid_bytes_or_none(vendor), by_hand, ours)
    _step(lambda connection, services: proposing.propose(connection, services, actor(), asked), json=json)


def _step(work: Callable[[Connection, Services], Awaitable[bytes]], *, json: bool) -> None:
    async def told(connection: Connection, services: Services) -> tuple[Run, list[Any]]:
        run_id = await work(connection, services)
        rows = await views.payouts(connection, of_run=run_id, limit=proposing.MOST_PAYOUTS)
        return await views.run(connection, run_id), list(rows)

    one, rows = _in_transaction(told)
    data = _run(one) | {"payouts": [_payout(row) for row in rows]}
    show(data, "\n".join([_run_words(one), *(f"  {_payout_words(row)}" for row in rows)]), json=json)


@payouts.command(name="show")
def show_run(run_id: str, *, json: Json = False) -> None:
    """Show a run and its payouts."""

    async def work(_connection: Connection, _services: Services) -> bytes:
        return uuid_bytes(run_id)

    _step(work, json=json)


@payouts.command(name="approve")
def approve(run_id: str, *, json: Json = False) -> None:
    """Approve a run.

    Example: tallystick server payouts approve RUN
    """

    async def work(connection: Connection, services: Services) -> bytes:
        await approving.approve(connection, services, actor(), uuid_bytes(run_id))
        return uuid_bytes(run_id)

    _step(work, json=json)


@payouts.command(name="cancel")
def cancel(run_id: str, *, reason: str, json: Json = False) -> None:
    """Call off what of a run the bank has not been told: it is owed to the vendors again.

    Example: tallystick server payouts cancel RUN --reason "the wrong day"
    """

    async def work(connection: Connection, services: Services) -> bytes:
        await approving.cancel(connection, services, actor(), uuid_bytes(run_id), reason)
        return uuid_bytes(run_id)

    _step(work, json=json)


@payouts.command(name="file")
def file(run_id: str, *, out: Path, schema: Schema = Schema.V09, json: Json = False) -> None:
    """Write the bank's file of an approved run: made once, and the same bytes each time it is asked for.

    Example: tallystick server payouts file RUN --out payouts.xml
    """
    wanted = uuid_bytes(run_id)
    made = _in_transaction(lambda connection, services: sending.send(connection, services, actor(), wanted, schema))
    if made is None:
        raise PayoutStateError("nothing of this run is left: its vendors were blocked, or have other accounts by now")
    try:
        out.write_bytes(made.data)
    except OSError as error:
        raise PaymentFileError(f"{out} can't be written: {error.strerror}. The file is kept; ask again.") from error
    data = {"message": made.message, "schema": made.schema, "sha256": made.sha256.hex(), "file": str(out)}
    show(data, f"{out}: {made.message}, SHA-256 {made.sha256.hex()}", json=json)


@payouts.command(name="runs")
def list_runs(*, json: Json = False) -> None:
    """List runs, the newest first."""

    async def work(connection: Connection, _services: Services) -> list[Run]:
        return await views.runs(connection, limit=MOST_LISTED)

    found = _in_transaction(work)
    show({"runs": [_run(one) for one in found]}, "\n".join(map(_run_words, found)) or "There are none.", json=json)


@payouts.command(name="list")
def list_payouts(*, state: PayoutState | None = None, vendor: str | None = None, json: Json = False) -> None:
    """List payouts, the newest first, at most two hundred.

    Example: tallystick server payouts list --state sent
    """
    of_vendor = uuid_bytes_or_none(vendor)

    async def work(connection: Connection, _services: Services) -> list[Any]:
        return list(await views.payouts(connection, vendor=of_vendor, state=state, limit=MOST_LISTED))

    rows = _in_transaction(work)
    words = "\n".join(map(_payout_words, rows)) or "There are none."
    show({"payouts": [_payout(row) for row in rows]}, words, json=json)


@payouts.command(name="outcome")
def outcome(
    payout_id: str, outcome: Outcome, *, reason: str = "", reference: str | None = None, json: Json = False
) -> None:
    """Say what became of a payout that no statement told: paid, failed or returned.

    Example: tallystick server payouts outcome PAYOUT failed --reason "pain.002: AC04"

    Args:
        payout_id: Which one.
        outcome: Paid needs the bank's reference, the others a reason.
        reason: Why it failed or came back.
        reference: The bank's, of the payment.
    """
    payout = uuid_bytes(payout_id)

    async def work(connection: Connection, services: Services) -> Any:
        await deciding.decide(connection, services, actor(), payout, outcome, reason=reason, reference=reference)
        return await views.read(connection, payout)

    row = _in_transaction(work)
    show(_payout(row), _payout_words(row), json=json)


def _run(one: Run) -> dict[str, Any]:
    return {
        "runId": uuid_text(one.id),
        "state": one.state,
        "method": one.method,
        "account": one.account,
        "total": one.total,
        "currency": one.currency,
        "states": dict(one.states),
        "proposedBy": one.proposed_actor,
        "approvedBy": one.approved_actor,
        "message": one.message,
    }


def _run_words(one: Run) -> str:
    total = format_minor(one.total, one.currency)
    return f"{uuid_text(one.id)}  {one.state}  {one.payouts} payouts  {total} {one.currency}  {one.proposed_actor}"


def _payout(row: Any) -> dict[str, Any]:
    return {
        "payoutId": str(row["payout"]),
        "runId": str(row["run"]),
        "vendorId": str(row["vendor"]),
        "vendor": row["name"],
        "amount": row["amount"],
        "currency": row["currency"],
        "account": row["account"],
        "endToEndId": row["end_to_end"],
        "state": row["state"],
    }


def _payout_words(row: Any) -> str:
    amount = format_minor(row["amount"], row["currency"])
    return f"{row['payout']}  {row['state']}  {amount} {row['currency']}  {row['account']}  {row['name']}"
