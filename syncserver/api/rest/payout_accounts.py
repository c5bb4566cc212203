"""Where vendors are paid: one admin asks for an account, another confirms it."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shared.errors import MoneyError
from shared.ids import uuid_bytes_or_none, uuid_text
from syncserver.api.rest.amounts import Amount, money_of
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.api.rest.payout_views import (
    TAG,
    ListQuery,
    PayoutAccountPage,
    PayoutAccountView,
    account_view,
    admins_page,
)
from syncserver.api.rest.vendors import of_vendor
from syncserver.database.connection import Connection
from syncserver.payouts import accounts
from syncserver.payouts.errors import AnotherPersonError, PayoutAccountError, UnknownPayoutAccountError
from syncserver.people.access import ADMINS
from syncserver.registry import sales
from syncserver.registry.errors import UnknownVendorError

MOST_SHOWN = 20


class AccountRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An account (for euro an IBAN), whose it is, and the least that is paid to it."""

    account: Annotated[str, Meta(min_length=1, max_length=64)]
    holder: Annotated[str, Meta(min_length=1, max_length=128)]
    bic: Annotated[str, Meta(min_length=8, max_length=11)] | None = None
    minimum: Amount | None = None


class ConfirmRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which version is meant: the one that was looked at."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]


async def ask(call: Call[AccountRequest, Nothing]) -> Answer[Any]:
    """`POST /api/vendors/{vendorId}/payout-accounts`."""
    vendor, body = call.path["vendorId"], call.body

    async def work(connection: Connection) -> PayoutAccountView:
        shop, _ = await sales.show_vendor(connection, vendor)
        asked = await accounts.ask(
            connection,
            call.services,
            call.who,
            vendor,
            account=body.account,
            holder=body.holder,
            bic=body.bic,
            minimum=money_of(body.minimum, shop.currency) if body.minimum is not None else None,
        )
        return account_view(asked)

    return await call.once(work)


async def confirm(call: Call[ConfirmRequest, Nothing]) -> Answer[Any]:
    """`POST /api/vendors/{vendorId}/payout-accounts/confirm`."""
    vendor, version = call.path["vendorId"], call.body.version

    async def work(connection: Connection) -> PayoutAccountView:
        return account_view(await accounts.confirm(connection, call.services, call.who, vendor, version))

    return await call.once(work)


async def list_accounts(call: Call[None, Nothing]) -> Answer[PayoutAccountPage]:
    """`GET /api/vendors/{vendorId}/payout-accounts`."""
    async with call.services.pool.acquire() as connection:
        found = await accounts.listed(connection, call.path["vendorId"], limit=MOST_SHOWN)
    return Answer(PayoutAccountPage([account_view(one) for one in found], None))


async def list_waiting(call: Call[None, ListQuery]) -> Answer[PayoutAccountPage]:
    """`GET /api/payout-accounts`."""
    limit = call.query.limit
    after = uuid_bytes_or_none(call.query.cursor)
    async with call.services.pool.acquire() as connection:
        found = await accounts.waiting(connection, after, limit + 1)
    page, following = page_of(found, limit, lambda one: uuid_text(one.vendor))
    return Answer(PayoutAccountPage([account_view(one) for one in page], following))


def _change(path: str, handle: Any, summary: str, body: Any, *errors: type[Any]) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"/api/vendors/{{vendorId}}/payout-accounts{path}",
        handle=handle,
        summary=summary,
        answers=PayoutAccountView,
        roles=ADMINS,
        body=body,
        errors=errors,
        once=True,
        tag=TAG,
    )


ENDPOINTS = (
    admins_page(
        "/api/payout-accounts", list_waiting, "Accounts that another admin has to confirm", PayoutAccountPage, ListQuery
    ),
    of_vendor("/payout-accounts", list_accounts, "Where a shop is paid, and was", PayoutAccountPage, Nothing),
    _change(
        "",
        ask,
        "Ask for a shop to be paid to an account from now on",
        AccountRequest,
        UnknownVendorError,
        PayoutAccountError,
        MoneyError,
    ),
    _change(
        "/confirm",
        confirm,
        "Confirm the account that another admin asked for",
        ConfirmRequest,
        UnknownPayoutAccountError,
        AnotherPersonError,
    ),
)
