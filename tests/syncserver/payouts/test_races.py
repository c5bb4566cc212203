"""Two admins at once, folders beside them, and a server killed between any two statements: nothing is doubled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from shared.ids import uuid_bytes
from syncserver.ledger.payables import fold_credits
from syncserver.maintenance.rounds import one_round
from syncserver.payouts import approving, proposing, sending
from syncserver.payouts.deciding import Outcome, decide
from syncserver.payouts.proposing import Proposal
from tests.syncserver.payouts.kit import Office, back, out
from tests.syncserver.rest.kit import data
from tests.syncserver.rest.statements import camt, upload

pytestmark = pytest.mark.anyio


async def test_of_many_proposals_at_once_one_has_the_money(office: Office) -> None:
    await office.sell(1_000)
    await office.sell(234)
    both, body = (office.ada, office.bob), {"currency": "EUR"}
    posts = [who.post("/api/payout-runs", body, key=f"k{number}") for number in range(3) for who in both]
    answers = await asyncio.gather(*posts)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert await office.owed() == (0, 1_234)


async def test_the_same_request_twice_is_one_run(office: Office) -> None:
    await office.sell(1_000)
    body = {"currency": "EUR"}
    answers = await asyncio.gather(*(office.ada.post("/api/payout-runs", body, key="k") for _ in range(4)))
    assert len({answer.json()["data"]["runId"] for answer in answers}) == 1
    assert await office.shop.services.pool.fetchval("SELECT count(*) FROM payout") == 1


async def test_of_many_steps_at_once_each_is_taken_once(office: Office) -> None:
    await office.sell(1_000)
    run = await office.propose()
    path = f"/api/payout-runs/{run['runId']}"
    both = (office.ada, office.bob)
    approvals = await asyncio.gather(*(who.post(f"{path}/approve", key=f"a{n}") for n in range(3) for who in both))
    assert sorted(one.status_code for one in approvals) == [200, 409, 409, 409, 409, 409]
    sends = await asyncio.gather(
        *(who.post(f"{path}/send", {}, key=f"s{n}") for n in range(2) for who in both),
        office.ada.post(f"{path}/cancel", {"reason": "at once"}, key="c"),
    )
    assert {one.status_code for one in sends} <= {200, 409}
    assert await office.shop.services.pool.fetchval("SELECT count(*) FROM vendor_transfer") in (1, 2)


async def test_payments_folders_and_proposals_beside_each_other_lose_nothing(office: Office) -> None:
    async def sells() -> None:
        for _ in range(12):
            await office.sell(100)

    async def folds() -> None:
        async with office.shop.services.pool.acquire() as connection:
            for _ in range(25):
                await fold_credits(connection, 2)

    async def proposes(who: Any) -> None:
        for number in range(8):
            await who.post("/api/payout-runs", {"currency": "EUR"}, key=f"p{number}")

    await asyncio.gather(sells(), folds(), folds(), proposes(office.ada), proposes(office.bob))
    owed, clearing = await office.owed()
    assert owed + clearing == 1_200
    await one_round(office.shop.services)


async def test_one_statement_imported_by_many_at_once_is_taken_once(office: Office) -> None:
    await office.sell(500)
    payout = await office.sent()
    file = camt(out(payout), back(payout))
    answers = await asyncio.gather(*(upload(who, file) for who in (office.ada, office.bob) * 3))
    assert sum(data(answer)["payouts"] for answer in answers) == 2
    assert len(await office.moved(payout)) == 3
    assert await office.owed() == (500, 0)


class _Killed(Exception):  # noqa: N818 - a server that is gone raises nothing
    pass


class _Dying:
    """A connection of a server that is killed before its n-th statement."""

    def __init__(self, connection: Any, left: int) -> None:
        self._connection, self._left = connection, left

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in ("execute", "fetch", "fetchrow", "fetchval"):
            return found

        async def asked(*arguments: Any, **options: Any) -> Any:
            if self._left == 0:
                raise _Killed
            self._left -= 1
            return await found(*arguments, **options)

        return asked


Step = Callable[[Any], Awaitable[Any]]


async def _killed_at_each_statement(office: Office, step: Step) -> int:
    """Do a step again and again, killed one statement later each time, until it is done; how many kills that took."""
    for kills in range(200):
        connection = await office.shop.target.connect_server()
        transaction = connection.transaction()
        await transaction.start()
        try:
            await step(_Dying(connection, kills))
        except _Killed:
            connection.terminate()
            continue
        await transaction.commit()
        await connection.close()
        return kills
    raise AssertionError("it never ends")


async def test_killed_between_any_two_statements_nothing_is_half_done(office: Office) -> None:
    services, by = office.shop.services, office.ada.caller
    await office.sell(500)
    runs: list[bytes] = []

    async def proposed(connection: Any) -> None:
        runs.append(await proposing.propose(connection, services, by, Proposal("EUR")))

    assert await _killed_at_each_statement(office, proposed) > 5
    assert await services.pool.fetchval("SELECT count(*) FROM payout") == 1
    run = runs[-1]
    for step in (
        lambda connection: approving.approve(connection, services, by, run),
        lambda connection: sending.send(connection, services, by, run),
    ):
        assert await _killed_at_each_statement(office, step) > 3
        await office.shop.assert_reconciled()
    (payout,) = data(await office.ada.get("/api/payouts"))["payouts"]

    async def failed(connection: Any) -> None:
        await decide(connection, services, by, uuid_bytes(payout["payoutId"]), Outcome.FAILED, reason="refused")

    assert await _killed_at_each_statement(office, failed) > 3
    assert await office.states(payout) == ["proposed", "approved", "sent", "failed"]
    assert await office.owed() == (500, 0)


COPIED_ENTRY = """
    INSERT INTO bank_entry
    SELECT gen_random_uuid(), account, sha256(key), part, import, statement, reference, strong, booked_on, amount,
           currency, credit, reversal, payer, remittance, named, imported_at, state, reason, wallet, number, decided_by,
           decided_at, end_to_end, payout
      FROM bank_entry"""
OTHER_FILE = "INSERT INTO payout_file SELECT gen_random_uuid(), 'x', schema, file, '\\x00', 0, '' FROM payout_file"


async def test_the_database_itself_refuses_what_would_double_a_payout(office: Office) -> None:
    await office.sell(500)
    await office.told(out(await office.sent()))
    connection = await office.shop.target.connect_server()
    for error, *statements in (
        (
            asyncpg.UniqueViolationError,
            "INSERT INTO vendor_transfer SELECT * FROM vendor_transfer",
            "INSERT INTO payout_file SELECT * FROM payout_file",
            COPIED_ENTRY,
        ),
        (asyncpg.CheckViolationError, "UPDATE payout SET state = 'paid twice'", OTHER_FILE),
        (
            asyncpg.InsufficientPrivilegeError,
            "UPDATE vendor_transfer SET amount = 1",
            "UPDATE payout SET amount = 1",
            "UPDATE payout SET account = ''",
            "UPDATE payout_file SET file = ''",
            "UPDATE payout_event SET after = 'paid'",
            "UPDATE payout_account SET account = ''",
            "UPDATE payout_run SET account = ''",
            "DELETE FROM vendor_transfer",
            "DELETE FROM payout",
            "DELETE FROM payout_file",
            "DELETE FROM payout_event",
            "DELETE FROM payout_account",
            "DELETE FROM payout_run",
        ),
    ):
        for statement in statements:
            with pytest.raises(error):
                await connection.execute(statement)
    await connection.close()
