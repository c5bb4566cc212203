"""The worked values of docs/vectors.json, keys for tests, and arbitrary valid messages for hypothesis."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from shared import codes, ids, journal, vouchers
from shared.codes import KdfParameters
from shared.currencies import CURRENCIES
from shared.geo import MAX_LAT, MAX_LON, Place
from shared.keys import SigningKey, kid_of
from shared.lifecycles import Status
from shared.messages.batch import Batch
from shared.messages.book import CASHIER_ROLES, Book, Cashier, ServerKey, Update
from shared.messages.book_series import BookSeries
from shared.messages.enrolment import Certificate
from shared.messages.receipt import Receipt, RecordResult
from shared.policy import LOSS_BEARERS, Policy
from shared.reasons import ADJUSTABLE, Action, Reason

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "vectors.json").read_text("utf-8"))


def vector(*path: str | int) -> bytes:
    """The bytes that stand as hex at a place in the vectors."""
    value: Any = VECTORS
    for step in path:
        value = value[step]
    return bytes.fromhex(value)


DEVICE_KEY = SigningKey.from_seed(vector("device_seed"))
SERVER_KEY = SigningKey.from_seed(vector("server_seed"))
OTHER_KEY = SigningKey.from_seed(b"\x42" * 32)
DEVICE_KEYS = {DEVICE_KEY.kid: DEVICE_KEY.public_key}
SERVER_KEYS = {SERVER_KEY.kid: SERVER_KEY.public_key}
DEVICE = vector("device")

_uints = st.integers(0, 2**53 - 1)
_positive = st.integers(1, 2**53 - 1)
_uuids = st.binary(min_size=16, max_size=16)
_links = st.binary(min_size=32, max_size=32)
_texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=128).filter(lambda t: len(t.encode()) <= 128)
_currencies = st.sampled_from(sorted(CURRENCIES))
_lats, _lons = st.integers(-MAX_LAT, MAX_LAT), st.integers(-MAX_LON, MAX_LON)
_kdfs = st.builds(KdfParameters, st.integers(1, 16), st.integers(8, 256 * 1024))
wallets = st.integers(0, 10**9 - 1).map(lambda n: f"{n:09d}{ids.luhn_digit(f'{n:09d}')}")
places = st.builds(Place, _lats, _lons)
typed_codes = st.text(st.sampled_from(codes.ALPHABET), min_size=8, max_size=8)
policies = st.builds(
    lambda limits, bounds, bearer, actions: Policy(
        payment_limit=limits[0],
        daily_limit=limits[1],
        radius_m=limits[2],
        score_flag=min(bounds),
        score_fail=max(bounds),
        loss_bearer=bearer,
        actions=actions,
    ),
    st.tuples(_uints, _uints, _uints),
    st.tuples(st.integers(0, 100), st.integers(0, 100)),
    st.sampled_from(LOSS_BEARERS),
    st.dictionaries(
        st.sampled_from([Reason(name) for name in sorted(ADJUSTABLE)]),
        st.sampled_from([Action.SETTLE, Action.FLAG, Action.FAIL]),
    ),
)

_record_fields: dict[str, Any] = {
    "device": _uuids,
    "epoch": _positive,
    "seq": _positive,
    "prev": _links,
    "at": _uints,
    "tick": _uints,
    "boot": _uuids,
    "shift": _uuids,
    "cashier": _texts,
}
payments = st.builds(
    journal.Payment,
    **_record_fields,
    id=_uuids,
    wallet=wallets,
    series=_uuids,
    index=_uints,
    proof=_links,
    amount=_positive,
    currency=_currencies,
    lat=_lats,
    lon=_lons,
    book=_uints,
    flags=st.lists(_texts, max_size=16).map(tuple),
    sale=st.none() | _uuids,
)
records: st.SearchStrategy[journal.Record] = st.one_of(
    payments,
    st.builds(journal.Void, **_record_fields, payment=_uuids, reason=_texts, approver=_texts),
    st.builds(journal.ShiftOpen, **_record_fields, opening_float=_uints),
    st.builds(journal.ShiftClose, **_record_fields, count=_uints, total=_uints, currency=_currencies),
)
vouchers_ = st.builds(
    vouchers.Voucher,
    series=_uuids,
    index=_uints,
    wallet=wallets,
    cap=_uints,
    currency=_currencies,
    not_before=_uints,
    expires=_uints,
    home=places,
    verifier=_uuids,
    kdf=_kdfs,
)
batches = st.builds(
    Batch, batch=_uuids, records=st.lists(st.binary(max_size=40), max_size=5).map(tuple), sent_at=_uints, tick=_uints,
    boot=_uuids,
)  # fmt: skip
_statuses = st.sampled_from(Status)
_reasons = st.lists(_texts, max_size=3).map(tuple)
_spans = st.tuples(_positive, _positive).map(lambda span: (min(span), max(span)))
receipts = st.builds(
    Receipt,
    device=_uuids,
    epoch=_positive,
    batch=_uuids,
    through=_uints,
    head=_links,
    missing=st.lists(_spans, max_size=3).map(tuple),
    server_time=_uints,
    results=st.lists(
        st.builds(RecordResult, st.none() | _positive, st.none() | _uuids, _statuses, _reasons, st.integers(0, 100)),
        max_size=4,
    ).map(tuple),
)
certificates = st.builds(
    Certificate, device=_uuids, epoch=_positive, key=_links, vendor=_uuids, name=_texts, issued_at=_uints
)


def _series_of(codes_: list[tuple[bytes, int]]) -> Callable[..., BookSeries]:
    return lambda **rest: BookSeries(
        verifiers=tuple(verifier for verifier, _ in codes_), caps=tuple(cap for _, cap in codes_), **rest
    )


_series = st.lists(st.tuples(_uuids, _uints), max_size=10).flatmap(
    lambda codes_: st.builds(
        _series_of(codes_),
        series=_uuids,
        wallet=wallets,
        name=_texts,
        kdf=_kdfs,
        spent=st.lists(_uints, max_size=3).map(tuple),
        expires_at=_uints,
    )
)
books = st.builds(
    Book,
    device=_uuids,
    generation=_uints,
    version=_uints,
    since=_uints,
    more=st.booleans(),
    issued_at=_uints,
    expires_at=_uints,
    series=st.lists(_series, max_size=3).map(tuple),
    closed=st.lists(_uuids, max_size=3).map(tuple),
    blocked=st.lists(wallets, max_size=3).map(tuple),
    policy=policies,
    cashiers=st.lists(
        st.builds(Cashier, id=_texts, name=_texts, role=st.sampled_from(CASHIER_ROLES), pin=_texts), max_size=2
    ).map(tuple),
    updates=st.lists(st.builds(Update, id=_uuids, status=_statuses, reasons=_reasons), max_size=3).map(tuple),
    server_keys=st.lists(
        st.builds(lambda key, end: ServerKey(kid=kid_of(key), key=key, not_after=end), _links, _uints), max_size=2
    ).map(tuple),
)
