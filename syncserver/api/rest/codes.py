"""A customer's codes: issued and shown once, listed without the codes, withdrawn."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.codes import grouped
from shared.errors import MoneyError
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text
from syncserver.api.envelope import success
from syncserver.api.rest.amounts import Amount, Sum, money_of
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing, Rate
from syncserver.api.rest.wallets import OWNERS
from syncserver.database.connection import Connection
from syncserver.ledger.postings import InsufficientFundsError
from syncserver.wallets import accounts, issuing, listing, releasing
from syncserver.wallets.errors import (
    IssueError,
    UnknownSeriesError,
    UnknownWalletError,
    WalletBlockedError,
)
from syncserver.wallets.issuing import IssuedSeries
from syncserver.wallets.listing import CodesView

TAG = "Codes"
MASKED = "****-****"
SERIES_OF_PAGE = 50
SHOWN_BEFORE = "These codes were issued and shown before. They are stored nowhere and can't be shown again."
# An answer with codes or vouchers in it stays in no cache.
SECRET = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class IssueRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How many codes; what each may spend at most, by default an even share of the offline balance; for how long."""

    count: int
    cap: Amount | None = None
    valid_hours: int = issuing.VALID_HOURS


class IssuedCodeView(msgspec.Struct, frozen=True, rename="camel"):
    """A new code; masked, and without its voucher, once it was shown."""

    index: int
    code: str
    cap: Sum
    voucher: str | None


class IssuedView(msgspec.Struct, frozen=True, rename="camel"):
    """A new series. Times in ms; what its codes hold and nobody spends is free again at `releaseAt`."""

    series: str
    wallet: str
    issued_at: int
    expires_at: int
    release_at: int
    already_shown: bool
    codes: list[IssuedCodeView]


class CodesQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which series: those that can be spent, or all; `cursor` is the `next` of the page before."""

    state: Literal["open", "all"] = "open"
    limit: Annotated[int, Meta(ge=1, le=SERIES_OF_PAGE)] = 20
    cursor: str | None = None


class CodeState(msgspec.Struct, frozen=True, rename="camel"):
    """A code, masked: `issued` can be spent; `claimed` was; what is `expired` or `withdrawn` is held until released."""

    index: int
    code: str
    cap: Sum
    state: str


class SeriesCodes(msgspec.Struct, frozen=True, rename="camel"):
    """A series: open, closed, withdrawn or released. Times in ms."""

    series: str
    state: str
    issued_at: int
    expires_at: int
    release_at: int
    codes: list[CodeState]


class CodesPage(msgspec.Struct, frozen=True, rename="camel"):
    """Some series, the newest first; `next` is null at the end."""

    wallet: str
    series: list[SeriesCodes]
    next: str | None


class WithdrawRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which series, by its id."""

    series: str


class WithdrawnView(msgspec.Struct, frozen=True, rename="camel"):
    """A withdrawn series: what so many codes still hold returns at `releaseAt` (ms), less what was spent before."""

    series: str
    wallet: str
    codes: int
    held: Sum
    release_at: int


async def get_codes(call: Call[None, CodesQuery]) -> Answer[CodesPage]:
    """`GET /api/wallets/get-codes/{userId}`."""
    query, now = call.query, call.services.clock()
    below = uuid_bytes_or_none(query.cursor)
    async with call.services.pool.acquire() as connection:
        wallet = await accounts.of_customer(connection, call.path["userId"])
        found = await listing.codes_of_wallet(
            connection,
            wallet.wallet,
            now=now,
            open_only=query.state == "open",
            below=below,
            limit=query.limit + 1,
        )
    page, following = page_of(found, query.limit, lambda one: uuid_text(one.series))
    return Answer(CodesPage(wallet.wallet, [_series(one, wallet.currency) for one in page], following))


def _series(view: CodesView, currency: str) -> SeriesCodes:
    return SeriesCodes(
        series=uuid_text(view.series),
        state=view.state,
        issued_at=view.issued_at,
        expires_at=view.expires_at,
        release_at=view.release_at,
        codes=[CodeState(one.index, MASKED, Sum.of(one.cap, currency), one.state) for one in view.codes],
    )


