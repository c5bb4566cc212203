"""What the console calls limits, causes and actors; and how it shows figures and names."""

from dataclasses import fields

import pytest

from shared.policy import Policy
from syncserver.console.rendering import money, name
from syncserver.console.words import LIMITS, cause, limit, who
from syncserver.ledger.postings import Cause

ADA = "01a2192b-b8a9-79a8-a80f-7d6482bc41c7"


def test_every_limit_is_in_the_editor_once_and_has_a_name() -> None:
    shown = [name for _, group in LIMITS for name, _, _ in group]
    assert sorted([*shown, "loss_bearer", "actions"]) == sorted(field.name for field in fields(Policy))
    assert limit("radius_m") == "Far from home from (metres)"
    assert limit("actions.DISTANCE") == "Where a payment is DISTANCE"


def test_every_cause_has_words() -> None:
    assert [one for one in Cause if "_" in cause(one.value)] == []
    assert cause("claim") == "payment"


@pytest.mark.parametrize(
    ("actor", "said"),
    [
        (f"superadmin {ADA}", "ada"),
        ("admin 01a2192b-be64-705f-b47e-3d645495df67", "admin 3d645495df67"),
        ("device 01a2192b340d7846a4b7ca99ccfaa984", "the till (ca99ccfaa984)"),
        ("cli root", "root, by a command"),
        ("bank", "bank"),
        (f"bank import, superadmin {ADA}", "bank import, ada"),
        (None, "-"),
    ],
)
def test_who_did_something_is_told_by_their_login(actor: str | None, said: str) -> None:
    assert who(actor, {ADA: "ada"}) == said


@pytest.mark.parametrize(
    ("minor", "shown"),
    [
        (123_456, "1234.56"),
        (2_506_769, '<span class="group">25</span>067.69'),
        (-123_456_789, '<span class="group">-1</span><span class="group">234</span>567.89'),
        (-10_000_000, '<span class="group">-100</span>000.00'),
    ],
)
def test_long_figures_have_gaps_that_nobody_copies(minor: int, shown: str) -> None:
    assert money(minor, "EUR") == f'<span class="money">{shown} <small>EUR</small></span>'


def test_a_long_name_may_be_broken_and_runs_nothing() -> None:
    assert name("Corner Shop") == '<span class="short-name">Corner Shop</span>'
    assert name("<b>" * 9).startswith('<span class="name">&lt;b&gt;')
