"""The worked values beside the protocol hold in both directions: what they are read as, and how they are made."""

import pytest

from shared import cbor, codes, cose, ids, journal, vouchers
from shared.codes import KdfParameters
from shared.cose import Kind
from shared.errors import DecodingError, NotSignedError, SignatureError, WalletNumberError
from shared.geo import Place
from shared.keys import SIGNATURE_BYTES, kid_of
from shared.lifecycles import Status
from shared.messages import batch, book, enrolment, receipt
from tests.shared.samples import DEVICE, DEVICE_KEY, DEVICE_KEYS, SERVER_KEY, SERVER_KEYS, VECTORS, vector

KDF = KdfParameters(VECTORS["argon2id"]["t"], VECTORS["argon2id"]["m_kib"])
RECORDS = range(len(VECTORS["records"]))


def test_the_seeds_give_the_public_keys_and_the_key_id() -> None:
    assert DEVICE_KEY.public_key == vector("device_public")
    assert SERVER_KEY.public_key == vector("server_public")
    assert DEVICE_KEY.kid == kid_of(DEVICE_KEY.public_key) == vector("device_kid")


def test_the_genesis_is_that_of_device_epoch_and_key() -> None:
    assert journal.genesis_of(DEVICE, VECTORS["epoch"], DEVICE_KEY.public_key) == vector("genesis")


@pytest.mark.parametrize("number", RECORDS)
def test_a_record_is_read_and_written_byte_for_byte(number: int) -> None:
    raw, payload = vector("records", number, "cose"), vector("records", number, "payload")
    assert cose.open_with(raw, Kind.RECORD, DEVICE_KEYS) == payload
    record = journal.decode_record(payload)
    assert journal.encode_record(record) == payload
    assert journal.sign_record(record, DEVICE_KEY) == raw


@pytest.mark.parametrize("number", RECORDS)
def test_each_record_links_to_the_one_before_it(number: int) -> None:
    record = journal.decode_record(vector("records", number, "payload"))
    assert record.seq == number + 1
    assert record.prev == (vector("records", number - 1, "link") if number else vector("genesis"))
    assert journal.link_of(vector("records", number, "cose")) == vector("records", number, "link")


def test_the_payment_says_what_its_entry_says() -> None:
    payment = journal.decode_record(vector("records", 1, "payload"))
    assert isinstance(payment, journal.Payment)
    expected = VECTORS["payment"]
    assert (payment.amount, payment.currency, payment.at) == (expected["amount"], expected["currency"], expected["at"])
    assert (payment.id, payment.proof) == (vector("payment", "id"), vector("payment", "proof"))
    assert (payment.device, payment.series, payment.wallet) == (DEVICE, vector("series"), VECTORS["wallet"])


def test_the_code_yields_verifier_proof_key_and_proof() -> None:
    code = codes.normalise(VECTORS["code_as_typed"])
    assert code == VECTORS["code"]
    secrets = codes.derive(code, vector("series"), KDF)
    assert secrets.verifier == vector("verifier")
    assert secrets.proof_key == vector("proof_key")
    payment = VECTORS["payment"]
    proof = codes.prove(
        secrets.proof_key,
        payment=vector("payment", "id"),
        device=DEVICE,
        wallet=VECTORS["wallet"],
        amount=payment["amount"],
        currency=payment["currency"],
        at=payment["at"],
    )
    assert proof == vector("payment", "proof")


def test_argon2id_is_the_one_of_the_page() -> None:
    expected = VECTORS["argon2id"]
    assert expected == {"t": KdfParameters().t, "m_kib": KdfParameters().m_kib, "p": 1, "length": 48}


def test_the_voucher_is_read_and_written_byte_for_byte() -> None:
    raw = vector("voucher", "cose")
    assert cose.open_with(raw, Kind.VOUCHER, SERVER_KEYS) == vector("voucher", "payload")
    voucher = vouchers.open_voucher(raw, SERVER_KEYS)
    assert vouchers.sign_voucher(voucher, SERVER_KEY) == raw
    assert voucher == vouchers.Voucher(
        series=vector("series"),
        index=0,
        wallet=VECTORS["wallet"],
        cap=5000,
        currency="EUR",
        not_before=1_795_000_000,
        expires=1_795_600_000,
        home=Place(595_000_000, 248_000_000),
        verifier=vector("verifier"),
        kdf=KDF,
    )


