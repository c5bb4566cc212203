"""The report of a shift: what was taken, what became of it, and the records that prove it."""

import pytest

from shared.lifecycles import Status
from shared.money import Money
from terminal.composition import Terminal
from terminal.errors import NoShiftError
from terminal.till.z_report import Mark, Part
from tests.terminal.shop import NO_APPROVAL, Series, Shop, check_chain, sell, wallet_of


def part(count: int, euros: int) -> Part:
    return Part(count, Money(euros * 100, "EUR"))


def test_without_a_shift_there_is_no_report(terminal: Terminal) -> None:
    for shift in (None, b"x" * 16):
        with pytest.raises(NoShiftError):
            terminal.till.reports.report(shift)
    assert terminal.till.reports.shifts() == ()


def test_the_report_of_an_open_shift_and_of_its_close(shop: Shop, terminal: Terminal, anna: Series) -> None:
    shift = terminal.till.shifts.open(Money(150_00, "EUR"), "eva").shift
    paid: list[bytes] = []
    for number, (code, who) in enumerate(zip(anna.codes, ("eva", "tom", "eva", "tom", "eva"), strict=True)):
        shop.clock.advance(1_000)
        payment = sell(terminal, f"{10 + number}.00", wallet=anna.wallet, code=code, cashier=who).payment
        assert payment is not None
        paid.append(payment)
    with terminal.store.transaction():
        for payment, status in zip(paid, (Status.SETTLED, Status.FLAGGED, Status.FAILED), strict=False):
            terminal.payments.answer(payment, status, [])
    terminal.till.voids.void(paid[3], reason="wrong", approval=NO_APPROVAL)
    x_report = terminal.till.reports.report()
    assert (x_report.id, x_report.is_open, x_report.cashier) == (shift, True, "eva")
    assert x_report.opening_float == Money(150_00, "EUR")
    assert (x_report.taken, x_report.voids) == (part(4, 10 + 11 + 12 + 14), part(1, 13))
    assert (x_report.settled, x_report.flagged, x_report.failed) == (part(1, 10), part(1, 11), part(1, 12))
    assert x_report.waiting == x_report.carried == part(1, 14)
    assert x_report.by_cashier == (("eva", part(3, 36)), ("tom", part(1, 11)))
    assert (x_report.refunds, x_report.refunds_asked) == (part(0, 0), part(0, 0))
    records = terminal.journal.records(1)
    assert x_report.first == Mark(1, records[0].link)
    assert x_report.last == Mark(7, records[-1].link)

    shop.clock.advance(1_000)
    terminal.till.shifts.close(NO_APPROVAL)
    shop.clock.advance(1_000)
    with terminal.store.transaction():
        terminal.payments.answer(paid[4], Status.SETTLED, [])
    z_report = terminal.till.reports.report(shift)
    assert (z_report.is_open, z_report.taken) == (False, x_report.taken)
    assert (z_report.settled, z_report.waiting, z_report.carried) == (part(2, 24), part(0, 0), part(1, 14))
    assert z_report.last == Mark(8, terminal.journal.records(1)[-1].link)
    check_chain(terminal)


def test_past_shifts_are_listed_from_the_newest_page_by_page(shop: Shop, terminal: Terminal, anna: Series) -> None:
    for number in range(3):
        shop.clock.advance(1_000)
        sell(terminal, f"{number + 1}.00", wallet=anna.wallet, code=anna.codes[number])
        terminal.till.shifts.close(NO_APPROVAL)
    shop.clock.advance(1_000)
    sell(terminal, "4.00", wallet=anna.wallet, code=anna.codes[3])
    first = terminal.till.reports.shifts(most=2)
    rest = terminal.till.reports.shifts(before=first[-1], most=9)
    assert [shift.taken for shift in (*first, *rest)] == [None, part(1, 3), part(1, 2), part(1, 1)]
    assert [shift.closed_at is None for shift in first] == [True, False]


def test_shifts_of_one_moment_have_their_own_records(terminal: Terminal, anna: Series) -> None:
    for number in range(2):  # the clock stands still
        sell(terminal, wallet=anna.wallet, code=anna.codes[number])
        terminal.till.shifts.close(NO_APPROVAL)
    newest, oldest = (terminal.till.reports.report(shift.id) for shift in terminal.till.reports.shifts())
    marks = {
        (report.first.seq, report.last.seq) for report in (newest, oldest) if report.first is not None and report.last
    }
    assert marks == {(1, 3), (4, 6)}


def test_a_shift_that_a_new_enrolment_ended_tells_its_last_record(shop: Shop, anna: Series) -> None:
    with shop.terminal() as terminal:
        sell(terminal, wallet=anna.wallet, code=anna.codes[0])
    shop.enrol(epoch=2)
    with shop.terminal() as terminal:
        ben = shop.issue(wallet_of(2))
        sell(terminal, wallet=ben.wallet, code=ben.codes[0])
        old = min(terminal.till.reports.shifts(), key=lambda shift: shift.epoch)
        report = terminal.till.reports.report(old.id)
        assert report.first == Mark(1, terminal.journal.records(1)[0].link)
        assert report.last == Mark(1, terminal.journal.records(2)[0].link)
