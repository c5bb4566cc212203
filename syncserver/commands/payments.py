"""`server payment`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from cyclopts import App, ArgumentCollection, Group, Parameter

from shared.ids import uuid_bytes, uuid_text, wallet_number
from shared.money import format_minor
from syncserver.commands.running import Json, actor, run, show
from syncserver.payments import queue, views
from syncserver.payments import review as reviews
from syncserver.payments.views import PaymentView
from syncserver.services import Services

payment = App(name="payment", help="Payments: look one up, list the flagged ones, decide them.")


def _one_of_them(arguments: ArgumentCollection) -> None:
    if len(arguments.filter_by(value_set=True)) != 1:
        raise ValueError("Say either --approve or --reject.")


DECISION = Group("Decision", validator=_one_of_them)


def _line(view: PaymentView) -> str:
    amount = f"{format_minor(view.amount, view.currency)} {view.currency}"
    return f"{uuid_text(view.payment)}  {view.status.value:<8}  {amount:>14}  {' '.join(view.reasons)}"


def _found(
    payment_id: str, wallet: str | None, then: Callable[[Services, PaymentView], Awaitable[PaymentView]] | None = None
) -> tuple[PaymentView, dict[str, Any]]:
    async def read(services: Services) -> tuple[PaymentView, dict[str, Any]]:
        number = wallet_number(wallet) if wallet is not None else None
        view = await views.find(services, uuid_bytes(payment_id), number)
        if then is not None:
            view = await then(services, view)
        return view, await views.describe(services, view)

    return run(read)


@payment.command(name="show")
def show_payment(payment_id: str, *, wallet: str | None = None, json: Json = False) -> None:
    """Show a payment with its events. With --wallet it is found at once, without it every wallet is searched.

    Example: tallystick server payment show 0192f0c1-a000-7000-8000-00000000a001
    """
    view, data = _found(payment_id, wallet)
    events = [f"  {event['number']}. {event['from']} → {event['to']} by {event['actor']}" for event in data["events"]]
    show(data, "\n".join([_line(view), *events]), json=json)


@payment.command(name="review")
def review(
    payment_id: str,
    *,
    approve: Annotated[bool, Parameter(group=DECISION, negative="")] = False,
    reject: Annotated[bool, Parameter(group=DECISION, negative="")] = False,
    reason: str | None = None,
    wallet: str | None = None,
    json: Json = False,
) -> None:
    """Decide a flagged payment: --approve pays the vendor, --reject (with a --reason) gives the money back.

    Example: tallystick server payment review 0192f0c1-… --reject --reason "the customer denies it"
    """

    async def decide(services: Services, view: PaymentView) -> PaymentView:
        return await reviews.review(services, view, approve=approve and not reject, reason=reason, actor=actor())

    view, data = _found(payment_id, wallet, decide)
    show(data, _line(view), json=json)


@payment.command(name="flagged")
def flagged(*, json: Json = False) -> None:
    """List the payments that wait for a decision, the oldest first, at most a thousand."""
    found = run(queue.flagged)
    data = [
        {
            "id": uuid_text(one.payment),
            "wallet": one.wallet,
            "amount": one.amount,
            "currency": one.currency,
            "reasons": list(one.reasons),
        }
        for one in found
    ]
    show({"flagged": data}, "\n".join(_line(one) for one in found) or "Nothing waits for a decision.", json=json)
