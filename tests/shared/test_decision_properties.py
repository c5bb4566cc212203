"""What holds for every payment, whatever its facts and policy."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.policy import Policy
from shared.reasons import Action, Reason, Side
from shared.rules.decision import Blocked, CodeStanding, PaymentFacts, Sighting, TillFacts, decide, exceeds_rate
from tests.shared.facts import GOOD, NOW, REASON_CHANGES
from tests.shared.samples import places, policies

_times = st.integers(NOW - 400_000, NOW + 400_000)
_sightings = st.lists(st.builds(Sighting, _times, places, st.integers(0, 600_000)), max_size=14).map(tuple)
_flags = st.lists(st.sampled_from([*Reason, "TOMORROW"]).map(str), max_size=4).map(tuple)
_small = st.integers(0, 60_000)
facts_ = st.builds(
    PaymentFacts,
    amount=st.integers(1, 20_000),
    currency=st.sampled_from(["EUR", "SEK"]),
    wallet_currency=st.just("EUR"),
    vendor_currency=st.just("EUR"),
    code=st.sampled_from(CodeStanding),
    cap=_small,
    when=_times,
    spent=st.booleans(),
    place=st.none() | places,
    home=st.none() | places,
    uncertainty=st.integers(0, 600_000),
    day_total=_small,
    others=_sightings,
    at=st.none() | _times,
    previous_at=st.none() | _times,
    received=st.none() | st.integers(NOW, NOW + 80 * 3_600_000),
    blocked=st.sampled_from(Blocked),
    fork=st.booleans(),
    score=st.integers(0, 100),
    till=st.none() | st.builds(TillFacts, streak=st.integers(0, 9), stale_book=st.booleans()),
    flags=_flags,
)
sides = st.sampled_from(Side)


@given(facts_, policies, sides)
def test_a_verdict_is_its_worst_reason_and_the_reasons_are_sorted_each_once(
    facts: PaymentFacts, policy: Policy, side: Side
) -> None:
    verdict = decide(facts, policy, side)
    assert list(verdict.reasons) == sorted(set(verdict.reasons))
    assert verdict.action == max(verdict.weights.values(), default=Action.SETTLE)
    assert set(verdict.weights) == set(verdict.reasons)
    if verdict.action is not Action.SETTLE:
        assert verdict.reasons


@given(st.permutations(sorted(REASON_CHANGES)), policies, sides)
def test_another_reason_never_makes_a_verdict_milder(order: list[Reason], policy: Policy, side: Side) -> None:
    facts, changed = GOOD, set[str]()
    for reason in order:
        changes = REASON_CHANGES[reason]
        if changed.isdisjoint(changes):  # a fact that was changed for another reason stays
            changed.update(changes)
            before, facts = facts, replace(facts, **changes)
            assert decide(facts, policy, side).action >= decide(before, policy, side).action


@given(facts_, st.sampled_from([*Reason, "TOMORROW"]).map(str), policies, sides)
def test_a_flag_of_the_till_never_makes_a_verdict_milder_nor_worse_than_flagged(
    facts: PaymentFacts, flag: str, policy: Policy, side: Side
) -> None:
    before = decide(facts, policy, side)
    after = decide(replace(facts, flags=(*facts.flags, flag)), policy, side)
    assert before.action <= after.action <= max(before.action, Action.FLAG)
    assert set(after.reasons) == {*before.reasons, flag}


@given(facts_, policies, sides, st.data())
def test_the_order_in_which_payments_arrive_does_not_matter(
    facts: PaymentFacts, policy: Policy, side: Side, data: st.DataObject
) -> None:
    shuffled = replace(
        facts,
        others=tuple(data.draw(st.permutations(facts.others))),
        flags=tuple(data.draw(st.permutations(facts.flags))),
    )
    assert decide(shuffled, policy, side) == decide(facts, policy, side)


@given(facts_, policies)
def test_the_server_is_never_stricter_than_the_till(facts: PaymentFacts, policy: Policy) -> None:
    till, server = (decide(facts, policy, side) for side in Side)
    assert server.action <= till.action
    assert server.reasons == till.reasons


@given(facts_, policies)
def test_the_server_refuses_nothing(facts: PaymentFacts, policy: Policy) -> None:
    assert decide(facts, policy, Side.SERVER).action is not Action.REFUSE


_UNKNOWABLE = {
    Reason.CODE_WITHDRAWN, Reason.CODE_SPENT, Reason.DAILY_LIMIT, Reason.RATE_LIMIT, Reason.STREAK,
    Reason.TERMINAL_EXPOSURE, Reason.STALE_BOOK, Reason.SCORE,
}  # fmt: skip


@given(st.sets(st.sampled_from(sorted(_UNKNOWABLE))), policies)
def test_nothing_that_a_till_could_not_know_fails_its_record(reasons: set[Reason], policy: Policy) -> None:
    facts = GOOD
    for reason in reasons:
        facts = replace(facts, **REASON_CHANGES[reason])
    facts = replace(facts, blocked=Blocked.SINCE)
    verdict = decide(facts, policy, Side.SERVER)
    failing = {reason for reason, action in verdict.weights.items() if action is Action.FAIL}
    assert not failing & ({*map(str, _UNKNOWABLE), "BLOCKED"})


@given(st.lists(_times, max_size=12), _times, st.integers(0, 12), st.integers(0, 300))
def test_the_rate_is_that_of_the_fullest_window(times: list[int], when: int, count: int, seconds: int) -> None:
    """Checked against every window that starts at one of the payments and holds this one."""
    everything = [*times, when]
    width = seconds * 1_000
    fullest = max(
        sum(start <= time <= start + width for time in everything)
        for start in everything
        if start <= when <= start + width
    )
    assert exceeds_rate(times, when, count, seconds) is (fullest > count)
