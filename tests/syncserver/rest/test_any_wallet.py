"""Any life of some wallets: whatever is asked in whatever order, no money comes from nowhere and none is lost."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.ids import uuid_bytes, uuid_text
from shared.lifecycles import Status
from syncserver.database.connect import DatabaseTarget
from syncserver.maintenance.rounds import one_round
from syncserver.payments import views
from syncserver.payments.errors import NotFlaggedError
from syncserver.people.access import Role
from syncserver.wallets import accounts
from tests.syncserver.kit import HOUR, START, Code, Shop, open_shop
from tests.syncserver.protocol.admin import decide
from tests.syncserver.rest.kit import data, person, refused
from tests.syncserver.rest.paying import FAR_AWAY, ONLINE
from tests.syncserver.rest.purse import Purse, codes_of, open_purse

CURRENCIES = ("EUR", "JPY", "KWD")
UNCLAIMED = {"issued", "expired", "withdrawn"}
_T = TypeVar("_T")

whose = st.integers(0, 1)
which = st.integers(0, 30)
amounts = st.one_of(st.integers(1, 3_000), st.sampled_from([10_000, 10_001, 40_000]))


@dataclass(slots=True)
class Life:
    """What is known of a wallet from outside of the database."""

    purse: Purse
    funded: int = 0
    codes: list[Code] = field(default_factory=list)
    fresh: list[Code] = field(default_factory=list)  # nobody tried to spend them yet
    series: list[str] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    payments: list[bytes] = field(default_factory=list)
    settled: list[bytes] = field(default_factory=list)  # some were voided or refunded since
    flagged: list[bytes] = field(default_factory=list)  # some were decided or voided since
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
    """One or two wallets, each of a currency of its own, with a vendor and a till of the same."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.lives: list[Life] = []
        self.touched: set[int] = set()  # wallets to look at after a step

    @property
    def shop(self) -> Shop:
        return self.stage.shop

    @initialize(
        currencies=st.lists(st.sampled_from(CURRENCIES), min_size=1, max_size=2, unique=True),
        minor=st.sampled_from([2_000, 50_000]),
    )
    def begin(self, currencies: list[str], minor: int) -> None:
        self.shop.clock.now = START
        for who, currency in enumerate(currencies):
            self.lives.append(Life(self.stage.run(open_purse(self.shop, currency, funds=None, offline=None))))
            self.fund(who, minor)
            self.move(who, minor // 2, back=False)
            self.issue(who, 3, None, 72, again=False)

    @rule(who=whose, minor=amounts)
    def fund(self, who: int, minor: int) -> None:
        life = self._one(who, lambda life: life.purse.wallet)
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
        purse = self._one(who, lambda life: life.purse.wallet).purse
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
        life = self._one(who, lambda life: life.purse.wallet)
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
        life.fresh += life.codes[-count:]
        life.series.append(issued["series"])
        if again:
            repeated = data(self.stage.run(purse.owner.post(path, asked, key=key)))
            assert (repeated["series"], repeated["alreadyShown"]) == (issued["series"], True)
        held = each * count
        assert self.stage.run(purse.balances()) == (before[0], before[1] - held, before[2] + held, before[3])

    @precondition(lambda self: any(life.series for life in self.lives))
    @rule(who=whose, number=which)
    def withdraw(self, who: int, number: int) -> None:
        life = self._one(who, lambda life: life.series)
        series = life.series[number % len(life.series)]
        purse = life.purse
        before = self.stage.run(purse.balances())
        states = self.stage.run(self._states(life))
        path = f"/api/wallets/withdraw-codes/{purse.owner.id}"
        answer = self.stage.run(purse.owner.post(path, {"series": series}))
        if states[series][0] in {"withdrawn", "released"}:
            assert refused(answer) == (404, "UNKNOWN_SERIES")
        else:
            held = sum(cap for state, cap in states[series][1] if state in UNCLAIMED)
            assert data(answer)["held"]["minor"] == held
        assert self.stage.run(purse.balances()) == before, "it is held until its release"

    @precondition(lambda self: any(life.fresh for life in self.lives))
    @rule(who=whose, minor=st.integers(1, 500), flagged=st.booleans(), later=st.booleans())
    def spend(self, who: int, minor: int, *, flagged: bool, later: bool) -> None:
        life = self._one(who, lambda life: life.fresh)
        code = life.fresh.pop()
        self._spend(life, code, min(minor, code.cap), flagged=flagged, later=later)

    @precondition(lambda self: any(life.codes for life in self.lives))
    @rule(who=whose, number=which, minor=amounts, later=st.booleans())
    def spend_any(self, who: int, number: int, minor: int, *, later: bool) -> None:
        life = self._one(who, lambda life: life.codes)
        self._spend(life, life.codes[number % len(life.codes)], minor, flagged=False, later=later)

    def _spend(self, life: Life, code: Code, amount: int, *, flagged: bool, later: bool) -> None:
        payment, raw = life.purse.pay(code, amount, flags=("DISTANCE",) if flagged else ())
        life.payments.append(payment)
        life.taken.append(raw)
        if not later:
            self._upload(life)

    @precondition(lambda self: any(life.taken for life in self.lives))
    @rule(who=whose)
    def upload(self, who: int) -> None:
        self._upload(self._one(who, lambda life: life.taken))

    def _upload(self, life: Life) -> None:
        before, had = self.stage.run(life.purse.balances()), self.stage.run(life.purse.vendor_has())
        receipt = self.stage.run(life.purse.till.upload(*life.taken))
        life.taken.clear()
        for result in receipt.results:
            if result.id is not None and result.status is Status.FLAGGED:
                life.flagged.append(result.id)
            elif result.id in life.payments and result.status is Status.SETTLED:
                life.settled.append(result.id)
        after, has = self.stage.run(life.purse.balances()), self.stage.run(life.purse.vendor_has())
        assert before[0] == after[0], "a payment with a code leaves the online balance alone"
        assert sum(before) + had == sum(after) + has

    @precondition(lambda self: any(life.payments for life in self.lives))
    @rule(who=whose, number=which, later=st.booleans())
    def void(self, who: int, number: int, *, later: bool) -> None:
        life = self._one(who, lambda life: life.payments)
        life.taken.append(life.purse.till.void(life.payments[number % len(life.payments)]))
        if not later:
            self._upload(life)

    @precondition(lambda self: any(life.flagged for life in self.lives))
    @rule(who=whose, number=which, approve=st.booleans())
    def review(self, who: int, number: int, *, approve: bool) -> None:
        life = self._one(who, lambda life: life.flagged)
        payment = life.flagged[number % len(life.flagged)]
        view = self.stage.run(views.find(self.shop.services, payment, life.purse.wallet))
        if view.status is not Status.FLAGGED:
            with pytest.raises(NotFlaggedError):
                self.stage.run(decide(self.shop, payment, approve=approve, wallet=life.purse.wallet))
            return
        had = self.stage.run(life.purse.vendor_has())
        self.stage.run(decide(self.shop, payment, approve=approve, wallet=life.purse.wallet))
        paid = self.stage.run(life.purse.vendor_has()) - had
        assert 0 <= paid <= (view.amount if approve else 0)

    @rule(who=whose, minor=amounts, far=st.booleans())
    def pay_online(self, who: int, minor: int, *, far: bool) -> None:
        life = self._one(who, lambda life: life.purse.wallet)
        purse = life.purse
        before, had = self.stage.run(purse.balances()), self.stage.run(purse.vendor_has())
        place = {"lat": FAR_AWAY.lat, "lon": FAR_AWAY.lon} if far else None
        answer = self.stage.run(
            purse.owner.post(ONLINE, {"vendorId": uuid_text(purse.vendor), "amount": minor, "place": place})
        )
        after, has = self.stage.run(purse.balances()), self.stage.run(purse.vendor_has())
        if answer.status_code != 200:
            allowed = {(409, "INSUFFICIENT_BALANCE"), (422, "FRAUD_DETECTED")}
            assert refused(answer) in ({(422, "INVALID_AMOUNT")} if minor == 0 else allowed)
            assert (after, has) == (before, had)
            return
        paid = data(answer)
        if paid["state"] == "FLAGGED":
            life.flagged.append(uuid_bytes(paid["id"]))
            assert (after, has) == ((before[0] - minor, *before[1:3], before[3] + minor), had)
        else:
            life.settled.append(uuid_bytes(paid["id"]))
            assert (after, has) == ((before[0] - minor, *before[1:]), had + minor)

    @precondition(lambda self: any(life.settled or life.flagged for life in self.lives))
    @rule(who=whose, number=which, minor=st.one_of(st.none(), st.integers(1, 3_000)))
    def refund(self, who: int, number: int, minor: int | None) -> None:
        life = self._one(who, lambda life: life.settled + life.flagged)
        purse = life.purse
        payments = life.settled + life.flagged
        payment = uuid_text(payments[number % len(payments)])
        clerk = person(self.shop, Role.VENDOR, vendor=purse.vendor)
        path = f"/api/transactions/{payment}?wallet={purse.wallet}"
        was = data(self.stage.run(clerk.get(path)))
        before, had = self.stage.run(purse.balances()), self.stage.run(purse.vendor_has())
        body = {"reason": "returned", **({"amount": minor} if minor is not None else {})}
        answer = self.stage.run(clerk.post(f"/api/transactions/refund/{payment}?wallet={purse.wallet}", body))
        after, has = self.stage.run(purse.balances()), self.stage.run(purse.vendor_has())
        if answer.status_code != 200:
            assert refused(answer) in {(409, "NOT_REFUNDABLE"), (409, "REFUND_EXCEEDS_PAYMENT")}
            assert (after, has) == (before, had)
            return
        back = data(answer)["refunded"]["minor"] - was["refunded"]["minor"]
        assert minor in (None, back)
        assert (after, has) == ((before[0] + back, *before[1:]), had - back)
        assert was["refunded"]["minor"] + back <= was["amount"]["minor"]

    @rule(hours=st.sampled_from([0, 1, 24, 73, 150]), rounds=st.booleans())
    def wait(self, hours: int, *, rounds: bool) -> None:
        self.shop.clock.forward(hours * HOUR)
        for life in self.lives:
            self.stage.run(life.purse.till.log_in())
        if rounds:
            self.rounds()

    @rule()
    def rounds(self) -> None:
        self.touched.update(range(len(self.lives)))
        self.stage.run(one_round(self.shop.services))
        for life in self.lives:
            page = self.stage.run(life.purse.listed(state="all", limit="50"))
            for series in page["series"]:
                assert (series["state"] == "released") == (series["releaseAt"] <= self.shop.clock.now)

    @invariant()
    def no_money_is_made_or_lost_and_open_codes_are_covered(self) -> None:
        for who in sorted(self.touched):
            self.stage.run(self._check(self.lives[who]))
        self.touched.clear()

    def _one(self, who: int, has: Callable[[Life], Sequence[Any]]) -> Life:
        """One of the wallets that have something."""
        fit = [number for number, life in enumerate(self.lives) if has(life)]
        self.touched.add(fit[who % len(fit)])
        return self.lives[fit[who % len(fit)]]

    async def _check(self, life: Life) -> None:
        purse = life.purse
        balances = await purse.balances()
        assert min(balances) >= 0
        assert sum(balances) + await purse.vendor_has() == life.funded
        # What has expired or was withdrawn is held until its release.
        states = await self._states(life)
        assert balances[2] == sum(cap for _, codes in states.values() for state, cap in codes if state in UNCLAIMED)
        for series_state, codes in states.values():
            assert series_state != "released" or {state for state, _ in codes} <= {"claimed", "released"}
        (top, *_) = (await purse.lines(limit="1"))["lines"] or [None]
        assert (tuple(one["minor"] for one in top["balances"].values()) if top else (0, 0, 0, 0)) == balances

    def teardown(self) -> None:
        self.stage.run(one_round(self.shop.services))
        self.stage.run(self.shop.assert_reconciled())

    async def _states(self, life: Life) -> dict[str, tuple[str, list[tuple[str, int]]]]:
        """Each series of a wallet: its state, and the state and cap of each of its codes."""
        found: dict[str, tuple[str, list[tuple[str, int]]]] = {}
        more: dict[str, str] = {}
        while True:
            page = await life.purse.listed(state="all", limit="50", **more)
            for series in page["series"]:
                codes = [(one["state"], one["cap"]["minor"]) for one in series["codes"]]
                found[series["series"]] = (series["state"], codes)
            if page["next"] is None:
                return found
            more = {"cursor": page["next"]}


@pytest.mark.timeout(600)  # where it fails, the shortest such life is looked for
def test_any_life_of_wallets_adds_up(database: DatabaseTarget) -> None:
    stage = Stage(database)
    try:
        machine = type("StagedWallets", (Wallets,), {"stage": stage})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=8,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
    finally:
        stage.close()
