"""Codes over the API: shown once and never again, listed without being shown, withdrawn by their owner alone."""

import asyncio
import re
from typing import Any

import pytest

from shared.ids import uuid_bytes
from shared.lifecycles import Status
from shared.vouchers import from_text, open_voucher
from syncserver.maintenance.rounds import one_round
from syncserver.people.access import Role
from syncserver.wallets import accounts, issuing
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.rest.kit import data, person, refused
from tests.syncserver.rest.purse import codes_of, open_purse

pytestmark = pytest.mark.anyio

MASKED = "****-****"


def without_codes(issued: dict[str, Any]) -> dict[str, Any]:
    """An answer as it is stored, and as a repeat gets it."""
    codes = [{**one, "code": MASKED, "voucher": None} for one in issued["codes"]]
    return {**issued, "codes": codes, "alreadyShown": True}


async def test_codes_are_shown_with_their_vouchers_and_can_be_spent(shop: Shop) -> None:
    purse = await open_purse(shop)
    issued = await purse.issue(3, cap="20.00", validHours=24)
    assert issued["alreadyShown"] is False
    assert issued["expiresAt"] == issued["issuedAt"] + 24 * HOUR
    assert issued["releaseAt"] > issued["expiresAt"]
    assert [one["index"] for one in issued["codes"]] == [0, 1, 2]
    assert issued["codes"][0]["cap"] == {"minor": 2_000, "currency": "EUR", "text": "20.00"}
    for one in issued["codes"]:
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", one["code"])
        voucher = open_voucher(from_text(one["voucher"]), shop.services.keys.by_kid())
        assert (voucher.wallet, voucher.index, voucher.cap) == (purse.wallet, one["index"], 2_000)
    assert await purse.balances() == (5_000, 9_000, 6_000, 0)
    code = codes_of(issued)[0]
    assert (await purse.spend(code, 1_500))[1].status is Status.SETTLED
    assert await purse.balances() == (5_000, 9_500, 4_000, 0)
    await shop.assert_reconciled()


async def test_a_repeat_answers_the_same_series_and_shows_no_code(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    purse = await open_purse(shop)
    path, asked = f"/api/wallets/issue-codes/{purse.owner.id}", {"count": 2, "cap": 7_500}
    first = await purse.owner.post(path, asked, key="one")
    issued = data(first)
    # The offline balance is empty now: only what was stored can answer, and nothing is derived for it.
    monkeypatch.delattr(issuing, "derive")
    for _ in range(2):
        again = await purse.owner.post(path, asked, key="one")
        assert data(again) == without_codes(issued)
        assert "shown before" in again.json()["message"]
        assert again.headers["cache-control"] == "no-store"
    assert first.headers["cache-control"] == "no-store"
    assert await purse.balances() == (5_000, 0, 15_000, 0)
    assert refused(await purse.owner.post(path, {"count": 1}, key="one")) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert refused(await purse.owner.post(path, asked, key="\t")) == (422, "IDEMPOTENCY_KEY_REQUIRED")
    await shop.assert_reconciled()


async def test_of_many_at_once_with_one_key_one_shows_the_codes(shop: Shop) -> None:
    purse = await open_purse(shop)
    answers = await asyncio.gather(*(purse.issue(1, key="one", cap="10.00") for _ in range(6)))
    shown = [answer for answer in answers if not answer["alreadyShown"]]
    assert len(shown) == 1
    assert all(answer == without_codes(shown[0]) for answer in answers if answer["alreadyShown"])
    assert await purse.balances() == (5_000, 14_000, 1_000, 0)
    await shop.assert_reconciled()


async def test_no_code_and_no_voucher_is_stored_or_logged(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    purse = await open_purse(shop)
    issued = await purse.issue(2, key="one")
    await purse.issue(2, key="one")
    await purse.listed()
    await one_round(shop.services)
    owner = await shop.target.connect_owner()
    try:
        tables = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        stored = ""
        for table in tables:
            rows = await owner.fetch(f'SELECT t::text FROM "{table[0]}" t')  # noqa: S608 - a name of the schema's own
            stored += "\n".join(row[0] for row in rows)
        answer = await owner.fetchval("SELECT answer::text FROM once WHERE key = 'one'")
    finally:
        await owner.close()
    logged = "".join(capfd.readouterr())
    assert issued["series"] in answer
    for one in issued["codes"]:
        verifier = open_voucher(from_text(one["voucher"]), shop.services.keys.by_kid()).verifier
        assert verifier.hex() in stored, "the code's own row has it, so this test sees what is stored"
        assert verifier.hex() not in answer
        for secret in (one["code"], one["code"].replace("-", ""), one["voucher"], one["voucher"][4:60]):
            assert secret not in stored
            assert secret not in logged
        assert one["voucher"] not in answer


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"count": 0}, (422, "INVALID_ISSUE")),
        ({"count": 11}, (422, "INVALID_ISSUE")),
        ({"count": -(2**70)}, (422, "INVALID_ISSUE")),
        ({"count": 1.0}, (422, "MALFORMED")),
        ({"count": True}, (422, "MALFORMED")),
        ({"count": "1"}, (422, "MALFORMED")),
        ({}, (422, "MALFORMED")),
        ({"count": 1, "validHours": 0}, (422, "INVALID_ISSUE")),
        ({"count": 1, "validHours": 24 * 365 + 1}, (422, "INVALID_ISSUE")),
        ({"count": 1, "cap": 0}, (422, "INVALID_AMOUNT")),
        ({"count": 1, "cap": "10.005"}, (422, "INVALID_AMOUNT")),
        ({"count": 1, "cap": 1.5}, (422, "MALFORMED")),
        ({"count": 2, "cap": 2**53 - 1}, (422, "INVALID_ISSUE")),
        ({"count": 2, "cap": "75.01"}, (409, "INSUFFICIENT_BALANCE")),
        ({"count": 1, "cap": "ten\x00"}, (422, "INVALID_AMOUNT")),
        ({"count": 1, "more": 1}, (422, "MALFORMED")),
        ([], (422, "MALFORMED")),
    ],
)
async def test_what_cannot_be_issued_is_refused_and_leaves_its_key_free(
    shop: Shop, asked: Any, expected: tuple[int, str]
) -> None:
    purse = await open_purse(shop)
    path = f"/api/wallets/issue-codes/{purse.owner.id}"
    answer = await purse.owner.post(path, asked, key="one")
    assert refused(answer) == expected
    assert await purse.balances() == (5_000, 15_000, 0, 0)
    assert (await purse.issue(1, key="one"))["alreadyShown"] is False
    await shop.assert_reconciled()


