"""What a customer tenders: a wallet number and a code, or a voucher and its code; and what a code must fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared import cose, vouchers
from shared.codes import CodeSecrets, KdfParameters, derive, same
from shared.errors import SignatureError, TallystickError
from shared.vouchers import Voucher
from terminal.book.lookup import CodeBook
from terminal.journal.device import read_server_keys
from terminal.store.database import Store
from terminal.till import sentences
from terminal.till.queries import SQL

_MS = 1_000
# An unknown wallet costs a derivation all the same, so that the time it takes does not tell. Its salt is nobody's.
_NOBODY = b"\x00" * 16


class TenderError(TallystickError):
    """This voucher can't be taken."""

    code = "VOUCHER_REFUSED"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A series that the code may be of, with the verifiers by index that it may fit."""

    series: bytes
    kdf: KdfParameters
    verifiers: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The code is the one with this index, and what it yields proves it."""

    series: bytes
    index: int
    verifier: bytes
    secrets: CodeSecrets


def read_voucher(store: Store, text: str) -> Voucher:
    """The voucher in a scanned text, verified with the pinned server keys.

    Raises:
        TenderError: where it is none, or none of this server's; the message is for the customer.
    """
    keys = read_server_keys(store)
    try:
        raw = vouchers.from_text(text)
        kid = cose.parse(raw).kid or b""
        voucher = vouchers.open_voucher(raw, {known: key for known, (key, _) in keys.items()})
    except SignatureError:
        raise TenderError(sentences.NOT_OURS) from None
    except TallystickError:
        raise TenderError(sentences.NO_VOUCHER) from None
    not_after = keys[kid][1]
    if not_after is not None and voucher.not_before * _MS > not_after:
        raise TenderError(sentences.NOT_OURS)
    return voucher


def candidates(store: Store, wallet: str, voucher: Voucher | None) -> list[Candidate]:
    """What the code must fit: the voucher, or any series of the wallet; for an unknown wallet one that nothing fits."""
    if voucher is not None:
        return [Candidate(voucher.series, voucher.kdf, ((voucher.index, voucher.verifier),))]
    found = [
        Candidate(series.series, series.kdf, tuple(enumerate(series.verifiers)))
        for series in CodeBook(store).find(wallet)
    ]
    return found or [Candidate(_NOBODY, _usual_cost(store), ())]


def _usual_cost(store: Store) -> KdfParameters:
    """What a derivation costs for the customers of this book."""
    row = store.row(SQL["usual_cost"])
    return KdfParameters() if row is None else KdfParameters(row["t"], row["m_kib"])


def find_match(symbols: str, among: Sequence[Candidate]) -> Match | None:
    """The code that the normalised symbols are; one derivation for each series, 15 ms and 19 MiB by default."""
    for candidate in among:
        secrets = derive(symbols, candidate.series, candidate.kdf)
        for index, verifier in candidate.verifiers:
            if same(verifier, secrets.verifier):
                return Match(candidate.series, index, verifier, secrets)
    return None
