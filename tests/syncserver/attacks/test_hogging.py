"""One terminal's owner holds as many uploads open as the server bears."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from syncserver.sync.admission import UPLOADS_AT_ONCE
from tests.syncserver.kit import FakeTerminal, Shop

pytestmark = pytest.mark.anyio

UPLOADS_OF_A_DEVICE = UPLOADS_AT_ONCE // 2


async def test_slow_uploads_of_one_terminal_leave_room_for_the_others(shop: Shop) -> None:
    rogue, honest = await shop.terminal(), await shop.terminal(name="till 2")
    end, begun = asyncio.Event(), asyncio.Semaphore(0)

    async def slowly() -> AsyncIterator[bytes]:
        begun.release()
        yield b"\xa5"
        await end.wait()

    async def hold(till: FakeTerminal) -> int:
        answer = await shop.http.post(
            "/api/sync/batches", content=slowly(), headers=till.headers | {"Content-Length": "1"}
        )
        return answer.status_code

    held = [asyncio.create_task(hold(rogue)) for _ in range(UPLOADS_AT_ONCE)]
    for _ in range(UPLOADS_OF_A_DEVICE):
        await begun.acquire()
    answer = await rogue.send(rogue.batch([rogue.open_shift()]))
    assert (answer.status_code, answer.json()["errorCode"]) == (429, "TOO_MANY_REQUESTS")
    assert answer.headers["retry-after"].isdecimal()
    assert (await honest.upload(honest.open_shift())).through == 1
    end.set()
    assert sorted(await asyncio.gather(*held)) == [422] * UPLOADS_OF_A_DEVICE + [429] * UPLOADS_OF_A_DEVICE
    # All of its places are free again.
    assert (await rogue.upload(rogue.open_shift())).missing == ((1, 1),)
