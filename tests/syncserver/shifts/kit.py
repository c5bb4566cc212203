"""Shifts that tests look at: one that matches, and one of each kind that does not."""

from dataclasses import dataclass

from shared.lifecycles import ShiftState
from syncserver.shifts.deciding import Order, decide
from syncserver.shifts.decisions import Action
from syncserver.shifts.halves import Shift
from syncserver.shifts.listing import Filters, Page, Place, listed
from syncserver.shifts.reading import look_up
from tests.syncserver.kit import Code, FakeTerminal, Shop


@dataclass(slots=True)
class Worked:
    """A till's shift, the payments that it took, and its records in order."""

    till: FakeTerminal
    raws: list[bytes]
    payments: list[bytes]

    @property
    def shift(self) -> bytes:
        return self.till.shift


async def work(
    shop: Shop,
    codes: list[Code],
    amounts: tuple[int, ...] = (100, 200),
    *,
    till: FakeTerminal | None = None,
    close: tuple[int, int] | None = None,
    name: str = "till 1",
) -> Worked:
    """A shift of payments, nothing of it uploaded yet; it closes with what it took unless `close` says otherwise."""
    till = till or await shop.terminal(name=name)
    raws, payments = [till.open_shift()], []
    for amount, code in zip(amounts, codes, strict=False):
        payment, raw = till.pay(code, amount)
        raws.append(raw)
        payments.append(payment)
    count, total = close if close is not None else (len(amounts), sum(amounts))
    raws.append(till.close_shift(count, total))
    return Worked(till, raws, payments)


async def seen(shop: Shop, worked: Worked | FakeTerminal) -> Shift:
    """The shift as it stands."""
    till = worked.till if isinstance(worked, Worked) else worked
    async with shop.services.pool.acquire() as connection:
        return await look_up(connection, till.device, till.shift)


async def listing(shop: Shop, behind: Place | None = None, limit: int = 50, **filters: object) -> Page:
    """A page of shifts."""
    async with (
        shop.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await listed(connection, shop.clock(), Filters(**filters), behind, limit)  # type: ignore[arg-type] # fields by name


async def operator(
    shop: Shop, worked: Worked, action: Action, reason: str | None = None, seen: str | None = None
) -> tuple[Shift, bool]:
    """Decide as whoever runs the server."""
    order = Order(
        action=action, device=worked.till.device, shift=worked.shift, reason=reason, seen=seen, actor="cli test"
    )
    async with shop.services.pool.acquire() as connection, connection.transaction():
        return await decide(connection, shop.services, order)


async def stored_state(shop: Shop, worked: Worked) -> ShiftState:
    """The state in the database."""
    return (await seen(shop, worked)).state
