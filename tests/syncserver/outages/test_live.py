"""A page that is told of changes does not hold up a server that is to stop."""

import asyncio
import time

import pyotp
import pytest

from syncserver.commands.serving import GRACE_SECONDS
from syncserver.people import second_factor, web_sessions
from syncserver.people.person import read
from syncserver.people.web_sessions import Visitor
from syncserver.sync.turns import Turns
from tests.syncserver.kit import Shop
from tests.syncserver.processes import Site
from tests.syncserver.rest.people import PASSWORD, admin_with_password

pytestmark = pytest.mark.anyio


async def signed_in(shop: Shop, login: str) -> str:
    """The cookie of an admin's session on the true time."""
    services, visitor = shop.services, Visitor("127.0.0.1", "a browser")
    user_id = await admin_with_password(shop, login)
    half = await web_sessions.resume(
        services, await web_sessions.sign_in(services, Turns(1, most_waiting=1, seconds=60.0), login, PASSWORD, visitor)
    )
    async with services.pool.acquire() as connection:
        person = await read(connection, user_id)
    made = await second_factor.begin(services, person, half.caller.session)
    token, _ = await web_sessions.set_up_second(
        services, half, pyotp.TOTP(made.secret).generate_otp(services.clock() // 30_000), visitor
    )
    return token


async def test_a_server_that_is_told_to_stop_ends_open_pages_at_once(site: Site) -> None:
    server = site.run()
    async with site.shop(server) as shop:
        headers = {"Cookie": f"__Host-tallystick={await signed_in(shop, 'ada-who-looks')}"}
        async with shop.http.stream("GET", "/console/live", headers=headers) as page:
            assert page.status_code == 200
            told = page.aiter_text()
            assert "event: needs" in await anext(told)
            began = time.monotonic()
            assert await asyncio.to_thread(server.stop) == 0
            assert time.monotonic() - began < GRACE_SECONDS
            assert [part async for part in told if not part.startswith(":")] == []
    assert "Cancel" not in site.log.read_text(encoding="utf-8"), "nothing had to be broken off"
