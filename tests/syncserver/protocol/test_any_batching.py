"""However a journal is cut into batches, shuffled and sent again, it ends in the same payments and the same money."""

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.journal import ShiftOpen
from shared.lifecycles import DeviceState
from shared.messages.receipt import Receipt
from syncserver.maintenance.rounds import one_round
from tests.syncserver.kit import SECOND, Code, FakeTerminal, Shop
from tests.syncserver.protocol.admin import state_of
from tests.syncserver.protocol.signing import altered, go_on_from

pytestmark = pytest.mark.anyio

STEP = 10 * SECOND  # apart enough for no rule of time to depend on what arrived before


TWISTS: dict[str, dict[str, Any]] = {"wrong": {"typed": "00000000"}, "flag": {"flags": ("DISTANCE",)}}


def chance(seed: int) -> random.Random:
    """The same choices for the same seed."""
    return random.Random(seed)  # noqa: S311 - nothing here is a secret


@dataclass(slots=True)
class Day:
    """A day's journal."""

    till: FakeTerminal
    wallet: str
    raws: list[bytes] = field(default_factory=list)


async def a_day(shop: Shop, chooses: random.Random) -> Day:
    """The same random day for the same seed, at a new till with a new customer's codes."""
    wallet = await shop.customer()
    codes = await shop.codes(wallet, count=10, cap=1_000)
    till = await shop.terminal()
    day = Day(till, wallet)
    at = shop.clock.now - 90 * STEP
    day.raws.append(till.add(ShiftOpen(**till.common(at), opening_float=20_000)))
    while codes:
        at += STEP
        code = codes.pop()
        amount = chooses.randint(1, 1_000)
        kind = chooses.choice(("pay", "pay", "void", "early", "over", "wrong", "flag", "refused", "twice", "strange"))
        if kind == "refused":
            day.raws.append(go_on_from(till, altered(till, till.payment(code, amount, at=at), amount=0)))
            continue
        payment = pay(day, code, 1_001 if kind in {"over", "early"} else amount, at, **TWISTS.get(kind, {}))
        if kind == "twice":
            pay(day, code, amount, at + 1)
        elif kind == "strange":
            day.raws.append(void(day, payment, at, shift=bytes(16)))
        elif kind in {"void", "early"}:  # early: the void of a payment that fails
            day.raws += [void(day, payment, at) for _ in range(chooses.randint(1, 2))]
    day.raws.append(till.close_shift(3, 3_000))
    return day


def pay(day: Day, code: Code, amount: int, at: int, typed: str | None = None, flags: Sequence[str] = ()) -> bytes:
    payment, raw = day.till.pay(code, amount, at=at, typed=typed, flags=tuple(flags))
    day.raws.append(raw)
    return payment


def void(day: Day, payment: bytes, at: int, **changes: bytes) -> bytes:
    return day.till.void(payment, **(day.till.common(at) | changes))


async def upload_anyhow(day: Day, raws: list[bytes], chooses: random.Random) -> Receipt:
    """All of the records, in any order, in batches of any size, with repeats and rubbish between them."""
    order = chooses.sample(raws, len(raws))
    while order:
        size = chooses.randint(1, len(order))
        batch, order = order[:size], order[size:]
        batch += chooses.choices(raws, k=chooses.randint(0, 2))
        order += [raw for raw in batch[size:] if chooses.random() < 0.5 and raw not in order]
        batch.insert(chooses.randint(0, len(batch)), os.urandom(chooses.randint(0, 40)))
        receipt = await day.till.upload(*batch)
        assert len(receipt.results) == len(batch)
    return await day.till.upload()


async def outcome(shop: Shop, day: Day) -> tuple[object, ...]:
    """What became of a day, without saying which of two payments with one code came first."""
    rows = await shop.services.pool.fetch(
        "SELECT seq, series, idx, state, reasons, amount, claimed FROM payment WHERE wallet = $1", day.wallet
    )
    by_code: dict[int, list[tuple[object, ...]]] = {}
    for row in rows:
        known = (row["state"], tuple(row["reasons"]), row["amount"], row["claimed"])
        by_code.setdefault(row["idx"], []).append(known)
    shift = await shop.services.pool.fetchval(
        "SELECT state FROM shift WHERE shift = encode($1, 'hex')::uuid", day.till.shift
    )
    codes = await shop.services.pool.fetch("SELECT idx, state FROM code WHERE wallet = $1 ORDER BY idx", day.wallet)
    return (
        {code: sorted(payments, key=repr) for code, payments in by_code.items()},
        [tuple(code) for code in codes],
        shift,
        await shop.balances(day.wallet),
    )


@pytest.mark.parametrize("seed", range(5))
async def test_a_day_ends_the_same_however_it_arrives(shop: Shop, seed: int) -> None:
    outcomes, credited = [], []
    for way in range(3):
        day = await a_day(shop, chance(seed))
        before = await shop.vendor_balance()
        if way == 0:
            receipt = await day.till.upload(*day.raws)
        else:
            receipt = await upload_anyhow(day, day.raws, chance(seed * 10 + way))
        assert (receipt.through, receipt.head, receipt.missing) == (len(day.raws), day.till.prev, ())
        assert await state_of(shop, day.till) is DeviceState.ENROLLED
        await shop.assert_reconciled()
        outcomes.append(await outcome(shop, day))
        credited.append(await shop.vendor_balance() - before)
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert credited[0] == credited[1] == credited[2]
    await one_round(shop.services)
    await shop.assert_reconciled()


@pytest.mark.parametrize("seed", range(3))
async def test_a_forked_day_keeps_both_branches_and_its_balances(shop: Shop, seed: int) -> None:
    chooses = chance(seed)
    day = await a_day(shop, chooses)
    await day.till.upload(*day.raws[: chooses.randint(1, len(day.raws))])
    copy = replace(day.till, seq=0, prev=os.urandom(32))
    other = await shop.customer()
    branch = [copy.open_shift(), *(copy.pay(code, 500)[1] for code in await shop.codes(other, count=4, cap=700))]
    await upload_anyhow(day, day.raws + branch, chooses)
    assert await state_of(shop, day.till) is DeviceState.QUARANTINED
    kept = await shop.services.pool.fetch("SELECT raw FROM journal_record UNION SELECT raw FROM fork_record")
    assert {row["raw"] for row in kept} == {*day.raws, *branch}
    first = await day.till.upload(*day.raws, *branch)
    second = await day.till.upload(*reversed(branch), *reversed(day.raws))
    assert first.results == tuple(reversed(second.results))
    await shop.assert_reconciled()
    assert sum(await shop.balances(other)) == 20_000
    await one_round(shop.services)
    await shop.assert_reconciled()
