"""A whole fleet of terminals comes back at once: what is too much is turned away before it costs anything."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from shared.messages.batch import MAX_BODY_BYTES
from syncserver.api.app import make_app
from syncserver.api.connection import CROWDED, Crowded
from syncserver.api.pages import PageResponse
from syncserver.database.errors import BusyError
from syncserver.sync.admission import (
    PULLS_AT_ONCE,
    UPLOAD_BYTES_AT_ONCE,
    UPLOADS_AT_ONCE,
    Admission,
    DeviceBusyError,
)
from syncserver.sync.bounds import Bounds
from syncserver.sync.crowd import LEAST_SECONDS, MOST_SECONDS, Crowd, slow_down
from syncserver.sync.turns import Turns
from tests.syncserver.kit import FakeTerminal, Shop
from tests.syncserver.processes import eventually, locked

pytestmark = pytest.mark.anyio

UPLOAD = "/api/sync/batches"


@contextmanager
def bounded(shop: Shop, bounds: Bounds) -> Iterator[None]:
    """The shop's server with other bounds."""
    usual = shop.http
    app = make_app(shop.services, bounds=bounds)
    shop.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://server")
    try:
        yield
    finally:
        shop.http = usual


def impatient(bounds: Bounds) -> Bounds:
    """The same bounds, where nobody waits for a turn."""
    return Bounds(
        uploads=bounds.uploads,
        settling=Turns(1, most_waiting=10, seconds=0),
        pulls=bounds.pulls,
        books=Turns(1, most_waiting=10, seconds=0),
        tokens=bounds.tokens,
    )


async def stalled(shop: Shop, count: int) -> bool:
    """Whether so many batches are being settled."""
    return shop.services.gathering.under_way == count


class Body:
    """A body that tells when somebody reads it, and ends when it is told to."""

    def __init__(self) -> None:
        self.begun, self.end = asyncio.Event(), asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.begun.set()
        yield b"\xa5"
        await self.end.wait()


async def post(shop: Shop, till: FakeTerminal, body: Body, size: int | None) -> httpx.Response:
    announced = {} if size is None else {"Content-Length": str(size)}
    return await shop.http.post(UPLOAD, content=body, headers=till.headers | announced)


def assert_asks_to_come_back(answer: httpx.Response, code: str = "BUSY") -> None:
    assert (answer.status_code, answer.json()["errorCode"]) == (503, code)
    assert 1 <= int(answer.headers["retry-after"]) <= MOST_SECONDS


@pytest.mark.parametrize("size", [MAX_BODY_BYTES, None], ids=["announced", "chunked"])
async def test_bodies_beyond_the_bytes_in_flight_are_turned_away_before_they_are_read(
    shop: Shop, size: int | None
) -> None:
    bounds = Bounds.of()
    room = UPLOAD_BYTES_AT_ONCE // MAX_BODY_BYTES
    assert room < UPLOADS_AT_ONCE  # so it is the bytes that count here, not the places
    tills = [await shop.terminal(name=f"till {number}") for number in range(3)]
    with bounded(shop, bounds):
        held = [Body() for _ in range(room)]
        sending = [asyncio.create_task(post(shop, tills[number % 2], body, size)) for number, body in enumerate(held)]
        for body in held:
            await body.begun.wait()
        assert bounds.uploads.bytes_taken == UPLOAD_BYTES_AT_ONCE
        late = Body()
        assert_asks_to_come_back(await post(shop, tills[2], late, size))
        assert not late.begun.is_set()
        for body in held:
            body.end.set()
        await asyncio.gather(*sending)
        assert (bounds.uploads.bytes_taken, bounds.uploads.places_taken) == (0, 0)
        assert (await tills[2].upload(tills[2].open_shift())).through == 1


async def test_nobody_without_a_token_takes_a_place(shop: Shop) -> None:
    bounds = Bounds.of()
    with bounded(shop, bounds):
        body = Body()
        answer = await shop.http.post(UPLOAD, content=body, headers={"Content-Type": "application/cbor"})
        assert answer.status_code == 401
        assert not body.begun.is_set()


async def test_where_there_is_no_place_nobodys_signature_is_checked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = await shop.terminal()
    bounds = Bounds.of()

    def checked(*_: object) -> bytes:
        raise AssertionError("a signature was checked")

    with bounded(shop, bounds), ExitStack() as held:
        for _ in range(UPLOADS_AT_ONCE):
            held.enter_context(bounds.uploads.enter(os.urandom(16)))
        for _ in range(PULLS_AT_ONCE):
            held.enter_context(bounds.pulls.enter(os.urandom(16)))
        monkeypatch.setattr("syncserver.registry.devices.authenticate", checked)
        body = Body()
        assert_asks_to_come_back(await post(shop, till, body, 1))
        assert not body.begun.is_set()
        assert_asks_to_come_back(await shop.http.get("/api/sync/book", headers=till.headers))


