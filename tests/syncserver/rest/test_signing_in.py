"""Passwords are guessed at ten times; a refresh token is good once; whoever reads the logs learns none of them."""

import asyncio
import io
import re
from typing import Any

import httpx
import pytest
import structlog

from shared.ids import uuid_bytes
from shared.lifecycles import PersonState
from syncserver.api.app import make_app
from syncserver.api.rest.limits import Limits
from syncserver.maintenance.rounds import one_round
from syncserver.people import approving, passwords, sessions
from syncserver.people.access import ACCESS_SECONDS, Caller, Role, authenticate, grant
from syncserver.people.errors import CredentialsError
from syncserver.people.registrations import Registration
from syncserver.people.registrations import register as register_directly
from syncserver.sync.turns import Turns
from tests.syncserver.kit import HOUR, SECOND, TALLINN, Shop, Unlimited, open_services
from tests.syncserver.processes import eventually
from tests.syncserver.rest.kit import data, person, refused
from tests.syncserver.rest.people import (
    PASSWORD,
    admin_with_password,
    approved,
    bearer,
    log_in,
    refresh,
    register,
    wait,
)

pytestmark = pytest.mark.anyio

WRONG = (401, "INVALID_CREDENTIALS")
WRONG_OLD = (422, "WRONG_PASSWORD")
OVER = (401, "INVALID_REFRESH_TOKEN")
ENDED = (401, "INVALID_TOKEN")
MINUTE = 60 * SECOND


async def test_ten_failures_lock_a_login_for_half_an_hour_on_every_process(shop: Shop) -> None:
    await approved(shop, "ada")
    async with open_services(shop.target, shop.clock) as services:
        transport = httpx.ASGITransport(app=make_app(services, limits=Unlimited()))
        async with httpx.AsyncClient(transport=transport, base_url="http://other") as other:
            for _ in range(5):
                wrong = {"login": "ada", "password": "wrong password"}
                assert refused(await other.post("/auth/login", json=wrong)) == WRONG
                assert refused(await log_in(shop, "ada", "wrong password")) == WRONG
            assert refused(await other.post("/auth/login", json=wrong | {"password": PASSWORD})) == WRONG
    assert refused(await log_in(shop, "ADA")) == WRONG, "the right password is no way to find out that it is right"
    shop.clock.forward(30 * MINUTE - 1)
    assert refused(await log_in(shop, "ada")) == WRONG
    shop.clock.forward(1)
    assert data(await log_in(shop, "ada"))["state"] == "approved"


async def test_a_right_password_ends_the_count(shop: Shop) -> None:
    await approved(shop, "ada")
    for _ in range(3):
        for _ in range(9):
            assert refused(await log_in(shop, "ada", "wrong password")) == WRONG
        data(await log_in(shop, "ada"))


async def test_a_lock_that_ended_begins_a_new_count(shop: Shop) -> None:
    await approved(shop, "ada")
    for _ in range(2):
        for _ in range(13):
            assert refused(await log_in(shop, "ada", "wrong password")) == WRONG
        shop.clock.forward(30 * MINUTE)
    for _ in range(9):
        assert refused(await log_in(shop, "ada", "wrong password")) == WRONG
    data(await log_in(shop, "ada"))


