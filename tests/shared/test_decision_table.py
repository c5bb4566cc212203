"""The table of docs/risk.md, row by row."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.geo import Place, haversine_m
from shared.policy import Policy
from shared.reasons import ADJUSTABLE, RULES, Action, Reason, Side
from shared.rules.decision import (
    Blocked,
    CodeStanding,
    PaymentFacts,
    Sighting,
    TillFacts,
    action_of,
    decide,
    exceeds_rate,
    too_fast,
)
from tests.shared.facts import FAR, GOOD, NOW, PARIS, POLICY, REASON_CHANGES, SHOP

SETTLE, FLAG, REFUSE, FAIL = Action.SETTLE, Action.FLAG, Action.REFUSE, Action.FAIL
TILL, SERVER = Side.TILL, Side.SERVER
R = Reason
# reason, what it does before the sale (and to an online payment), what it does to an offline record
TABLE = [
    (R.CODE_INVALID, FAIL, FAIL),
    (R.CODE_WITHDRAWN, FAIL, FLAG),
    (R.CODE_SPENT, REFUSE, FLAG),
    (R.OVER_CAP, FAIL, FAIL),
    (R.CURRENCY, FAIL, FAIL),
    (R.DISTANCE, FLAG, FLAG),
    (R.DAILY_LIMIT, FAIL, FLAG),
    (R.RATE_LIMIT, FAIL, FLAG),
    (R.PAYMENT_LIMIT, FAIL, FAIL),
    (R.STREAK, REFUSE, FLAG),
    (R.TERMINAL_EXPOSURE, REFUSE, FLAG),
    (R.STALE_BOOK, REFUSE, FLAG),
    (R.CLOCK, FLAG, FLAG),
    (R.LATE, FLAG, FLAG),
    (R.BLOCKED, FAIL, FAIL),  # known before the record's book; see below for the others
    (R.FORK, FLAG, FLAG),
    (R.SPEED, FLAG, FLAG),
    (R.SCORE, FAIL, FLAG),
]


def _with(*reasons: Reason, **changes: Any) -> PaymentFacts:
    for reason in reasons:
        changes = {**REASON_CHANGES[reason], **changes}
    return replace(GOOD, **changes)


def _reasons(facts: PaymentFacts, policy: Policy = POLICY, side: Side = SERVER) -> tuple[str, ...]:
    return decide(facts, policy, side).reasons


@pytest.mark.parametrize("side", Side)
def test_a_payment_that_nothing_speaks_against_settles(side: Side) -> None:
    verdict = decide(GOOD, POLICY, side)
    assert (verdict.action, verdict.reasons) == (SETTLE, ())


def test_the_table_has_a_row_for_every_reason() -> None:
    assert {reason for reason, _, _ in TABLE} == set(Reason) == set(REASON_CHANGES)


@pytest.mark.parametrize(("reason", "till", "server"), TABLE)
def test_each_reason_does_what_its_row_says(reason: Reason, till: Action, server: Action) -> None:
    for side, action in ((TILL, till), (SERVER, server)):
        verdict = decide(_with(reason), POLICY, side)
        assert (verdict.action, verdict.reasons) == (action, (reason,)), side


@pytest.mark.parametrize(("reason", "till", "server"), TABLE)
def test_what_a_till_could_not_know_never_fails_an_honest_record(reason: Reason, till: Action, server: Action) -> None:
    """Whatever a policy says: where the actions differ, the server's stays at its flag."""
    if reason.value not in ADJUSTABLE or reason is R.BLOCKED:
        return
    strict = Policy(actions={reason: FAIL})
    assert decide(_with(reason), strict, TILL).action is FAIL
    assert decide(_with(reason), strict, SERVER).action is (FLAG if server < till else FAIL)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.value in ADJUSTABLE])
@pytest.mark.parametrize("chosen", [SETTLE, FLAG, FAIL])
def test_a_policy_chooses_the_action_of_a_reason_at_the_till(reason: Reason, chosen: Action) -> None:
    verdict = decide(_with(reason), Policy(actions={reason: chosen}), TILL)
    assert (verdict.action, verdict.reasons) == (chosen, (reason,))


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.value not in ADJUSTABLE])
def test_no_policy_changes_what_a_fixed_reason_does(reason: Reason) -> None:
    for side in Side:
        assert action_of(reason, Policy(actions={reason: SETTLE}), side) is RULES[reason].action(side)


def test_the_worst_reason_wins_and_all_are_named_in_order() -> None:
    verdict = decide(_with(R.SPEED, R.LATE, R.OVER_CAP), POLICY, SERVER)
    assert (verdict.action, verdict.reasons) == (FAIL, ("LATE", "OVER_CAP", "SPEED"))
    assert verdict.weights == {"LATE": FLAG, "OVER_CAP": FAIL, "SPEED": FLAG}


