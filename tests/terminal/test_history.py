"""Looking back: payments are found as people look for them, quickly, and each tells its life."""

import re
from collections.abc import Iterator

import pytest

from shared.ids import uuid_text
from shared.lifecycles import Status
from shared.policy import Policy
from terminal.composition import Terminal
from terminal.errors import NoSuchPaymentError
from terminal.till.history import EventKind
from terminal.till.queries import SQL
from tests.terminal.shop import DEVICE, NO_APPROVAL, Series, Shop, check_chain, sell, wallet_of


@pytest.fixture
def busy(shop: Shop) -> Iterator[Terminal]:
    """Five payments: of two customers, of 10.00 to 14.00."""
    shop.publish(policy=Policy(streak_stop=1_000))
    anna, ben = (shop.issue(wallet_of(number)) for number in (1, 2))
    with shop.terminal() as terminal:
        for number in range(5):
            who = ben if number % 2 else anna
            shop.clock.advance(1_000)
            assert sell(terminal, f"{10 + number}.00", wallet=who.wallet, code=who.codes[number]).approved
        yield terminal


def amounts(terminal: Terminal, search: str = "") -> list[int]:
    return [payment.amount // 100 for payment in terminal.till.history.page(search).payments]


def test_pages_go_from_the_newest_payment_to_the_oldest_and_each_stands_on_one(busy: Terminal) -> None:
    history = busy.till.history
    assert amounts(busy) == [14, 13, 12, 11, 10]
    first = history.page(most=2)
    second = history.page(before=first.before, most=2)
    third = history.page(before=second.before, most=2)
    assert [[p.amount // 100 for p in page.payments] for page in (first, second, third)] == [[14, 13], [12, 11], [10]]
    assert third.before is None


def test_a_payment_that_comes_meanwhile_moves_no_page(shop: Shop, busy: Terminal) -> None:
    first = busy.till.history.page(most=2)
    late = shop.issue(wallet_of(3))
    assert sell(busy, "20.00", wallet=late.wallet, code=late.codes[0]).approved
    assert [p.amount // 100 for p in busy.till.history.page(before=first.before, most=2).payments] == [12, 11]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (wallet_of(1), [14, 12, 10]),
        (wallet_of(2)[-4:], [13, 11]),
        (wallet_of(2)[-2:], [13, 11]),
        ("12.00", [12]),
        ("12,00", [12]),
        (" 12.0 ", [12]),
        ("12.001", []),
        ("pending", [14, 13, 12, 11, 10]),
        ("ACCEPTED", [14, 13, 12, 11, 10]),
        ("settled", []),
        ("2026-05-28", [14, 13, 12, 11, 10]),
        ("2026-05-29", []),
        ("2026-02-31", []),
        ("9999-12-31", []),
        ("0000-00-00", []),
        ("99999999999999999999.00", []),
        ("%", []),
        ("' OR 1 --", []),
        ("---", []),
        ("f" * 36, []),
    ],
)
def test_a_search_is_read_by_its_form(busy: Terminal, search: str, found: list[int]) -> None:
    assert amounts(busy, search) == found


def test_a_payment_is_found_by_the_beginning_of_its_id(busy: Terminal) -> None:
    for payment in busy.till.history.page().payments:
        text = uuid_text(payment.id)
        for beginning in (text, text[:20], text.replace("-", "")[:17], text.upper()):
            assert payment in busy.till.history.page(beginning).payments
        assert [payment] == list(busy.till.history.page(text).payments)


def test_states_are_found_by_their_words(busy: Terminal) -> None:
    newest, second, third = (payment.id for payment in busy.till.history.page().payments[:3])
    busy.till.voids.void(newest, reason="wrong", approval=NO_APPROVAL)
    with busy.store.transaction():
        busy.payments.answer(second, Status.FLAGGED, ["LATE"])
        busy.payments.answer(third, Status.SETTLED, [])
    for word, found in (("voided", [14]), ("flagged", [13]), ("Completed", [12]), ("settled", [12]), ("failed", [])):
        assert amounts(busy, word) == found


@pytest.mark.parametrize("query", sorted(name for name in SQL if name.startswith("page_") or name == "batches_with"))
def test_no_search_reads_the_whole_history_where_an_index_can_find_it(terminal: Terminal, query: str) -> None:
    named = set(re.findall(r":(\w+)", SQL[query]))
    values = {name: b"" if name in ("low", "high") else 1 for name in named}
    plan = [row["detail"] for row in terminal.store.rows(f"EXPLAIN QUERY PLAN {SQL[query]}", values)]
    assert [step for step in plan if step.startswith("SCAN")] == []


def test_a_voided_payment_says_by_whom_and_why(shop: Shop, terminal: Terminal, anna: Series) -> None:
    other = sell(terminal, wallet=anna.wallet, code=anna.codes[0]).payment
    payment = sell(terminal, wallet=anna.wallet, code=anna.codes[1]).payment
    assert payment is not None
    assert other is not None
    shop.clock.advance(1_000)
    terminal.till.voids.void(payment, reason="wrong amount", approval=NO_APPROVAL)
    voided = terminal.till.history.life(payment)[-1]
    assert (voided.kind, voided.who, voided.note, voided.status) == (EventKind.VOIDED, "owner", "wrong amount", None)
    assert voided.link == terminal.journal.records(1)[-1].link
    assert [event.kind for event in terminal.till.history.life(other)] == ["taken"]
    check_chain(terminal)


def test_the_life_of_a_payment_of_nobody_is_none(terminal: Terminal) -> None:
    with pytest.raises(NoSuchPaymentError):
        terminal.till.history.life(DEVICE)