async def test_guesses_at_once_are_no_more_than_ten(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await approved(shop, "ada")
    stored = await shop.services.pool.fetchval("SELECT password FROM person WHERE user_id::text = $1", ada.id)
    guesses = [f"guess number {number}" for number in range(20)]
    compared: list[str] = []

    def verified(kept: str, guess: bytes) -> bool:
        compared.append(guess.decode())
        return kept == stored and guess.decode() == guesses[-1]

    monkeypatch.setattr(passwords, "_verify", verified)
    answers = await asyncio.gather(*(log_in(shop, "ada", guess) for guess in guesses))
    assert {refused(answer) for answer in answers} == {WRONG}, "the right one came after ten others"
    assert set(compared) == set(guesses)
    assert refused(await log_in(shop, "ada", guesses[-1])) == WRONG
    shop.clock.forward(30 * MINUTE)
    data(await log_in(shop, "ada", guesses[-1]))


async def test_whoever_waits_for_a_login_can_not_clear_their_guesses_at_its_holders_password(shop: Shop) -> None:
    await approved(shop, "ada")
    thief = "the thief's own"
    data(await register(shop, "ada", password=thief))
    for _ in range(5):
        assert refused(await log_in(shop, "ada", "wrong password")) == WRONG
        assert data(await log_in(shop, "ada", thief))["state"] == "waiting"
    for password in ("wrong password", PASSWORD, thief):
        assert refused(await log_in(shop, "ada", password)) == WRONG
    shop.clock.forward(30 * MINUTE)
    assert data(await log_in(shop, "ada"))["state"] == "approved"


@pytest.mark.parametrize("taken", [True, False])
async def test_registering_with_a_guess_and_logging_in_by_it_is_a_guess_too(shop: Shop, *, taken: bool) -> None:
    if taken:
        await approved(shop, "ada")
    for number in range(10):
        guess = f"guess number {number}"
        shop.clock.forward(1)
        data(await register(shop, "ada", password=guess))
        assert data(await log_in(shop, "ada", guess))["state"] == "waiting"
    shop.clock.forward(1)
    data(await register(shop, "ada", password=PASSWORD))
    assert refused(await log_in(shop, "ada")) == WRONG


async def test_an_unknown_login_a_wrong_password_and_a_locked_one_cost_and_answer_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await approved(shop, "ada")
    await approved(shop, "locked")
    for _ in range(10):
        await log_in(shop, "locked", "wrong password")
    tried: list[str] = []
    check = passwords._verify

    def counted(kept: str, password: bytes) -> bool:
        tried.append(kept)
        return check(kept, password)

    monkeypatch.setattr(passwords, "_verify", counted)
    seen = []
    for login, password in (
        ("nobody", PASSWORD),
        ("ada", "wrong password"),
        ("locked", PASSWORD),
        ("ada", "x" * 10_000),
        ("ada", "\0"),
        ("ada", ""),
    ):
        tried.clear()
        answer = await log_in(shop, login, password)
        body = answer.json()
        assert body.pop("timestamp")
        assert body.pop("requestId")
        seen.append((answer.status_code, body, sorted(answer.headers), len(tried)))
    assert all(one == seen[0] for one in seen)
    assert seen[0][3] == 2
    counts = await shop.services.pool.fetch("SELECT login, failures FROM login_try ORDER BY login")
    assert [tuple(row) for row in counts] == [("ada", 4), ("locked", 11), ("nobody", 1)]


async def test_hashes_are_argon2id_of_19_mib_and_nobodys_costs_as_much(shop: Shop) -> None:
    await approved(shop, "ada")
    stored = await shop.services.pool.fetchval("SELECT password FROM person WHERE login = 'ada'")
    shape = r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}"
    assert re.fullmatch(shape, stored)
    assert re.fullmatch(shape, passwords.NOBODYS)
    assert await passwords.which_fits(PASSWORD, [passwords.NOBODYS, stored]) == 1
    assert await passwords.which_fits("", [passwords.NOBODYS, passwords.NOBODYS]) is None


async def test_a_password_is_the_same_however_its_accents_are_typed(shop: Shop) -> None:
    data(await register(shop, "ada", password="cafe\u0301 au lait"))
    data(await log_in(shop, "ada", "caf\u00e9 au lait"))


