"""Bank statements: what came in, whose it is, and what is nobody's yet."""

from typing import Any

import msgspec
from starlette.responses import Response

from shared.errors import DecodingError
from shared.ids import uuid_bytes, uuid_text, wallet_number
from shared.money import Money
from syncserver.console.page import PREFIX, Form, Page, Visit
from syncserver.console.uploads import read_upload
from syncserver.database.connection import Connection
from syncserver.payouts.bank_word import BankWord
from syncserver.people.bringing_in import assign_entry, import_file
from syncserver.wallets.funding import assigning, statements
from syncserver.wallets.funding.importing import Summary

BANK = f"{PREFIX}/bank"
ROWS = 50
MOST_BYTES = 4 * 1024 * 1024
STATES = ("unmatched", "credited", "payout")


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Entries of a state, before one."""

    state: str = "unmatched"
    cursor: str = ""


class AssignForm(Form, frozen=True):
    """Whose money it is."""

    wallet: str


async def show_list(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/bank`."""
    query = visit.query
    if query.state and query.state not in STATES:
        raise DecodingError("state: not one that an entry has")
    before = uuid_bytes(query.cursor) if query.cursor else None
    async with visit.services.pool.acquire() as connection:
        found = await assigning.listed(
            connection, state=query.state or None, reason=None, before=before, limit=ROWS + 1
        )
    rows = found[:ROWS]
    following = str(rows[-1]["entry"]) if len(found) > ROWS else None
    return visit.page("bank_list.html", rows=rows, following=following, states=STATES)


async def take_file(visit: Visit[Any, None]) -> Response:
    """`POST /console/bank/import`."""
    data, fields = await read_upload(visit.request, "statement", MOST_BYTES)
    statement = await statements.read_in_thread(data, fields.get("account", "").strip() or None)
    found = await import_file(visit.services, visit.who, statement, BankWord())
    if isinstance(found, Summary):
        sums = ", ".join(str(Money(minor, currency)) for currency, minor in sorted(found.sums.items())) or "nothing"
        notice = (
            f"Entries: {found.credited} credited ({sums}), {found.payouts} of payouts, "
            f"{found.unmatched.total()} nobody's, {found.known} known before."
        )
    else:
        waiting = ", ".join(str(money) for money in found)
        notice = f"Not done yet: {waiting} takes a second admin, who brings the very same file."
    return await visit.done(BANK, notice)


async def assign(visit: Visit[Any, AssignForm]) -> Response:
    """`POST /console/bank/{entry}/assign`."""
    entry, wallet = visit.path["entry"], wallet_number(visit.form.wallet)

    async def work(connection: Connection) -> str:
        money = await assign_entry(connection, visit.services, visit.who, entry, wallet, BankWord())
        if money is not None:
            return f"{money} takes a second admin, who has to ask for the same."
        return f"The entry {uuid_text(entry)[-12:]} is in the wallet {wallet}."

    return await visit.done(BANK, await visit.once(work))


_LIST = Page(path="/bank", show=show_list, query=ListQuery)
PAGES = (
    _LIST,
    Page(path="/bank/import", show=take_file, upload=True, again=_LIST),
    Page(path="/bank/{entry}/assign", show=assign, form=AssignForm, again=_LIST),
)