async def test_a_blocked_wallet_gets_no_codes(shop: Shop) -> None:
    purse = await open_purse(shop)
    await accounts.block(shop.services, purse.wallet, blocked=True)
    answer = await purse.owner.post(f"/api/wallets/issue-codes/{purse.owner.id}", {"count": 1})
    assert refused(answer) == (409, "BLOCKED")
    await shop.assert_reconciled()


async def test_codes_are_listed_masked_by_series_in_pages(shop: Shop) -> None:
    purse = await open_purse(shop)
    made = []
    for hours in (1, 2, 3, 4):
        made.append(await purse.issue(2, cap="5.00", validHours=hours))
        shop.clock.forward(1_000)
    await purse.spend(codes_of(made[3])[0], 300)
    first = await purse.listed(limit="3")
    second = await purse.listed(limit="3", cursor=first["next"])
    assert [one["series"] for one in first["series"] + second["series"]] == [one["series"] for one in reversed(made)]
    assert second["next"] is None
    newest = first["series"][0]
    cap = {"minor": 500, "currency": "EUR", "text": "5.00"}
    assert newest["codes"] == [{"index": 1, "code": MASKED, "cap": cap, "state": "issued"}]
    assert (newest["state"], newest["expiresAt"]) == ("open", made[3]["expiresAt"])
    everything = await purse.listed(state="all")
    assert [one["state"] for one in everything["series"][0]["codes"]] == ["claimed", "issued"]
    # Over, whether or not the server's rounds came to it.
    shop.clock.forward(HOUR)
    for _ in range(2):
        assert len((await purse.listed())["series"]) == 3
        oldest = (await purse.listed(state="all"))["series"][-1]
        assert (oldest["state"], {one["state"] for one in oldest["codes"]}) == ("closed", {"expired"})
        await one_round(shop.services)
    shop.clock.now = made[0]["releaseAt"]
    await one_round(shop.services)
    oldest = (await purse.listed(state="all"))["series"][-1]
    assert (oldest["state"], {one["state"] for one in oldest["codes"]}) == ("released", {"released"})
    for query in ({"limit": "0"}, {"limit": "51"}, {"cursor": "x"}, {"cursor": "\x00"}, {"state": "no"}, {"more": "1"}):
        answer = await purse.owner.get(f"/api/wallets/get-codes/{purse.owner.id}", **query)
        assert refused(answer) == (422, "MALFORMED")
    await shop.assert_reconciled()