async def issue_codes(call: Call[IssueRequest, Nothing]) -> Response:
    """`POST /api/wallets/issue-codes/{userId}`.

    What is stored for the Idempotency-Key is the answer without its codes and vouchers, because a code is stored
    nowhere; so a repeat is answered with that. Whoever lost the first answer withdraws the series and issues another.
    """
    before = await call.done_before()
    if before is not None:
        return _shown_before(call, before)
    services, body = call.services, call.body
    derived = await issuing.derive(services, count=body.count, valid_hours=body.valid_hours)
    issued: list[IssuedSeries] = []

    async def work(connection: Connection) -> IssuedView:
        found = await accounts.of_customer(connection, call.path["userId"])
        cap = money_of(body.cap, found.currency).minor if body.cap is not None else None
        series = await issuing.issue_derived(
            connection, services, derived, wallet=found.wallet, cap=cap, actor=call.who.actor
        )
        issued.append(series)
        if call.who.is_admin:
            await issuing.note_issued(connection, call.services, series, call.who.actor)
        return _issued(series, shown=True)

    answer = await call.once(work)
    # Nothing was issued here where another request with this key was faster.
    return _secret(call, _issued(issued[0], shown=False)) if issued else _shown_before(call, answer)


def _issued(series: IssuedSeries, *, shown: bool) -> IssuedView:
    return IssuedView(
        series=uuid_text(series.series),
        wallet=series.wallet,
        issued_at=series.issued_at,
        expires_at=series.expires_at,
        release_at=series.release_at,
        already_shown=shown,
        codes=[
            IssuedCodeView(
                index=one.index,
                code=MASKED if shown else grouped(one.code),
                cap=Sum.of(one.cap, series.currency),
                voucher=None if shown else one.voucher,
            )
            for one in series.codes
        ],
    )


def _shown_before(call: Call[Any, Any], stored: Answer[Any]) -> Response:
    return _secret(call, stored.data, SHOWN_BEFORE)


def _secret(call: Call[Any, Any], data: Any, message: str = "OK") -> Response:
    answer = success(call.request, data, message=message)
    answer.headers.update(SECRET)
    return answer


async def withdraw_codes(call: Call[WithdrawRequest, Nothing]) -> Answer[Any]:
    """`POST /api/wallets/withdraw-codes/{userId}`."""
    series = uuid_bytes(call.body.series)

    async def work(connection: Connection) -> WithdrawnView:
        found = await accounts.of_customer(connection, call.path["userId"])
        done = await releasing.withdraw_of(connection, series, found.wallet)
        if call.who.is_admin:
            await releasing.note_withdrawn(connection, call.services, done)
        held = Sum.of(done.held, done.currency)
        return WithdrawnView(uuid_text(done.series), done.wallet, done.codes, held, done.release_at)

    return await call.once(work)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/wallets/get-codes/{userId}",
        handle=get_codes,
        summary="A wallet's codes, masked, by series",
        answers=CodesPage,
        roles=OWNERS,
        owner="userId",
        query=CodesQuery,
        errors=(UnknownWalletError,),
        rate=Rate.CODES,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/wallets/issue-codes/{userId}",
        handle=issue_codes,
        summary="Issue codes, which are shown this once",
        answers=IssuedView,
        roles=OWNERS,
        owner="userId",
        body=IssueRequest,
        errors=(UnknownWalletError, WalletBlockedError, IssueError, InsufficientFundsError, MoneyError),
        once=True,
        rate=Rate.CODES,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/wallets/withdraw-codes/{userId}",
        handle=withdraw_codes,
        summary="Withdraw a series of codes",
        answers=WithdrawnView,
        roles=OWNERS,
        owner="userId",
        body=WithdrawRequest,
        errors=(UnknownWalletError, UnknownSeriesError),
        once=True,
        rate=Rate.CODES,
        tag=TAG,
    ),
)
