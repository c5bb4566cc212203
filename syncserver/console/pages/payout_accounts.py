"""Where a shop is paid, in the browser: one admin asks for an account, another confirms it."""

from typing import Any

import msgspec
from starlette.responses import Response

from shared.ids import uuid_bytes, uuid_text
from shared.money import Money
from syncserver.api.rest.endpoint import Nothing
from syncserver.console import choosing
from syncserver.console.page import PREFIX, Form, Page, Visit
from syncserver.database.connection import Connection
from syncserver.payouts import accounts, views
from syncserver.registry import sales

ROWS = 50
MOST_ACCOUNTS = 10


class VendorQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shop's payouts from one on."""

    cursor: str = ""


class AccountForm(Form, frozen=True):
    """Where a vendor is to be paid, from how much on."""

    account: str
    holder: str
    bic: str = ""
    minimum: str = ""


class VersionForm(Form, frozen=True):
    """Which account was looked at."""

    version: int


async def show_vendor(visit: Visit[Any, None], vendor: bytes, before: bytes | None) -> Response:
    """What a shop is owed, where it is paid and what it was paid, before one of its payouts."""
    async with visit.services.pool.acquire() as connection:
        shop, owed = await sales.show_vendor(connection, vendor)
        known = await accounts.listed(connection, vendor, limit=MOST_ACCOUNTS)
        found = await views.payouts(connection, before=before, vendor=vendor, limit=ROWS + 1)
    rows = found[:ROWS]
    following = str(rows[-1]["payout"]) if len(found) > ROWS else None
    return visit.page(
        "payouts_vendor.html",
        shop=shop,
        owed=owed,
        known=known,
        rows=rows,
        following=following,
        logins=await choosing.logins(visit.services),
    )


async def ask_account(visit: Visit[Nothing, AccountForm]) -> Response:
    """`POST /console/payouts/accounts/{vendor}`."""
    form, vendor = visit.form, visit.path["vendor"]

    async def work(connection: Connection) -> str:
        shop, _ = await sales.show_vendor(connection, vendor)
        least = Money.parse(form.minimum.strip(), shop.currency) if form.minimum.strip() else None
        await accounts.ask(
            connection,
            visit.services,
            visit.who,
            vendor,
            account=form.account,
            holder=form.holder,
            bic=form.bic.strip().upper() or None,
            minimum=least,
        )
        return "Asked for: it counts once another admin confirms it."

    return await visit.done(_address(vendor), await visit.once(work))


async def confirm_account(visit: Visit[Nothing, VersionForm]) -> Response:
    """`POST /console/payouts/accounts/{vendor}/confirm`."""
    vendor = visit.path["vendor"]

    async def work(connection: Connection) -> str:
        one = await accounts.confirm(connection, visit.services, visit.who, vendor, visit.form.version)
        return f"Confirmed: paid to {one.account} from now on."

    return await visit.done(_address(vendor), await visit.once(work))


async def show_account(visit: Visit[VendorQuery, None]) -> Response:
    """`GET /console/payouts/accounts/{vendor}`: a vendor's page, also where a form of it was wrong."""
    before = uuid_bytes(visit.query.cursor) if visit.query.cursor else None
    return await show_vendor(visit, visit.path["vendor"], before)


def _address(vendor: bytes) -> str:
    return f"{PREFIX}/payouts?vendor={uuid_text(vendor)}"


_VENDOR = Page(path="/payouts/accounts/{vendor}", show=show_account, query=VendorQuery)
PAGES = (
    _VENDOR,
    Page(path="/payouts/accounts/{vendor}", show=ask_account, form=AccountForm, again=_VENDOR),
    Page(path="/payouts/accounts/{vendor}/confirm", show=confirm_account, form=VersionForm, again=_VENDOR),
)
