"""What the last days' payments would have come to under other limits, held against what judging makes of them."""

from typing import Any

import pytest

from shared.geo import Place
from shared.ids import uuid_text
from shared.lifecycles import Status
from syncserver.people.access import Role
from syncserver.registry import preview, vendors
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.rest.kit import Person, data, person, refused
from tests.syncserver.rest.paying import flagged, pay, rich
from tests.syncserver.rest.test_policies import change
from tests.syncserver.rest.test_queue import spent_twice
from tests.syncserver.rest.test_review import decide

pytestmark = pytest.mark.anyio

FAR = Place.from_degrees("59.1", "24.7536")


async def ask(admin: Person, device: bytes | None = None, **limits: Any) -> Any:
    body: dict[str, Any] = {"changes": limits}
    if device is not None:
        body["device"] = uuid_text(device)
    return data(await admin.post(f"/api/vendors/{uuid_text(admin.shop.vendor)}/policy/preview", body))


def moves(found: Any) -> dict[tuple[str, str], tuple[int, int]]:
    return {(one["was"], one["would"]): (one["payments"], one["sum"]["minor"]) for one in found["moves"]}


def reasons(found: Any) -> dict[str, tuple[int, int]]:
    return {one["reason"]: (one["was"], one["would"]) for one in found["reasons"]}


