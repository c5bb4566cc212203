"""`tallystick server …` as people and scripts type it."""

import json
import re
from pathlib import Path

import pytest
import segno

from shared import codes, vouchers
from shared.geo import Place
from shared.ids import uuid7, uuid_bytes, uuid_text
from syncserver.commands.app import app
from syncserver.composition import open_services
from syncserver.settings import ServerSettings
from tests.conftest import short_folder
from tests.syncserver.kit import START
from tests.syncserver.processes import Site, made_site

pytestmark = pytest.mark.anyio

UNKNOWN = uuid_text(uuid7(START, bytes(10)))
LONDON = ("--lat", "51.5", "--lon", "-0.12", "--currency", "EUR")
FAR_AWAY = Place.from_degrees("59.1", "24.7536")
KNOWN_WALLET = "2026112108"


async def test_a_first_shop_as_its_admin_types_it(site: Site) -> None:
    first = site.ask("init")
    assert set(first) == {"serverId"}
    assert site.ask("init") == first, "a second time changes nothing"
    vendor = site.ask("vendor", "add", "--name", "Corner Shop", *LONDON)
    assert set(vendor) == {"vendorId"}
    customer = site.ask("customer", "add", "--name", "Maria Tamm", *LONDON)
    assert set(customer) == {"userId", "wallet"}
    wallet = customer["wallet"]
    assert site.ask("wallet", "fund", wallet, "200.00")["online"] == 20_000
    moved = site.ask("wallet", "move-offline", wallet, "150.00")
    assert {name: moved[name] for name in ("online", "offline", "held", "review")} == {
        "online": 5_000,
        "offline": 15_000,
        "held": 0,
        "review": 0,
    }
    assert site.ask("wallet", "show", wallet) == moved
    token = site.ask("device", "token", "--vendor", vendor["vendorId"])
    assert set(token) == {"token"}
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}\.[0-9a-f]{16}", token["token"])

    issued = site.ask("codes", "issue", wallet, "--count", "2", "--cap", "50.00")
    assert set(issued) == {"series", "expiresAt", "t", "m", "codes"}
    assert (issued["t"], issued["m"], len(issued["codes"])) == (2, 19 * 1024, 2)
    trusted = json.loads((site.home / "trust.json").read_text())["server_keys"]
    keys = {bytes.fromhex(key["kid"]): bytes.fromhex(key["key"]) for key in trusted}
    for index, one in enumerate(issued["codes"]):
        assert set(one) == {"index", "code", "cap", "voucher"}
        assert (one["index"], one["cap"]) == (index, 5_000)
        voucher = vouchers.open_voucher(vouchers.from_text(one["voucher"]), keys)
        assert (voucher.series, voucher.index, voucher.wallet) == (uuid_bytes(issued["series"]), index, wallet)
        secrets = codes.derive(codes.normalise(one["code"]), voucher.series, voucher.kdf)
        assert secrets.verifier == voucher.verifier
    rest = site.ask("codes", "issue", wallet)
    assert [one["cap"] for one in rest["codes"]] == [1_000] * 5, "the rest, shared evenly"
    assert site.ask("wallet", "show", wallet)["held"] == 15_000
    assert site.ask("codes", "withdraw", rest["series"])["withdrawn"] is True
    report = site.ask("reconcile")
    assert (report["ok"], report["findings"]) == (True, [])


