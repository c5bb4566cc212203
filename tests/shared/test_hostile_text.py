"""Whatever is typed, scanned or sent as text ends in a value or in one of our own errors, at once."""

import json
from collections.abc import Callable
from contextlib import suppress

import base45
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import codes, tokens, vouchers
from shared.errors import CurrencyError, DecodingError, KdfError, SignatureError, TallystickError, TokenError
from shared.geo import Place
from shared.ids import uuid_bytes, wallet_number
from shared.messages import enrolment
from shared.money import Money
from tests.shared.samples import DEVICE_KEY, OTHER_KEY, SERVER_KEYS, VECTORS, vector

PUBLIC = DEVICE_KEY.public_key
TOKEN = tokens.encode({"iss": "till", "exp": 1}, DEVICE_KEY, token_type="JWT")
READERS: dict[str, Callable[[str], object]] = {
    "voucher": vouchers.from_text,
    "peek": tokens.peek,
    "token": lambda text: tokens.decode(text, PUBLIC, token_type=None),
    "base64url": enrolment.from_base64url,
    "money": lambda text: Money.parse(text, "EUR"),
    "currency": lambda text: Money(1, text),
    "wallet": wallet_number,
    "code": codes.normalise,
    "place": lambda text: Place.from_degrees(text, text),
    "id": uuid_bytes,
    "enrolment token": enrolment.token_kid,
    "enrolment proof": lambda text: enrolment.check_enrolment(text, PUBLIC, bytes(64)),
}
SEEDS = [
    VECTORS["voucher"]["text"],
    VECTORS["enrolment"]["token"],
    TOKEN,
    "12.50",
    "7KQ2-M9XD",
    "2026112108",
    "0192f0c1-a000-7000-8000-00000000d001",
    "59.5",
]


def _try_all(text: str) -> None:
    for read in READERS.values():
        with suppress(TallystickError):
            read(text)


@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    _try_all(text)


@given(st.text(st.characters(), max_size=20))
def test_lone_surrogates_too(text: str) -> None:
    _try_all(text + "\ud800")


@given(st.sampled_from(SEEDS), st.integers(0, 400), st.text(max_size=6), st.integers(0, 6))
def test_real_texts_with_some_characters_exchanged(text: str, position: int, inserted: str, dropped: int) -> None:
    position %= len(text) + 1
    _try_all(text[:position] + inserted + text[position + dropped :])


@pytest.mark.parametrize("text", ["9" * 1_000_000, "a" * 1_000_000, "TS1:" + "0" * 1_000_000, "." * 1_000_000])
@pytest.mark.timeout(5)
def test_huge_texts_are_refused_at_once(text: str) -> None:
    for name, read in READERS.items():
        if name != "base64url":  # which takes bytes of any length
            with pytest.raises(TallystickError):
                read(text)


def _part(value: object) -> str:
    return enrolment.to_base64url(value if isinstance(value, bytes) else json.dumps(value).encode())


def _signed(header: object, payload: object) -> str:
    body = f"{_part(header)}.{_part(payload)}"
    return f"{body}.{enrolment.to_base64url(DEVICE_KEY.sign(body.encode()))}"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_headers = st.dictionaries(
    st.sampled_from(["alg", "typ", "kid", "crit", "b64", "zip", "jku", "jwk", "x5c", "x5t", "x5u", "cty", "enc"]),
    st.sampled_from(["EdDSA", "none", "HS256", "JWT", "DEF"]) | _json,
    max_size=4,
).map(lambda header: {"alg": "EdDSA", **header})


@given(_headers | _json, _json)
def test_any_token_that_was_well_signed(header: object, payload: object) -> None:
    token = _signed(header, payload)
    with suppress(TokenError):
        tokens.peek(token)
    with suppress(TokenError):
        tokens.decode(token, PUBLIC, token_type=None)


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ({"alg": "none"}, {}),
        ({"alg": "HS256"}, {}),
        ({"alg": "ES256"}, {}),
        ({"alg": ["EdDSA"]}, {}),
        ({"alg": "EdDSA", "crit": 1}, {}),
        ({"alg": "EdDSA", "crit": ["exp"]}, {}),
        ({"alg": "EdDSA", "b64": False, "crit": ["b64"]}, {}),
        (b"[" * 900, {}),
        ({"alg": "EdDSA"}, b"[" * 2_500),
        ({"alg": "EdDSA"}, b"\xff"),
        ({"alg": "EdDSA"}, [1]),
        ({"alg": "EdDSA"}, "text"),
        ({"alg": "EdDSA"}, {"filling": "x" * 4_096}),
    ],
)
def test_tokens_that_nobody_should_believe_are_refused(header: object, payload: object) -> None:
    with pytest.raises(TokenError):
        tokens.decode(_signed(header, payload), PUBLIC, token_type=None)