def test_the_text_of_the_voucher_gives_its_bytes_and_our_own_text_does_too() -> None:
    raw = vector("voucher", "cose")
    assert vouchers.from_text(VECTORS["voucher"]["text"]) == raw
    assert vouchers.from_text(vouchers.to_text(raw)) == raw


@pytest.mark.parametrize(("typed", "mapped"), VECTORS["normalise"])
def test_typed_codes_are_mapped(typed: str, mapped: str) -> None:
    assert codes.map_symbols(typed) == mapped
    if len(mapped) == 8:
        assert codes.normalise(typed) == mapped


@pytest.mark.parametrize("number", VECTORS["wallets"]["valid"])
def test_valid_wallet_numbers_are_taken(number: str) -> None:
    assert ids.wallet_number(number) == number
    assert ids.luhn_digit(number[:-1]) == number[-1]


@pytest.mark.parametrize("number", VECTORS["wallets"]["invalid"])
def test_invalid_wallet_numbers_are_refused(number: str) -> None:
    assert not ids.is_wallet_number(number)
    with pytest.raises(WalletNumberError):
        ids.wallet_number(number)


def test_the_enrolment_proof_is_made_and_checked() -> None:
    token, proof = VECTORS["enrolment"]["token"], vector("enrolment", "proof")
    assert enrolment.prove_enrolment(token, DEVICE_KEY) == proof
    enrolment.check_enrolment(token, DEVICE_KEY.public_key, proof)
    assert enrolment.token_kid(token) == SERVER_KEY.kid
    with pytest.raises(SignatureError):
        enrolment.check_enrolment(token + " ", DEVICE_KEY.public_key, proof)
    with pytest.raises(SignatureError):
        enrolment.check_enrolment(token, SERVER_KEY.public_key, proof)


def test_the_certificate_is_read_and_written_byte_for_byte() -> None:
    raw = vector("enrolment", "certificate")
    certificate = enrolment.open_certificate(raw, SERVER_KEYS)
    assert enrolment.sign_certificate(certificate, SERVER_KEY) == raw
    assert (certificate.device, certificate.epoch, certificate.key) == (DEVICE, 1, DEVICE_KEY.public_key)
    assert certificate.name == "till 1"


def test_the_batch_is_read_and_written_byte_for_byte() -> None:
    body = vector("batch", "body")
    uploaded = batch.decode_batch(body)
    assert uploaded.batch == vector("batch", "id")
    assert uploaded.records == tuple(vector("records", number, "cose") for number in RECORDS)
    assert batch.encode_batch(uploaded) == body


def test_the_receipt_is_read_and_written_byte_for_byte() -> None:
    raw = vector("receipt", "cose")
    assert cose.open_with(raw, Kind.RECEIPT, SERVER_KEYS) == vector("receipt", "payload")
    answer = receipt.open_receipt(raw, SERVER_KEYS)
    assert receipt.sign_receipt(answer, SERVER_KEY) == raw
    assert (answer.device, answer.epoch, answer.batch) == (DEVICE, 1, vector("batch", "id"))
    assert (answer.through, answer.head, answer.missing) == (2, vector("records", 1, "link"), ())
    assert answer.results == (
        receipt.RecordResult(1, None, Status.RECORDED),
        receipt.RecordResult(2, vector("payment", "id"), Status.SETTLED),
    )


