"""Vouchers drawn and printed: one as a picture, or a sheet of code cards."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from shared.errors import CodeFormatError, DecodingError
from shared.vouchers import MAX_TEXT
from syncserver.api.rest.codes import SECRET, TAG
from syncserver.api.rest.endpoint import Call, Endpoint, Nothing, Rate
from syncserver.api.rest.wallets import OWNERS
from syncserver.wallets import accounts, cards, issuing
from syncserver.wallets.errors import CodeMismatchError, UnknownWalletError, VoucherError

# A page with codes on it may load and run nothing.
_SHEET_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


class RenderRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Vouchers as they were issued: one as a picture, up to ten on a sheet, there with their codes or without."""

    vouchers: Annotated[
        list[Annotated[str, Meta(max_length=MAX_TEXT)]], Meta(min_length=1, max_length=cards.MOST_CARDS)
    ]
    format: Literal["svg", "png", "sheet"]
    codes: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=cards.MOST_CARDS)] = []


async def render_vouchers(call: Call[RenderRequest, Nothing]) -> Response:
    """`POST /api/wallets/render-vouchers/{userId}`.

    Vouchers and codes come in the body, so that no log of addresses and no browser's history has one.
    """
    body, services = call.body, call.services
    if body.format == "sheet":
        if body.codes and len(body.codes) != len(body.vouchers):
            raise DecodingError("codes: one for each voucher, or none")
    elif body.codes or len(body.vouchers) != 1:
        raise DecodingError("a picture is of one voucher, without its code")
    user_id = call.path["userId"]
    async with services.pool.acquire() as connection:
        wallet = (await accounts.of_customer(connection, user_id)).wallet
        name = await accounts.name_of_customer(connection, user_id)
    opened = [cards.open_card(services, wallet, text) for text in body.vouchers]
    for index, code in enumerate(body.codes):
        opened[index] = await cards.with_code(opened[index], code)
    content, media = await asyncio.to_thread(_render, body.format, opened, issuing.mask_name(name))
    headers = dict(SECRET)
    if body.format == "sheet":
        headers["Content-Security-Policy"] = _SHEET_POLICY
    return Response(content, media_type=media, headers=headers)


def _render(form: str, opened: Sequence[cards.Card], name: str) -> tuple[bytes, str]:
    if form == "svg":
        return cards.to_svg(opened[0]), "image/svg+xml"
    if form == "png":
        return cards.to_png(opened[0]), "image/png"
    return cards.to_sheet(opened, name).encode(), "text/html"


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/wallets/render-vouchers/{userId}",
        handle=render_vouchers,
        summary="Vouchers as a picture, or a sheet of code cards to print",
        media=("image/svg+xml", "image/png", "text/html"),
        roles=OWNERS,
        owner="userId",
        body=RenderRequest,
        errors=(UnknownWalletError, VoucherError, CodeFormatError, CodeMismatchError),
        rate=Rate.CODES,
        tag=TAG,
    ),
)