async def test_payments_are_shown_and_decided_beside_a_running_server(site: Site) -> None:
    server = site.run()
    async with site.shop(server) as shop:
        wallet = await shop.customer(home=FAR_AWAY)
        one, two = await shop.codes(wallet, 2, 5_000)
        till = await shop.terminal()
        (first, first_raw), (second, second_raw) = till.pay(one, 1_000), till.pay(two, 500)
        await till.upload(first_raw, second_raw)
    approved, rejected = uuid_text(first), uuid_text(second)
    shown = site.ask("payment", "show", approved)
    assert shown == site.ask("payment", "show", approved, "--wallet", wallet)
    assert {name: shown[name] for name in ("id", "status", "reasons", "amount", "cap")} == {
        "id": approved,
        "status": "flagged",
        "reasons": ["DISTANCE"],
        "amount": 1_000,
        "cap": 5_000,
    }
    assert {one["id"] for one in site.ask("payment", "flagged")["flagged"]} == {approved, rejected}
    code, _, said = site.commands(["payment", "review", rejected, "--reject"])[0]
    assert (code, "REASON_REQUIRED" in said) == (1, True)
    assert site.ask("payment", "review", approved, "--approve")["status"] == "settled"
    assert site.ask("payment", "review", rejected, "--reject", "--reason", "denied")["status"] == "failed"
    again = site.command("payment", "review", approved, "--reject", "--reason", "changed my mind")
    assert (again.returncode, again.stdout) == (1, "")
    assert "NOT_FLAGGED" in again.stderr
    (device,) = [one for one in site.ask("device", "list")["devices"] if one["deviceId"] == uuid_text(till.device)]
    assert (device["state"], device["through"], device["missing"]) == ("enrolled", 2, [])
    assert site.ask("device", "revoke", device["deviceId"])["state"] == "revoked"
    assert server.stop() == 0


async def test_limits_are_previewed_changed_and_remembered(site: Site) -> None:
    vendor = site.ask("vendor", "add", "--name", "Market Stall", *LONDON)["vendorId"]
    seen = site.ask("policy", "preview", vendor, "payment_limit=15000")
    assert (seen["judged"], seen["looser"], seen["moves"]) == (0, ["payment_limit"], [])
    assert site.ask("policy", "versions", vendor) == {"versions": []}
    site.ask("vendor", "policy", vendor, "payment_limit=15000", "--reason", "a fair")
    (version,) = site.ask("policy", "versions", vendor)["versions"]
    assert (version["reason"], version["differences"]) == (
        "a fair",
        {"payment_limit": {"before": 10000, "after": 15000}},
    )
    assert "payment_limit 10000 → 15000" in site.command("policy", "versions", vendor).stdout
    assert "0 payments; 0 can't be told." in site.command("policy", "preview", vendor).stdout


REFUSED = {
    ("wallet", "show", KNOWN_WALLET): "UNKNOWN_WALLET",
    ("wallet", "show", "2026112109"): "INVALID_WALLET",
    ("wallet", "fund", "{wallet}", "12.345"): "INVALID_AMOUNT",
    ("wallet", "fund", "{wallet}", "-5.00"): "INVALID_AMOUNT",
    ("wallet", "fund", "{wallet}", "9999999999999999999"): "INVALID_AMOUNT",
    ("wallet", "move-offline", "{wallet}", "0.01"): "INSUFFICIENT_BALANCE",
    ("codes", "issue", "{wallet}"): "INSUFFICIENT_BALANCE",
    ("codes", "withdraw", UNKNOWN): "UNKNOWN_SERIES",
    ("device", "token", "--vendor", UNKNOWN): "UNKNOWN_VENDOR",
    ("payment", "show", UNKNOWN): "UNKNOWN_PAYMENT",
    ("vendor", "add", "--name", "x", "--lat", "91", "--lon", "0", "--currency", "EUR"): "INVALID_PLACE",
    ("vendor", "add", "--name", "x", "--lat", "0", "--lon", "0", "--currency", "XXZ"): "INVALID_CURRENCY",
    ("vendor", "policy", UNKNOWN, "payment_limit=1"): "UNKNOWN_VENDOR",
    ("customer", "add", "--name", "a\nb", "--lat", "0", "--lon", "0", "--currency", "EUR"): "MALFORMED",
}
MISUSED = (
    ["nonsense"],
    ["wallet", "fund"],
    ["vendor", "add", "--name", "x"],
    ["codes", "issue", KNOWN_WALLET, "--count", "many"],
    ["payment", "review", UNKNOWN],
    ["payment", "review", UNKNOWN, "--approve", "--reject"],
    ["run", "--port", "http"],
)


async def test_what_cannot_be_done_is_said_in_words_with_exit_code_1(site: Site) -> None:
    wallet = site.ask("customer", "add", "--name", "Mari", *LONDON)["wallet"]
    lines = [[word.format(wallet=wallet) for word in words] for words in REFUSED]
    for words, reason, (code, said, complained) in zip(lines, REFUSED.values(), site.commands(*lines), strict=True):
        assert (code, said) == (1, ""), words
        assert re.fullmatch(r"error: .+ \[[A-Z_]+\]\n", complained), complained
        assert reason in complained, (words, complained)
    assert site.ask("wallet", "show", wallet)["online"] == 0


