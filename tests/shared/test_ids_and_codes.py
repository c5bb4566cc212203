"""Ids, wallet numbers and codes: their shapes, and what a person may type."""

import hmac
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import codes
from shared.codes import ALPHABET, KdfParameters
from shared.errors import CodeFormatError, DecodingError, WalletNumberError
from shared.ids import is_wallet_number, luhn_digit, uuid7, uuid_bytes, uuid_text, wallet_number
from shared.keys import SigningKey
from tests.shared.samples import DEVICE_KEY, VECTORS, typed_codes, vector, wallets

_random = st.binary(min_size=10, max_size=10)
_ids = st.binary(min_size=16, max_size=16)


@given(st.integers(0, 2**48 - 1), _random)
def test_an_id_is_a_version_7_uuid_of_its_time(milliseconds: int, random: bytes) -> None:
    value = UUID(bytes=uuid7(milliseconds, random))
    assert (value.version, value.variant) == (7, "specified in RFC 4122")
    assert value.int >> 80 == milliseconds


@given(st.integers(0, 2**48 - 2), _random, _random)
def test_ids_sort_by_their_time(milliseconds: int, first: bytes, second: bytes) -> None:
    assert uuid7(milliseconds, first) < uuid7(milliseconds + 1, second)


@given(_random, _random)
def test_the_random_bits_all_count(first: bytes, second: bytes) -> None:
    # 74 of the 80 bits; version and variant take the others.
    mask = int.from_bytes(b"\x0f\xff\x3f" + b"\xff" * 7)
    same = int.from_bytes(first) & mask == int.from_bytes(second) & mask
    assert (uuid7(1, first) == uuid7(1, second)) is same


@given(st.binary(min_size=16, max_size=16))
def test_an_id_has_one_text(value: bytes) -> None:
    assert uuid_bytes(uuid_text(value)) == uuid_bytes(uuid_text(value).upper()) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0192f0c1a0007000800000000000d001",
        "{0192f0c1-a000-7000-8000-00000000d001}",
        "urn:uuid:0192f0c1-a000-7000-8000-00000000d001",
        "0x92f0c1-a000-7000-8000-00000000d001",
        "0192f0c1-a000-7000-8000-00000000d00_",
        "0192f0c1-a000-7000-8000-00000000d00\u0661",
        "0192f0c1-a000-7000-8000-00000000d0011",
        " 0192f0c1-a000-7000-8000-00000000d001",
    ],
)
def test_other_texts_are_no_ids(text: str) -> None:
    with pytest.raises(DecodingError):
        uuid_bytes(text)


@given(wallets)
def test_a_wallet_number_may_be_typed_with_spaces_and_hyphens(number: str) -> None:
    assert wallet_number(f" {number[:3]} {number[3:6]}-{number[6:]}\n") == number


