"""Payouts: what vendors are owed on its way to their banks, run by run, and where each of them is paid."""

from typing import Any

import msgspec
from starlette.responses import Response

from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from shared.lifecycles import PayoutState
from syncserver.api.rest.endpoint import Nothing
from syncserver.api.rest.payout_runs import file_answer
from syncserver.api.rest.payout_views import PAYOUT_COLUMNS, payout_cells
from syncserver.api.rest.spreadsheets import csv_answer
from syncserver.console.page import PREFIX, Form, Page, ReasonForm, Visit
from syncserver.console.pages.payout_accounts import MOST_ACCOUNTS, ROWS, show_vendor
from syncserver.database.connection import Connection
from syncserver.payouts import accounts, approving, deciding, proposing, sending, views
from syncserver.payouts.deciding import Outcome
from syncserver.payouts.errors import PayoutStateError
from syncserver.payouts.initiation import Schema
from syncserver.payouts.proposing import BY_HAND, SEPA, Proposal
from syncserver.registry import sales

PAYOUTS = f"{PREFIX}/payouts"
MOST_EXPORTED = 10_000
STATES = [("", "any"), *((state.value, state.value) for state in PayoutState)]
_WAITS = "Another admin must say the same: nothing has moved."


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Runs, or a vendor's payouts, from one on."""

    vendor: str = ""
    cursor: str = ""


class AllQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payouts in a state, from one on; as a file where that is asked for."""

    state: str = ""
    cursor: str = ""
    format: str = ""


class RunQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run's payouts from one on."""

    cursor: str = ""


class ProposeForm(Form, frozen=True):
    """Whom to pay: all vendors of a currency, or one."""

    currency: str
    vendor: str = ""
    method: str = SEPA


class SendForm(Form, frozen=True):
    """Which version of the file the bank takes."""

    schema: str


class OutcomeForm(Form, frozen=True):
    """What became of a payout, why, or under which of the bank's references."""

    outcome: str
    reason: str = ""
    reference: str = ""


