"""What a scan is: a voucher, a wallet number, or a code. Pure."""

from dataclasses import dataclass, field

from shared.codes import normalise
from shared.errors import CodeFormatError
from shared.ids import is_wallet_number
from shared.vouchers import MAX_TEXT, PREFIX


@dataclass(frozen=True, slots=True)
class Tendered:
    """What the customer has given so far. One of voucher and wallet is there once anything is."""

    wallet: str = ""
    voucher: str = field(default="", repr=False)
    code: str = field(default="", repr=False)


def read_scan(text: str) -> Tendered | None:
    """What was scanned; None where it is nothing that a customer pays with."""
    cleaned = text.strip()
    # Scanners with another keyboard layout in mind, and Caps Lock, change letters' case; Base45 has capitals alone.
    if cleaned[: len(PREFIX)].upper() == PREFIX and len(cleaned) <= MAX_TEXT:
        return Tendered(voucher=cleaned.upper())
    if is_wallet_number(cleaned):
        return Tendered(wallet=cleaned)
    try:
        return Tendered(code=normalise(cleaned))
    except CodeFormatError:
        return None
