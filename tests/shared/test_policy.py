"""A policy has the defaults of docs/risk.md, and no value that could not be meant."""

from typing import Any

import pytest

from shared.errors import PolicyError
from shared.policy import Policy, from_wire
from shared.reasons import ADJUSTABLE, RULES, Action, Reason

FIXED = {Reason.CODE_INVALID, Reason.CODE_SPENT, Reason.OVER_CAP, Reason.CURRENCY, Reason.FORK}


def test_the_defaults_are_those_of_the_page() -> None:
    assert Policy().to_wire() == {
        "payment_limit": 10_000,
        "daily_limit": 40_000,
        "exposure_limit": 500_000,
        "exposure_count": 500,
        "rate_count": 10,
        "rate_seconds": 60,
        "radius_m": 20_000,
        "streak_warn": 3,
        "streak_stop": 5,
        "book_hours": 24,
        "voucher_hours": 72,
        "upload_hours": 72,
        "clock_tolerance_s": 300,
        "speed_kmh": 900,
        "score_flag": 50,
        "score_fail": 90,
        "guesses_sale": 3,
        "guesses_customer_hour": 5,
        "guesses_terminal_hour": 20,
        "loss_bearer": "vendor",
        "actions": {},
    }


def test_a_book_without_limits_means_the_defaults_and_unknown_fields_are_ignored() -> None:
    assert from_wire({}) == from_wire({"tomorrow": [1], 7: None, b"x": 1.5}) == Policy()


def test_a_change_leaves_everything_else_as_it_was() -> None:
    changed = Policy(payment_limit=7).with_changes({"daily_limit": 8, "actions": {"LATE": "settle"}})
    assert (changed.payment_limit, changed.daily_limit, changed.radius_m) == (7, 8, 20_000)
    assert changed.actions == {Reason.LATE: Action.SETTLE}


def test_a_changed_action_leaves_the_other_actions() -> None:
    once = Policy().with_changes({"actions": {"LATE": "settle"}})
    twice = once.with_changes({"actions": {"SPEED": "settle"}})
    assert twice.actions == {Reason.LATE: Action.SETTLE, Reason.SPEED: Action.SETTLE}


@pytest.mark.parametrize(
    "change",
    [
        {"tomorrow": 1},
        {7: 1},
        {"payment_limit": -1},
        {"payment_limit": 1.0},
        {"payment_limit": True},
        {"payment_limit": "100"},
        {"payment_limit": None},
        {"payment_limit": 2**53},
        {"loss_bearer": "customer"},
        {"loss_bearer": []},
        {"score_flag": 91},
        {"score_fail": 49},
        {"actions": []},
        {"actions": {"LATE": "refuse"}},
        {"actions": {"LATE": 1}},
        {"actions": {"LATE": []}},
        {"actions": {"LATE": {}}},
        {"actions": {"TOMORROW": "flag"}},
        {"actions": {1: "flag"}},
        *({"actions": {reason.value: "settle"}} for reason in sorted(FIXED)),
    ],
    ids=str,
)
def test_what_could_not_be_meant_is_refused(change: dict[Any, Any]) -> None:
    with pytest.raises(PolicyError):
        Policy().with_changes(change)


def test_a_terminal_ignores_the_action_of_a_reason_that_it_does_not_know_or_that_is_fixed() -> None:
    wire = {"actions": {"TOMORROW": "fail", "CODE_INVALID": "settle", "LATE": "fail"}}
    assert from_wire(wire).actions == {Reason.LATE: Action.FAIL}


def test_a_terminal_refuses_an_action_that_it_does_not_know() -> None:
    unknown: tuple[object, ...] = ("refuse", "FAIL", 3, None, [], {})
    for action in unknown:
        with pytest.raises(PolicyError):
            from_wire({"actions": {"LATE": action}})


def test_every_reason_has_a_rule_and_five_are_fixed() -> None:
    assert set(RULES) == set(Reason)
    assert {reason for reason in Reason if reason.value not in ADJUSTABLE} == FIXED
