"""A wallet's statement: every transfer with the balances after it, in pages and as CSV."""

import csv
import io
from typing import Any

import pytest

from syncserver.people.access import Role
from syncserver.registry import vendors
from syncserver.wallets import accounts, statement
from tests.syncserver.kit import TALLINN, Shop
from tests.syncserver.protocol.admin import decide
from tests.syncserver.rest.kit import person, refused
from tests.syncserver.rest.purse import ACCOUNTS, Purse, codes_of, open_purse

pytestmark = pytest.mark.anyio

TICK = 10_000


async def busy_purse(shop: Shop, currency: str = "EUR") -> Purse:
    """A wallet in which everything happened that moves money, ten seconds apart."""
    funds, offline = {"EUR": ("200", "150"), "JPY": ("20000", "15000"), "KWD": ("20", "15")}[currency]
    purse = await open_purse(shop, currency, funds=funds, offline=offline)
    shop.clock.forward(TICK)
    issued = codes_of(await purse.issue(4, cap=1_000))
    for code, flags in zip(issued, ((), ("DISTANCE",), ("DISTANCE",), ()), strict=True):
        shop.clock.forward(TICK)
        payment, _ = await purse.spend(code, 600 + code.index, flags=flags)
        if code.index in {1, 2}:
            await decide(shop, payment, approve=code.index == 1)
    shop.clock.forward(TICK)
    await purse.till.upload(purse.till.void(payment))
    await purse.move(100, back=True)
    return purse


async def whole(purse: Purse, limit: int, **query: str) -> list[Any]:
    """All pages of a statement."""
    lines: list[Any] = []
    page = await purse.lines(limit=str(limit), **query)
    while page["next"] is not None:
        assert len(page["lines"]) == limit
        lines += page["lines"]
        page = await purse.lines(limit=str(limit), cursor=str(page["next"]), **query)
    lines += page["lines"]
    return lines


async def rows(purse: Purse, **query: str) -> list[dict[str, str]]:
    """A statement as CSV."""
    answer = await purse.owner.get(f"/api/wallets/statement/{purse.owner.id}", format="csv", **query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
async def test_each_line_says_what_the_wallet_had_after_it(shop: Shop, currency: str) -> None:
    purse = await busy_purse(shop, currency)
    lines = await whole(purse, 200)
    running = dict.fromkeys(("online", "offline", "held", "review"), 0)
    for line in reversed(lines):
        for account, sign in ((line["from"], -1), (line["to"], 1)):
            if account in running:
                running[account] += sign * line["amount"]["minor"]
        assert [line["balances"][account]["minor"] for account in ACCOUNTS] == list(running.values())
    assert tuple(running.values()) == await purse.balances()
    assert [line["number"] for line in lines] == list(range(len(lines), 0, -1))
    causes = {line["cause"] for line in lines}
    assert causes == {"funding", "move", "issue", "claim", "rest", "approve", "reject", "void"}
    claim = next(line for line in lines if line["cause"] == "claim" and line["to"] == "vendor")
    assert claim["vendorName"] == f"Shop {currency}"
    texts = {"EUR": "6.03", "JPY": "603", "KWD": "0.603"}
    assert claim["amount"] == {"minor": 603, "currency": currency, "text": texts[currency]}
    assert await rows(purse) == [as_row(line) for line in lines]
    await shop.assert_reconciled()


def as_row(line: Any) -> dict[str, str]:
    """The row that a line must be in a CSV."""
    sums = {"amount": line["amount"], "online": line["balances"]["online"], "offline": line["balances"]["offline"]}
    sums |= {"held": line["balances"]["held"], "in_review": line["balances"]["inReview"]}
    row = {name: str(line[name]) for name in ("number", "cause", "from", "to")}
    row |= {"at": _iso(line["at"]), "currency": line["amount"]["currency"]}
    row |= {f"{name}_minor": str(value["minor"]) for name, value in sums.items()}
    row |= {name: value["text"] for name, value in sums.items()}
    row |= {name: line[name] or "" for name in ("payment", "series", "vendor")}
    return row | {"vendor_name": line["vendorName"] or ""}


def _iso(at: int) -> str:
    seconds, ms = divmod(at - 1_795_262_400_000, 1_000)
    assert 0 <= seconds < 3_600
    return f"2026-11-21T12:{seconds // 60:02}:{seconds % 60:02}.{ms:03}Z"


async def test_pages_of_any_size_make_the_same_statement(shop: Shop) -> None:
    purse = await busy_purse(shop)
    lines = await whole(purse, 200)
    for limit in (1, 2, 5, len(lines)):
        assert await whole(purse, limit) == lines
    page = await purse.lines(limit="3")
    await purse.move(100)
    after = await purse.lines(limit="3", cursor=str(page["next"]))
    assert after["lines"] == lines[3:6], "what moves meanwhile changes no page behind it"
    answer = await purse.owner.get(f"/api/wallets/statement/{purse.owner.id}", format="csv", limit="2")
    assert answer.headers["x-next-cursor"] == str(len(lines))
    assert len(await rows(purse, limit="2", cursor=str(len(lines)))) == 2


async def test_a_time_filters_lines_and_leaves_their_balances_right(shop: Shop) -> None:
    purse = await busy_purse(shop)
    lines = await whole(purse, 200)
    times = sorted({line["at"] for line in lines})
    for since, until in ((times[0], times[1]), (times[2], times[4]), (times[3], times[3]), (times[-1] + 1, 2**53 - 1)):
        expected = [line for line in lines if since <= line["at"] < until]
        assert await whole(purse, 2, **{"from": str(since), "to": str(until)}) == expected
        assert len(await rows(purse, **{"from": str(since), "to": str(until)})) == len(expected)
    for query in (
        {"from": "2", "to": "1"},
        {"from": "-1"},
        {"to": str(2**53)},
        {"limit": "0"},
        {"limit": "201"},
        {"cursor": "0"},
        {"cursor": "9" * 5_000},
        {"format": "pdf"},
        {"from": "\x00"},
        {"more": "1"},
    ):
        answer = await purse.owner.get(f"/api/wallets/statement/{purse.owner.id}", **query)
        assert refused(answer) == (422, "MALFORMED"), query


async def test_a_csv_is_asked_for_by_name_or_by_type(shop: Shop) -> None:
    purse = await open_purse(shop)
    path = f"/api/wallets/statement/{purse.owner.id}"
    for accept, is_csv in (
        ("text/csv", True),
        ("text/csv;q=0.9, */*;q=0.1", True),
        ("application/json, text/csv", False),
        ("*/*", False),
    ):
        answer = await shop.http.get(path, headers={**purse.owner.headers, "Accept": accept})
        assert answer.headers["content-type"].startswith("text/csv") is is_csv, accept
    answer = await shop.http.get(path, params={"format": "json"}, headers={**purse.owner.headers, "Accept": "text/csv"})
    assert answer.headers["content-type"] == "application/json"
    answer = await purse.owner.get(path, format="csv")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == f'attachment; filename="statement-{purse.wallet}.csv"'


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Corner Shop", "Corner Shop"),
        ("Fish & Co; chips-to-go", "Fish & Co; chips-to-go"),
        ('=HYPERLINK("http://evil")', '\'=HYPERLINK("http://evil")'),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=1", "a;'=1"),
        ("a, -1", "a,' -1"),
        ('a"=1', "a\"'=1"),
    ],
)
async def test_no_cell_is_a_formula(shop: Shop, name: str, cell: str) -> None:
    purse = await open_purse(shop)
    vendor = await vendors.add_vendor(shop.services, name=name, place=TALLINN, currency="EUR")
    shop.vendor = vendor
    till = await shop.terminal()
    (code,) = codes_of(await purse.issue(1, cap=1_000))
    await till.upload(till.pay(code, 600)[1])
    (claim,) = [row for row in await rows(purse) if row["cause"] == "claim"]
    assert claim["vendor_name"] == cell
    assert None not in claim, "a name makes no column of its own"


