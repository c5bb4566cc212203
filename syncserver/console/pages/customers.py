"""Customers: who waits to be approved, what each has, and what moved."""

from typing import Any

import msgspec
from starlette.responses import Response

from shared.errors import DecodingError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_bytes, uuid_text
from syncserver.api.rest.endpoint import Nothing
from syncserver.console.page import PREFIX, Form, Page, ReasonForm, Visit
from syncserver.people import approving
from syncserver.wallets import accounts, customers, listing, releasing, statement
from syncserver.wallets.statement import Period

CUSTOMERS = f"{PREFIX}/customers"
WAITING = f"{CUSTOMERS}/waiting"
ROWS = 50
SERIES = 20


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Those after one."""

    cursor: str = ""


class LinesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lines of a statement below a number."""

    below: int = MAX_INTEGER


async def show_list(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/customers`."""
    after = uuid_bytes(visit.query.cursor) if visit.query.cursor else None
    async with visit.services.pool.acquire() as connection:
        found = await customers.customers_after(connection, after, ROWS + 1)
    rows = found[:ROWS]
    following = uuid_text(rows[-1].user_id) if len(found) > ROWS else None
    return visit.page("customers_list.html", rows=rows, following=following)


async def show_waiting(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/customers/waiting`: shops among them."""
    after = uuid_bytes(visit.query.cursor) if visit.query.cursor else None
    found = await approving.list_waiting(visit.services, after, ROWS + 1)
    rows = [(person, taken, approving.approvable_at(visit.services, person)) for person, taken in found[:ROWS]]
    following = uuid_text(rows[-1][0].user_id) if len(found) > ROWS else None
    return visit.page("customers_waiting.html", rows=rows, following=following)


async def show_one(visit: Visit[LinesQuery, None]) -> Response:
    """`GET /console/customers/{customer}`."""
    now = visit.services.clock()
    if visit.query.below < 1:
        raise DecodingError("below: not a number of a line")
    async with visit.services.pool.acquire() as connection:
        one = await customers.show_customer(connection, visit.path["customer"])
        wallet = one.balances.wallet
        series = await listing.codes_of_wallet(connection, wallet, now=now, open_only=False, below=None, limit=SERIES)
        lines = await statement.read_lines(connection, wallet, Period(), below=visit.query.below, limit=ROWS)
    following = visit.here(below=lines.lines[-1].number) if lines.more else None
    return visit.page(
        "customers_one.html", one=one, series=series, lines=lines.lines, following=following, more_series=SERIES
    )


async def approve(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/customers/{customer}/approve`."""
    person = await approving.approve(visit.services, visit.who, visit.path["customer"])
    return await visit.done(WAITING, f"{person.name} is approved.")


async def reject(visit: Visit[Nothing, ReasonForm]) -> Response:
    """`POST /console/customers/{customer}/reject`."""
    person = await approving.reject(visit.services, visit.who, visit.path["customer"], visit.form.reason)
    return await visit.done(WAITING, f"{person.name} is rejected.")


async def block(visit: Visit[Nothing, ReasonForm]) -> Response:
    """`POST /console/customers/{customer}/block`: the person where there is one, and the wallet in any case."""
    user_id = visit.path["customer"]
    async with visit.services.pool.acquire() as connection:
        one = await customers.show_customer(connection, user_id)
    if one.login is not None:
        await approving.block(visit.services, visit.who, user_id, visit.form.reason)
    else:
        await accounts.block(visit.services, one.balances.wallet, blocked=True)
    return await visit.done(_address(visit), "Blocked. Tills refuse the wallet from their next book on.")


async def unblock(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/customers/{customer}/unblock`."""
    user_id = visit.path["customer"]
    async with visit.services.pool.acquire() as connection:
        one = await customers.show_customer(connection, user_id)
    if one.login is not None:
        await approving.unblock(visit.services, visit.who, user_id)
    else:
        await accounts.block(visit.services, one.balances.wallet, blocked=False)
    return await visit.done(_address(visit), "The block is over.")


async def withdraw(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/customers/{customer}/codes/{series}/withdraw`."""
    await releasing.withdraw(visit.services, visit.path["series"])
    notice = "Withdrawn: tills refuse these codes from their next book on. What they hold returns at their release."
    return await visit.done(_address(visit), notice)


def _address(visit: Visit[Any, Any]) -> str:
    return f"{CUSTOMERS}/{uuid_text(visit.path['customer'])}"


_WAITING = Page(path="/customers/waiting", show=show_waiting, query=ListQuery)
_ONE = Page(path="/customers/{customer}", show=show_one, query=LinesQuery)
PAGES = (
    Page(path="/customers", show=show_list, query=ListQuery),
    _WAITING,
    _ONE,
    Page(path="/customers/{customer}/approve", show=approve, form=Form, again=_WAITING),
    Page(path="/customers/{customer}/reject", show=reject, form=ReasonForm, again=_WAITING),
    Page(path="/customers/{customer}/block", show=block, form=ReasonForm, again=_ONE),
    Page(path="/customers/{customer}/unblock", show=unblock, form=Form, again=_ONE),
    Page(path="/customers/{customer}/codes/{series}/withdraw", show=withdraw, form=Form, again=_ONE),
)