async def test_wrong_usage_has_exit_code_2(site: Site) -> None:
    for words, (code, said, complained) in zip(MISUSED, site.commands(*MISUSED), strict=True):
        assert (code, said) == (2, ""), words
        assert "Error" in complained
        assert "Traceback" not in complained


async def test_nothing_works_before_init_and_says_so() -> None:
    with short_folder() as folder, made_site(folder / "home") as site:
        lines = [["vendor", "list"], ["reconcile"], ["run", "--port", "0"]]
        for words, (code, said, complained) in zip(lines, site.commands(*lines), strict=True):
            assert (code, said) == (1, ""), words
            assert "tallystick server init" in complained
            assert complained.endswith("[NOT_INITIALISED]\n")


async def test_two_who_set_a_server_up_at_once_make_one_and_leave_nothing_running() -> None:
    with short_folder() as folder, made_site(folder / "home") as site:
        answers = site.commands(["init", "--json"], ["init", "--json"])
        assert [code for code, _, _ in answers] == [0, 0], answers
        assert answers[0] == answers[1]
        assert site.command("vendor", "list").stdout == "There are no vendors yet.\n"
        assert not (site.home / "postgres" / "data" / "postmaster.pid").exists()


async def test_reconcile_names_what_is_wrong_and_fails(site: Site) -> None:
    wallet = site.ask("customer", "add", "--name", "Mari", *LONDON)["wallet"]
    async with open_services(ServerSettings(home=site.home)) as services:
        await services.pool.execute("UPDATE wallet SET online = 7 WHERE wallet = $1", wallet)
        result = site.command("reconcile", "--json")
        in_words = site.command("reconcile")
        await services.pool.execute("UPDATE wallet SET online = 0 WHERE wallet = $1", wallet)
    assert (result.returncode, in_words.returncode) == (1, 1)
    report = json.loads(result.stdout)
    assert report["ok"] is False
    (finding,) = report["findings"]
    assert finding["check"] == "wallet_balances"
    assert finding["row"] == {"wallet": wallet, "account": "online", "balance": 7, "entries": None}
    assert "wallet_balances: a wallet's balance differs from the sum of its entries" in in_words.stdout


def test_vouchers_come_as_pictures_of_their_texts(site: Site, tmp_path: Path) -> None:
    wallet = site.ask("customer", "add", "--name", "Mari", *LONDON)["wallet"]
    site.ask("wallet", "fund", wallet, "10.00")
    site.ask("wallet", "move-offline", wallet, "10.00")
    issued = site.ask("codes", "issue", wallet, "--count", "1", "--png", str(tmp_path), "--svg", str(tmp_path / "svg"))
    (voucher,) = [one["voucher"] for one in issued["codes"]]
    expected = segno.make_qr(voucher, error="m")
    expected.save(str(tmp_path / "expected.png"), scale=6)
    (png,) = tmp_path.glob("voucher-*.png")
    assert png.read_bytes() == (tmp_path / "expected.png").read_bytes()
    (svg,) = (tmp_path / "svg").glob("voucher-*.svg")
    width, height = expected.symbol_size(scale=6)
    assert f'width="{width}" height="{height}"' in svg.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ["init"], ["run"], ["reconcile"], ["vendor", "add"], ["vendor", "policy"], ["vendor", "cashier"],
        ["policy", "preview"], ["policy", "versions"],
        ["customer", "add"], ["wallet", "fund"], ["wallet", "move-offline"], ["codes", "issue"], ["codes", "withdraw"],
        ["device", "token"], ["payment", "show"], ["payment", "review"],
        ["payment", "review-all"], ["policy", "confirm"], ["policy", "withdraw"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_help_shows_an_example(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    app([*words, "--help"], exit_on_error=False, result_action="return_value")
    shown = " ".join(capsys.readouterr().out.split())
    assert "Example:" in shown
    assert f"tallystick server {' '.join(words)}" in shown