async def test_one_terminals_many_bytes_are_its_own_fault_and_leave_room_for_others(shop: Shop) -> None:
    rogue, honest = await shop.terminal(), await shop.terminal(name="till 2")
    held = [Body() for _ in range(UPLOAD_BYTES_AT_ONCE // MAX_BODY_BYTES // 2)]
    sending = [asyncio.create_task(post(shop, rogue, body, None)) for body in held]
    for body in held:
        await body.begun.wait()
    answer = await post(shop, rogue, Body(), None)
    assert (answer.status_code, answer.json()["errorCode"]) == (429, "TOO_MANY_REQUESTS")
    assert 1 <= int(answer.headers["retry-after"]) <= LEAST_SECONDS
    assert (await honest.upload(honest.open_shift())).through == 1
    for body in held:
        body.end.set()
    await asyncio.gather(*sending)


async def test_while_settling_stands_still_all_else_is_answered(shop: Shop) -> None:
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    bounds = impatient(Bounds.of())
    with bounded(shop, bounds):
        async with bounds.settling.turn():  # somebody who waits for the database
            body = till.batch([till.open_shift()])
            assert_asks_to_come_back(await till.send(body))
            assert bounds.uploads.places_taken == 0
            for path in ("/healthz", "/readyz"):
                assert (await shop.http.get(path)).status_code == 200
            await other.log_in()
            await other.pull()
            await shop.terminal(name="till 3")
        assert (await till.send(body)).status_code == 200
    await shop.assert_reconciled()


async def test_a_database_that_is_slow_to_settle_turns_uploads_away_and_answers_all_else(shop: Shop) -> None:
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=2, cap=1_000)
    *slow, other = [await shop.terminal(name=f"till {number}") for number in range(3)]
    bodies = [till.batch([till.pay(code, 350)[1]]) for till, code in zip(slow, codes, strict=True)]
    body = other.batch([other.open_shift()])
    bounds = impatient(Bounds.of())
    owner = await shop.target.connect_owner()
    try:
        with bounded(shop, bounds):
            async with locked(owner, "SELECT FROM wallet WHERE wallet = $1 FOR UPDATE", wallet) as waiting:
                sending = []
                for till, sent in zip(slow, bodies, strict=True):  # one on each connection that settles
                    sending.append(asyncio.create_task(till.send(sent)))
                    await eventually(lambda: stalled(shop, len(sending)))
                await eventually(waiting)
                assert_asks_to_come_back(await other.send(body))
                for path in ("/healthz", "/readyz"):
                    assert (await shop.http.get(path)).status_code == 200
                await other.log_in()
                await other.pull()
                assert bounds.uploads.places_taken == len(slow)
            assert [(await each).status_code for each in sending] == [200, 200]
            assert (await other.send(body)).status_code == 200
    finally:
        await owner.close()
    assert await shop.vendor_balance() == 700
    await shop.assert_reconciled()


async def test_while_books_stand_still_uploads_go_on(shop: Shop) -> None:
    till = await shop.terminal()
    bounds = impatient(Bounds.of())
    with bounded(shop, bounds):
        async with bounds.books.turn():
            answer = await shop.http.get("/api/sync/book", headers=till.headers)
            assert_asks_to_come_back(answer)
            assert (await till.upload(till.open_shift())).through == 1
        await till.pull()
        assert bounds.pulls.places_taken == 0


async def test_more_pulls_than_there_is_room_for_are_asked_to_come_back(shop: Shop) -> None:
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    bounds = Bounds.of()
    with bounded(shop, bounds), ExitStack() as held:
        for _ in range(PULLS_AT_ONCE):
            held.enter_context(bounds.pulls.enter(os.urandom(16)))
        assert_asks_to_come_back(await shop.http.get("/api/sync/book", headers=till.headers))
        await other.log_in()
        assert (await other.upload(other.open_shift())).through == 1


async def test_a_page_has_its_place_until_its_reader_has_it_or_has_had_time_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("syncserver.api.pages.SEND_SECONDS", 0)
    pulls = Admission(2)
    page = os.urandom(1_000_000)
    got: list[bytes] = []
    read, slow = asyncio.Event(), asyncio.Event()

    async def receive() -> Message:
        raise AssertionError("nothing more is asked of the reader")

    async def take(message: Message) -> None:
        assert pulls.places_taken == 1
        got.append(message.get("body", b""))

    async def take_nothing(message: Message) -> None:
        if message["type"] == "http.response.body":
            slow.set()
            await read.wait()

    for send in (take, take_nothing):
        with ExitStack() as place:
            place.enter_context(pulls.enter(b"1"))
            response = PageResponse(page, place.pop_all(), media_type="application/cbor")
        assert (response.headers["content-length"], pulls.places_taken) == ("1000000", 1)
        await response({"type": "http"}, receive, send)
        assert pulls.places_taken == 0
    assert b"".join(got) == page
    assert max(map(len, got)) <= 65_536
    assert slow.is_set()


@pytest.mark.parametrize("crowded_by", Crowded)
async def test_one_too_many_is_told_so_and_probes_are_answered_all_the_same(
    shop: Shop, crowded_by: Crowded, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = await shop.terminal()
    monkeypatch.setattr("syncserver.registry.devices.authenticate", lambda *_: pytest.fail("a signature was checked"))
    app = make_app(shop.services)

    async def crowded(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, CROWDED: crowded_by}, receive, send)

    transport = httpx.ASGITransport(app=crowded)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as http:
        for answer in (await http.get("/api/sync/book", headers=till.headers), await http.post("/auth/token")):
            assert_asks_to_come_back(answer)
            assert (answer.headers.get("connection") == "close") == (crowded_by is Crowded.CONNECTIONS)
        for path in ("/healthz", "/readyz"):
            assert (await http.get(path)).status_code == 200


async def test_who_comes_when_enough_wait_is_turned_away_at_once() -> None:
    turns = Turns(1, most_waiting=1, seconds=3_600)
    async with turns.turn():
        waiting = asyncio.create_task(turns.turn().__aenter__())
        await asyncio.sleep(0)  # a task begins at the loop's next turn
        assert turns.waiting == 1
        with pytest.raises(BusyError):
            await turns.turn().__aenter__()
        assert not waiting.done()
    await waiting


async def test_who_gives_up_waiting_takes_no_turn_with_him() -> None:
    turns = Turns(1, most_waiting=5, seconds=0)
    async with turns.turn():
        for _ in range(3):
            with pytest.raises(BusyError):
                await turns.turn().__aenter__()
    for _ in range(3):
        async with turns.turn():
            assert turns.waiting == 0


def test_a_full_server_says_so_before_it_blames_a_terminal() -> None:
    admission = Admission(4, 100)
    one, two = b"1", b"2"
    with admission.enter(one, 10), admission.enter(one, 10):
        with pytest.raises(DeviceBusyError), admission.enter(one, 1):
            pass
        with admission.enter(two, 10), admission.enter(two, 10), pytest.raises(BusyError), admission.enter(one, 1):
            pass
    with admission.enter(one, 50), pytest.raises(DeviceBusyError), admission.enter(one, 1):
        pass
    assert (admission.places_taken, admission.bytes_taken) == (0, 0)


NOW = 1_800_000_000_000


def test_two_thousand_who_are_turned_away_at_once_come_back_over_a_minute() -> None:
    crowd = Crowd()
    told = [crowd.turn_away(NOW, os.urandom) for _ in range(2_000)]
    assert min(told) >= 1
    assert max(told) <= MOST_SECONDS
    assert max(told.count(second) for second in set(told)) < 400
    assert len(set(told)) > MOST_SECONDS // 2


def test_a_few_are_soon_back_and_a_fast_server_calls_them_back_sooner() -> None:
    quiet, slow, fast = Crowd(), Crowd(), Crowd()
    assert quiet.window(NOW) == LEAST_SECONDS
    for _ in range(5_000):
        fast.serve(NOW)
    for crowd in (slow, fast):
        for _ in range(1_000):
            crowd.turn_away(NOW, os.urandom)
    assert LEAST_SECONDS < fast.window(NOW) < slow.window(NOW) <= MOST_SECONDS
    assert slow.window(NOW + 120_000) == LEAST_SECONDS  # what is long past counts no more


@given(times=st.lists(st.integers(0, 2**53), max_size=60), drawn=st.binary(min_size=4, max_size=4))
def test_whatever_the_clock_does_nobody_waits_longer_than_the_most(times: list[int], drawn: bytes) -> None:
    crowd = Crowd()
    for now in times:
        crowd.serve(now)
        assert 1 <= crowd.turn_away(now, lambda _: drawn) <= MOST_SECONDS
    assert 1 <= slow_down(lambda _: drawn) <= LEAST_SECONDS
