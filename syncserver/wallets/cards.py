"""Vouchers as pictures, and cards of codes to print and cut out."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape

import segno

from shared import codes, vouchers
from shared.errors import DecodingError, KdfError, SignatureError
from shared.ids import uuid_text
from shared.money import format_minor
from shared.vouchers import Voucher
from syncserver.services import Services
from syncserver.wallets.errors import CodeMismatchError, VoucherError

MOST_CARDS = codes.MAX_CODES_PER_SERIES
# What a phone's camera and a till's scanner read from paper that was folded.
_ERROR_LEVEL = "m"
_PIXELS_A_MODULE = 6
_MS = 1_000


@dataclass(frozen=True, slots=True)
class Card:
    """One voucher, and the code of its that is printed beside it; without it the customer keeps the code in mind."""

    voucher: Voucher
    text: str = field(repr=False)
    code: str | None = field(default=None, repr=False)


def open_card(services: Services, wallet: str, text: str) -> Card:
    """A voucher that this server signed for a wallet.

    Raises:
        VoucherError: it is none; which of all that can be wrong is not told.
    """
    try:
        raw = vouchers.from_text(text)
        voucher = vouchers.open_voucher(raw, services.keys.by_kid())
    except (DecodingError, SignatureError, KdfError) as error:
        raise VoucherError from error
    if voucher.wallet != wallet:
        raise VoucherError
    # Packed anew: nothing but what was signed gets into a picture.
    return Card(voucher, vouchers.to_text(raw))


async def with_code(card: Card, typed: str) -> Card:
    """A card with its code on it. A wrong one would only be found out at a till; 15 ms and 19 MiB.

    Raises:
        CodeFormatError: that is no code.
        CodeMismatchError: it is another's.
    """
    code = codes.normalise(typed)
    secrets = await asyncio.to_thread(codes.derive, code, card.voucher.series, card.voucher.kdf)
    if not codes.same(secrets.verifier, card.voucher.verifier):
        raise CodeMismatchError
    return Card(card.voucher, card.text, code)


def to_svg(card: Card) -> bytes:
    """A voucher's QR code as an SVG document."""
    return _drawn(card, "svg")


def to_png(card: Card) -> bytes:
    """A voucher's QR code as a PNG."""
    return _drawn(card, "png")


def _drawn(card: Card, kind: str) -> bytes:
    file = io.BytesIO()
    segno.make_qr(card.text, error=_ERROR_LEVEL).save(file, kind=kind, scale=_PIXELS_A_MODULE)
    return file.getvalue()


def to_sheet(cards: Sequence[Card], name: str) -> str:
    """A page of A4 with cards to cut out: HTML that needs nothing else.

    Args:
        cards: at most ten.
        name: what stands on each, such as the customer's initials.
    """
    return _PAGE.replace("{cards}", "\n".join(_card(card, name) for card in cards))


def _card(card: Card, name: str) -> str:
    voucher = card.voucher
    qr = segno.make_qr(card.text, error=_ERROR_LEVEL).svg_inline(omitsize=True, svgclass="qr", lineclass=None)
    until = datetime.fromtimestamp(voucher.expires, UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [
        ("name", name),
        ("wallet", f"Wallet {voucher.wallet}"),
        ("code", codes.grouped(card.code) if card.code is not None else ""),
        ("cap", f"up to {format_minor(voucher.cap, voucher.currency)} {voucher.currency}"),
        ("note", "good for one payment"),
        ("note", f"until {until}"),
        ("note", f"no. {voucher.index + 1} of series …{uuid_text(voucher.series)[-6:]}"),
    ]
    words = "".join(f'<p class="{kind}">{escape(text)}</p>' for kind, text in lines if text)
    return f'<article class="card">{qr}<div class="words">{words}</div></article>'


# Two columns of five cards of 90 by 54 mm; neighbours share the line that they are cut along.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Code cards</title>
<style>
@page { size: A4 portrait; margin: 0 }
* { box-sizing: border-box; margin: 0; padding: 0 }
body { background: #fff; color: #000; font-family: "DejaVu Sans", Arial, Helvetica, sans-serif }
.sheet { width: 210mm; height: 296mm; padding: 13mm 15mm; display: grid; grid-template-columns: 90mm 90mm;
  grid-auto-rows: 54mm; align-content: start; overflow: hidden }
.card { display: flex; align-items: center; border: 0.2mm dashed #777; margin: 0 -0.2mm -0.2mm 0;
  break-inside: avoid; overflow: hidden }
.qr { flex: none; width: 50mm; height: 50mm; display: block }
.words { flex: auto; min-width: 0; padding-right: 2mm }
.words p { font-size: 7.5pt; line-height: 1.45; overflow-wrap: anywhere }
.words .name { font-size: 9pt; font-weight: bold }
.words .code { font-family: "DejaVu Sans Mono", Consolas, monospace; font-size: 14pt; font-weight: bold;
  margin: 2mm 0; white-space: nowrap }
.words .cap { font-size: 9pt; font-weight: bold }
</style>
</head>
<body>
<main class="sheet">
{cards}
</main>
</body>
</html>
"""