def test_the_book_is_read_and_what_it_holds_is_written_again() -> None:
    raw = vector("book", "cose")
    assert cose.open_with(raw, Kind.BOOK, SERVER_KEYS) == vector("book", "payload")
    page = book.open_book(raw, SERVER_KEYS)
    assert (page.device, page.generation, page.version, page.since, page.more) == (DEVICE, 1, 7, 0, False)
    assert page.series[0].verifiers == (vector("verifier"),)
    assert page.policy.payment_limit == 10_000
    assert page.server_keys[0].key == SERVER_KEY.public_key
    # A policy may leave out what has its default, so the page itself is not made again, but what it says is.
    assert book.open_book(book.sign_book(page, SERVER_KEY), SERVER_KEYS) == page
    # Any map that the page holds is made again by the same deterministic encoding.
    payload = vector("book", "payload")
    assert cbor.encode(cbor.decode(payload)) == payload
    assert cose.sign(Kind.BOOK, payload, SERVER_KEY) == raw


def test_a_fork_is_two_authentic_records_at_one_place() -> None:
    stored, newcomer = vector("fork", "stored"), vector("fork", "newcomer")
    positions = [journal.position_of(cose.open_with(raw, Kind.RECORD, DEVICE_KEYS)) for raw in (stored, newcomer)]
    assert positions[0] == positions[1]
    assert journal.link_of(stored) != journal.link_of(newcomer)


def _reason_for(raw: bytes) -> str:
    """The answer of the page's section 8 to one record of a device, from what shared/ says of it."""
    try:
        payload = cose.open_with(raw, Kind.RECORD, DEVICE_KEYS)
    except NotSignedError:
        return "BAD_RECORD"
    except SignatureError:
        return "BAD_SIGNATURE"
    try:
        position = journal.position_of(payload)
        if (position.device, position.epoch) != (DEVICE, VECTORS["epoch"]):
            return "WRONG_DEVICE"
        journal.decode_record(payload)
    except DecodingError:
        return "BAD_RECORD"
    return "accepted"


@pytest.mark.parametrize("name", VECTORS["rejected"])
def test_each_rejected_record_is_refused_for_its_reason(name: str) -> None:
    assert _reason_for(vector("rejected", name, "cose")) == VECTORS["rejected"][name]["reason"]


def test_records_that_are_good_are_not_refused() -> None:
    assert {_reason_for(vector("records", number, "cose")) for number in RECORDS} == {"accepted"}


def test_no_flipped_bit_of_a_signed_record_goes_unnoticed() -> None:
    raw = vector("records", 1, "cose")
    assert len(raw) > SIGNATURE_BYTES
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert _reason_for(bytes(flipped)) in {"BAD_RECORD", "BAD_SIGNATURE"}, bit
        with pytest.raises((NotSignedError, SignatureError)):
            cose.open_with(bytes(flipped), Kind.RECORD, DEVICE_KEYS)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.RECEIPT])
def test_one_kind_never_passes_for_another(kind: Kind) -> None:
    with pytest.raises(SignatureError):
        cose.open_with(vector("receipt", "cose"), kind, SERVER_KEYS)


def test_the_wrapping_of_a_record_has_one_form() -> None:
    raw = vector("records", 0, "cose")
    longer_length = raw.replace(b"\xa0\x58\xb2", b"\xa0\x59\x00\xb2", 1)
    assert longer_length != raw
    for other in (longer_length, raw[1:], b"\xd8\x12" + raw[1:], raw + b"\x00", b""):
        with pytest.raises(NotSignedError):
            cose.parse(other)


def test_a_header_other_than_the_protocols_fits_no_key() -> None:
    payload = vector("records", 0, "payload")
    for protected, unprotected in (
        (cbor.encode({1: -8}), {}),
        (cbor.encode({1: -7, 4: DEVICE_KEY.kid}), {}),
        (cbor.encode({1: -8, 4: DEVICE_KEY.kid, 99: 1}), {}),
        (cose.protected_header(DEVICE_KEY.kid), {4: DEVICE_KEY.kid}),
        (b"", {1: -8, 4: DEVICE_KEY.kid}),
    ):
        structure = cbor.encode(["Signature1", protected, b"tallystick/v1/record", payload])
        raw = b"\xd2" + cbor.encode([protected, unprotected, payload, DEVICE_KEY.sign(structure)])
        assert cose.parse(raw).kid is None
        with pytest.raises(SignatureError):
            cose.open_with(raw, Kind.RECORD, DEVICE_KEYS)
