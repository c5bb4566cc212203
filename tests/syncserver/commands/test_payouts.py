"""`tallystick server payouts …`: where vendors are paid, runs, and the file for the bank."""

import asyncio
import hashlib
from pathlib import Path

from shared.ids import uuid_bytes
from shared.money import Money
from syncserver.composition import open_services
from syncserver.payments import online
from tests.syncserver.payouts.kit import IBAN, back, out
from tests.syncserver.processes import Site
from tests.syncserver.rest.statements import camt

OURS = "EE482200221020145699"


async def _sell(site: Site, wallet: str, vendor: str, minor: int) -> None:
    async with (
        open_services(site.settings()) as services,
        services.pool.acquire() as connection,
        connection.transaction(),
    ):
        order = online.Order(wallet, uuid_bytes(vendor), Money(minor, "EUR"), None, "test")
        await online.pay(connection, services, order)


def test_a_vendor_is_paid_from_the_command_line(site: Site, tmp_path: Path) -> None:
    place = ("--lat", "59", "--lon", "24", "--currency", "EUR")
    vendor = site.ask("vendor", "add", "--name", "Bakery", *place)["vendorId"]
    wallet = site.ask("customer", "add", "--name", "Maria Tamm", *place)["wallet"]
    site.ask("wallet", "fund", wallet, "100.00")
    site.ask("funding", "account", OURS, "--holder", "Tallystick Ltd", "--currency", "EUR")
    assert site.ask("payouts", "account", vendor)["accounts"] == []
    refused = site.command("payouts", "account", vendor, "DE89370400440532013001", "--holder", "Bakery")
    assert (refused.returncode, "INVALID_PAYOUT_ACCOUNT" in refused.stderr) == (1, True)
    (account,) = site.ask("payouts", "account", vendor, IBAN, "--holder", "Bakery", "--minimum", "5.00")["accounts"]
    assert (account["account"], account["minimum"], account["confirmed"]) == (IBAN, 500, True)
    assert "NOTHING_TO_PAY" in site.command("payouts", "propose", "--vendor", vendor).stderr

    asyncio.run(_sell(site, wallet, vendor, 1_250))
    run = site.ask("payouts", "propose", "--ours", OURS)
    assert (run["state"], run["total"]) == ("proposed", 1_250)
    run_id, file = run["runId"], tmp_path / "payouts.xml"
    assert "PAYOUT_STATE" in site.command("payouts", "file", run_id, "--out", str(file)).stderr
    assert site.ask("payouts", "approve", run_id)["state"] == "approved"
    nowhere = site.command("payouts", "file", run_id, "--out", str(tmp_path / "none" / "x.xml"))
    assert (nowhere.returncode, "PAYMENT_FILE" in nowhere.stderr) == (1, True)
    made = site.ask("payouts", "file", run_id, "--out", str(file))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == made["sha256"]
    assert site.ask("payouts", "file", run_id, "--out", str(tmp_path / "again.xml"))["sha256"] == made["sha256"]

    (payout,) = site.ask("payouts", "list", "--state", "sent")["payouts"]
    facts = {"endToEndId": payout["endToEndId"], "amount": {"text": "12.50"}}
    statement = tmp_path / "statement.xml"
    statement.write_bytes(camt(out(facts), back(facts), account=OURS))
    assert site.ask("funding", "import", str(statement))["payouts"] == 2
    assert site.ask("payouts", "list", "--vendor", vendor)["payouts"][0]["state"] == "returned"

    second = site.ask("payouts", "propose", "--by-hand")
    assert site.ask("payouts", "cancel", second["runId"], "--reason", "the wrong day")["state"] == "cancelled"
    third = site.ask("payouts", "propose", "--by-hand")
    site.ask("payouts", "approve", third["runId"])
    (by_hand,) = site.ask("payouts", "show", third["runId"])["payouts"]
    assert site.ask("payouts", "outcome", by_hand["payoutId"], "paid", "--reference", "FT-1")["state"] == "paid"
    assert "PAYOUT_STATE" in site.command("payouts", "outcome", by_hand["payoutId"], "failed", "--reason", "x").stderr
    assert [one["state"] for one in site.ask("payouts", "runs")["runs"]] == ["done", "cancelled", "done"]
    assert site.ask("reconcile")["ok"] is True
