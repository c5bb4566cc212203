"""A payment's payload as tills write it, read by its bytes: in half the time that decoding any CBOR takes.

Tills encode deterministically, so nearly every payment has the same keys in one order, and but for the cashier's name
each value has one of a few lengths. Whatever is written otherwise is for the general decoder, which gives the same
record for everything that is read here.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from shared.fields import MAX_INTEGER, MAX_TEXT_BYTES
from shared.geo import MAX_LAT, MAX_LON

_Record = TypeVar("_Record")

_UINT = rb"([\x00-\x17]|\x18.|\x19..|\x1a.{4}|\x1b.{8})"
_INT = rb"([\x00-\x17\x20-\x37]|[\x18\x38].|[\x19\x39]..|[\x1a\x3a].{4})"
_OCTETS_16, _OCTETS_32 = rb"\x50(.{16})", rb"\x58\x20(.{32})"
# A map of 21, or of 22 with a sale; each key (RFC 8949, section 4.2.1: shorter ones first) before its value.
_PAYMENT = re.compile(
    rb"([\xb5\xb6])"
    rb"\x62at" + _UINT +
    rb"\x62id" + _OCTETS_16 +
    rb"\x63lat" + _INT +
    rb"\x63lon" + _INT +
    rb"\x63seq" + _UINT +
    rb"\x64book" + _UINT +
    rb"\x64boot" + _OCTETS_16 +
    rb"\x64prev" + _OCTETS_32 +
    rb"(?:\x64sale" + _OCTETS_16 + rb")?"
    rb"\x64tick" + _UINT +
    rb"\x64type\x67payment"
    rb"\x65epoch" + _UINT +
    rb"\x65flags\x80"
    rb"\x65index" + _UINT +
    rb"\x65proof" + _OCTETS_32 +
    rb"\x65shift" + _OCTETS_16 +
    rb"\x66amount" + _UINT +
    rb"\x66device" + _OCTETS_16 +
    rb"\x66series" + _OCTETS_16 +
    rb"\x66wallet\x6a([0-9]{10})"
    rb"\x67cashier([\x60-\x77]|\x78.)(.{0,%d})"
    rb"\x68currency\x63([A-Z]{3})" % MAX_TEXT_BYTES,
    re.DOTALL,
)  # fmt: skip
_WITH_SALE = b"\xb6"
_NEGATIVE = 0x20
# What is left of an integer's bytes without its head, by how many they are with it.
_ARGUMENT = {1: 0x1F, 2: 2**8 - 1, 3: 2**16 - 1, 5: 2**32 - 1, 9: 2**64 - 1}


def read(payload: bytes, make: Callable[..., _Record]) -> _Record | None:
    """What `make` makes of a payment's fields, by their names; None says only that it is not written in this form."""
    found = _PAYMENT.fullmatch(payload)
    if found is None:
        return None
    groups: tuple[Any, ...] = found.groups()
    (
        head, at_, id_, lat_, lon_, seq_, book_, boot, prev, sale, tick_, epoch_, index_, proof, shift, amount_,
        device, series, wallet, length, name, currency,
    ) = groups  # fmt: skip
    argument, number = _ARGUMENT, int.from_bytes  # written out: a call for each would cost as much again
    at, tick = number(at_) & argument[len(at_)], number(tick_) & argument[len(tick_)]
    epoch, seq = number(epoch_) & argument[len(epoch_)], number(seq_) & argument[len(seq_)]
    book = number(book_) & argument[len(book_)]
    index, amount = number(index_) & argument[len(index_)], number(amount_) & argument[len(amount_)]
    lat, lon = number(lat_) & argument[len(lat_)], number(lon_) & argument[len(lon_)]
    lat = -1 - lat if lat_[0] & _NEGATIVE else lat
    lon = -1 - lon if lon_[0] & _NEGATIVE else lon
    cashier = name.decode("ascii", "replace")
    if (
        max(at, seq, book, tick, epoch, index, amount) > MAX_INTEGER
        or not (seq and epoch and amount)
        or not (-MAX_LAT <= lat <= MAX_LAT and -MAX_LON <= lon <= MAX_LON)
        or (head == _WITH_SALE) is (sale is None)
        or len(name) != number(length) & argument[len(length)]
        or not (name.isascii() and cashier.isprintable())
    ):
        return None
    return make(
        device=device,
        epoch=epoch,
        seq=seq,
        prev=prev,
        at=at,
        tick=tick,
        boot=boot,
        shift=shift,
        cashier=cashier,
        id=id_,
        wallet=wallet.decode(),
        series=series,
        index=index,
        proof=proof,
        amount=amount,
        currency=currency.decode(),
        lat=lat,
        lon=lon,
        book=book,
        flags=(),
        sale=sale,
    )
