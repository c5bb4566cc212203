"""`server payment`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from cyclopts import App, ArgumentCollection, Group, Parameter
from cyclopts.validators import Number

from shared.fields import MAX_INTEGER
from shared.ids import uuid_bytes, uuid_bytes_or_none, uuid_text, wallet_number
from shared.lifecycles import PaymentState
from shared.money import format_minor
from syncserver.commands.running import Json, actor, moment, run, show
from syncserver.payments import listing, queue, views
from syncserver.payments import review as reviews
from syncserver.payments.listing import Count, Filter
from syncserver.payments.views import PaymentView
from syncserver.services import Services

payment = App(name="payment")


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


@payment.command(name="list")
def list_payments(
    *,
    state: Literal["SUCCESSFUL", "FLAGGED", "FAILED", "REVERSED"] | None = None,
    reason: str | None = None,
    vendor: str | None = None,
    device: str | None = None,
    wallet: str | None = None,
    channel: Literal["offline", "online"] | None = None,
    least: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    most: Annotated[int | None, Parameter(validator=Number(gte=0))] = None,
    since: str | None = None,
    until: str | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=10_000))] = 100,
    json: Json = False,
) -> None:
    """List payments that fit all that is named, the newest first.

    Example: tallystick server payment list --state FLAGGED --reason DISTANCE --since 2026-11-01

    Args:
        least: The least amount, in minor units.
        most: The largest amount, in minor units.
        since: A day or a time (ISO 8601, UTC) of arrival.
        until: The same; not included.
        limit: How many.
    """
    filter_ = Filter(
        state=PaymentState(state) if state is not None else None,
        reason=reason,
        vendor=uuid_bytes_or_none(vendor),
        device=uuid_bytes_or_none(device),
        wallet=wallet_number(wallet) if wallet is not None else None,
        channel=channel,
        least=least,
        most=most if most is not None else MAX_INTEGER,
        since=moment(since) if since is not None else 0,
        until=moment(until) if until is not None else MAX_INTEGER,
    )

    async def read(services: Services) -> tuple[list[PaymentView], Count]:
        found: list[PaymentView] = []
        async for page in listing.in_pages(services, filter_):
            found += page
            if len(found) >= limit:
                break
        return found[:limit], await listing.count(services, filter_)

    found, counted = run(read)
    data = [
        {
            "id": uuid_text(one.payment),
            "state": one.state.value,
            "reasons": list(one.reasons),
            "amount": one.amount,
            "currency": one.currency,
            "wallet": one.wallet,
            "vendor": uuid_text(one.vendor),
            "receivedAt": one.row["received_at"],
        }
        for one in found
    ]
    lines = [f"{_line(one)}  {one.wallet}  {one.row['vendor_name']}" for one in found]
    lines.append(f"{len(found)} of {'' if counted.whole else 'more than '}{counted.found}")
    show({"payments": data, "count": counted.found, "more": not counted.whole}, "\n".join(lines), json=json)


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
