"""What is going on, for admins: what the console's first page shows."""

import msgspec

from shared.ids import uuid_text
from shared.lifecycles import STATUS_OF_PAYMENT, PaymentState
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.overview.activity import DELAYS, read_activity
from syncserver.overview.needs import read_needs
from syncserver.overview.risk import read_fleet_exposure
from syncserver.people.access import ADMINS
from syncserver.people.second import list_asked

TAG = "Overview"
MOST_ASKED = 200


class NeedsView(msgspec.Struct, frozen=True, rename="camel"):
    """How many of each wait for a person, at most 1,000; `second` takes you as the second admin. Times in ms.

    `byCommand` is what was done within a day by command on the server's machine, which no second admin has seen.
    """

    flagged: int
    flagged_since: int | None
    shifts: int
    refused: int
    quarantined: int
    silent: int
    incomplete: int
    people: int
    bank_entries: int
    second: int
    payout_runs: int
    payout_accounts: int
    by_command: int


class VolumeView(msgspec.Struct, frozen=True, rename="camel"):
    """How much came in since midnight in one currency and status."""

    status: str
    money: Sum


class RiskView(msgspec.Struct, frozen=True, rename="camel"):
    """What the fleet can lose in one currency: taken by tills and not sent, at most, and flagged."""

    bound: Sum
    unsynced: Sum
    terminals: int
    flagged: Sum
    flagged_payments: int


class DelayView(msgspec.Struct, frozen=True, rename="camel"):
    """How many of today's offline payments came within a time, and not within the one before it."""

    within: str
    payments: int


class ReasonView(msgspec.Struct, frozen=True, rename="camel"):
    """How many of today's payments have a reason."""

    reason: str
    payments: int


class OverviewView(msgspec.Struct, frozen=True, rename="camel"):
    """What is going on; `since` is the midnight (UTC, ms) that today's figures count from."""

    needs: NeedsView
    since: int
    volume: list[VolumeView]
    risk: list[RiskView]
    delays: list[DelayView]
    reasons: list[ReasonView]


class AskedView(msgspec.Struct, frozen=True, rename="camel"):
    """What an admin asked for that takes a second one; `about` says all that both must mean. Times in ms."""

    action: str
    about: str
    asked_by: str
    login: str | None
    asked_at: int
    forgotten_at: int


class AskedPage(msgspec.Struct, frozen=True, rename="camel"):
    """What waits for a second admin, the oldest first, at most 200."""

    requests: list[AskedView]


async def list_second(call: Call[None, Nothing]) -> Answer[AskedPage]:
    """`GET /api/overview/second`."""
    async with call.services.pool.acquire() as connection:
        found = await list_asked(connection, call.services.clock(), MOST_ASKED)
    return Answer(
        AskedPage([AskedView(one.action, one.about, uuid_text(one.by), one.login, one.at, one.until) for one in found])
    )


async def show(call: Call[None, Nothing]) -> Answer[OverviewView]:
    """`GET /api/overview`."""
    now = call.services.clock()
    async with call.services.pool.acquire() as connection:
        needs = await read_needs(connection, call.who.user_id, now)
        activity = await read_activity(connection, now)
        risk = await read_fleet_exposure(connection, now)
    return Answer(
        OverviewView(
            needs=msgspec.convert(needs, NeedsView, from_attributes=True),
            since=activity.since,
            volume=[
                VolumeView(STATUS_OF_PAYMENT[PaymentState(state)].value, Sum.of(minor, currency))
                for (currency, state), minor in sorted(activity.money.items())
            ],
            risk=[
                RiskView(
                    Sum.of(one.bound, one.currency),
                    Sum.of(one.unsynced, one.currency),
                    one.terminals,
                    Sum.of(one.flagged, one.currency),
                    one.flagged_payments,
                )
                for one in risk
            ],
            delays=[DelayView(within, count) for within, count in zip(DELAYS, activity.delays, strict=True)],
            reasons=[ReasonView(*one) for one in activity.reasons],
        )
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/overview",
        handle=show,
        summary="What needs a person, what came in today, what the fleet can lose",
        answers=OverviewView,
        roles=ADMINS,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/overview/second",
        handle=list_second,
        summary="What other admins asked for that takes a second one",
        answers=AskedPage,
        roles=ADMINS,
        tag=TAG,
    ),
)
