"""Requests: tokens that renew themselves, answers that are bounded, errors that say what happened."""

from collections.abc import Iterator
from email.utils import formatdate

import httpx
import pytest

from shared.errors import TallystickError
from terminal.errors import ServerUnreachableError
from terminal.sync.errors import AnswerError, RefusedError, ServerBusyError
from terminal.sync.exchange import Exchange
from tests.terminal.sync.fake_server import DAY_MS, START, URL, FakeServer, be_busy, envelope
from tests.terminal.sync.till import FakeClock, Till


def paths(server: FakeServer) -> list[str]:
    return [request.url.path for request in server.requests]


def test_one_token_serves_until_shortly_before_it_ends(till: Till, server: FakeServer) -> None:
    till.sync.sync_once()
    till.sync.sync_once()
    assert paths(server).count("/auth/token") == 1
    till.clock.pass_time(9 * 60_000 + 45_000)
    server.now += 9 * 60_000 + 45_000
    till.sync.sync_once()
    assert paths(server).count("/auth/token") == 2


def test_a_token_that_the_server_forgot_is_renewed_once(till: Till, server: FakeServer) -> None:
    till.sync.sync_once()
    server.access.clear()
    assert till.sync.sync_once().errors == ()
    assert paths(server).count("/auth/token") == 2


def test_a_server_that_never_takes_its_own_tokens_is_not_asked_for_ever(till: Till, server: FakeServer) -> None:
    def forgetful(request: httpx.Request) -> httpx.Response:
        server.access.clear()
        return server.handle(request)

    till.sync._transport = httpx.MockTransport(forgetful)
    till.sell()
    report = till.sync.sync_once()
    assert [error.code for error in report.errors] == ["REQUEST_REFUSED"] * 2
    assert len(server.requests) <= 9


@pytest.mark.parametrize("off", [-40 * DAY_MS, -30_000, 30_000, 40 * DAY_MS])
def test_a_wrong_clock_takes_the_time_of_the_servers_answer(fresh: Till, off: int) -> None:
    fresh.enrol()
    fresh.clock.wall += off
    assert fresh.sync.sync_once().errors == ()


def test_a_revoked_key_is_refused_without_a_secret_in_the_message(till: Till, server: FakeServer) -> None:
    server.epochs[1] = bytes(32)
    error = till.sync.sync_once().push_error or till.sync.sync_once().pull_error
    assert isinstance(error, RefusedError)
    assert error.status == 401
    assert "eyJ" not in error.message
    assert "access-" not in error.message


def exchange(handler: httpx.Response | Exception) -> Exchange:
    def handle(_request: httpx.Request) -> httpx.Response:
        if isinstance(handler, Exception):
            raise handler
        return handler

    return Exchange(URL, FakeClock(), httpx.MockTransport(handle))


class Endless(httpx.SyncByteStream):
    def __init__(self) -> None:
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.sent += 2**20
            yield bytes(2**20)


ANSWERS: list[tuple[httpx.Response | Exception, type[TallystickError]]] = [
    (httpx.ConnectError("no"), ServerUnreachableError),
    (httpx.ConnectTimeout("no"), ServerUnreachableError),
    (httpx.ReadError("no"), ServerUnreachableError),
    (httpx.RemoteProtocolError("no"), ServerUnreachableError),
    (httpx.Response(500), ServerUnreachableError),
    (httpx.Response(504, content=b"<html>"), ServerUnreachableError),
    (httpx.Response(429, headers={"Retry-After": "5"}), ServerBusyError),
    (httpx.Response(302, headers={"Location": "https://evil.example"}), RefusedError),
    (httpx.Response(204), RefusedError),
    (httpx.Response(400, content=b"[" * 50_000), RefusedError),
    (httpx.Response(200, content=b"", headers={"Content-Encoding": "gzip"}), AnswerError),
]


@pytest.mark.parametrize(("answer", "error"), ANSWERS)
def test_every_failure_is_one_of_our_own(answer: httpx.Response | Exception, error: type[TallystickError]) -> None:
    with exchange(answer) as asked, pytest.raises(error):
        asked.ask("GET", "/x")


def test_an_endless_answer_ends() -> None:
    stream = Endless()
    with exchange(httpx.Response(200, stream=stream)) as asked, pytest.raises(AnswerError, match="too large"):
        asked.ask("GET", "/x")
    assert stream.sent < 2**26


def test_an_answer_that_drips_ends() -> None:
    clock = FakeClock()

    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                clock.pass_time(20_000)
                yield b"x"

    def handle(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Drip())

    with Exchange(URL, clock, httpx.MockTransport(handle)) as asked, pytest.raises(ServerUnreachableError):
        asked.ask("GET", "/x")


RETRY_AFTER = [
    ("7", 7.0),
    ("0", 0.0),
    ("9" * 5_000, 3600.0),
    ("-1", None),
    ("1.5", None),
    ("soon", None),
    ("", None),
    (formatdate(START / 1_000 + 90, usegmt=True), 90.0),
    (formatdate(START / 1_000 - 90, usegmt=True), 0.0),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
    ("Fri, 31 Dec 99999999999 23:59:59 GMT", None),
    ("Fri, 99 Dec 2030 23:59:59 GMT", None),
]


@pytest.mark.parametrize(("text", "seconds"), RETRY_AFTER)
def test_retry_after_is_read_with_care(text: str, seconds: float | None) -> None:
    answer = envelope(503, {"message": "later\x1b[31m", "errorCode": "BUSY"}, {"Retry-After": text})
    with exchange(answer) as asked, pytest.raises(ServerBusyError) as caught:
        asked.ask("GET", "/x")
    assert caught.value.retry_after == seconds
    assert "\x1b" not in caught.value.message


def test_a_date_to_come_back_at_is_read_by_the_servers_clock_and_not_by_a_wrong_one() -> None:
    clock = FakeClock(wall=START - 40 * DAY_MS)
    dates = {name: formatdate(START / 1_000 + later, usegmt=True) for name, later in (("Date", 0), ("Retry-After", 20))}
    answer = envelope(503, {"message": "later", "errorCode": "BUSY"}, dates)
    with Exchange(URL, clock, httpx.MockTransport(lambda _: answer)) as asked, pytest.raises(ServerBusyError) as caught:
        asked.ask("GET", "/x")
    assert caught.value.retry_after == pytest.approx(20, abs=0.1)


def test_who_is_told_to_wait_for_a_token_does_not_ask_for_it_again_in_the_same_breath(
    till: Till, server: FakeServer
) -> None:
    till.sell()
    asked = len(server.requests)
    server.faults.append(be_busy)
    report = till.sync.sync_once()
    assert [error.code for error in report.errors] == ["SERVER_BUSY"] * 2
    assert paths(server)[asked:] == ["/auth/token"]
    assert till.sync.sync_once().errors == ()  # whoever syncs again asks again