async def test_each_payment_is_judged_again_and_nothing_is_changed(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    wallet, far = await shop.customer(), await shop.customer(home=FAR)
    till = await shop.terminal()
    codes = [*await shop.codes(wallet, 3, 2_000), *await shop.codes(far, 1, 2_000)]
    sold = [till.pay(code, amount) for code, amount in zip(codes, (500, 1_500, 2_001, 700), strict=True)]
    receipt = await till.upload(*(raw for _, raw in sold))
    assert [one.status for one in receipt.results] == [Status.SETTLED, Status.SETTLED, Status.FAILED, Status.FLAGGED]
    same = await ask(admin, radius_m=20_000)
    assert moves(same) == {
        ("settled", "settled"): (2, 2_000),
        ("failed", "failed"): (1, 2_001),
        ("flagged", "flagged"): (1, 700),
    }
    assert (same["judged"], same["unlike"], same["sampled"], same["examples"]) == (4, 0, False, [])
    tighter = await ask(admin, payment_limit=1_000)
    assert moves(tighter) == {
        ("settled", "settled"): (1, 500),
        ("settled", "failed"): (1, 1_500),
        ("failed", "failed"): (1, 2_001),
        ("flagged", "flagged"): (1, 700),
    }
    assert reasons(tighter) == {"DISTANCE": (1, 1), "OVER_CAP": (1, 1), "PAYMENT_LIMIT": (0, 2)}
    first = tighter["examples"][0]
    assert (first["payment"], first["was"], first["would"], first["wouldReasons"]) == (
        uuid_text(sold[1][0]),
        "settled",
        "failed",
        ["PAYMENT_LIMIT"],
    )
    looser = await ask(admin, radius_m=50_000)
    assert moves(looser)["flagged", "settled"] == (1, 700)
    assert [(one["field"], one["looser"]) for one in looser["differences"]] == [("radius_m", True)]
    assert any("no record" in one for one in looser["cannotTell"])
    assert (await ask(admin, till.device, radius_m=50_000))["judged"] == 4
    assert data(await admin.get(f"/api/vendors/{uuid_text(shop.vendor)}/policy"))["version"] == 0
    await shop.assert_reconciled()


async def test_sums_of_a_day_rates_and_speed_are_reckoned_anew_in_the_order_of_arrival(shop: Shop) -> None:
    admin, wallet = person(shop, Role.ADMIN), await shop.customer()
    till = await shop.terminal()
    for code in await shop.codes(wallet, 4, 1_000):
        await till.upload(till.pay(code, 1_000)[1])
        shop.clock.forward(5_000)
    assert moves(await ask(admin, daily_limit=2_500)) == {
        ("settled", "settled"): (2, 2_000),
        ("settled", "flagged"): (2, 2_000),
    }
    assert moves(await ask(admin, rate_count=3)) == {
        ("settled", "settled"): (3, 3_000),
        ("settled", "flagged"): (1, 1_000),
    }
    other = await shop.terminal(Place.from_degrees("59.5", "24.7536"), name="till 2")
    (code,) = await shop.codes(wallet, 1, 1_000)
    await other.upload(other.pay(code, 1_000)[1])
    found = await ask(admin, speed_kmh=1_000_000)
    assert reasons(found) == {"SPEED": (1, 0)}
    assert moves(found)["flagged", "settled"] == (1, 1_000)


async def test_what_was_decided_since_counts_as_it_came(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    ada, _ = await rich(shop)
    for word in ("approve", "reject"):
        data(await decide(admin, await flagged(shop, "5.00", ada), word))
    data(await pay(ada, "2.00"))
    assert moves(await ask(admin, radius_m=20_000)) == {
        ("flagged", "flagged"): (2, 1_000),
        ("settled", "settled"): (1, 200),
    }
    assert moves(await ask(admin, radius_m=20_000_000, speed_kmh=10_000_000))["flagged", "settled"] == (2, 1_000)


async def test_what_an_online_payment_would_be_refused_for_counts_as_failed(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    ada, _ = await rich(shop)
    data(await pay(ada, "80.00"))
    assert moves(await ask(admin, payment_limit=5_000)) == {("settled", "failed"): (1, 8_000)}


async def test_a_double_spend_stays_one_whatever_the_limits_say(shop: Shop) -> None:
    await spent_twice(shop)
    admin = person(shop, Role.ADMIN)
    found = await ask(admin, radius_m=20_000_000, actions={"LATE": "settle"})
    assert moves(found) == {("settled", "settled"): (1, 600), ("flagged", "flagged"): (1, 700)}
    assert reasons(found) == {"CODE_SPENT": (1, 1)}


async def test_a_payment_is_held_against_the_limits_of_its_book(shop: Shop) -> None:
    admin, wallet = person(shop, Role.ADMIN), await shop.customer()
    till, codes = await shop.terminal(), await shop.codes(wallet, 2, 2_000)
    await till.pull()
    await till.upload(till.pay(codes[0], 1_500)[1])
    data(await change(admin, payment_limit=1_000))
    await till.pull()
    await till.upload(till.pay(codes[1], 1_500)[1])
    found = await ask(admin, daily_limit=39_999)
    assert moves(found) == {("settled", "failed"): (1, 1_500), ("failed", "failed"): (1, 1_500)}
    assert found["unlike"] == 0


async def test_a_till_s_word_is_taken_over(shop: Shop) -> None:
    admin, wallet = person(shop, Role.ADMIN), await shop.customer()
    till, codes = await shop.terminal(), await shop.codes(wallet, 3, 1_000)
    for code, flags in zip(codes, (("STREAK",), ("CLOCK",), ("OF_A_NEWER_TILL",)), strict=True):
        await till.upload(till.pay(code, 500, flags=flags)[1])
    found = await ask(admin, radius_m=1)
    assert (found["unlike"], moves(found)) == (0, {("flagged", "flagged"): (3, 1_500)})
    settled = await ask(admin, actions={"STREAK": "settle", "CLOCK": "settle"})
    assert moves(settled) == {("flagged", "settled"): (2, 1_000), ("flagged", "flagged"): (1, 500)}


async def test_a_devices_own_limits_outrank_a_change_of_its_shops(shop: Shop) -> None:
    admin, wallet = person(shop, Role.ADMIN), await shop.customer()
    till, other = await shop.terminal(), await shop.terminal(name="till 2")
    await vendors.change_policy(shop.services, shop.vendor, {"payment_limit": 9_000}, device=till.device, actor="test")
    for terminal in (till, other):
        (code,) = await shop.codes(wallet, 1, 2_000)
        await terminal.pull()
        await terminal.upload(terminal.pay(code, 2_000)[1])
    found = await ask(admin, payment_limit=1_000)
    assert moves(found) == {("settled", "settled"): (1, 2_000), ("settled", "failed"): (1, 2_000)}
    assert (await ask(admin, other.device, payment_limit=1_000))["judged"] == 1


async def test_only_seven_days_are_looked_at_and_a_sample_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = person(shop, Role.ADMIN)
    ada, _ = await rich(shop)
    data(await pay(ada, "1.00"))
    shop.clock.forward(7 * 24 * HOUR)
    for _ in range(2):
        for _ in range(3):
            data(await pay(ada, "2.00"))
        shop.clock.forward(12 * HOUR)
    found = await ask(admin, daily_limit=1)
    assert (found["judged"], found["sampled"], found["to"] - found["from"]) == (6, False, 7 * 24 * HOUR)
    monkeypatch.setattr(preview, "OF_A_SLICE", 2)
    sampled = await ask(admin, daily_limit=1)
    assert (sampled["judged"], sampled["sampled"]) == (4, True)


async def test_a_proposal_has_its_preview_and_what_is_no_change_has_none(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    ada, _ = await rich(shop)
    await flagged(shop, "5.00", ada)
    proposed = data(await change(admin, radius_m=20_000_000, speed_kmh=10_000_000), 202)
    path = f"/api/policies/proposals/{proposed['proposalId']}/preview"
    assert moves(data(await admin.get(path))) == {("flagged", "settled"): (1, 500)}
    path = f"/api/vendors/{uuid_text(shop.vendor)}/policy/preview"
    assert refused(await admin.post(path, {"changes": {"nonsense": 1}})) == (422, "INVALID_POLICY")