async def show_list(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/payouts`: all runs, or one vendor's payouts."""
    before = uuid_bytes_or_none(visit.query.cursor or None)
    if visit.query.vendor:
        return await show_vendor(visit, uuid_bytes(visit.query.vendor), before)
    async with visit.services.pool.acquire() as connection:
        found = await views.runs(connection, before=before, limit=ROWS + 1)
        waiting = await accounts.waiting(connection, None, MOST_ACCOUNTS)
        names = {one.vendor: (await sales.show_vendor(connection, one.vendor))[0].name for one in waiting}
    rows = found[:ROWS]
    following = uuid_text(rows[-1].id) if len(found) > ROWS else None
    return visit.page("payouts_list.html", rows=rows, waiting=waiting, names=names, following=following)


async def show_all(visit: Visit[AllQuery, None]) -> Response:
    """`GET /console/payouts/all`."""
    state = _word(PayoutState, visit.query.state) if visit.query.state else None
    before, as_file = uuid_bytes_or_none(visit.query.cursor or None), visit.query.format == "csv"
    async with visit.services.pool.acquire() as connection:
        found = await views.payouts(
            connection, before=before, state=state, limit=MOST_EXPORTED if as_file else ROWS + 1
        )
    if as_file:
        return csv_answer("payouts", PAYOUT_COLUMNS, map(payout_cells, found), None)
    rows = found[:ROWS]
    following = str(rows[-1]["payout"]) if len(found) > ROWS else None
    return visit.page("payouts_all.html", rows=rows, states=STATES, following=following)


async def propose(visit: Visit[Nothing, ProposeForm]) -> Response:
    """`POST /console/payouts`."""
    form = visit.form
    asked = Proposal(
        currency=form.currency.strip().upper(),
        vendor=uuid_bytes_or_none(form.vendor.strip() or None),
        by_hand=form.method == BY_HAND,
    )

    async def work(connection: Connection) -> str:
        return uuid_text(await proposing.propose(connection, visit.services, visit.who, asked))

    run = await visit.once(work)
    return await visit.done(f"{PAYOUTS}/runs/{run}", "Proposed: it is owed no longer, and waits to be approved.")


async def show_run(visit: Visit[RunQuery, None]) -> Response:
    """`GET /console/payouts/runs/{run}`."""
    run, before = visit.path["run"], uuid_bytes_or_none(visit.query.cursor or None)
    async with visit.services.pool.acquire() as connection:
        found = await views.run(connection, run)
        payouts = await views.payouts(connection, before=before, of_run=run, limit=ROWS + 1)
    rows = payouts[:ROWS]
    following = str(rows[-1]["payout"]) if len(payouts) > ROWS else None
    schemas = [(one.value, one.value) for one in Schema]
    return visit.page("payouts_run.html", run=found, rows=rows, schemas=schemas, following=following)


async def approve(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/payouts/runs/{run}/approve`."""
    run = visit.path["run"]

    async def work(connection: Connection) -> str:
        await approving.approve(connection, visit.services, visit.who, run)
        state = (await views.run(connection, run)).state
        return "Approved." if state == PayoutState.APPROVED else "Called off: its shops were blocked or moved."

    return await visit.done(_run(visit), await visit.once(work))


async def cancel(visit: Visit[Nothing, ReasonForm]) -> Response:
    """`POST /console/payouts/runs/{run}/cancel`."""
    run = visit.path["run"]

    async def work(connection: Connection) -> str:
        await approving.cancel(connection, visit.services, visit.who, run, visit.form.reason)
        return "Called off: it is owed to the vendors again."

    return await visit.done(_run(visit), await visit.once(work))


async def send(visit: Visit[Nothing, SendForm]) -> Response:
    """`POST /console/payouts/runs/{run}/send`."""
    run, schema = visit.path["run"], _word(Schema, visit.form.schema)

    async def work(connection: Connection) -> str:
        made = await sending.send(connection, visit.services, visit.who, run, schema)
        if made is None:
            return "Nothing of it is left: its vendors were blocked, or have other accounts by now."
        return "The file is made. Hand it to the bank, and import the bank's statement when it comes."

    return await visit.done(_run(visit), await visit.once(work))


async def download(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/payouts/runs/{run}/file`."""
    async with visit.services.pool.acquire() as connection:
        await views.run(connection, visit.path["run"])
        found = await sending.find(connection, visit.path["run"])
    if found is None:
        raise PayoutStateError("there is no file of this run")
    return file_answer(found)


async def show_payout(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/payouts/{payout}`."""
    story = await views.story(visit.services, visit.path["payout"])
    return visit.page("payouts_one.html", one=story.row, story=story, outcomes=_outcomes(story.row))


def _outcomes(row: Any) -> list[tuple[str, str]]:
    """What a person can say of a payout as it stands."""
    if row["state"] == PayoutState.SENT:
        return [(Outcome.FAILED.value, "the bank refused it"), (Outcome.PAID.value, "the bank paid it")]
    if row["state"] == PayoutState.PAID:
        return [(Outcome.RETURNED.value, "it came back")]
    if row["state"] == PayoutState.APPROVED and row["method"] == BY_HAND:
        return [(Outcome.PAID.value, "it was paid at the bank")]
    return []


async def decide(visit: Visit[Nothing, OutcomeForm]) -> Response:
    """`POST /console/payouts/{payout}/outcome`."""
    form, payout = visit.form, visit.path["payout"]
    outcome = _word(Outcome, form.outcome)

    async def work(connection: Connection) -> str:
        done = await deciding.decide(
            connection,
            visit.services,
            visit.who,
            payout,
            outcome,
            reason=form.reason,
            reference=form.reference or None,
        )
        return f"It is {outcome.value}." if done else _WAITS

    return await visit.done(f"{PAYOUTS}/{uuid_text(payout)}", await visit.once(work))


def _word(kind: Any, text: str) -> Any:
    """A word of a kind, as a form or an address has it.

    Raises:
        PayoutStateError: it is none.
    """
    try:
        return kind(text)
    except ValueError as error:
        raise PayoutStateError(f"{text[:30]!r} is none of {', '.join(kind)}") from error


def _run(visit: Visit[Any, Any]) -> str:
    return f"{PAYOUTS}/runs/{uuid_text(visit.path['run'])}"


_LIST = Page(path="/payouts", show=show_list, query=ListQuery)
_RUN = Page(path="/payouts/runs/{run}", show=show_run, query=RunQuery)
_ONE = Page(path="/payouts/{payout}", show=show_payout)
PAGES = (
    _LIST,
    Page(path="/payouts", show=propose, form=ProposeForm, again=_LIST),
    Page(path="/payouts/all", show=show_all, query=AllQuery),
    _RUN,
    Page(path="/payouts/runs/{run}/approve", show=approve, form=Form, again=_RUN),
    Page(path="/payouts/runs/{run}/cancel", show=cancel, form=ReasonForm, again=_RUN),
    Page(path="/payouts/runs/{run}/send", show=send, form=SendForm, again=_RUN),
    Page(path="/payouts/runs/{run}/file", show=download),
    _ONE,
    Page(path="/payouts/{payout}/outcome", show=decide, form=OutcomeForm, again=_ONE),
)