def test_a_code_that_was_not_proved_has_neither_cap_nor_claim() -> None:
    assert _reasons(_with(R.CODE_INVALID, R.CODE_SPENT, R.OVER_CAP)) == ("CODE_INVALID",)


def test_a_withdrawn_code_still_has_its_cap_and_its_claim() -> None:
    facts = replace(GOOD, code=CodeStanding.WITHDRAWN, spent=True, cap=1)
    assert _reasons(facts) == ("CODE_SPENT", "CODE_WITHDRAWN", "OVER_CAP")


@pytest.mark.parametrize(
    ("cap", "limit", "expected"),
    [(1_250, 1_250, ()), (1_249, 1_250, ("OVER_CAP",)), (1_250, 1_249, ("PAYMENT_LIMIT",))],
)
def test_cap_and_payment_limit_may_be_reached_and_not_passed(cap: int, limit: int, expected: tuple[str, ...]) -> None:
    assert _reasons(replace(GOOD, cap=cap), Policy(payment_limit=limit)) == expected


@pytest.mark.parametrize("name", ["currency", "wallet_currency", "vendor_currency"])
def test_any_of_the_three_currencies_may_be_the_odd_one(name: str) -> None:
    change: dict[str, Any] = {name: "SEK"}
    assert _reasons(replace(GOOD, **change)) == ("CURRENCY",)


def test_the_day_may_reach_its_limit_exactly() -> None:
    assert _reasons(replace(GOOD, day_total=40_000 - 1_250)) == ()
    assert _reasons(replace(GOOD, day_total=40_000 - 1_249)) == ("DAILY_LIMIT",)


def test_the_distance_may_reach_the_radius_exactly() -> None:
    metres = haversine_m(SHOP, FAR)
    assert 20_000 < metres < 20_020
    facts = replace(GOOD, home=FAR)
    assert _reasons(facts, Policy(radius_m=int(metres) + 1)) == ()
    assert _reasons(facts, Policy(radius_m=int(metres))) == ("DISTANCE",)
    assert _reasons(replace(GOOD, home=SHOP), Policy(radius_m=0)) == ()


def test_a_home_or_a_place_that_is_not_known_gives_no_distance() -> None:
    assert _reasons(replace(GOOD, home=None)) == _reasons(replace(GOOD, place=None, home=FAR)) == ()


def _at(*seconds: float) -> tuple[Sighting, ...]:
    return tuple(Sighting(NOW + int(second * 1_000), SHOP) for second in seconds)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (_at(*[-1] * 9), False),  # ten with this one
        (_at(*[-1] * 10), True),
        (_at(*[1] * 10), True),  # later ones that were uploaded earlier
        (_at(*[-30] * 5, *[30] * 5), True),  # a window around it
        (_at(*[-30] * 5, *[31] * 5), False),  # 61 seconds from first to last
        (_at(*[-60] * 10), True),  # the window's edge belongs to it
        (_at(*[-60.001] * 10), False),
        (_at(*range(-60, 0, 6)), True),
        (_at(*range(-66, -6, 6)), False),
        (_at(*[0] * 10), True),
        # Eleven others among themselves, none of whose windows holds this one: not this payment's reason.
        (_at(*[-61] * 11), False),
    ],
)
def test_more_than_ten_in_any_window_of_a_minute_are_too_many(others: tuple[Sighting, ...], expected: bool) -> None:
    for order in (others, others[::-1]):
        assert (_reasons(replace(GOOD, others=order)) == ("RATE_LIMIT",)) is expected
        assert exceeds_rate([other.when for other in order], NOW, 10, 60) is expected


def test_a_rate_of_none_takes_none() -> None:
    assert exceeds_rate([], NOW, 0, 60)
    assert not exceeds_rate([], NOW, 1, 60)