async def test_passwords_are_hashed_a_few_at_once_and_the_rest_is_turned_away(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = shop.http._transport.app.state.bounds  # type: ignore[attr-defined]  # the ASGI transport's
    under_way, most, go_on = 0, 0, asyncio.Event()

    async def watched(_password: str, _hashes: list[str]) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await go_on.wait()
        under_way -= 1

    monkeypatch.setattr(passwords, "which_fits", watched)
    asked = [asyncio.create_task(log_in(shop, f"login{number}")) for number in range(40)]

    async def all_wait() -> bool:
        return bool(bounds.passwords.waiting == 32 and under_way == 2)

    await eventually(all_wait)
    go_on.set()
    answers = [refused(await one) for one in asked]
    assert most == 2
    assert set(answers) == {WRONG, (503, "BUSY")}
    assert answers.count((503, "BUSY")) == 40 - 34


async def test_a_refresh_token_is_good_once_and_for_twelve_hours(shop: Shop) -> None:
    await approved(shop, "ada")
    first = data(await log_in(shop, "ada"))
    answer = await refresh(shop, first["refreshToken"])
    assert answer.headers["cache-control"] == "no-store"
    second = data(answer)
    assert second["refreshToken"] != first["refreshToken"]
    assert (await wait(shop, second)).status_code == 200
    shop.clock.forward(12 * HOUR - 1)
    third = data(await refresh(shop, second["refreshToken"]))
    shop.clock.forward(12 * HOUR)
    assert refused(await refresh(shop, third["refreshToken"])) == OVER


async def test_a_session_ends_after_thirty_days_however_often_it_is_refreshed(shop: Shop) -> None:
    await approved(shop, "ada")
    tokens = data(await log_in(shop, "ada"))
    for _ in range(30 * 24 // 8 - 1):
        shop.clock.forward(8 * HOUR)
        tokens = data(await refresh(shop, tokens["refreshToken"]))
    shop.clock.forward(8 * HOUR)
    assert refused(await refresh(shop, tokens["refreshToken"])) == OVER


async def test_a_refresh_token_that_comes_again_ends_its_family_and_no_other(shop: Shop) -> None:
    await approved(shop, "ada")
    stolen, other = data(await log_in(shop, "ada")), data(await log_in(shop, "ada"))
    newer = data(await refresh(shop, stolen["refreshToken"]))
    newest = data(await refresh(shop, newer["refreshToken"]))
    shop.clock.forward(10 * SECOND + 1)
    assert refused(await refresh(shop, stolen["refreshToken"])) == OVER
    for tokens in (newest, newer, stolen):
        assert refused(await refresh(shop, tokens["refreshToken"])) == OVER
        assert refused(await wait(shop, tokens)) == ENDED
    data(await refresh(shop, other["refreshToken"]))


async def test_of_two_refreshes_at_once_one_wins_and_the_session_goes_on(shop: Shop) -> None:
    await approved(shop, "ada")
    first = data(await log_in(shop, "ada"))
    answers = await asyncio.gather(*(refresh(shop, first["refreshToken"]) for _ in range(5)))
    (won,) = [answer for answer in answers if answer.status_code == 200]
    assert {refused(answer) for answer in answers if answer is not won} == {(409, "REFRESH_RACE")}
    second = data(await refresh(shop, data(won)["refreshToken"]))
    assert (await wait(shop, second)).status_code == 200
    assert await shop.services.pool.fetchval("SELECT count(*) FROM refresh_token") == 3


async def test_logging_out_ends_one_session_and_answers_anybody_the_same(shop: Shop) -> None:
    await approved(shop, "ada")
    one, other = data(await log_in(shop, "ada")), data(await log_in(shop, "ada"))
    for token in (
        one["refreshToken"],
        one["refreshToken"],
        "unknown",
        "\ud800".encode("utf-16", "surrogatepass").hex(),
    ):
        assert data(await shop.http.post("/auth/logout", json={"refreshToken": token})) is None
    assert refused(await refresh(shop, one["refreshToken"])) == OVER
    assert refused(await wait(shop, one)) == ENDED
    data(await wait(shop, other))
    data(await refresh(shop, other["refreshToken"]))


@pytest.mark.parametrize("token", ["", "x", "\0", "x" * 10_000, "é"])
async def test_what_is_no_refresh_token(shop: Shop, token: str) -> None:
    assert refused(await refresh(shop, token)) == OVER
    surrogate = b'{"refreshToken": "\\ud800"}'
    answer = await shop.http.post("/auth/refresh", content=surrogate, headers={"Content-Type": "application/json"})
    assert answer.status_code in (401, 422)


async def test_a_new_password_ends_all_other_sessions(shop: Shop) -> None:
    await approved(shop, "ada")
    here, there = data(await log_in(shop, "ada")), data(await log_in(shop, "ada"))
    change = {"oldPassword": PASSWORD, "newPassword": "a better password"}
    wrong = change | {"oldPassword": "wrong password"}
    assert refused(await shop.http.post("/auth/password", json=wrong, headers=bearer(here))) == WRONG_OLD
    short = change | {"newPassword": "short"}
    answer = await shop.http.post("/auth/password", json=short, headers=bearer(here))
    assert refused(answer) == (422, "INVALID_PASSWORD")
    assert refused(await shop.http.post("/auth/password", json=change)) == (401, "INVALID_TOKEN")
    assert data(await shop.http.post("/auth/password", json=change, headers=bearer(here))) is None
    assert refused(await refresh(shop, there["refreshToken"])) == OVER
    assert refused(await wait(shop, there)) == ENDED
    data(await wait(shop, here))
    data(await refresh(shop, here["refreshToken"]))
    assert refused(await log_in(shop, "ada")) == WRONG
    data(await log_in(shop, "ada", "a better password"))


async def test_logging_out_everywhere_ends_every_session_of_one_person(shop: Shop) -> None:
    await approved(shop, "ada")
    await approved(shop, "eve")
    here, there = data(await log_in(shop, "ada")), data(await log_in(shop, "ada"))
    eve = data(await log_in(shop, "eve"))
    assert data(await shop.http.post("/auth/logout-everywhere", headers=bearer(here))) is None
    for tokens in (here, there):
        assert refused(await wait(shop, tokens)) == ENDED
        assert refused(await refresh(shop, tokens["refreshToken"])) == OVER
    data(await wait(shop, eve))
    data(await wait(shop, data(await log_in(shop, "ada"))))


async def test_a_new_password_from_the_operator_and_a_block_end_access_tokens_at_once(shop: Shop) -> None:
    root, turns = await admin_with_password(shop, "root"), Turns(1, most_waiting=1, seconds=10.0)
    tokens = data(await log_in(shop, "root"))
    await sessions.reset_password(shop.services, turns, root, "another long password")
    assert refused(await shop.http.get("/home/registrations", headers=bearer(tokens))) == ENDED
    tokens = data(await log_in(shop, "root", "another long password"))
    data(await shop.http.get("/home/registrations", headers=bearer(tokens)))
    await approving.block(shop.services, person(shop, Role.SUPERADMIN).caller, root, "left")
    assert refused(await shop.http.get("/home/registrations", headers=bearer(tokens))) == ENDED


async def test_a_token_of_an_ended_session_draws_nothing_from_its_persons_bucket(shop: Shop) -> None:
    await approved(shop, "ada")
    stolen, own = data(await log_in(shop, "ada")), data(await log_in(shop, "ada"))
    data(await shop.http.post("/auth/logout-everywhere", headers=bearer(own)))
    own = data(await log_in(shop, "ada"))
    transport = httpx.ASGITransport(app=make_app(shop.services, limits=Limits(clock=shop.clock)))
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as http:

        async def ask(tokens: dict[str, Any]) -> httpx.Response:
            return await http.get("/home/checkWaitingPeriod", headers=bearer(tokens))

        for _ in range(30):
            assert refused(await ask(stolen)) == ENDED
        assert (await ask(own)).headers["RateLimit"].startswith('"user";r=8'), "its first one was drawn"


async def test_somebody_elses_password_changes_nothing(shop: Shop) -> None:
    await approved(shop, "ada")
    eve = await approved(shop, "eve", password="eve's password")
    stranger = person(shop, Role.CUSTOMER, uuid_bytes(eve.id))
    answer = await stranger.post("/auth/password", {"oldPassword": PASSWORD, "newPassword": "a better password"})
    assert refused(answer) == WRONG_OLD
    unknown = person(shop, Role.CUSTOMER)
    answer = await unknown.post("/auth/password", {"oldPassword": PASSWORD, "newPassword": "a better password"})
    assert refused(answer) == WRONG_OLD
    data(await log_in(shop, "ada"))


async def test_guessing_by_a_stolen_access_token_is_counted_too(shop: Shop) -> None:
    await approved(shop, "ada")
    tokens = data(await log_in(shop, "ada"))
    body = {"oldPassword": "wrong password", "newPassword": "a better password"}
    for _ in range(10):
        assert refused(await shop.http.post("/auth/password", json=body, headers=bearer(tokens))) == WRONG_OLD
    right = body | {"oldPassword": PASSWORD}
    assert refused(await shop.http.post("/auth/password", json=right, headers=bearer(tokens))) == WRONG_OLD
    data(await refresh(shop, tokens["refreshToken"])), "who is logged in stays so"


async def test_an_old_password_that_is_still_being_checked_opens_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = await admin_with_password(shop, "root")
    check, turns = passwords.which_fits, Turns(1, most_waiting=1, seconds=10.0)

    async def changed_meanwhile(password: str, hashes: list[str]) -> int | None:
        found = await check(password, hashes)
        await sessions.reset_password(shop.services, Turns(1, most_waiting=1, seconds=10.0), user_id, "a new password")
        return found

    monkeypatch.setattr(passwords, "which_fits", changed_meanwhile)
    with pytest.raises(CredentialsError):
        await sessions.log_in(shop.services, turns, "root", PASSWORD)
    assert await shop.services.pool.fetchval("SELECT count(*) FROM refresh_token") == 0


async def test_what_is_over_is_forgotten(shop: Shop) -> None:
    await approved(shop, "ada")
    data(await log_in(shop, "ada"))
    await log_in(shop, "ada", "wrong password")
    count = "SELECT (SELECT count(*) FROM refresh_token), (SELECT count(*) FROM login_try)"

    async def counted() -> tuple[int, ...]:
        row = await shop.services.pool.fetchrow(count)
        assert row is not None
        return tuple(row)

    await one_round(shop.services)
    assert await counted() == (1, 1)
    shop.clock.forward(HOUR + 1)
    await one_round(shop.services)
    assert await counted() == (1, 0)
    shop.clock.forward(11 * HOUR + ACCESS_SECONDS * SECOND)
    await one_round(shop.services)
    assert await counted() == (0, 0)


async def test_an_access_token_says_who_and_in_which_state(shop: Shop) -> None:
    caller = Caller(bytes(16), Role.VENDOR, shop.vendor, PersonState.WAITING, bytes(range(16)))
    assert authenticate(shop.services, grant(shop.services, caller)) == caller


async def test_no_secret_is_in_a_log_an_error_or_a_repr(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    told = io.StringIO()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(told))
    try:
        await approved(shop, "ada")
        tokens = data(await log_in(shop, "ada"))
        newer = data(await refresh(shop, tokens["refreshToken"]))
        shop.clock.forward(MINUTE)
        texts = [(await refresh(shop, tokens["refreshToken"])).text]
        texts.append((await log_in(shop, "ada", "wrong but secret")).text)
        body: dict[str, Any] = {"login": "ada", "password": ["wrong but secret"]}
        texts.append((await shop.http.post("/auth/login", json=body)).text)
        turns = Turns(1, most_waiting=1, seconds=10.0)
        session = await sessions.log_in(shop.services, turns, "ada", PASSWORD)
        asked = Registration("eve", "wrong but secret", "Eve", Role.CUSTOMER, TALLINN, "EUR")
        made = await register_directly(shop.services, turns, asked)
        texts += [repr(session), repr(session.person), repr(asked), repr(made)]
    finally:
        structlog.reset_defaults()
    captured = capsys.readouterr()
    texts += [told.getvalue(), captured.out, captured.err]
    assert "refresh_token_reused" in told.getvalue()
    secrets = [PASSWORD, "wrong but secret", tokens["refreshToken"], newer["refreshToken"], tokens["accessToken"]]
    secrets += [session.refresh, session.access, session.person.password, made.password]
    assert not [secret for secret in secrets for text in texts if secret in text]
    rows = [str(row) for row in await shop.services.pool.fetch("SELECT t::text FROM refresh_token t")]
    assert not [secret for secret in secrets for row in rows if secret in row]


async def test_no_session_outlives_a_block_that_came_at_the_same_time(shop: Shop) -> None:
    ada = await approved(shop, "ada")
    tokens = data(await log_in(shop, "ada"))
    answers = await asyncio.gather(
        log_in(shop, "ada"),
        refresh(shop, tokens["refreshToken"]),
        ada.admin.post(f"/home/block/{ada.id}", {"reason": "stolen phone"}),
        log_in(shop, "ada"),
    )
    assert data(answers[2])["state"] == "blocked"
    begun = [data(answer) for answer in answers if answer is not answers[2] and answer.status_code == 200]
    for one in (tokens, *begun):
        assert refused(await refresh(shop, one["refreshToken"])) == OVER
        assert refused(await wait(shop, one)) == ENDED


async def test_no_other_session_outlives_a_new_password_that_came_at_the_same_time(shop: Shop) -> None:
    await approved(shop, "ada")
    here, there = data(await log_in(shop, "ada")), data(await log_in(shop, "ada"))
    change = {"oldPassword": PASSWORD, "newPassword": "a better password"}
    changed, *others = await asyncio.gather(
        shop.http.post("/auth/password", json=change, headers=bearer(here)),
        refresh(shop, there["refreshToken"]),
        log_in(shop, "ada"),
        log_in(shop, "ada"),
    )
    assert data(changed) is None
    for one in (there, *(data(answer) for answer in others if answer.status_code == 200)):
        assert refused(await refresh(shop, one["refreshToken"])) == OVER
    data(await refresh(shop, here["refreshToken"]))
