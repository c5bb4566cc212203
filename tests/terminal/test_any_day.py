"""Any day at the till: whatever happens in whatever order, the chain and the totals are right."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.journal import Payment, Record, ShiftClose, ShiftOpen, Void
from shared.money import Money
from terminal.composition import Terminal
from terminal.errors import NoShiftError, ShiftIsOpenError, VoidRefusedError
from tests.terminal.shop import NO_APPROVAL, START, Dice, FakeClock, Series, Shop, check_chain, sell, wallet_of

CUSTOMERS = 3

sales = st.tuples(
    st.just("sell"), st.integers(0, CUSTOMERS - 1), st.integers(0, 4), st.integers(1, 60_00), st.booleans()
)
voids = st.tuples(st.just("void"), st.integers(0, 30))
shifts = st.tuples(st.sampled_from(["open", "close"]))
others = st.tuples(st.sampled_from(["sync", "restart", "reboot", "enrol", "wrong"]))
waits = st.tuples(st.just("wait"), st.integers(0, 3_600_000))
days = st.lists(st.one_of(sales, sales, voids, shifts, others, waits), max_size=40)


@dataclass
class Model:
    """What must be true, kept without any database."""

    spent: set[tuple[int, int]] = field(default_factory=set)
    payments: dict[bytes, tuple[int, int]] = field(default_factory=dict)  # amount, epoch
    order: list[bytes] = field(default_factory=list)
    voided: set[bytes] = field(default_factory=set)
    unsynced: set[bytes] = field(default_factory=set)
    in_shift: set[bytes] = field(default_factory=set)
    epoch: int = 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days)
def test_any_day(day: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder) / "home", clock=FakeClock(START), dice=Dice("day"))
        shop.enrol()
        customers = [shop.issue(wallet_of(number)) for number in range(1, CUSTOMERS + 1)]
        model = Model()
        opened = shop.terminal()
        terminal = opened.__enter__()
        try:
            for step in day:
                if step[0] == "restart":
                    opened.__exit__(None, None, None)
                    opened = shop.terminal()
                    terminal = opened.__enter__()
                else:
                    _step(shop, terminal, customers, model, step)
            _check(terminal, model)
        finally:
            opened.__exit__(None, None, None)


def _step(  # noqa: C901 - a table of what may happen
    shop: Shop, terminal: Terminal, customers: list[Series], model: Model, step: tuple[object, ...]
) -> None:
    match step:
        case ("sell", int(who), int(index), int(amount), bool(by_voucher)):
            _sell(terminal, customers, model, (who, index, amount, by_voucher))
        case ("void", int(number)):
            _void(terminal, model, number)
        case ("open",):
            try:
                terminal.till.shifts.open(Money(0, "EUR"))
                model.in_shift.clear()
            except ShiftIsOpenError:
                pass
        case ("close",):
            try:
                done = terminal.till.shifts.close(NO_APPROVAL)
                kept = model.in_shift - model.voided
                assert (done.count, done.total.minor) == (len(kept), sum(model.payments[p][0] for p in kept))
                model.in_shift.clear()
            except NoShiftError:
                assert not model.in_shift
        case ("sync",):
            shop.sync()
            model.unsynced.clear()
        case ("reboot",):
            shop.clock.reboot()
        case ("enrol",):
            model.epoch += 1
            shop.enrol(epoch=model.epoch)
        case ("wrong",):
            sell(terminal, wallet=customers[0].wallet, code="00000000")
        case ("wait", int(ms)):
            shop.clock.advance(ms)


def _sell(terminal: Terminal, customers: list[Series], model: Model, sale: tuple[int, int, int, bool]) -> None:
    who, index, amount, by_voucher = sale
    customer = customers[who]
    tendered = {"voucher": customer.vouchers[index]} if by_voucher else {"wallet": customer.wallet}
    answer = sell(terminal, str(Money(amount, "EUR")).split()[0], code=customer.codes[index], **tendered)
    assert answer.approved == (answer.payment is not None)
    if answer.payment is None:
        return
    assert (who, index) not in model.spent
    assert amount <= 50_00
    model.spent.add((who, index))
    model.payments[answer.payment] = (amount, model.epoch)
    model.order.append(answer.payment)
    model.unsynced.add(answer.payment)
    if answer.shift_opened:
        model.in_shift.clear()
    model.in_shift.add(answer.payment)


def _void(terminal: Terminal, model: Model, number: int) -> None:
    if not model.order:
        return
    payment = model.order[number % len(model.order)]
    allowed = payment in model.in_shift and payment not in model.voided and model.payments[payment][1] == model.epoch
    try:
        terminal.till.voids.void(payment, reason="any", approval=NO_APPROVAL)
        assert allowed
        model.voided.add(payment)
    except VoidRefusedError:
        assert not allowed


def _check(terminal: Terminal, model: Model) -> None:
    records: list[Record] = [r for epoch in range(1, model.epoch + 1) for r in check_chain(terminal, epoch)]
    paid = {record.id: record for record in records if isinstance(record, Payment)}
    assert {payment: record.amount for payment, record in paid.items()} == {
        payment: amount for payment, (amount, _) in model.payments.items()
    }
    assert {record.payment for record in records if isinstance(record, Void)} == model.voided
    exposure = terminal.payments.exposure()
    at_risk = model.unsynced - model.voided
    assert (exposure.count, exposure.total) == (len(at_risk), sum(model.payments[p][0] for p in at_risk))
    _check_shifts(records)


def _check_shifts(records: list[Record]) -> None:
    """Every record stands between its shift's open and close, and each close sums up what stands before it."""
    voided = {record.payment for record in records if isinstance(record, Void)}
    current: bytes | None = None
    taken: list[Payment] = []
    for record in records:
        match record:
            case ShiftOpen():
                assert current is None
                current, taken = record.shift, []
            case ShiftClose():
                kept = [payment.amount for payment in taken if payment.id not in voided]
                assert (record.shift, record.count, record.total) == (current, len(kept), sum(kept))
                current = None
            case _:
                assert record.shift == current
                taken += [record] if isinstance(record, Payment) else []
