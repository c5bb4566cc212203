"""What vendors see: their sales, their money, their tills, and what they can lose; of nobody else's."""

import csv
import io
from typing import Any

import pytest

from shared.geo import Place
from shared.ids import uuid7, uuid_bytes, uuid_text
from syncserver.ledger.payables import fold_credits
from syncserver.payments import review, views
from syncserver.people.access import Role
from syncserver.registry import devices, vendors
from tests.syncserver.kit import HOUR, TALLINN, FakeTerminal, Shop
from tests.syncserver.rest.kit import Person, data, person, refused

pytestmark = pytest.mark.anyio

FAR = Place.from_degrees("59.1", "24.7536")


def keeper(shop: Shop) -> Person:
    return person(shop, Role.VENDOR, vendor=shop.vendor)


def path_of(shop: Shop, part: str = "") -> str:
    return f"/api/vendors/{uuid_text(shop.vendor)}{part}"


async def everything(caller: Person, path: str, name: str, **query: str) -> list[dict[str, Any]]:
    """All of a list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        page = data(await caller.get(path, **query))
        found += page[name]
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


async def a_day(shop: Shop) -> tuple[FakeTerminal, str, dict[str, bytes]]:
    """Payments that settled, were flagged, approved, rejected, voided while settled and while flagged, and failed."""
    till = await shop.terminal()
    near, far = await shop.customer(), await shop.customer(home=FAR, funds="500.00", offline="400.00")
    codes = await shop.codes(near, 5, 1_000)
    away = await shop.codes(far, 5, 2_000)
    made: dict[str, bytes] = {}
    raws = []
    for name, code, amount in (
        ("settled", codes[0], 700),
        ("voided", codes[1], 800),
        ("flagged", away[0], 900),
        ("approved", away[1], 1_000),
        ("rejected", away[2], 1_100),
        ("voided flagged", away[3], 1_200),
        ("failed", codes[2], 1_001),
    ):
        shop.clock.forward(20_000)
        made[name], raw = till.pay(code, amount)
        raws.append(raw)
    await till.upload(*raws)
    shop.clock.forward(20_000)
    await till.upload(till.void(made["voided"]), till.void(made["voided flagged"]))
    for name, approve in (("approved", True), ("rejected", False)):
        shop.clock.forward(20_000)
        view = await views.find(shop.services, made[name])
        await review.review(shop.services, view, approve=approve, reason="seen", actor="test")
    shop.clock.forward(20_000)
    made["later"], raw = till.pay(codes[3], 50)
    await till.upload(raw)
    return till, near, made


async def test_a_shop_sees_each_of_its_sales_once(shop: Shop) -> None:
    till, near, made = await a_day(shop)
    whole = data(await keeper(shop).get(path_of(shop, "/sales")))["sales"]
    states = {
        "settled": "settled",
        "voided": "voided",
        "flagged": "flagged",
        "approved": "settled",
        "rejected": "failed",
        "voided flagged": "voided",
        "failed": "failed",
        "later": "settled",
    }
    assert {one["payment"]: one["state"] for one in whole} == {uuid_text(made[n]): s for n, s in states.items()}
    assert len(whole) == 8
    assert [one["receivedAt"] for one in whole] == sorted((one["receivedAt"] for one in whole), reverse=True)
    first = whole[0]
    assert first["payment"] == uuid_text(made["later"])
    assert first["amount"] == {"minor": 50, "currency": "EUR", "text": "0.50"}
    assert (first["wallet"], first["device"]) == ("******" + near[-4:], uuid_text(till.device))
    for size in ("1", "3"):
        assert await everything(keeper(shop), path_of(shop, "/sales"), "sales", limit=size) == whole
    for state in set(states.values()):
        found = await everything(keeper(shop), path_of(shop, "/sales"), "sales", state=state, limit="1")
        assert found == [one for one in whole if one["state"] == state]
    at = first["receivedAt"]
    assert await everything(keeper(shop), path_of(shop, "/sales"), "sales", **{"from": str(at)}) == [first]
    assert await everything(keeper(shop), path_of(shop, "/sales"), "sales", to=str(at)) == whole[1:]
    assert len(data(await keeper(shop).get(path_of(shop, "/sales"), device=uuid_text(till.device)))["sales"]) == 8
    other = await shop.terminal(name="till 2")
    assert data(await keeper(shop).get(path_of(shop, "/sales"), device=uuid_text(other.device)))["sales"] == []
    cursors = [data(await keeper(shop).get(path_of(shop, "/sales"), limit="1"))["next"]]
    assert near not in str(cursors)
    await shop.assert_reconciled()


async def test_payments_of_one_moment_stay_together(shop: Shop) -> None:
    till, wallets = await shop.terminal(), [await shop.customer() for _ in range(3)]
    payment = uuid7(shop.clock.now, bytes(10))
    raws = []
    for wallet in wallets:
        (code,) = await shop.codes(wallet, 1, 500)
        raws.append(till.pay(code, 100, id=payment)[1])
    await till.upload(*raws)
    found = await everything(keeper(shop), path_of(shop, "/sales"), "sales", limit="1")
    assert sorted(one["wallet"] for one in found) == sorted("******" + wallet[-4:] for wallet in wallets)
    lines = await everything(keeper(shop), path_of(shop, "/statement"), "lines", limit="1")
    assert [one["balance"]["minor"] for one in lines] == [300, 200, 100]


async def test_a_statement_runs_down_to_nothing(shop: Shop) -> None:
    _, _, made = await a_day(shop)
    for fold in (False, True):
        if fold:
            async with shop.services.pool.acquire() as connection:
                await fold_credits(connection)
        page = data(await keeper(shop).get(path_of(shop, "/statement")))
        assert page["owed"]["minor"] == await shop.vendor_balance() == 700 + 1_000 + 50
        assert page["payable"]["minor"] + page["pending"]["minor"] == page["owed"]["minor"]
        assert page["pending"]["minor"] == (0 if fold else 1_750)
        lines = page["lines"]
        seen = [(one["cause"], one["amount"]["minor"], one["balance"]["minor"]) for one in lines]
        assert seen == [
            ("claim", 50, 1_750),
            ("approve", 1_000, 1_700),
            ("void", -800, 700),
            ("claim", 800, 1_500),
            ("claim", 700, 700),
        ]
        for size in ("1", "2"):
            assert await everything(keeper(shop), path_of(shop, "/statement"), "lines", limit=size) == lines
        since = str(lines[1]["at"])
        assert await everything(keeper(shop), path_of(shop, "/statement"), "lines", to=since) == lines[2:]
        assert await everything(keeper(shop), path_of(shop, "/statement"), "lines", **{"from": since}) == lines[:2]
    assert uuid_text(made["later"]) == lines[0]["payment"]


async def test_lists_are_files_too(shop: Shop) -> None:
    await a_day(shop)
    answer = await keeper(shop).get(path_of(shop, "/statement"), format="csv", limit="2")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["cause"], row["amount"], row["balance"], row["currency"]) for row in rows] == [
        ("claim", "0.50", "17.50", "EUR"),
        ("approve", "10.00", "17.00", "EUR"),
    ]
    following = answer.headers["x-next-cursor"]
    answer = await keeper(shop).get(path_of(shop, "/statement"), format="csv", cursor=following)
    assert next(csv.DictReader(io.StringIO(answer.text)))["amount"] == "-8.00"
    assert "x-next-cursor" not in answer.headers
    answer = await keeper(shop).get(path_of(shop, "/sales"), format="csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 8
    assert {row["wallet"][:6] for row in rows} == {"******"}


async def test_an_admin_lists_and_blocks_shops(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    for number in range(4):
        shop.clock.forward(1)
        await vendors.add_vendor(shop.services, name=f"Shop {number}", place=TALLINN, currency="JPY")
    found = await everything(admin, "/api/vendors", "vendors", limit="2")
    assert [one["name"] for one in found] == ["Corner Shop", "Shop 0", "Shop 1", "Shop 2", "Shop 3"]
    assert found[1]["owed"] == {"minor": 0, "currency": "JPY", "text": "0"}
    for word, blocked in (("block", True), ("block", True), ("unblock", False)):
        assert data(await admin.post(path_of(shop, f"/{word}")))["blocked"] is blocked
        assert (await vendors.read_vendor(shop.services, shop.vendor)).blocked is blocked
        assert data(await keeper(shop).get(path_of(shop)))["blocked"] is blocked


async def test_tills_and_their_gaps(shop: Shop) -> None:
    first = await shop.terminal(name="till 1")
    shop.clock.forward(1)
    second = await shop.terminal(name="till 2")
    (code, *_) = await shop.codes(await shop.customer(), 2, 1_000)
    shop.clock.forward(30_000)
    first.open_shift()
    first.open_shift()
    await first.upload(first.pay(code, 100)[1])
    found = await everything(keeper(shop), path_of(shop, "/terminals"), "terminals", limit="1")
    assert [(one["name"], one["state"], one["missing"], one["gaps"], one["through"]) for one in found] == [
        ("till 1", "incomplete", 2, [[1, 2]], 0),
        ("till 2", "enrolled", 0, [], 0),
    ]
    assert found[0]["lastSeenAt"] == shop.clock.now
    assert [one["exposure"]["minor"] for one in found] == [500_000, 500_000]
    assert uuid_bytes(found[1]["device"]) == second.device
    await devices.revoke(shop.services, second.device)
    assert [one["state"] for one in await everything(keeper(shop), path_of(shop, "/terminals"), "terminals")] == [
        "incomplete",
        "revoked",
    ]


async def test_exposure_is_a_bound_in_money(shop: Shop) -> None:
    async def found() -> dict[str, Any]:
        return dict(data(await keeper(shop).get(path_of(shop, "/exposure"))))

    assert (await found())["bound"]["minor"] == 0
    till, other = await shop.terminal(), await shop.terminal()
    one = await found()
    assert (one["unsynced"]["minor"], one["terminals"], one["forACode"]["minor"]) == (1_000_000, 2, 10_000)
    wallet = await shop.customer(home=FAR)
    (code,) = await shop.codes(wallet, 1, 2_000)
    await till.upload(till.pay(code, 1_500)[1])
    one = await found()
    assert (one["flagged"]["minor"], one["flaggedPayments"], one["bound"]["minor"]) == (1_500, 1, 1_001_500)
    # Lower limits hold once no till can go by the older ones any more.
    shop.clock.forward(1)
    await vendors.change_policy(
        shop.services, shop.vendor, {"exposure_limit": 100_00, "loss_bearer": "house"}, actor="test"
    )
    await vendors.change_policy(shop.services, shop.vendor, {"exposure_count": 0}, device=other.device, actor="test")
    one = await found()
    assert (one["unsynced"]["minor"], one["lossBearer"]) == (1_000_000, "house")
    shop.clock.forward(72 * HOUR + 1)
    assert (await found())["unsynced"]["minor"] == 10_000
    # What a revoked till had taken may still come for as long as uploads may.
    await devices.revoke(shop.services, till.device)
    assert (await found())["unsynced"]["minor"] == 10_000
    shop.clock.forward(72 * HOUR + 1)
    one = await found()
    assert (one["unsynced"]["minor"], one["terminals"], one["bound"]["minor"]) == (0, 0, 1_500)


async def test_a_shop_sees_nothing_of_another(shop: Shop) -> None:
    shop.clock.forward(1)
    other = await vendors.add_vendor(shop.services, name="Other", place=TALLINN, currency="EUR")
    thief, customer = person(shop, Role.VENDOR, vendor=other), person(shop, Role.CUSTOMER)
    admin, unknown = person(shop, Role.ADMIN), uuid_text(uuid7(1, bytes(10)))
    for part in ("", "/sales", "/terminals", "/exposure", "/statement"):
        for somebody in (thief, customer, person(shop, Role.VENDOR)):
            assert refused(await somebody.get(path_of(shop, part))) == (403, "FORBIDDEN")
        data(await admin.get(path_of(shop, part)))
        data(await keeper(shop).get(path_of(shop, part)))
        assert refused(await admin.get(f"/api/vendors/{unknown}{part}")) == (404, "UNKNOWN_VENDOR")
        assert (await shop.http.get(path_of(shop, part))).status_code == 401
    for somebody in (thief, customer, keeper(shop)):
        assert refused(await somebody.get("/api/vendors")) == (403, "FORBIDDEN")
        assert refused(await somebody.post(path_of(shop, "/block"))) == (403, "FORBIDDEN")
        assert refused(await somebody.post(path_of(shop, "/unblock"))) == (403, "FORBIDDEN")
    assert refused(await admin.post(f"/api/vendors/{unknown}/block")) == (404, "UNKNOWN_VENDOR")


@pytest.mark.parametrize(
    ("part", "query"),
    [
        ("/sales", {"limit": "0"}),
        ("/sales", {"limit": "201"}),
        ("/sales", {"limit": "1.5"}),
        ("/sales", {"state": "rejected"}),
        ("/sales", {"device": "x"}),
        ("/sales", {"from": "-1"}),
        ("/sales", {"to": str(2**53)}),
        ("/sales", {"from": "2", "to": "1"}),
        ("/sales", {"cursor": "x"}),
        ("/sales", {"cursor": "x" * 201}),
        ("/sales", {"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5OTkgeA"}),
        ("/sales", {"format": "xml"}),
        ("/sales", {"wallet": "2026112108"}),
        ("/statement", {"cursor": "MSAy"}),
        ("/statement", {"from": "2", "to": "1"}),
        ("/terminals", {"cursor": "0"}),
    ],
)
async def test_odd_questions_are_refused(shop: Shop, part: str, query: dict[str, str]) -> None:
    assert refused(await keeper(shop).get(path_of(shop, part), **query)) == (422, "MALFORMED")


async def test_a_page_is_read_by_an_index(shop: Shop) -> None:
    await a_day(shop)
    owner = await shop.target.connect_owner()
    try:
        await owner.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        for name, arguments, times in (
            ("lines_of_vendor", "$1, 0, 99, 9, $1, 9, 9", 1),
            ("moved_after", "$1, 9, $1, 9", 0),
            ("sales_of_vendor", "$1, 0, 99, NULL, NULL, 9, $1, 9", 2),
        ):
            vendor = f"'{uuid_text(shop.vendor)}'"
            await owner.execute(f"PREPARE asked AS {vendors.QUERIES[name]}")
            plan = await owner.fetch(f"EXPLAIN EXECUTE asked ({arguments.replace('$1', vendor)})")
            text = "\n".join(row[0] for row in plan)
            await owner.execute("DEALLOCATE asked")
            assert "_of_vendor" in text, text
            assert "Seq Scan" not in text, text
            by_time = [line for line in text.splitlines() if "Index Cond" in line and "at <= '9'" in line]
            assert len(by_time) == times, text
    finally:
        await owner.close()
