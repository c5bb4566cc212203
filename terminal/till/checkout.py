"""A sale that survives: an amount, paid by one code or several, that a restart finds as it stood."""

from dataclasses import dataclass

from shared.errors import MoneyError
from shared.ids import UUID7_RANDOM_BYTES, uuid7
from shared.lifecycles import TillState
from shared.money import Money
from terminal.errors import InputError, NoSaleError, SaleAmountError, SaleInHandError, SaleUnpaidError
from terminal.journal.device import read_device
from terminal.journal.payments import PaymentRow
from terminal.texts import marked
from terminal.till.book_view import read_book
from terminal.till.parts import Parts
from terminal.till.people import Approval, check_cashier, check_text
from terminal.till.queries import SQL
from terminal.till.sale import Sales
from terminal.till.sale_answer import SaleAnswer
from terminal.till.sale_request import SaleRequest
from terminal.till.void import Voids

GIVEN_UP = "sale given up"
_PAYS_NOTHING = (TillState.VOIDED, TillState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSale:
    """The sale in hand. `payments` are all that codes were taken for; what failed or was voided pays nothing of it.

    `otherwise` is what of it is paid in another way; `rest` is what nothing pays yet.
    """

    id: bytes
    amount: Money
    cashier: str | None
    begun_at: int
    payments: tuple[PaymentRow, ...]
    otherwise: Money

    @property
    def paying(self) -> tuple[PaymentRow, ...]:
        """The payments that count."""
        return tuple(payment for payment in self.payments if payment.state not in _PAYS_NOTHING)

    @property
    def paid(self) -> Money:
        """What codes pay of it."""
        return Money(sum(payment.amount for payment in self.paying), self.amount.currency)

    @property
    def rest(self) -> Money:
        """What nothing pays yet."""
        return Money(max(0, self.amount.minor - self.paid.minor - self.otherwise.minor), self.amount.currency)

    @property
    def complete(self) -> bool:
        """Whether all of it is paid, by codes or otherwise."""
        return self.rest.minor == 0


class Checkout:
    """The one sale that is in hand, from its amount to the verdict that a cashier has seen."""

    def __init__(self, parts: Parts, sales: Sales, voids: Voids) -> None:
        self._parts = parts
        self._sales = sales
        self._voids = voids

    def current(self) -> OpenSale | None:
        """The sale in hand, as a restart finds it: perhaps complete, with a verdict that nobody has seen yet."""
        store = self._parts.store
        if store.in_transaction:
            return self._read()
        with store.snapshot():
            return self._read()

    def begin(self, amount: Money, cashier: str | None = None) -> OpenSale:
        """Take a sale in hand.

        Raises:
            SaleInHandError: where one is.
            MoneyError, InputError: where the amount is 0 or not in the shop's currency.
            CashierError: where the shop has no such cashier.
        """
        if amount.minor == 0:
            raise MoneyError("an amount of 0 can't be paid")
        if cashier is not None:
            check_text(cashier, marked("the cashier"))
        parts = self._parts
        with parts.store.transaction():
            currency = read_device(parts.store).currency
            if amount.currency != currency:
                raise InputError("this shop takes {currency}, not {given}", currency=currency, given=amount.currency)
            check_cashier(read_book(parts.store), cashier)
            if self._read() is not None:
                raise SaleInHandError
            now = parts.clock.now()
            parts.store.execute(
                SQL["add_sale"],
                {
                    "id": uuid7(now, parts.random(UUID7_RANDOM_BYTES)),
                    "amount": amount.minor,
                    "currency": currency,
                    "cashier": cashier,
                    "begun_at": now,
                },
            )
            return self._in_hand()

    def pay(
        self,
        *,
        code: str,
        wallet: str | None = None,
        voucher: str | None = None,
        amount: Money | None = None,
        new_sale: bool = False,
        raised_by: Approval | None = None,
    ) -> SaleAnswer:
        """Pay the rest of the sale, or so much of it, with a code; as `Sales.sell`.

        Where one code can't pay all of that, or one payment may not be so much, the answer's `covers` says what it
        does pay: asked for that much, it pays it, and others pay the rest.

        The payment and its place in the sale are committed together: whenever the plug is pulled, `current` finds the
        sale with this payment or without it.

        Raises:
            NoSaleError: where no sale is in hand.
            SaleAmountError: where the amount is more than the rest, which may have become smaller meanwhile.
            Exception: whatever `Sales.sell` raises.
        """
        sale = self.current()
        if sale is None:
            raise NoSaleError
        part = sale.rest if amount is None else amount
        _check_part(sale, part)

        def within(payment: bytes, paid: Money) -> None:
            now = self._in_hand()
            if now.id != sale.id:
                raise NoSaleError("this sale is not in hand any more")
            _check_part(now, paid)
            self._parts.store.execute(SQL["add_sale_payment"], {"payment": payment, "sale": now.id})

        request = SaleRequest(
            amount=part,
            code=code,
            wallet=wallet,
            voucher=voucher,
            cashier=sale.cashier,
            new_sale=new_sale,
            in_parts=True,
            raised_by=raised_by,
        )
        return self._sales.sell(request, within)

    def rest_otherwise(self) -> OpenSale:
        """The rest is paid in another way, such as cash: with it the sale is complete.

        Raises:
            NoSaleError: where no sale is in hand.
        """
        with self._parts.store.transaction():
            sale = self._in_hand()
            otherwise = sale.otherwise.minor + sale.rest.minor
            self._parts.store.execute(SQL["pay_otherwise"], {"id": sale.id, "otherwise": otherwise})
            return self._in_hand()

    def finish(self) -> None:
        """The cashier has seen how it ended; a restart finds it no more.

        Raises:
            NoSaleError: where no sale is in hand.
            SaleUnpaidError: where a rest is not paid.
        """
        with self._parts.store.transaction():
            sale = self._in_hand()
            if not sale.complete:
                raise SaleUnpaidError("{rest} of this sale are not paid yet", rest=sale.rest)
            self._close(sale, "finished")

    def give_up(self, approval: Approval, cashier: str | None = None, *, reason: str = GIVEN_UP) -> None:
        """End the sale without its money: what codes paid of it is voided, all of it or nothing.

        A sale of which nothing is paid needs nobody's approval.

        Raises:
            NoSaleError: where no sale is in hand.
            ApproverError, VoidRefusedError, CashierError: as `Voids.void`; the sale stays in hand.
        """
        sale = self.current()
        if sale is None:
            raise NoSaleError
        paying = [payment.id for payment in sale.paying]
        if paying:
            self._voids.void_together(
                paying, reason=reason, approval=approval, cashier=cashier, also=lambda: self._drop(sale)
            )
            return
        with self._parts.store.transaction():
            self._drop(sale)

    def _drop(self, sale: OpenSale) -> None:
        """End a sale of which nothing is paid, unless another process did something else with it meanwhile."""
        now = self._in_hand()
        if now.id != sale.id or now.paying:
            raise SaleInHandError("this sale was paid or ended meanwhile: look at it again")
        if now.payments:
            self._close(now, "given up")
        else:
            self._parts.store.execute(SQL["forget_sale"], {"id": now.id})

    def _close(self, sale: OpenSale, outcome: str) -> None:
        self._parts.store.execute(SQL["close_sale"], {"id": sale.id, "at": self._parts.clock.now(), "outcome": outcome})

    def _in_hand(self) -> OpenSale:
        sale = self._read()
        if sale is None:
            raise NoSaleError
        return sale

    def _read(self) -> OpenSale | None:
        parts = self._parts
        row = parts.store.row(SQL["sale_in_hand"])
        if row is None:
            return None
        ids = parts.store.rows(SQL["sale_payments"], {"sale": row["id"]})
        return OpenSale(
            id=row["id"],
            amount=Money(row["amount"], row["currency"]),
            cashier=row["cashier"],
            begun_at=row["begun_at"],
            payments=tuple(parts.payments.get(found["id"]) for found in ids),
            otherwise=Money(row["otherwise"], row["currency"]),
        )


def _check_part(sale: OpenSale, part: Money) -> None:
    if part.currency != sale.amount.currency or part.minor > sale.rest.minor or sale.complete:
        raise SaleAmountError("only {rest} of this sale are left to pay", rest=sale.rest)
