"""How often somebody may ask."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import SecretStr
from starlette.requests import Request

from syncserver.api.app import make_app
from syncserver.api.rest import limits
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Rate
from syncserver.api.rest.limits import CODES, LOGIN_NAME, USER, Limits, LimitsUrlError
from syncserver.api.rest.window import Window
from syncserver.commands.serving import configuration
from syncserver.people.access import Role
from syncserver.settings import ServerSettings
from tests.conftest import short_folder
from tests.syncserver.kit import FakeClock, Shop
from tests.syncserver.rest.kit import customer, person, refused

pytestmark = pytest.mark.anyio
MINUTE = 60_000


class Login(msgspec.Struct, frozen=True, rename="camel"):
    login: str


async def nothing(call: Call[Any, Any]) -> Answer[None]:  # noqa: ARG001 - as it is called
    return Answer(None)


def probe(path: str, rate: Rate, *, public: bool = True, body: Any = None) -> Endpoint:
    method = "GET" if body is None else "POST"
    whose: dict[str, Any] = {"roles": None} if public else {}
    return Endpoint(method=method, path=path, handle=nothing, summary="", rate=rate, body=body, tag="Test", **whose)


PROBES = (
    probe("/login", Rate.LOGIN, body=Login),
    probe("/public", Rate.PUBLIC),
    probe("/free", Rate.FREE),
    probe("/user", Rate.USER, public=False),
    probe("/codes", Rate.CODES, public=False),
    probe("/password", Rate.LOGIN, public=False, body=Login),
)


@asynccontextmanager
async def limited(shop: Shop, counted: Limits | None = None, address: str = "192.0.2.1") -> AsyncIterator[Shop]:
    """The shop as it is served: with limits, and probes that do nothing else."""
    app = make_app(shop.services, limits=counted or Limits(clock=shop.clock))
    app.router.routes.extend(endpoint.route for endpoint in PROBES)
    transport = httpx.ASGITransport(app=app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as http:
        yield replace(shop, http=http)


async def test_a_person_asks_ten_times_a_minute(shop: Shop) -> None:
    async with limited(shop) as there:
        (ada, _), (eve, _) = await customer(there), await customer(there)
        path = f"/api/wallets/check-balance/{ada.id}"
        for left in range(9, -1, -1):
            answer = await ada.get(path)
            assert answer.status_code == 200
            assert answer.headers["RateLimit-Policy"] == '"user";q=10;w=60'
            assert answer.headers["RateLimit"] == f'"user";r={left};t=60'
        shop.clock.forward(18_000)
        answer = await ada.get(path)
        assert refused(answer) == (429, "RATE_LIMITED")
        assert answer.headers["Retry-After"] == "42"
        assert answer.headers["RateLimit"] == '"user";r=0;t=42'
        assert (await eve.get(f"/api/wallets/check-balance/{eve.id}")).status_code == 200, "each has their own"
        shop.clock.forward(42_000)
        assert (await ada.get(path)).status_code == 200


async def test_what_is_refused_was_asked_too(shop: Shop) -> None:
    async with limited(shop) as there:
        (ada, _), (eve, _) = await customer(there), await customer(there)
        for _ in range(10):
            answer = await eve.get(f"/api/wallets/check-balance/{ada.id}")
            assert refused(answer) == (403, "FORBIDDEN")
            assert "RateLimit" in answer.headers
        assert refused(await eve.get(f"/api/wallets/check-balance/{ada.id}")) == (429, "RATE_LIMITED")


async def test_of_many_at_once_ten_go_on(shop: Shop) -> None:
    async with limited(shop) as there:
        ada, wallet = await customer(there)
        path = f"/api/wallets/transfer-to-offline/{ada.id}"
        answers = await asyncio.gather(*(ada.post(path, {"amount": "1.00"}) for _ in range(25)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200] * 10 + [429] * 15
        assert await shop.balances(wallet) == (4_000, 16_000, 0, 0)


async def test_codes_have_a_stricter_bucket_beside_the_persons(shop: Shop) -> None:
    async with limited(shop) as there:
        ada = person(there, Role.CUSTOMER)
        for _ in range(CODES.calls):
            answer = await ada.get("/codes")
            assert answer.status_code == 200
        assert answer.headers["RateLimit"] == '"user";r=5;t=60, "codes";r=0;t=60'
        assert refused(await ada.get("/codes")) == (429, "RATE_LIMITED")
        statuses = [(await ada.get("/user")).status_code for _ in range(6)]
        assert statuses == [200] * 4 + [429] * 2, "a call for codes is one of the ten, refused or not"


async def test_logins_are_counted_by_address_and_by_name(shop: Shop) -> None:
    counted = Limits(clock=shop.clock)
    for number in range(LOGIN_NAME.calls):
        async with limited(shop, counted, f"192.0.2.{number}") as there:
            spelled = ("ada", " ADA", "Ada ", "\uff21da", "a d a")[number]
            assert (await there.http.post("/login", json={"login": spelled})).status_code == 200
    async with limited(shop, counted, "192.0.2.99") as there:
        answer = await there.http.post("/login", json={"login": "ada"})
        assert refused(answer) == (429, "RATE_LIMITED"), "one name from many addresses"
        assert answer.headers["RateLimit"] == '"login-address";r=4;t=60, "login-name";r=0;t=60'
        for name in ("b", "c", "d", "e"):
            assert (await there.http.post("/login", json={"login": name})).status_code == 200
        assert refused(await there.http.post("/login", json={"login": "f"})) == (429, "RATE_LIMITED"), "many names"


async def test_whoever_tries_passwords_with_a_token_is_counted_by_person(shop: Shop) -> None:
    counted, ada, statuses = Limits(clock=shop.clock), person(shop, Role.CUSTOMER), []
    for number in range(6):
        async with limited(shop, counted, f"192.0.2.{number}") as there:
            answer = await replace(ada, shop=there).post("/password", {"login": f"name {number}"})
            statuses.append(answer.status_code)
    assert statuses == [200] * 5 + [429]


async def test_login_bodies_that_are_none_are_drawn_from_the_address(shop: Shop) -> None:
    async with limited(shop) as there:
        statuses = [(await there.http.post("/login", json={"name": "x"})).status_code for _ in range(6)]
        assert statuses == [422] * 5 + [429]


async def test_without_a_token_addresses_are_counted_and_documents_are_free(shop: Shop) -> None:
    async with limited(shop) as there:
        statuses = [(await there.http.get("/public", headers={"X-Forwarded-For": f"198.51.100.{n}"})).status_code
                    for n in range(11)]  # fmt: skip
        assert statuses == [200] * 10 + [429], "a header is no address"
        for path in ("/free", "/openapi.json", "/healthz"):
            answers = [await there.http.get(path) for _ in range(12)]
            assert {answer.status_code for answer in answers} == {200}
            assert "RateLimit" not in answers[0].headers


async def test_a_reconnecting_fleet_is_never_refused(shop: Shop) -> None:
    async with limited(shop) as there:
        till = await there.terminal()
        for _ in range(15):
            await till.log_in()
            await till.pull()
            assert (await till.send(till.batch(()))).status_code in {200, 422}
        tills = [await there.terminal(name=f"till {number}") for number in range(15)]
        await asyncio.gather(*(till.pull() for till in tills))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::"),
        ("testclient", "unknown"),
    ],
)
def test_an_address_is_a_network(address: str, network: str) -> None:
    assert limits.address_of(Request({"type": "http", "headers": [], "client": (address, 1)})) == network


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ("", "127.0.0.1", "203.0.113.9", "127.0.0.1"),
        ("10.0.0.0/8", "127.0.0.1", "203.0.113.9", "127.0.0.1"),
        ("10.0.0.0/8", "10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.0/8", "10.1.2.3", "1.1.1.1, 203.0.113.9, 10.9.9.9", "203.0.113.9"),
        ("10.0.0.0/8,192.0.2.1", "192.0.2.1", "203.0.113.9", "203.0.113.9"),
    ],
)
async def test_a_proxy_is_believed_where_the_settings_say_so(
    trusted: str, peer: str, forwarded: str, address: str
) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - ASGI's signature
        seen.append(limits.address_of(Request(scope)))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = configuration(app, ServerSettings(trusted_proxies=trusted))  # type: ignore[arg-type]  # any ASGI application
    config.load()
    transport = httpx.ASGITransport(app=config.loaded_app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as http:
        await http.get("/", headers={"X-Forwarded-For": forwarded})
    assert seen == [address]


@pytest.mark.parametrize("proxies", ["*", "proxy.example", "10.0.0.0/8,,", "10.0.0.1/8"])
def test_a_trusted_proxy_is_an_address_or_a_network(proxies: str) -> None:
    with pytest.raises(ValueError, match="trusted_proxies"):
        ServerSettings(trusted_proxies=proxies)


async def test_what_is_counted_in_memory_is_bounded_and_forgotten() -> None:
    clock = FakeClock()
    window = Window(clock, most_keys=100)
    for number in range(1_000):
        clock.forward(1)
        assert await window.acquire_entry(f"key {number}", 1, 60)
        assert len(window) <= 100
    assert not await window.acquire_entry("key 999", 1, 60)
    assert await window.acquire_entry("key 0", 1, 60), "the oldest were forgotten"
    clock.forward(MINUTE + 1)
    assert await window.acquire_entry("another", 1, 60)
    assert len(window) == 1


async def test_a_window_moves() -> None:
    clock = FakeClock()
    counted = Limits(clock=clock)
    for _ in range(10):
        assert (await counted.draw(USER, "ada")).granted
        clock.forward(6_000)
    granted = []
    for _ in range(20):
        clock.forward(3_000)
        granted.append((await counted.draw(USER, "ada")).granted)
    assert granted.count(True) == 10, "never more than ten in any minute"


# A real Redis or Valkey.


@dataclass(slots=True)
class Server:
    """One that the test started."""

    program: str
    socket: Path
    process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> SecretStr:
        return SecretStr(f"unix://{self.socket}")

    def start(self) -> None:
        command = [self.program, "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=self.socket.parent)
        assert self.process.stdout is not None
        assert any("eady to accept connections unix" in line or "ready to accept connections at" in line
                   for line in self.process.stdout), "it did not start"  # fmt: skip

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@contextmanager
def counting_server() -> Iterator[Server]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("counting for several processes is NOT TESTED here: there is no redis-server or valkey-server")
    with short_folder() as folder:
        server = Server(program, folder / "counts.sock")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def counts() -> Iterator[Server]:
    with counting_server() as server:
        yield server


async def test_processes_count_together_in_a_redis(shop: Shop, counts: Server) -> None:
    one, two = Limits(counts.url), Limits(counts.url)
    async with limited(shop, one) as here, limited(shop, two) as there:
        ada = person(here, Role.CUSTOMER)
        elsewhere = replace(ada, shop=there)
        answers = [await who.get("/user") for who in (ada, elsewhere) * 5]
        assert [answer.status_code for answer in answers] == [200] * 10
        assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == [f"r={n}" for n in range(9, -1, -1)]
        for who in (ada, elsewhere):
            answer = await who.get("/user")
            assert refused(answer) == (429, "RATE_LIMITED")
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
        many = await asyncio.gather(
            *(one.draw(USER, "eve") for _ in range(20)), *(two.draw(USER, "eve") for _ in range(20))
        )
        assert sum(drawn.granted for drawn in many) == 10
    await one.close()
    await two.close()


async def test_without_its_redis_each_process_counts_by_itself_until_it_is_back(counts: Server) -> None:
    clock = FakeClock()
    one, two = Limits(counts.url, clock), Limits(counts.url, clock)
    assert [(await one.draw(LOGIN_NAME, "ada")).granted for _ in range(6)] == [True] * 5 + [False]
    counts.stop()
    for process in (one, two):
        assert [(await process.draw(LOGIN_NAME, "ada")).granted for _ in range(6)] == [True] * 5 + [False]
    counts.start()
    assert not (await one.draw(LOGIN_NAME, "ada")).granted, "it is not asked again yet"
    clock.forward(limits.PAUSE_MS)
    assert [(await process.draw(LOGIN_NAME, "ada")).granted for process in (one, two) * 3] == [True] * 5 + [False]
    await one.close()
    await two.close()


async def test_a_redis_that_hangs_holds_nobody_up_for_long(counts: Server) -> None:
    clock = FakeClock()
    one = Limits(counts.url, clock)
    assert (await one.draw(USER, "ada")).granted
    assert counts.process is not None
    counts.process.send_signal(signal.SIGSTOP)
    assert [(await one.draw(USER, "ada")).granted for _ in range(11)] == [True] * 10 + [False]
    counts.process.send_signal(signal.SIGCONT)
    clock.forward(limits.PAUSE_MS)
    # No answer to what was asked before is taken for one of these.
    drawn = [await one.draw(CODES, subject) for subject in ("eve", "bob") * 6]
    assert [each.granted for each in drawn] == [True] * 10 + [False] * 2
    assert [each.remaining for each in drawn[:10:2]] == [4, 3, 2, 1, 0]
    await one.close()


async def test_no_password_is_told_where_the_redis_is_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(os.sep)
    away = Limits(SecretStr("redis://:hunter2@127.0.0.1:1/0"))
    assert (await away.draw(USER, "ada")).granted
    said = capsys.readouterr()
    assert "limits_counted_alone" in said.out + said.err
    assert "hunter2" not in said.out + said.err + repr(away)
    await away.close()


@pytest.mark.parametrize("url", ["", "localhost", "http://localhost", "memory://", "redis", "redis://h:port"])
def test_an_address_of_no_redis_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(LimitsUrlError) as refusal:
        Limits(SecretStr(url))
    assert "localhost" not in str(refusal.value)
