"""All payments over REST: filtered, paged, exported, and each with its record; and one box for everything."""

import csv
import io

import pytest

from shared.ids import uuid_text
from syncserver.people.access import Role
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import data, person, refused

pytestmark = pytest.mark.anyio


async def _paid(shop: Shop, amounts: tuple[int, ...]) -> tuple[str, list[tuple[bytes, bytes]]]:
    wallet = await shop.customer()
    till = await shop.terminal()
    made = []
    for code, amount in zip(await shop.codes(wallet, len(amounts), cap=2_000), amounts, strict=True):
        shop.clock.forward(20_000)
        payment, raw = till.pay(code, amount)
        await till.upload(raw)
        made.append((payment, raw))
    return wallet, made


async def test_payments_are_found_page_by_page_and_counted_apart(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    _, made = await _paid(shop, (1_000, 1_100, 1_200, 2_500))
    newest_first = [uuid_text(payment) for payment, _ in reversed(made)]
    first = data(await admin.get("/api/payments", limit="3"))
    assert [one["id"] for one in first["payments"]] == newest_first[:3]
    assert (first["count"], first["lookedUntil"]) == ({"found": 3, "more": True}, None), "no page waits for a count"
    assert data(await admin.get("/api/payments/count")) == {"found": 4, "more": False}
    assert data(await admin.get("/api/payments/count", state="FAILED")) == {"found": 1, "more": False}
    assert data(await admin.get("/api/payments", limit="4"))["count"] == {"found": 4, "more": False}
    second = data(await admin.get("/api/payments", limit="3", cursor=first["next"]))
    assert [one["id"] for one in second["payments"]] == newest_first[3:]
    assert (second["count"], second["next"]) == (None, None)
    failed = data(await admin.get("/api/payments", state="FAILED", reason="OVER_CAP"))
    assert [one["id"] for one in failed["payments"]] == newest_first[:1]
    few = data(await admin.get("/api/payments", least="1100", most="1200", to=str(shop.clock.now)))
    assert [one["id"] for one in few["payments"]] == newest_first[1:3]
    for query in ({"wallet": "12"}, {"from": "2", "to": "1"}, {"cursor": "x"}, {"vendor": "x"}, {"state": "settled"}):
        assert (await admin.get("/api/payments", **query)).status_code == 422
        if "cursor" not in query:
            assert (await admin.get("/api/payments/count", **query)).status_code == 422


async def test_the_file_has_all_that_fits(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    wallet, made = await _paid(shop, (1_000, 1_100))
    answer = await admin.get("/api/payments", wallet=wallet, format="csv", limit="1")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["payment"], row["amount"]) for row in rows] == [
        (uuid_text(made[1][0]), "11.00"),
        (uuid_text(made[0][0]), "10.00"),
    ]


async def test_a_payment_has_its_record_as_it_travelled_and_what_moved(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    wallet, ((payment, raw),) = await _paid(shop, (1_000,))
    found = data(await admin.get(f"/api/payments/{uuid_text(payment)}", wallet=wallet))
    assert [(one["from"], one["to"], one["amount"]["minor"]) for one in found["transfers"]] == [
        ("held", "vendor", 1_000),
        ("held", "offline", 1_000),
    ]
    (record,) = found["records"]
    assert (record["raw"], record["type"], record["fork"]) == (raw.hex(), "payment", False)
    assert record["decoded"]["wallet"] == wallet
    assert record["decoded"]["id"] == uuid_text(payment)
    assert refused(await admin.get(f"/api/payments/{uuid_text(bytes(16))}")) == (404, "UNKNOWN_PAYMENT")


async def test_the_twin_of_a_fork_is_shown_with_it(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    wallet = await shop.customer()
    till = await shop.terminal()
    one, two = await shop.codes(wallet, 2, cap=2_000)
    seq, prev = till.seq, till.prev
    payment, raw = till.pay(one, 1_000)
    await till.upload(raw)
    till.seq, till.prev = seq, prev
    _, twin = till.pay(two, 1_500)
    await till.upload(twin)
    found = data(await admin.get(f"/api/payments/{uuid_text(payment)}", wallet=wallet))
    assert {(record["raw"], record["fork"]) for record in found["records"]} == {(raw.hex(), False), (twin.hex(), True)}


async def test_one_box_finds_over_rest(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    wallet, ((payment, _),) = await _paid(shop, (1_000,))
    (hit,) = data(await admin.get("/api/search", q=uuid_text(payment)))["hits"]
    assert (hit["kind"], hit["id"], hit["of"]) == ("payment", uuid_text(payment), wallet)
    assert {one["kind"] for one in data(await admin.get("/api/search", q="maria"))["hits"]} == {"customer"}
    assert (await admin.get("/api/search", q="x" * 101)).status_code == 422