@given(wallets, st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(number: str, position: int, added: int) -> None:
    wrong = str((int(number[position]) + added) % 10)
    assert not is_wallet_number(number[:position] + wrong + number[position + 1 :])


@given(wallets, st.integers(0, 8))
def test_two_digits_in_the_wrong_order_are_noticed_save_nine_and_zero(number: str, position: int) -> None:
    a, b = number[position], number[position + 1]
    swapped = number[:position] + b + a + number[position + 2 :]
    assert is_wallet_number(swapped) is (a == b or {a, b} == {"0", "9"})


@pytest.mark.parametrize(
    "text", ["", "202611210", "20261121080", "2026112100", "202611210a", "\uff12026112108", "²026112108"]
)
def test_other_texts_are_no_wallet_numbers(text: str) -> None:
    assert not is_wallet_number(text)
    with pytest.raises(WalletNumberError):
        wallet_number(text)


def test_the_check_digit_is_luhns() -> None:
    assert luhn_digit("7992739871") == "3"  # the worked example of ISO/IEC 7812-1


def test_the_alphabet_has_32_symbols_and_none_that_looks_like_another() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("OILU") & set(ALPHABET)


@given(typed_codes)
def test_a_code_is_what_it_is_however_it_is_typed(code: str) -> None:
    typed = codes.grouped(code).lower().replace("0", "o").replace("1", "l")
    assert codes.normalise(code) == codes.normalise(typed) == codes.normalise(f" {typed} ".replace("l", "I")) == code


@pytest.mark.parametrize("typed", ["", "7KQ2-M9X", "7KQ2-M9XDD", "7KQ2-M9XU", "UUUUUUUU", "ⅦKQ2M9XD", "7KQ2M9Xé"])
def test_other_texts_are_no_codes(typed: str) -> None:
    with pytest.raises(CodeFormatError):
        codes.normalise(typed)


@pytest.mark.parametrize(("letter", "symbol"), [("O", "0"), ("o", "0"), ("I", "1"), ("i", "1"), ("L", "1"), ("l", "1")])
def test_lookalikes_are_mapped(letter: str, symbol: str) -> None:
    assert codes.map_symbols(letter) == symbol


def test_every_symbol_maps_to_itself() -> None:
    assert codes.map_symbols(ALPHABET) == codes.map_symbols(ALPHABET.lower()) == ALPHABET


@given(st.binary(min_size=5, max_size=5), st.binary(min_size=5, max_size=5))
def test_five_random_bytes_make_one_code_of_their_own(first: bytes, second: bytes) -> None:
    assert codes.normalise(codes.code_from(first)) == codes.code_from(first)
    assert (codes.code_from(first) == codes.code_from(second)) is (first == second)


def test_codes_run_from_the_first_symbol_to_the_last() -> None:
    assert codes.code_from(bytes(5)) == "00000000"
    assert codes.code_from(b"\xff" * 5) == "ZZZZZZZZ"
    assert codes.code_from(b"\x00\x00\x00\x00\x01") == "00000001"


def test_the_cheapest_and_another_derivation_work_and_differ() -> None:
    cheap, dearer = (codes.derive("7KQ2M9XD", vector("series"), KdfParameters(t, 8)) for t in (1, 2))
    assert cheap != dearer
    assert cheap != codes.derive("7KQ2M9XD", bytes(16), KdfParameters(1, 8))


@given(st.binary(min_size=32, max_size=32), _ids, _ids, wallets, st.integers(1, 2**53 - 1), st.integers(0, 2**53 - 1))
def test_a_proof_is_the_hmac_of_what_the_protocol_says(
    key: bytes, payment: bytes, device: bytes, wallet: str, amount: int, at: int
) -> None:
    message = b"tallystick/v1/proof\x00" + payment + device + wallet.encode()
    message += amount.to_bytes(8) + b"EUR" + at.to_bytes(8)
    proof = codes.prove(key, payment=payment, device=device, wallet=wallet, amount=amount, currency="EUR", at=at)
    assert proof == hmac.digest(key, message, "sha256")


_PROOF: dict[str, Any] = {
    "payment": bytes(16),
    "device": bytes(16),
    "wallet": VECTORS["wallet"],
    "amount": 1,
    "currency": "EUR",
    "at": 1,
}


@pytest.mark.parametrize(
    "change",
    [
        {"payment": b"\x01" * 16},
        {"device": b"\x01" * 16},
        {"wallet": "0000000018"},
        {"amount": 2},
        {"currency": "SEK"},
        {"at": 2},
    ],
)
def test_a_proof_binds_everything_that_it_names(change: dict[str, Any]) -> None:
    proof = codes.prove(bytes(32), **_PROOF)
    other = codes.prove(bytes(32), **{**_PROOF, **change})
    assert not codes.same(proof, other)
    assert codes.same(proof, bytes(proof))


def test_secrets_do_not_show_themselves() -> None:
    secrets = codes.CodeSecrets(verifier=bytes(16), proof_key=b"\xaa" * 32)
    assert "proof_key" not in repr(secrets)
    assert DEVICE_KEY.seed.hex() not in repr(DEVICE_KEY)
    assert str(DEVICE_KEY.seed) not in repr(DEVICE_KEY)
    assert repr(SigningKey.from_seed(DEVICE_KEY.seed)) == f"SigningKey(kid={DEVICE_KEY.kid.hex()})"
