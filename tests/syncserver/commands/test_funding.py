"""`tallystick server funding …`: our bank accounts, their statements, and whose money it is."""

from pathlib import Path

from syncserver.wallets.funding.references import reference_of
from tests.syncserver.processes import Site
from tests.syncserver.rest.statements import ACCOUNT, Row, camt, table

HOLDER = ("--holder", "Tallystick Ltd", "--currency", "EUR")


def test_a_statement_is_imported_once_and_the_rest_assigned(site: Site, tmp_path: Path) -> None:
    made = site.ask("customer", "add", "--name", "Maria Tamm", "--lat", "51.5", "--lon", "-0.12", "--currency", "EUR")
    wallet = made["wallet"]
    file = tmp_path / "statement.xml"
    row = Row(reference="A1", structured=reference_of(wallet))
    file.write_bytes(camt(row, Row(reference="A2", credit=False, text="fees")))
    assert "UNKNOWN_BANK_ACCOUNT" in site.command("funding", "import", str(file)).stderr
    account = site.ask("funding", "account", "ee38 2200 2210 2014 5685", *HOLDER)
    assert account == {"account": ACCOUNT, "holder": "Tallystick Ltd", "bic": None, "currency": "EUR"}
    assert account in site.ask("funding", "accounts")["accounts"]
    # Debits are in every statement, and nobody has to look at them.
    imported = site.ask("funding", "import", str(file))
    assert imported == {
        "credited": 1,
        "payouts": 0,
        "sums": {"EUR": 1_250},
        "known": 0,
        "pending": 0,
        "empty": 0,
        "unmatched": {"DEBIT": 1},
        "waiting": 0,
    }
    more = tmp_path / "statement.csv"
    more.write_bytes(table(row, Row(reference="A3", amount="5,00", text="from Maria"), account=None))
    told = site.command("funding", "import", str(more), "--account", ACCOUNT)
    assert (told.returncode, told.stdout) == (1, "0 credited\n1 unmatched: NO_REFERENCE\n1 known\n")
    (entry,) = site.ask("funding", "entries", "--reason", "NO_REFERENCE")["entries"]
    assert (entry["amount"], entry["remittance"]) == (500, "from Maria")
    assert site.ask("funding", "assign", entry["entryId"], wallet)["state"] == "credited"
    assert "BANK_ENTRY_STATE" in site.command("funding", "assign", entry["entryId"], wallet).stderr
    assert site.ask("wallet", "show", wallet)["online"] == 1_750
    assert site.ask("reconcile")["ok"] is True


def test_what_is_no_file_or_account_is_refused_in_words(site: Site, tmp_path: Path) -> None:
    for arguments, code in (
        (("import", str(tmp_path / "nothing.xml")), "INVALID_STATEMENT"),
        (("import", str(tmp_path)), "INVALID_STATEMENT"),
        (("account", "EE382200221020145686", *HOLDER), "INVALID_BANK_ACCOUNT"),
        (("account", "EE 38/22", *HOLDER), "INVALID_BANK_ACCOUNT"),
        (("account", ACCOUNT, "--holder", " ", "--currency", "EUR"), "INVALID_BANK_ACCOUNT"),
        (("account", ACCOUNT, *HOLDER, "--bic", "x"), "INVALID_BANK_ACCOUNT"),
        (("account", ACCOUNT, "--holder", "x", "--currency", "EURO"), "INVALID_CURRENCY"),
    ):
        done = site.command("funding", *arguments)
        assert (done.returncode, code in done.stderr) == (1, True), done.stderr
