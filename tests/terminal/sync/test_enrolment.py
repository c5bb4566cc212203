"""Enrolment: nothing is believed but the key that the token names, and a lost answer costs nothing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.errors import TallystickError, TokenError
from shared.ids import uuid_text
from shared.messages.enrolment import to_base64url
from terminal.errors import NotEnrolledError, ServerUnreachableError
from terminal.journal.device import read_device, read_server_keys
from terminal.store.vault import Secret, Vault
from terminal.sync.errors import (
    AnswerError,
    CertificateError,
    OtherDeviceError,
    RefusedError,
    UnsafeUrlError,
    UnsyncedEpochError,
)
from tests.terminal.sync.fake_server import DEVICE, SERVER, URL, FakeServer, key_of, lose_answer
from tests.terminal.sync.till import Till


def test_enrolment_pins_the_server_and_stores_who_we_are(fresh: Till, server: FakeServer) -> None:
    server.keys = [key_of(2)]
    fresh.enrol()
    device = read_device(fresh.store)
    assert (device.device, device.server_id, device.epoch) == (DEVICE, SERVER, 1)
    assert (device.vendor_name, device.currency, device.place.lat, device.place.lon) == ("Bakery", "EUR", 1, -2)
    assert device.server_url == URL
    assert device.public_key == fresh.keys.by_epoch[1].public_key
    assert set(read_server_keys(fresh.store)) == {key_of(1).kid, key_of(2).kid}


def test_a_lost_answer_is_asked_for_again_with_the_same_key(fresh: Till, server: FakeServer) -> None:
    token = server.token()
    server.faults.append(lose_answer)
    with pytest.raises(ServerUnreachableError):
        fresh.enrol(token=token)
    with pytest.raises(NotEnrolledError):
        read_device(fresh.store)
    fresh.enrol(token=token)
    assert read_device(fresh.store).epoch == 1
    assert len(server.epochs) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://pay.example.org",
        "ftp://pay.example.org",
        "pay.example.org",
        "",
        "https://",
        "https://a@b.org",
        URL + "?x=1",
    ],
)
def test_an_unsafe_address_is_refused_before_anything_is_sent(fresh: Till, server: FakeServer, address: str) -> None:
    with pytest.raises(UnsafeUrlError):
        fresh.enrol(server_url=address)
    assert server.requests == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/", "http://localhost:1", "http://[::1]:80"])
def test_this_machine_needs_no_tls(fresh: Till, address: str) -> None:
    fresh.enrol(server_url=address)
    assert read_device(fresh.store).server_url == address.rstrip("/").removesuffix(":80")


def test_plain_http_has_to_be_allowed(fresh: Till) -> None:
    fresh.enrol(server_url="http://10.0.0.7:8080", allow_http=True)
    assert read_device(fresh.store).server_url == "http://10.0.0.7:8080"


def test_what_is_no_token_is_not_sent(fresh: Till, server: FakeServer) -> None:
    with pytest.raises(TokenError):
        fresh.enrol(token="nonsense")
    assert server.requests == []


def test_an_unknown_token_is_refused_in_the_servers_words(fresh: Till) -> None:
    with pytest.raises(RefusedError, match="unknown token") as caught:
        fresh.enrol(token=f"other.{key_of(1).kid.hex()}")
    assert (caught.value.status, caught.value.error_code) == (401, "INVALID_TOKEN")


Change = Callable[[dict[str, Any], FakeServer], None]


def _set(**changes: Any) -> Change:
    return lambda data, _server: data.update(changes)


def _other_key(data: dict[str, Any], server: FakeServer) -> None:
    server.key = key_of(9)
    data.update(server.enrolment_data(1, "Till 1"))


def _swapped_kid(data: dict[str, Any], _server: FakeServer) -> None:
    data["serverKeys"][0]["publicKey"] = to_base64url(key_of(9).public_key)


def _foreign_certificate(data: dict[str, Any], server: FakeServer) -> None:
    server.epochs[1] = key_of(9).public_key
    data["certificate"] = server.enrolment_data(1, "Till 1")["certificate"]


ANSWERS: dict[str, tuple[Change, type[TallystickError]]] = {
    "another server's key": (_other_key, CertificateError),
    "a kid that is not its key's": (_swapped_kid, AnswerError),
    "a certificate of another key": (_foreign_certificate, CertificateError),
    "another device than the certificate's": (_set(deviceId=uuid_text(bytes(16))), CertificateError),
    "another epoch than the certificate's": (_set(epoch=2), CertificateError),
    "a certificate that is none": (_set(certificate="AAAA"), CertificateError),
    "an epoch that is no number": (_set(epoch="1"), AnswerError),
    "no keys": (_set(serverKeys=[]), CertificateError),
    "a place off the map": (
        _set(vendor={"id": uuid_text(bytes(16)), "name": "x", "lat": 10**10, "lon": 0, "currency": "EUR"}),
        AnswerError,
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_does_not_fit_stores_nothing(fresh: Till, server: FakeServer, case: str) -> None:
    change, refusal = ANSWERS[case]

    def tamper(request: httpx.Request, serve: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        body = serve(request).json()
        change(body["data"], server)
        return httpx.Response(200, json=body)

    server.faults.append(tamper)
    with pytest.raises(refusal):
        fresh.enrol()
    with pytest.raises(NotEnrolledError):
        read_device(fresh.store)
    assert fresh.keys.by_epoch == {}


def test_enrolling_again_waits_for_the_sync_and_keeps_the_journal(till: Till) -> None:
    till.sell(2)
    with pytest.raises(UnsyncedEpochError):
        till.enrol()
    assert till.sync.sync_once().errors == ()
    till.enrol()
    assert read_device(till.store).epoch == 2
    till.sell(1)
    assert till.sync.sync_once().errors == ()
    assert set(till.answers()) == {(1, 1), (1, 2), (2, 1)}


def test_an_open_shift_is_closed_before_enrolling_again(till: Till) -> None:
    with till.store.transaction():
        till.store.execute(
            "INSERT INTO shift (id, epoch, cashier, opening_float, opened_at, closed_at, count, total)"
            " VALUES (zeroblob(16), 1, 'c1', 0, 0, NULL, NULL, NULL)"
        )
    with pytest.raises(UnsyncedEpochError, match="shift"):
        till.enrol()


def test_a_token_of_another_terminal_changes_nothing(till: Till) -> None:
    with till.store.transaction():
        till.store.execute("UPDATE device SET device = zeroblob(16)")
    with pytest.raises(OtherDeviceError):
        till.enrol()
    assert read_device(till.store).epoch == 1


def test_a_lost_answer_of_the_next_epoch_does_not_keep_the_terminal_out(till: Till, server: FakeServer) -> None:
    token = server.token()
    server.faults.append(lose_answer)
    with pytest.raises(ServerUnreachableError):
        till.enrol(token=token)
    till.sell(2)  # the server knows the new key, the terminal does not know that
    assert [error.code for error in till.sync.sync_once().errors] == ["REQUEST_REFUSED"] * 2
    with pytest.raises(UnsyncedEpochError):
        till.enrol(token=token)
    till.enrol(token=token, even_unsynced=True)
    assert till.sync.sync_once().errors == ()
    assert set(till.answers()) == {(1, 1), (1, 2)}


def test_the_vault_keeps_the_key_of_an_enrolment_that_was_interrupted(
    tmp_path: Path, server: FakeServer, fresh: Till
) -> None:
    path, secret = tmp_path / "vault.json", Secret(b"secret")
    token = server.token()
    server.faults.append(lose_answer)
    with pytest.raises(ServerUnreachableError):
        fresh.enrol(token=token, keys=Vault.create(path, secret, os.urandom))
    again = Vault.open(path, secret, os.urandom)
    fresh.enrol(token=token, keys=again)
    assert read_device(fresh.store).public_key == again.device_key(1).public_key
