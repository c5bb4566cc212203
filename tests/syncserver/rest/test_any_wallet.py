"""Any life of some wallets: whatever is asked in whatever order, no money comes from nowhere and none is lost."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared.lifecycles import Status
from syncserver.database.connect import DatabaseTarget
from syncserver.maintenance.rounds import one_round
from syncserver.payments import views
from syncserver.payments.errors import NotFlaggedError
from syncserver.wallets import accounts
from tests.syncserver.kit import HOUR, START, Code, Shop, open_shop
from tests.syncserver.protocol.admin import decide
from tests.syncserver.rest.kit import data, refused
from tests.syncserver.rest.purse import Purse, codes_of, open_purse

CURRENCIES = ("EUR", "JPY", "KWD")
UNCLAIMED = {"issued", "expired", "withdrawn"}
_T = TypeVar("_T")

whose = st.integers(0, len(CURRENCIES) - 1)
which = st.integers(0, 30)
amounts = st.one_of(st.integers(1, 3_000), st.sampled_from([10_000, 10_001, 40_000]))


@dataclass(slots=True)
class Life:
    """What is known of a wallet from outside of the database."""

    purse: Purse
    funded: int = 0
    codes: list[Code] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    payments: list[bytes] = field(default_factory=list)
    statuses: dict[bytes, Status] = field(default_factory=dict)
    keys: int = 0


class Stage:
    """One server for all examples of a test: each has wallets, vendors and tills of its own."""

    def __init__(self, target: DatabaseTarget) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.shop: Shop = self.run(self._stack.enter_async_context(open_shop(target)))

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do something on the server's loop."""
        return self._runner.run(work)

    def close(self) -> None:
        """Close the server."""
        self.run(self._stack.aclose())
        self._runner.close()