async def test_a_series_is_withdrawn_once_and_says_when_its_money_returns(shop: Shop) -> None:
    purse = await open_purse(shop)
    issued = await purse.issue(3, cap="10.00")
    await purse.spend(codes_of(issued)[0], 400)
    path, asked = f"/api/wallets/withdraw-codes/{purse.owner.id}", {"series": issued["series"]}
    first = data(await purse.owner.post(path, asked, key="one"))
    assert first == {
        "series": issued["series"],
        "wallet": purse.wallet,
        "codes": 2,
        "held": {"minor": 2_000, "currency": "EUR", "text": "20.00"},
        "releaseAt": issued["releaseAt"],
    }
    assert data(await purse.owner.post(path, asked, key="one")) == first
    assert refused(await purse.owner.post(path, asked)) == (404, "UNKNOWN_SERIES")
    assert (await purse.listed())["series"] == []
    assert (await purse.listed(state="all"))["series"][0]["state"] == "withdrawn"
    assert await purse.balances() == (5_000, 12_600, 2_000, 0)
    # Whoever had not heard of it may still have taken one.
    assert (await purse.spend(codes_of(issued)[1], 700))[1].status is Status.FLAGGED
    assert await purse.balances() == (5_000, 12_900, 1_000, 700)
    shop.clock.now = issued["releaseAt"]
    await one_round(shop.services)
    assert await purse.balances() == (5_000, 13_900, 0, 700)
    await shop.assert_reconciled()


async def test_codes_are_their_owners_and_admins_alone(shop: Shop) -> None:
    ada, eve = await open_purse(shop), await open_purse(shop)
    issued = await ada.issue(1, cap="10.00")
    withdrawal = {"series": issued["series"]}
    for other in (eve.owner, person(shop, Role.VENDOR, vendor=ada.vendor)):
        for answer in (
            await other.get(f"/api/wallets/get-codes/{ada.owner.id}"),
            await other.post(f"/api/wallets/issue-codes/{ada.owner.id}", {"count": 1}),
            await other.post(f"/api/wallets/withdraw-codes/{ada.owner.id}", withdrawal),
        ):
            assert refused(answer) == (403, "FORBIDDEN")
    # Through her own wallet, another's series is none.
    mine = await eve.owner.post(f"/api/wallets/withdraw-codes/{eve.owner.id}", withdrawal)
    none = await eve.owner.post(f"/api/wallets/withdraw-codes/{eve.owner.id}", {"series": eve.owner.id})
    assert refused(mine) == refused(none) == (404, "UNKNOWN_SERIES")
    # Eve's list begins below a series of Ada's, and shows none of hers.
    assert (await eve.listed(cursor="ffffffff-ffff-4fff-bfff-ffffffffffff", state="all"))["series"] == []
    admin = person(shop, Role.ADMIN)
    assert data(await admin.get(f"/api/wallets/get-codes/{ada.owner.id}")) == await ada.listed()
    data(await admin.post(f"/api/wallets/withdraw-codes/{ada.owner.id}", withdrawal))
    nobody = admin.id
    assert refused(await admin.get(f"/api/wallets/get-codes/{nobody}")) == (404, "UNKNOWN_WALLET")
    assert refused(await admin.post(f"/api/wallets/issue-codes/{nobody}", {"count": 1})) == (404, "UNKNOWN_WALLET")
    for series in ("x", "\x00", "", "{" + issued["series"] + "}"):
        answer = await ada.owner.post(f"/api/wallets/withdraw-codes/{ada.owner.id}", {"series": series})
        assert refused(answer) == (422, "MALFORMED")
    await shop.assert_reconciled()


@pytest.mark.parametrize(
    ("currency", "funds", "offline", "cap", "minor", "text"),
    [("JPY", "200000", "150000", "1500", 1_500, "1500"), ("KWD", "20.000", "15.000", "1.250", 1_250, "1.250")],
)
async def test_a_wallet_counts_in_the_decimals_of_its_currency(
    shop: Shop, currency: str, funds: str, offline: str, cap: str, minor: int, text: str
) -> None:
    purse = await open_purse(shop, currency, funds=funds, offline=offline)
    online, before, _, _ = await purse.balances()
    issued = await purse.issue(2, cap=cap)
    assert issued["codes"][0]["cap"] == {"minor": minor, "currency": currency, "text": text}
    assert await purse.balances() == (online, before - 2 * minor, 2 * minor, 0)
    result = (await purse.spend(codes_of(issued)[0], minor - 1))[1]
    assert (result.status, result.reasons) == (Status.SETTLED, ())
    assert await purse.balances() == (online, before - 2 * minor + 1, minor, 0)
    assert await purse.vendor_has() == minor - 1
    shares = await purse.issue(10)
    assert {one["cap"]["currency"] for one in shares["codes"]} == {currency}
    too_fine = {"JPY": "1500.5", "KWD": "1.2505"}[currency]
    answer = await purse.owner.post(f"/api/wallets/issue-codes/{purse.owner.id}", {"count": 1, "cap": too_fine})
    assert refused(answer) == (422, "INVALID_AMOUNT")
    assert uuid_bytes(issued["series"])
    await shop.assert_reconciled()
