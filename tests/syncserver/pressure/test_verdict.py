"""The judges of the pressure run see what they are there to see."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.journal import Payment
from shared.lifecycles import Status
from shared.messages.receipt import open_receipt
from syncserver.database.connection import Connection
from syncserver.registry.vendors import change_policy
from tests.syncserver.kit import Shop
from tests.syncserver.pressure.logs import read_logs
from tests.syncserver.pressure.purse import fill_purse
from tests.syncserver.pressure.run import POLICY
from tests.syncserver.pressure.terminal import BOOTED_MS, FIRST_SALE_MS, CrowdTerminal, Sending
from tests.syncserver.pressure.verdict import EVENTS, verdict

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Court:
    """A shop whose two terminals have sent everything, and its owner, who may do what the server must not."""

    shop: Shop
    terminals: list[CrowdTerminal]
    owner: Connection

    async def finds(self) -> list[str]:
        events = {(row["wallet"], row["number"]) for row in await self.shop.services.pool.fetch(EVENTS)}
        return await verdict(self.shop.services, self.shop.vendor, self.terminals, events)


async def send(terminal: CrowdTerminal, sending: Sending) -> None:
    answer = await terminal.till.send(terminal.body(sending))
    assert answer.status_code == 200, answer.text
    terminal.learn(sending, open_receipt(answer.content, terminal.till.server_keys))


@pytest.fixture
async def court(shop: Shop) -> AsyncIterator[Court]:
    await change_policy(shop.services, shop.vendor, POLICY, actor="test")
    purse = await fill_purse(shop.services, 1, hot_wallets=2, hot_series=2, cold_wallets=3)
    shop.clock.origin = shop.clock.now - BOOTED_MS
    terminals = []
    for number in range(2):
        till = await shop.terminal(name=f"till {number}")
        await till.pull()
        dice = random.Random(number)  # noqa: S311 - a test's dice
        terminals.append(CrowdTerminal(till, purse, dice, shop.clock.now - FIRST_SALE_MS, number))
    for _ in range(5):
        for terminal in terminals:
            terminal.sign_some()
            for sending in terminal.sendings():
                await send(terminal, sending)
    for terminal in terminals:
        terminal.close_shift()
        for sending in [*terminal.owed, *terminal.everything()]:
            await send(terminal, sending)
    owner = await shop.target.connect_owner()
    try:
        yield Court(shop, terminals, owner)
    finally:
        await owner.close()


def settled(terminal: CrowdTerminal) -> int:
    """The seq of a payment that settled."""
    return next(seq for seq, answer in sorted(terminal.answers.items()) if answer.status is Status.SETTLED)


async def test_a_crowd_that_was_served_as_it_should_be_gives_no_cause_for_complaint(court: Court) -> None:
    assert await court.finds() == []
    statuses = {answer.status for terminal in court.terminals for answer in terminal.answers.values()}
    assert statuses >= {Status.SETTLED, Status.FLAGGED, Status.RECORDED}


async def test_an_answer_that_is_not_the_stored_one_is_seen(court: Court) -> None:
    terminal = court.terminals[0]
    seq = settled(terminal)
    terminal.answers[seq] = replace(terminal.answers[seq], score=1)
    assert any(f"record {seq} was answered" in found for found in await court.finds())


async def test_an_answer_that_is_not_the_one_before_is_refused(court: Court) -> None:
    terminal = court.terminals[0]
    terminal.answers[1] = replace(terminal.answers[1], score=1)
    with pytest.raises(AssertionError, match=r"record 1 was answered .* at first and now"):
        await send(terminal, terminal.everything()[0])


async def test_an_answered_record_that_is_lost_is_seen(court: Court) -> None:
    terminal = court.terminals[1]
    await court.owner.execute("DELETE FROM journal_record WHERE seq = $1", settled(terminal))
    found = await court.finds()
    assert any("records were signed" in one for one in found)
    assert any(one.startswith("reconcile: ") for one in found)


async def test_a_lost_receipt_is_seen(court: Court) -> None:
    await court.owner.execute("DELETE FROM batch")
    assert any("have no receipt in the database" in found for found in await court.finds())


async def test_money_that_the_vendor_was_given_twice_is_seen(court: Court) -> None:
    await court.owner.execute("UPDATE vendor_balance SET payable = payable + 100")
    assert any(found.startswith("the vendor is owed: ") for found in await court.finds())


async def test_a_second_payment_that_was_not_flagged_for_its_code_is_seen(court: Court) -> None:
    await court.owner.execute("UPDATE payment SET reasons = '{}' WHERE 'CODE_SPENT' = ANY (reasons)")
    assert any(found.startswith("a code's claims: ") for found in await court.finds())


async def test_an_event_that_nobody_was_told_of_is_seen(court: Court) -> None:
    services, vendor = court.shop.services, court.shop.vendor
    assert any("were never delivered" in found for found in await verdict(services, vendor, court.terminals, set()))


async def test_terminals_pay_from_the_same_wallets_and_now_and_then_with_the_same_code(court: Court) -> None:
    paid = [
        {(one.record.wallet, one.record.index) for one in terminal.journal if isinstance(one.record, Payment)}
        for terminal in court.terminals
    ]
    assert paid[0] & paid[1]


def test_deadlocks_and_repeats_are_read_from_the_logs(tmp_path: Path) -> None:
    server, postgres = tmp_path / "server.log", tmp_path / "log"
    server.write_text(
        '{"event": "batch_again", "attempt": 1, "error": "DeadlockDetectedError"}\n'
        '{"event": "payment", "wallet": "1", "number": 2}\n'
        '{"event": "request_failed"}\n'
        '{"event": "maintenance_step_failed", "step": "_fold", "error": "DeadlockDetectedError(\'deadlock\')"}\n'
        "error: The database can't be reached: it is shutting down [DATABASE_UNREACHABLE]\n"
        "Traceback\n"
    )
    postgres.write_text(
        "2026 LOG:  ready\n2026 ERROR:  deadlock detected\n2026 DETAIL:  1 waits for 2\n\t2 waits for 1\n2026 LOG:  x\n"
    )
    logs = read_logs(server, postgres)
    assert (logs.again, logs.delivered, logs.strange) == ({"DeadlockDetectedError": 1}, {("1", 2)}, ["Traceback"])
    assert logs.failed_steps == {"_fold: DeadlockDetectedError": 1}
    assert logs.defects == {"request_failed": 1}
    assert [entry.count("\n") for entry in logs.deadlocks] == [2]
