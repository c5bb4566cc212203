"""All that whoever decides a flagged payment has to see, put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.fields import MAX_INTEGER
from shared.geo import Place, haversine_m
from shared.lifecycles import PaymentState
from shared.words import Word
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.ledger import store
from syncserver.payments import talk, views
from syncserver.payments.explained import in_words
from syncserver.payments.online import QUERIES
from syncserver.payments.talk import Question
from syncserver.payments.views import PaymentView, Search, view_of
from syncserver.sync.history import place_of
from syncserver.sync.reading import read_policies

RECENT = 20
MOST_TWINS = 20


class MoneyIs(Word):
    """Where the money of a payment is now."""

    WITH_VENDOR = "vendor"
    IN_REVIEW = "review"
    WITH_CUSTOMER = "customer"
    NOWHERE = "nowhere"  # nothing was held for it, so nothing has moved


@dataclass(frozen=True, slots=True)
class Twin:
    """A payment that named the same code. `paid` is what its vendor was credited (minor units), before refunds."""

    view: PaymentView
    device_name: str | None
    money: MoneyIs
    paid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A payment and what surrounds it.

    `home` is the customer's, `place` the terminal's declared one (of an online payment, where the customer said to be);
    `distance_m` is between them, `radius_m` what the limits of its book allow. `recent` are the customer's payments,
    the latest first, this one among them; `version` is what a decision names.
    """

    view: PaymentView
    version: int
    customer: str | None
    blocked: bool
    device_name: str | None
    device_trusted: bool
    home: Place | None
    place: Place | None
    distance_m: int | None
    radius_m: int
    cap: int | None
    money: MoneyIs
    recent: Sequence[PaymentView]
    twins: Sequence[Twin]
    questions: Sequence[Question]
    events: Sequence[dict[str, Any]]

    @property
    def explained(self) -> list[tuple[str, str]]:
        """Each reason, and the same in words."""
        return [(reason, in_words(reason)) for reason in self.view.reasons]


async def gather(connection: Connection, view: PaymentView) -> Dossier:
    """Put together what is known of a payment; on one snapshot where the caller has one."""
    row = view.row
    scene = await connection.fetchrow(QUERIES["scene_of_payment"], view.wallet, row["device"])
    if scene is None:
        raise LookupError("one row of nothing but keys is always there")
    home = place_of(scene["lat"], scene["lon"])
    place = place_of(row["lat"], row["lon"])
    questions = await talk.of_payment(connection, view)
    everything = Search(
        wallet=view.wallet, since=0, until=MAX_INTEGER, behind=None, state=None, vendor=None, limit=RECENT
    )
    return Dossier(
        view=view,
        version=len(questions) + sum(one.answer is not None for one in questions),
        customer=scene["name"],
        blocked=bool(scene["blocked"]),
        device_name=scene["device_name"],
        device_trusted=scene["quarantined_at"] is None and scene["revoked_at"] is None,
        home=home,
        place=place,
        distance_m=round(haversine_m(home, place)) if home is not None and place is not None else None,
        radius_m=await _radius_m(connection, view),
        cap=await connection.fetchval(QUERIES["caps_of_code"], view.wallet, row["series"], row["idx"]),
        money=money_of(view),
        recent=await views.history(connection, everything),
        twins=await _twins(connection, view),
        questions=questions,
        events=await views.events(connection, view),
    )


def money_of(view: PaymentView) -> MoneyIs:
    """Where a payment's money is now."""
    if view.state is PaymentState.SUCCESSFUL:
        return MoneyIs.WITH_VENDOR
    if view.state is PaymentState.FLAGGED:
        return MoneyIs.IN_REVIEW if view.online or view.row["claimed"] else MoneyIs.NOWHERE
    return MoneyIs.WITH_CUSTOMER


async def _radius_m(connection: Connection, view: PaymentView) -> int:
    device, book = view.row["device"], view.row["book"]
    history = await read_policies(connection, view.vendor, device.bytes if device is not None else view.vendor)
    return (history.at_version(book) if book else history.latest()).radius_m


async def _twins(connection: Connection, view: PaymentView) -> list[Twin]:
    if view.online:
        return []
    rows = await connection.fetch(
        QUERIES["twins_of_payment"],
        view.wallet,
        view.row["series"],
        view.row["idx"],
        uuid_of(view.payment),
        MOST_TWINS,
    )
    twins = []
    for row in rows:
        twin = view_of(row)
        paid = sum(await store.credited_for_payment(connection, twin.wallet, twin.payment))
        twins.append(Twin(twin, row["device_name"], money_of(twin), paid))
    return twins