def test_a_token_is_believed_by_its_key_and_for_its_purpose_alone() -> None:
    assert tokens.decode(TOKEN, PUBLIC, token_type="JWT") == {"iss": "till", "exp": 1}
    assert tokens.peek(TOKEN) == {"iss": "till", "exp": 1}
    with pytest.raises(TokenError):
        tokens.decode(TOKEN, OTHER_KEY.public_key, token_type="JWT")
    with pytest.raises(TokenError):
        tokens.decode(TOKEN, PUBLIC, token_type="at+jwt")


def test_no_character_of_a_token_can_be_exchanged() -> None:
    for position in range(len(TOKEN)):
        for other in "A_":
            changed = TOKEN[:position] + other + TOKEN[position + 1 :]
            if changed != TOKEN and not changed.endswith(("A", "_")):  # the last one carries unused bits
                with pytest.raises(TokenError):
                    tokens.decode(changed, PUBLIC, token_type="JWT")


def test_the_audience_names_the_server() -> None:
    assert tokens.audience(vector("device")) == "tallystick:0192f0c1-a000-7000-8000-00000000d001"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TS1:",
        "ts1:" + VECTORS["voucher"]["text"][4:],
        VECTORS["voucher"]["text"][:-2],
        VECTORS["voucher"]["text"] + "AA0",
        "TS1:" + ":::",  # above 65,535
        "TS1:" + base45.b45encode(b"\x78\x9c\x03").decode(),  # cut
    ],
)
def test_texts_that_are_no_voucher_are_refused(text: str) -> None:
    with pytest.raises(DecodingError):
        vouchers.from_text(text)


def test_a_voucher_never_unpacks_to_more_than_a_kibibyte() -> None:
    assert vouchers.from_text(vouchers.to_text(bytes(1_024))) == bytes(1_024)
    for size in (1_025, 10_000_000):
        with pytest.raises(DecodingError):
            vouchers.from_text(vouchers.to_text(bytes(size)))


def test_a_scanner_may_add_the_end_of_a_line() -> None:
    assert vouchers.from_text(VECTORS["voucher"]["text"] + "\r\n") == vector("voucher", "cose")


def test_a_voucher_of_a_stranger_is_not_believed() -> None:
    with pytest.raises(SignatureError):
        vouchers.open_voucher(vector("voucher", "cose"), {OTHER_KEY.kid: OTHER_KEY.public_key})
    with pytest.raises(SignatureError):  # a key under the kid of another
        vouchers.open_voucher(vector("voucher", "cose"), dict.fromkeys(SERVER_KEYS, OTHER_KEY.public_key))


@pytest.mark.parametrize("text", ["AAA=", "A", "AB", "AA AA", "AA+A", "AA/A", "é", "AAAA\n"])
def test_what_is_no_unpadded_base64url_is_refused(text: str) -> None:
    with pytest.raises(DecodingError):
        enrolment.from_base64url(text)


def test_base64url_of_another_length_is_refused() -> None:
    assert enrolment.from_base64url("AAAA", 3) == bytes(3)
    with pytest.raises(DecodingError):
        enrolment.from_base64url("AAAA", 4)


@pytest.mark.parametrize(
    "text", ["", "no-stop", ".24f6ed6acbfe1009", "x.24f6", "x.24f6 ed6acbfe1009", "x.24 f6 ed 6a cb fe 10 09", "x.zz"]
)
def test_texts_that_are_no_enrolment_token_are_refused(text: str) -> None:
    with pytest.raises(TokenError):
        enrolment.token_kid(text)


@pytest.mark.parametrize(
    ("t", "m_kib"), [(0, 19_456), (17, 19_456), (2, 7), (2, 256 * 1024 + 1), (2**53 - 1, 2**53 - 1)]
)
def test_no_message_can_ask_for_a_costly_key_derivation(t: int, m_kib: int) -> None:
    with pytest.raises(KdfError):
        codes.KdfParameters(t, m_kib)


def test_currencies_that_do_not_exist_are_refused() -> None:
    for code in ("", "EURO", "eur", "XXX", "ÄÖÜ", "\ud800"):
        with pytest.raises(CurrencyError):
            Money(1, code)
