"""Each life cycle is one table: it can be walked from its start, and nothing leaves its ends."""

from enum import StrEnum
from typing import Any

import pytest

from shared import lifecycles
from shared.errors import LifeCycleError
from shared.lifecycles import (
    CODE,
    DEVICE,
    PAYMENT,
    PAYOUT,
    PERSON,
    SERIES,
    SHIFT,
    TILL,
    CodeState,
    DeviceState,
    PaymentState,
    PayoutState,
    PersonState,
    SeriesState,
    ShiftState,
    Status,
    TillState,
    check_step,
)

TABLES: list[tuple[Any, StrEnum, set[StrEnum]]] = [
    (TILL, TillState.CREATED, {TillState.FAILED, TillState.VOIDED}),
    (PAYMENT, PaymentState.PENDING, {PaymentState.FAILED, PaymentState.REVERSED}),
    (CODE, CodeState.ISSUED, {CodeState.CLAIMED, CodeState.RELEASED}),
    (SERIES, SeriesState.OPEN, {SeriesState.CLOSED}),
    (DEVICE, DeviceState.ENROLLED, {DeviceState.REVOKED}),
    (SHIFT, ShiftState.OPEN, {ShiftState.RECONCILED}),
    (PERSON, PersonState.WAITING, {PersonState.REJECTED}),
    (PAYOUT, PayoutState.PROPOSED, {PayoutState.RETURNED}),
]
each_table = pytest.mark.parametrize(("table", "start", "ends"), TABLES, ids=lambda value: type(value).__name__)


@each_table
def test_every_state_of_a_table_can_be_reached_from_its_start(table: Any, start: StrEnum, ends: set[StrEnum]) -> None:
    reached, waiting = {start}, [start]
    while waiting:
        fresh = table[waiting.pop()] - reached
        reached |= fresh
        waiting += fresh
    assert reached == set(table) == set(type(start))
    assert ends <= reached


@each_table
def test_nothing_leaves_an_end_and_everything_else_goes_on(table: Any, start: StrEnum, ends: set[StrEnum]) -> None:
    assert {state for state, exits in table.items() if not exits} == ends
    assert start not in ends


@each_table
def test_only_what_stands_in_a_table_is_allowed(table: Any, start: StrEnum, ends: set[StrEnum]) -> None:
    assert start not in ends
    for before in type(start):
        for after in type(start):
            if after in table[before]:
                check_step(table, before, after)
            else:
                with pytest.raises(LifeCycleError):
                    check_step(table, before, after)


@each_table
def test_no_state_follows_itself(table: Any, start: StrEnum, ends: set[StrEnum]) -> None:
    assert not any(state in exits for state, exits in table.items())
    assert isinstance(start, StrEnum)
    assert ends


def test_an_admin_decides_a_flagged_payment_and_a_void_reverses_what_was_paid() -> None:
    assert PAYMENT[PaymentState.FLAGGED] == {PaymentState.SUCCESSFUL, PaymentState.FAILED, PaymentState.REVERSED}
    assert PAYMENT[PaymentState.SUCCESSFUL] == {PaymentState.REVERSED}


def test_a_code_that_expired_or_was_withdrawn_may_still_be_claimed_by_a_late_upload() -> None:
    for state in (CodeState.EXPIRED, CodeState.WITHDRAWN):
        assert CodeState.CLAIMED in CODE[state]


def test_every_answer_to_a_payment_is_a_state_of_its_till() -> None:
    assert set(lifecycles.TILL_STATE_OF_STATUS) == set(Status) - {Status.RECORDED}
    assert set(lifecycles.STATUS_OF_PAYMENT) == set(PaymentState) - {PaymentState.PENDING, PaymentState.PROCESSING}
    for status, state in lifecycles.TILL_STATE_OF_STATUS.items():
        assert state in TILL[TillState.PENDING], status