@pytest.mark.parametrize(
    ("till", "expected"),
    [
        (TillFacts(streak=4), ()),
        (TillFacts(streak=5), ("STREAK",)),
        (TillFacts(unsynced_total=500_000 - 1_250), ()),
        (TillFacts(unsynced_total=500_000 - 1_249), ("TERMINAL_EXPOSURE",)),
        (TillFacts(unsynced_count=499), ()),
        (TillFacts(unsynced_count=500), ("TERMINAL_EXPOSURE",)),
        (TillFacts(stale_book=True), ("STALE_BOOK",)),
    ],
)
def test_a_tills_own_limits_may_be_reached_and_not_passed(till: TillFacts, expected: tuple[str, ...]) -> None:
    assert _reasons(replace(GOOD, till=till), side=TILL) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"at": NOW + 300_000}, ()),
        ({"at": NOW + 300_001}, ("CLOCK",)),
        ({"at": NOW - 300_000}, ()),
        ({"at": NOW - 300_001, "previous_at": None}, ("CLOCK",)),
        ({"previous_at": NOW + 300_000}, ()),
        ({"previous_at": NOW + 300_001}, ("CLOCK",)),
        ({"at": None, "previous_at": NOW + 900_000}, ()),
        ({"received": NOW + 72 * 3_600_000}, ()),
        ({"received": NOW + 72 * 3_600_000 + 1}, ("LATE",)),
        ({"received": None}, ()),
    ],
)
def test_clocks_and_uploads_have_their_tolerance(change: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert _reasons(replace(GOOD, **change)) == expected


@pytest.mark.parametrize(
    ("blocked", "side", "action"),
    [
        (Blocked.KNOWN, TILL, FAIL),
        (Blocked.KNOWN, SERVER, FAIL),
        (Blocked.SINCE, TILL, FLAG),
        (Blocked.SINCE, SERVER, FLAG),
    ],
)
def test_a_block_fails_what_its_till_could_know_and_flags_the_rest(
    blocked: Blocked, side: Side, action: Action
) -> None:
    verdict = decide(replace(GOOD, blocked=blocked), POLICY, side)
    assert (verdict.action, verdict.reasons) == (action, ("BLOCKED",))


def test_no_policy_fails_a_record_for_a_block_that_its_till_could_not_know() -> None:
    strict = Policy(actions={R.BLOCKED: FAIL})
    assert decide(replace(GOOD, blocked=Blocked.SINCE), strict, SERVER).action is FLAG


@pytest.mark.parametrize(
    ("score", "till", "server"),
    [
        (0, SETTLE, SETTLE),
        (49, SETTLE, SETTLE),
        (50, FLAG, FLAG),
        (89, FLAG, FLAG),
        (90, FAIL, FLAG),
        (100, FAIL, FLAG),
    ],
)
def test_a_score_has_two_bands(score: int, till: Action, server: Action) -> None:
    facts = replace(GOOD, score=score)
    assert (decide(facts, POLICY, TILL).action, decide(facts, POLICY, SERVER).action) == (till, server)
    assert _reasons(facts) == (("SCORE",) if score >= 50 else ())


def test_a_policy_may_ignore_scores() -> None:
    relaxed = Policy(actions={R.SCORE: SETTLE})
    assert {decide(replace(GOOD, score=score), relaxed, side).action for score in (60, 95) for side in Side} == {SETTLE}


@pytest.mark.parametrize("flag", [*(reason.value for reason in Reason), "TOMORROW", "", "code_invalid"])
@pytest.mark.parametrize("side", Side)
def test_a_tills_own_flag_adds_its_reason_and_flags_at_most(flag: str, side: Side) -> None:
    verdict = decide(replace(GOOD, flags=(flag,)), POLICY, side)
    assert (verdict.action, verdict.reasons) == (FLAG, (flag,))


def test_a_flag_has_the_milder_action_of_its_policy_and_never_a_worse_one() -> None:
    assert decide(replace(GOOD, flags=("LATE",)), Policy(actions={R.LATE: SETTLE}), SERVER).action is SETTLE
    assert decide(replace(GOOD, flags=("LATE",)), Policy(actions={R.LATE: FAIL}), SERVER).action is FLAG


def test_a_flag_never_makes_what_the_server_found_milder_and_is_named_once() -> None:
    verdict = decide(_with(R.OVER_CAP, flags=("OVER_CAP", "OVER_CAP")), POLICY, SERVER)
    assert (verdict.action, verdict.reasons) == (FAIL, ("OVER_CAP",))


def test_speed_counts_the_uncertainty_of_both_clocks_in_favour_of_the_customer() -> None:
    metres = haversine_m(SHOP, PARIS)
    needed = int(metres * 3_600 / 900) + 1  # ms at 900 km/h
    assert not too_fast(NOW, SHOP, 0, (Sighting(NOW - needed, PARIS),), 900)
    assert not too_fast(NOW, SHOP, 0, (Sighting(NOW + needed, PARIS),), 900)
    assert too_fast(NOW, SHOP, 0, (Sighting(NOW - needed + 2, PARIS),), 900)
    assert not too_fast(NOW, SHOP, 1_000, (Sighting(NOW - needed + 2_000, PARIS, 1_000),), 900)
    assert too_fast(NOW, SHOP, 1_000, (Sighting(NOW - needed + 2_003, PARIS, 1_000),), 900)


def test_two_payments_at_one_place_and_time_are_no_journey() -> None:
    assert not too_fast(NOW, SHOP, 0, (Sighting(NOW, SHOP),), 900)
    assert not too_fast(NOW, SHOP, 0, (Sighting(NOW, None),), 900), "an online payment of no known place"
    assert too_fast(NOW, SHOP, 0, (Sighting(NOW, None), Sighting(NOW, PARIS)), 900)
    assert too_fast(NOW, SHOP, 0, (Sighting(NOW, Place(SHOP.lat + 1, SHOP.lon)),), 900)