class Wallets(RuleBasedStateMachine):
    """Three wallets, each with a vendor and a till of its currency."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.lives: list[Life] = []

    @property
    def shop(self) -> Shop:
        return self.stage.shop

    @initialize(funds=st.lists(st.integers(0, 50_000), min_size=3, max_size=3))
    def begin(self, funds: list[int]) -> None:
        self.shop.clock.now = START
        for currency, minor in zip(CURRENCIES, funds, strict=True):
            life = Life(self.stage.run(open_purse(self.shop, currency, funds=None, offline=None)))
            self.lives.append(life)
            self.fund(len(self.lives) - 1, minor)
            self.move(len(self.lives) - 1, minor // 2, back=False)

    @rule(who=whose, minor=amounts)
    def fund(self, who: int, minor: int) -> None:
        life = self.lives[who]
        text = {
            "EUR": f"{minor // 100}.{minor % 100:02}",
            "JPY": str(minor),
            "KWD": f"{minor // 1_000}.{minor % 1_000:03}",
        }
        if minor:
            self.stage.run(accounts.fund(self.shop.services, life.purse.wallet, text[life.purse.currency], "test"))
            life.funded += minor

    @rule(who=whose, minor=amounts, back=st.booleans())
    def move(self, who: int, minor: int, *, back: bool) -> None:
        purse = self.lives[who].purse
        before = self.stage.run(purse.balances())
        path = f"/api/wallets/transfer-to-offline/{purse.owner.id}"
        answer = self.stage.run(purse.owner.post(path, {"amount": minor, "back": back}))
        if minor == 0:
            assert refused(answer) == (422, "INVALID_AMOUNT")
        elif minor > before[1 if back else 0]:
            assert refused(answer) == (409, "INSUFFICIENT_BALANCE")
        else:
            change = -minor if back else minor
            expected = (before[0] - change, before[1] + change, *before[2:])
            assert self.stage.run(purse.balances()) == expected

    @rule(
        who=whose,
        count=st.integers(1, 3),
        cap=st.one_of(st.none(), st.integers(1, 3_000)),
        hours=st.sampled_from([1, 72]),
        again=st.booleans(),
    )
    def issue(self, who: int, count: int, cap: int | None, hours: int, *, again: bool) -> None:
        life = self.lives[who]
        purse = life.purse
        before = self.stage.run(purse.balances())
        each = cap or min(before[1] // count, 10_000)
        life.keys += 1
        path, key = f"/api/wallets/issue-codes/{purse.owner.id}", f"issue-{life.keys}"
        asked = {"count": count, "cap": cap, "validHours": hours}
        answer = self.stage.run(purse.owner.post(path, asked, key=key))
        if not 0 < each * count <= before[1]:
            assert refused(answer) == (409, "INSUFFICIENT_BALANCE")
            return
        issued = data(answer)
        life.codes += codes_of(issued)
        life.series.append(issued["series"])
        if again:
            repeated = data(self.stage.run(purse.owner.post(path, asked, key=key)))
            assert (repeated["series"], repeated["alreadyShown"]) == (issued["series"], True)
        held = each * count
        assert self.stage.run(purse.balances()) == (before[0], before[1] - held, before[2] + held, before[3])

    @rule(who=whose, number=which)
    def withdraw(self, who: int, number: int) -> None:
        life = self.lives[who]
        if not life.series:
            return
        series = life.series[number % len(life.series)]
        purse = life.purse
        before = self.stage.run(purse.balances())
        states = self._states(life)
        path = f"/api/wallets/withdraw-codes/{purse.owner.id}"
        answer = self.stage.run(purse.owner.post(path, {"series": series}))
        if states[series][0] in {"withdrawn", "released"}:
            assert refused(answer) == (404, "UNKNOWN_SERIES")
        else:
            held = sum(cap for state, cap in states[series][1] if state in UNCLAIMED)
            assert data(answer)["held"]["minor"] == held
        assert self.stage.run(purse.balances()) == before, "it is held until its release"

    @rule(who=whose, number=which, minor=amounts, flagged=st.booleans(), later=st.booleans())
    def spend(self, who: int, number: int, minor: int, *, flagged: bool, later: bool) -> None:
        life = self.lives[who]
        if not life.codes:
            return
        code = life.codes[number % len(life.codes)]
        amount = minor if minor < 3_000 else code.cap
        payment, raw = life.purse.pay(code, amount, flags=("DISTANCE",) if flagged else ())
        life.payments.append(payment)
        life.taken.append(raw)
        if not later:
            self.upload(who)

    @rule(who=whose)
    def upload(self, who: int) -> None:
        life = self.lives[who]
        if not life.taken:
            return
        before, had = self.stage.run(life.purse.balances()), self.stage.run(life.purse.vendor_has())
        receipt = self.stage.run(life.purse.till.upload(*life.taken))
        life.taken.clear()
        for result in receipt.results:
            if result.id is not None:
                life.statuses[result.id] = result.status
        after, has = self.stage.run(life.purse.balances()), self.stage.run(life.purse.vendor_has())
        assert before[0] == after[0], "a payment with a code leaves the online balance alone"
        assert sum(before) + had == sum(after) + has

    @rule(who=whose, number=which)
    def void(self, who: int, number: int) -> None:
        life = self.lives[who]
        if life.payments:
            life.taken.append(life.purse.till.void(life.payments[number % len(life.payments)]))

    @rule(who=whose, number=which, approve=st.booleans())
    def review(self, who: int, number: int, *, approve: bool) -> None:
        life = self.lives[who]
        known = [payment for payment in life.payments if payment in life.statuses]
        if not known:
            return
        payment = known[number % len(known)]
        view = self.stage.run(views.find(self.shop.services, payment, life.purse.wallet))
        if view.status is not Status.FLAGGED:
            with pytest.raises(NotFlaggedError):
                self.stage.run(decide(self.shop, payment, approve=approve, wallet=life.purse.wallet))
            return
        had = self.stage.run(life.purse.vendor_has())
        self.stage.run(decide(self.shop, payment, approve=approve, wallet=life.purse.wallet))
        paid = self.stage.run(life.purse.vendor_has()) - had
        assert 0 <= paid <= (view.amount if approve else 0)

    @rule(hours=st.sampled_from([1, 24, 73, 150]), rounds=st.booleans())
    def wait(self, hours: int, *, rounds: bool) -> None:
        self.shop.clock.forward(hours * HOUR)
        for life in self.lives:
            self.stage.run(life.purse.till.log_in())
        if rounds:
            self.rounds()

    @rule()
    def rounds(self) -> None:
        self.stage.run(one_round(self.shop.services))

    @invariant()
    def what_is_held_is_what_open_codes_can_spend(self) -> None:
        for life in self.lives:
            states = self._states(life)
            held = sum(cap for _, codes in states.values() for state, cap in codes if state in UNCLAIMED)
            # What has expired and was not released is held as well; a released series holds nothing.
            assert self.stage.run(life.purse.balances())[2] == held

    @invariant()
    def no_money_is_made_or_lost(self) -> None:
        for life in self.lives:
            balances = self.stage.run(life.purse.balances())
            assert min(balances) >= 0
            assert sum(balances) + self.stage.run(life.purse.vendor_has()) == life.funded
            (top, *_) = self.stage.run(life.purse.lines(limit="1"))["lines"] or [None]
            said = tuple(one["minor"] for one in top["balances"].values()) if top else (0, 0, 0, 0)
            assert said == balances

    def teardown(self) -> None:
        self.stage.run(one_round(self.shop.services))
        self.stage.run(self.shop.assert_reconciled())

    def _states(self, life: Life) -> dict[str, tuple[str, list[tuple[str, int]]]]:
        """Each series of a wallet: its state, and the state and cap of each of its codes."""
        found: dict[str, tuple[str, list[tuple[str, int]]]] = {}
        query = {"state": "all", "limit": "50"}
        page = self.stage.run(life.purse.listed(**query))
        while True:
            for series in page["series"]:
                codes = [(one["state"], one["cap"]["minor"]) for one in series["codes"]]
                found[series["series"]] = (series["state"], codes)
            if page["next"] is None:
                return found
            page = self.stage.run(life.purse.listed(**query, cursor=page["next"]))


def test_any_life_of_wallets_adds_up(database: DatabaseTarget) -> None:
    stage = Stage(database)
    try:
        machine = type("StagedWallets", (Wallets,), {"stage": stage})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=12,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
    finally:
        stage.close()
