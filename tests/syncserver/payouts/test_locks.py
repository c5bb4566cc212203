"""Whoever moves several vendors' money locks all of them at once: of many at a time none fails for the others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from syncserver.database.arrays import uuid_of
from syncserver.ledger.payables import fold_credits
from syncserver.payments.errors import FraudDetectedError
from syncserver.registry import vendors
from tests.syncserver.payouts.kit import IBAN, OTHER_IBAN, Office, out
from tests.syncserver.rest.kit import Person, data
from tests.syncserver.rest.statements import camt, upload

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def held(office: Office, vendor: bytes) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Somebody is at what a vendor is owed; gives a way to wait until so many others wait for a lock."""
    connection = await office.shop.target.connect_server()

    async def others(number: int) -> None:
        question = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while await connection.fetchval(question) < number:
            pass

    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM vendor_balance WHERE vendor = $1 FOR UPDATE", uuid_of(vendor))
            yield others
    finally:
        await connection.close()


async def two_vendors(office: Office) -> tuple[bytes, bytes]:
    """Two that are owed something, in the order of all locks."""
    low, high = sorted([await office.vendor(), await office.vendor(name="Third")])
    for vendor in (low, high):
        await office.sell(500, vendor)
    return low, high


async def approved(office: Office, who: Person, run: dict[str, Any]) -> str:
    return str((await office.step(run, "approve", who))["state"])


async def test_an_approval_that_calls_something_off_and_another_one_do_not_wait_for_each_other(office: Office) -> None:
    low, high = await two_vendors(office)
    outdated = await office.propose()
    await office.account(high, account=IBAN)
    for vendor in (low, high):
        await office.sell(300, vendor)
    good = await office.propose()
    async with held(office, low) as others:
        first = asyncio.create_task(approved(office, office.bob, good))
        await others(1)
        second = asyncio.create_task(approved(office, office.ada, outdated))
        await others(2)
    assert set(await asyncio.gather(first, second)) == {"approved"}
    assert await office.owed(high) == (500, 300)


async def test_a_file_that_calls_something_off_and_an_approval_do_not_wait_for_each_other(office: Office) -> None:
    low, high = await two_vendors(office)
    outdated = await office.propose()
    await office.step(outdated, "approve")
    await office.account(high, account=IBAN)
    for vendor in (low, high):
        await office.sell(300, vendor)
    good = await office.propose()
    async with held(office, low) as others:
        first = asyncio.create_task(approved(office, office.bob, good))
        await others(1)
        second = asyncio.create_task(office.step(outdated, "send", office.ada, body={}))
        await others(2)
    assert await first == "approved"
    assert (await second)["states"] == {"sent": 1, "cancelled": 1}


async def test_a_proposal_that_folds_and_an_approval_do_not_wait_for_each_other(office: Office) -> None:
    low, high = await two_vendors(office)
    run = await office.propose()
    await office.sell(300, low)
    async with office.shop.services.pool.acquire() as connection:
        await fold_credits(connection)
    await office.sell(300, high)
    async with held(office, low) as others:
        first = asyncio.create_task(approved(office, office.bob, run))
        await others(1)
        second = asyncio.create_task(office.propose())
        await others(2)
    assert await first == "approved"
    assert (await second)["total"]["minor"] == 600


@dataclass(slots=True)
class Crowd:
    """Admins, tills, folders and the bank at five shops; `seed` says who is where when. `answers` are statuses."""

    office: Office
    shops: list[bytes]
    seed: int
    answers: list[int] = field(default_factory=list)

    async def sells(self, number: int) -> None:
        for turn in range(12):
            with suppress(FraudDetectedError):  # to a shop that is blocked just now
                await self.office.sell(10 + number, self.shops[(turn * (number + 1) + self.seed) % 5])

    async def pays(self, who: Person, number: int) -> None:
        for turn in range(4):
            made = await who.post("/api/payout-runs", {"currency": "EUR"}, key=f"p{number}-{turn}")
            self.answers.append(made.status_code)
            if made.status_code == 200:
                await self._goes_on(who, data(made)["runId"], sends=(turn + number) % 3 > 0)

    async def _goes_on(self, who: Person, run: str, *, sends: bool) -> None:
        for step, body in (("approve", None), *([("send", {})] if sends else []), ("cancel", {"reason": "test"})):
            answer = await who.post(f"/api/payout-runs/{run}/{step}", body, key=f"{step}{run}")
            self.answers.append(answer.status_code)

    async def moves(self) -> None:
        for turn in range(8):
            await self.office.account(self.shops[(turn + self.seed) % 5], account=(IBAN, OTHER_IBAN)[turn % 2])
            await vendors.block_vendor(self.office.shop.services, self.shops[turn % 5], blocked=turn % 2 == 0)

    async def folds(self) -> None:
        async with self.office.shop.services.pool.acquire() as connection:
            for _ in range(20):
                await fold_credits(connection, 3)

    async def tells(self, who: Person) -> None:
        for _ in range(5):
            if sent := data(await who.get("/api/payouts", state="sent"))["payouts"]:
                self.answers.append((await upload(who, camt(*map(out, sent)))).status_code)


@pytest.mark.parametrize("seed", range(3))
async def test_runs_steps_statements_and_folders_beside_each_other_all_end(office: Office, seed: int) -> None:
    both = (office.ada, office.bob)
    crowd = Crowd(office, [await office.vendor(name=f"Shop {number}") for number in range(5)], seed)
    await asyncio.gather(
        *(crowd.sells(number) for number in range(2)),
        *(crowd.pays(who, number) for number, who in enumerate(both * 2)),
        *(crowd.tells(who) for who in both),
        crowd.moves(),
        crowd.folds(),
    )
    assert set(crowd.answers) == {200, 409}
