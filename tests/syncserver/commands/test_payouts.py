"""`tallystick server payouts …`: where vendors are paid, runs, and the file for the bank."""

import asyncio
import hashlib
from pathlib import Path

from shared.ids import uuid_text
from shared.money import Money
from syncserver.composition import open_services
from syncserver.payments import online
from syncserver.payouts import accounts as payout_accounts
from syncserver.registry import vendors
from syncserver.wallets import accounts
from syncserver.wallets.funding import bank_accounts
from tests.syncserver.kit import TALLINN
from tests.syncserver.payouts.kit import IBAN, back, out
from tests.syncserver.processes import Site
from tests.syncserver.rest.statements import camt

OURS = "EE482200221020145699"


async def _owed(site: Site, minor: int, *, account: bool = True) -> str:
    """A new vendor that is owed something: its id."""
    async with open_services(site.settings()) as services:
        await bank_accounts.add(services, account=OURS, holder="Tallystick Ltd", currency="EUR")
        vendor = await vendors.add_vendor(services, name="Bakery", place=TALLINN, currency="EUR")
        made = await accounts.add_customer(services, name="Maria Tamm", home=TALLINN, currency="EUR")
        await accounts.fund(services, made.wallet, "100.00", "test")
        async with services.pool.acquire() as connection, connection.transaction():
            await online.pay(connection, services, online.Order(made.wallet, vendor, Money(minor, "EUR"), None, "test"))
            if account:
                await payout_accounts.ask(connection, services, "cli test", vendor, account=IBAN, holder="Bakery")
    return uuid_text(vendor)


def test_a_vendors_account_is_checked_and_counts_at_once(site: Site) -> None:
    vendor = asyncio.run(_owed(site, 400, account=False))
    (shown, propose, digits, holder) = site.commands(
        ["payouts", "account", vendor],
        ["payouts", "propose", "--vendor", vendor],
        ["payouts", "account", vendor, "DE89370400440532013001", "--holder", "Bakery"],
        ["payouts", "account", vendor, IBAN],
    )
    assert (shown[0], shown[1]) == (0, "It has none.\n")
    for (code, _, said), error in ((propose, "NO_PAYOUT_ACCOUNT"), (digits, "INVALID_PAYOUT"), (holder, "INVALID_PAY")):
        assert (code, error in said) == (1, True), said
    (account,) = site.ask("payouts", "account", vendor, IBAN, "--holder", "Bakery", "--minimum", "5.00")["accounts"]
    assert (account["account"], account["minimum"], account["confirmed"]) == (IBAN, 500, True)
    assert "NOTHING_TO_PAY" in site.command("payouts", "propose", "--vendor", vendor).stderr


def test_a_run_becomes_a_file_and_the_banks_statement_settles_it(site: Site, tmp_path: Path) -> None:
    vendor = asyncio.run(_owed(site, 1_250))
    run = site.ask("payouts", "propose", "--vendor", vendor, "--ours", OURS)
    assert (run["state"], run["total"]) == ("proposed", 1_250)
    run_id, file = run["runId"], tmp_path / "payouts.xml"
    assert "PAYOUT_STATE" in site.command("payouts", "file", run_id, "--out", str(file)).stderr
    assert site.ask("payouts", "approve", run_id)["state"] == "approved"
    made = site.ask("payouts", "file", run_id, "--out", str(file))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == made["sha256"]
    again, nowhere = site.commands(
        ["payouts", "file", run_id, "--out", str(tmp_path / "again.xml")],
        ["payouts", "file", run_id, "--out", str(tmp_path / "none" / "x.xml")],
    )
    assert (again[0], (tmp_path / "again.xml").read_bytes()) == (0, file.read_bytes())
    assert (nowhere[0], "PAYMENT_FILE" in nowhere[2]) == (1, True)
    (payout,) = site.ask("payouts", "list", "--state", "sent", "--vendor", vendor)["payouts"]
    facts = {"endToEndId": payout["endToEndId"], "amount": {"text": "12.50"}}
    statement = tmp_path / "statement.xml"
    statement.write_bytes(camt(out(facts), back(facts), account=OURS))
    assert site.ask("funding", "import", str(statement))["payouts"] == 2
    assert site.ask("payouts", "show", run_id)["payouts"][0]["state"] == "returned"


def test_a_run_is_called_off_or_paid_by_hand(site: Site) -> None:
    vendor = asyncio.run(_owed(site, 700))
    propose = ("payouts", "propose", "--vendor", vendor, "--by-hand")
    first = site.ask(*propose)
    assert site.ask("payouts", "cancel", first["runId"], "--reason", "the wrong day")["state"] == "cancelled"
    second = site.ask(*propose)
    (payout,) = site.ask("payouts", "approve", second["runId"])["payouts"]
    outcome = ("payouts", "outcome", payout["payoutId"])
    assert site.ask(*outcome, "paid", "--reference", "FT-1")["state"] == "paid"
    assert "PAYOUT_STATE" in site.command(*outcome, "failed", "--reason", "x").stderr
    listed = [one for one in site.ask("payouts", "runs")["runs"] if one["runId"] in (first["runId"], second["runId"])]
    assert [one["state"] for one in listed] == ["done", "cancelled"]
    assert site.ask("reconcile")["ok"] is True