async def test_a_csv_that_would_be_too_long_is_refused_and_not_cut_off(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement, "ROWS_OF_FILE", 3)
    purse = await open_purse(shop)
    await purse.move(1)
    assert len(await rows(purse)) == 3
    shop.clock.forward(1_000)
    await purse.move(1)
    answer = await purse.owner.get(f"/api/wallets/statement/{purse.owner.id}", format="csv")
    assert refused(answer) == (422, "STATEMENT_TOO_LONG")
    assert len(await rows(purse, to=str(shop.clock.now))) == 3
    assert len(await rows(purse, limit="200")) == 4


async def test_what_only_vendor_and_house_moved_is_not_the_customers(shop: Shop) -> None:
    purse = await open_purse(shop, funds="10", offline="10")
    await vendors.change_policy(shop.services, purse.vendor, {"loss_bearer": "house"}, actor="test")
    (code,) = codes_of(await purse.issue(1, cap=1_000))
    await purse.spend(code, 1_000)
    payment, result = await purse.spend(code, 1_000)
    assert result.reasons == ("CODE_SPENT",)
    await decide(shop, payment, approve=True)
    stored = await shop.services.pool.fetch("SELECT debit, credit FROM transfer WHERE wallet = $1", purse.wallet)
    assert ("loss", "vendor") in {tuple(row) for row in stored}
    lines = await whole(purse, 200)
    assert ("loss", "vendor") not in {(line["from"], line["to"]) for line in lines}
    assert lines[0]["balances"]["offline"]["minor"] == 0
    await shop.assert_reconciled()


async def test_a_statement_is_its_owners_and_admins_alone(shop: Shop) -> None:
    ada, eve = await open_purse(shop), await open_purse(shop)
    path = f"/api/wallets/statement/{ada.owner.id}"
    for other in (eve.owner, person(shop, Role.VENDOR, vendor=ada.vendor)):
        assert refused(await other.get(path)) == (403, "FORBIDDEN")
        assert refused(await other.get(path, format="csv")) == (403, "FORBIDDEN")
    admin = person(shop, Role.SUPERADMIN)
    assert (await admin.get(path)).json()["data"] == await ada.lines()
    assert refused(await admin.get(f"/api/wallets/statement/{admin.id}")) == (404, "UNKNOWN_WALLET")
    empty = await accounts.add_customer(shop.services, name="Nobody", home=TALLINN, currency="KWD")
    new = person(shop, Role.CUSTOMER, empty.user_id)
    page = (await new.get(f"/api/wallets/statement/{new.id}")).json()["data"]
    assert page == {"wallet": empty.wallet, "currency": "KWD", "lines": [], "next": None}
