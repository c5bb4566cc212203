"""`server payment review`, `review-all` and `server second`: deciding flagged payments, what waits for a second."""

from typing import Annotated, Any

from cyclopts import ArgumentCollection, Group, Parameter
from cyclopts.validators import Number

from shared.ids import uuid_bytes, uuid_text, wallet_number
from shared.money import format_minor
from syncserver.commands.as_admin import As, PasswordFile, run_as
from syncserver.commands.payments import found_with, line_of, payment
from syncserver.commands.running import Json, actor, progress, run, show
from syncserver.payments import review as reviews
from syncserver.payments import views
from syncserver.payments.queue import Filter
from syncserver.payments.views import PaymentView
from syncserver.people import bulk
from syncserver.people.access import Caller
from syncserver.people.bulk import Progress
from syncserver.people.reviewing import Decision, decide
from syncserver.people.second import Asked, list_asked
from syncserver.services import Services

MOST = 200


def _one_of_them(arguments: ArgumentCollection) -> None:
    if len(arguments.filter_by(value_set=True)) != 1:
        raise ValueError("Say either --approve or --reject.")


DECISION = Group("Decision", validator=_one_of_them)
Approve = Annotated[bool, Parameter(group=DECISION, negative="")]
Reject = Annotated[bool, Parameter(group=DECISION, negative="")]


@payment.command(name="review")
def review(
    payment_id: str,
    *,
    approve: Approve = False,
    reject: Reject = False,
    reason: str | None = None,
    wallet: str | None = None,
    as_: As = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Decide a flagged payment: --approve pays the vendor, --reject (with a --reason) gives the money back.

    It is done at once, and the audit trail shows that it was done by command. With --as it is an admin's word as in the
    console: above the amount it waits until another admin asks for the same.

    Example: tallystick server payment review 0192f0c1-… --reject --reason "the customer denies it"
    """
    said = Decision(approve=approve and not reject, reason=reason)

    async def at_once(services: Services) -> tuple[PaymentView, dict[str, Any]]:
        async def decided(view: PaymentView) -> PaymentView:
            return await reviews.review(services, view, approve=said.approve, reason=reason, actor=actor())

        return await found_with(services, payment_id, wallet, decided)

    async def as_admin(services: Services, admin: Caller) -> tuple[PaymentView, dict[str, Any]]:
        waits = False

        async def decided(view: PaymentView) -> PaymentView:
            nonlocal waits
            async with services.pool.acquire() as connection, connection.transaction():
                waits = not await decide(connection, services, admin, view, said)
                return await views.look_up(connection, view.payment, view.wallet)

        view, data = await found_with(services, payment_id, wallet, decided)
        return view, {**data, "needsSecond": waits}

    view, data = run(at_once) if as_ is None else run_as(as_, password_file, as_admin)
    waits = "\nAnother admin must ask for the same." if data.get("needsSecond") else ""
    show(data, line_of(view) + waits, json=json)


@payment.command(name="review-all")
def review_all(
    count: int,
    *,
    as_: Annotated[str, Parameter(name="--as", help="The admin in whose name it is done: asks for the password.")],
    approve: Approve = False,
    reject: Reject = False,
    reason: str | None = None,
    flag: str | None = None,
    vendor: str | None = None,
    device: str | None = None,
    wallet: str | None = None,
    currency: str | None = None,
    least: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Decide all flagged payments of a filter, where exactly COUNT wait in it; each as `review --as` does.

    What broke off goes on in the console, where it stands.

    Example: tallystick server payment review-all 40 --approve --flag DISTANCE --vendor 0192f0c1-… --as ada

    Args:
        count: How many wait; where it is another number, nothing is done.
        reason: Why they are rejected.
        flag: Those that have this reason, such as DISTANCE.
        least: The least amount, in minor units.
    """
    of = Filter(
        reason=flag,
        vendor=uuid_bytes(vendor) if vendor is not None else None,
        device=uuid_bytes(device) if device is not None else None,
        wallet=wallet_number(wallet) if wallet is not None else None,
        currency=currency,
        least=least,
    )
    said = Decision(approve=approve and not reject, reason=reason)

    async def decided(services: Services, admin: Caller) -> tuple[bytes, Progress]:
        async with services.pool.acquire() as connection, connection.transaction():
            begun = await bulk.begin(connection, services, admin, of, decision=said, typed=count)
        while (at := await bulk.go_on(services, admin, begun)).left:
            progress(f"{at.left} are left")
        return begun, at

    begun, at = run_as(as_, password_file, decided)
    words = ["left" if outcome is None else outcome.value for outcome, *_ in at.parts]
    lines, parts = [], []
    for word, (_, unit, payments, minor) in zip(words, at.parts, strict=True):
        parts.append({"outcome": word, "currency": unit, "payments": payments, "amount": minor})
        lines.append(f"{word}: {payments} ({format_minor(minor, unit)} {unit})")
    show({"bulkId": uuid_text(begun), "outcomes": parts}, "\n".join(lines), json=json)


def list_second(*, json: Json = False) -> None:
    """List what an admin asked for that takes a second one; that one asks for the very same (docs/api.md)."""

    async def read(services: Services) -> list[Asked]:
        async with services.pool.acquire() as connection:
            return await list_asked(connection, services.clock(), MOST)

    found = run(read)
    data = [
        {"action": one.action, "about": one.about, "by": one.login, "at": one.at, "until": one.until} for one in found
    ]
    lines = [f"{one.action}  {one.about}  asked by {one.login}" for one in found]
    show({"asked": data}, "\n".join(lines) or "Nothing waits.", json=json)
