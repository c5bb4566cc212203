"""Commands in an admin's own name, under the rules of the console; and what is done without one, for all to see."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.syncserver.commands.test_commands import LONDON
from tests.syncserver.processes import Site

PASSWORD = "a password of its own"


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return str(file)


def admin(site: Site, login: str, secret: str) -> str:
    site.ask("admin", "create", "--login", login, "--password-file", secret)
    return login


def as_admin(site: Site, secret: str, login: str, *words: str) -> tuple[int, Any, str]:
    """Exit code, what it answers, and what it says of errors."""
    done = site.command(*words, "--as", login, "--password-file", secret, "--json")
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def test_looser_limits_wait_for_another_admin_and_tighter_ones_do_not(site: Site, secret: str, tmp_path: Path) -> None:
    ada, bob = admin(site, "ada-of-limits", secret), admin(site, "bob-of-limits", secret)
    vendor = site.ask("vendor", "add", "--name", "Limits Stall", *LONDON)["vendorId"]
    change = ("vendor", "policy", vendor)
    code, made, _ = as_admin(site, secret, ada, *change, "payment_limit=9000", "--reason", "a theft")
    assert (code, made["payment_limit"], "proposalId" in made) == (0, 9000, False)
    code, made, _ = as_admin(site, secret, ada, *change, "payment_limit=20000", "--reason", "a fair")
    assert (code, made["payment_limit"]) == (0, 9000)
    proposal = made["proposalId"]
    (waits,) = site.ask("policy", "proposals")["proposals"]
    assert (waits["proposalId"], waits["proposedBy"], waits["changes"]) == (proposal, ada, {"payment_limit": 20000})
    code, _, said = as_admin(site, secret, ada, "policy", "confirm", proposal)
    assert (code, "OTHER_ADMIN_NEEDED" in said) == (1, True)
    wrong = tmp_path / "wrong"
    wrong.write_text("another password\n", encoding="utf-8")
    code, _, said = as_admin(site, str(wrong), bob, "policy", "confirm", proposal)
    assert (code, "INVALID_CREDENTIALS" in said) == (1, True)
    code, confirmed, _ = as_admin(site, secret, bob, "policy", "confirm", proposal)
    assert (code, confirmed["state"]) == (0, "confirmed")
    assert site.ask(*change)["payment_limit"] == 20000
    (entry, *_) = site.ask("audit", "list", "--action", "policy.change")["entries"]
    assert entry["actor"].startswith("admin ")
    assert " by cli " in entry["origin"]


def test_a_proposal_is_withdrawn_with_a_reason(site: Site, secret: str) -> None:
    ada = admin(site, "ada-who-withdraws", secret)
    vendor = site.ask("vendor", "add", "--name", "Withdrawn Stall", *LONDON)["vendorId"]
    _, made, _ = as_admin(site, secret, ada, "vendor", "policy", vendor, "payment_limit=20000", "--reason", "a fair")
    code, one, _ = as_admin(site, secret, ada, "policy", "withdraw", made["proposalId"], "--reason", "it rains")
    assert (code, one["state"]) == (0, "withdrawn")


def test_what_is_done_by_command_alone_is_found(site: Site) -> None:
    vendor = site.ask("vendor", "add", "--name", "Operator's Stall", *LONDON)["vendorId"]
    site.ask("vendor", "policy", vendor, "payment_limit=20000", "--reason", "at once")
    found = site.ask("audit", "list", "--by-command", "--object", f"vendor {vendor}")["entries"]
    assert "policy.change" in {one["action"] for one in found}
    assert all(one["actor"].split()[0] == "cli" for one in found)


def test_a_whole_filter_is_decided_only_where_as_many_wait_as_were_typed(site: Site, secret: str) -> None:
    ada = admin(site, "ada-of-many", secret)
    code, _, said = as_admin(site, secret, ada, "payment", "review-all", "3", "--approve", "--flag", "DISTANCE")
    assert (code, "COUNT_CHANGED" in said) == (1, True)
    assert site.ask("second") == {"asked": []}
