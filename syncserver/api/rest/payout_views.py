"""Payouts, their runs and their accounts as they are answered."""

from typing import Any

import msgspec

from shared.errors import TallystickError
from shared.ids import uuid_text
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.endpoint import Endpoint
from syncserver.api.rest.vendor_books import iso_time
from syncserver.api.rest.vendors import Cursor, Limit
from syncserver.payouts.accounts import PayoutAccount
from syncserver.payouts.views import Run, Story
from syncserver.people.access import ADMINS

TAG = "Payouts"
XML = "application/xml"


class ListQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Where a page begins, and how long it is."""

    cursor: Cursor | None = None
    limit: Limit = 50


class RunView(msgspec.Struct, frozen=True, rename="camel"):
    """Payouts that were proposed together; `states` counts them. `message` is the MsgId of its file. Times in ms."""

    run_id: str
    state: str
    method: str
    account: str
    payouts: int
    total: Sum
    states: dict[str, int]
    proposed_by: str
    proposed_at: int
    approved_by: str | None
    approved_at: int | None
    message: str | None
    sent_at: int | None


class RunPage(msgspec.Struct, frozen=True, rename="camel"):
    """Runs, the newest first; `next` is the cursor of the next page."""

    runs: list[RunView]
    next: str | None


class PayoutView(msgspec.Struct, frozen=True, rename="camel"):
    """What a vendor is paid, and where; `endToEndId` stands in both banks' statements, `reference` a person wrote."""

    payout_id: str
    run_id: str
    vendor_id: str
    vendor: str
    amount: Sum
    method: str
    account: str
    holder: str
    end_to_end_id: str
    state: str
    changed_at: int
    reference: str | None


class PayoutPage(msgspec.Struct, frozen=True, rename="camel"):
    """Payouts, the newest first; `next` is the cursor of the next page."""

    payouts: list[PayoutView]
    next: str | None


class PayoutEventView(msgspec.Struct, frozen=True, rename="camel"):
    """A change of state: by whom, when (ms), and why where that was said."""

    before: str | None
    after: str
    at: int
    by: str
    note: str | None


class PayoutEntryView(msgspec.Struct, frozen=True, rename="camel"):
    """The bank's entry of a payout: money that went out, or (`credit`) came back."""

    entry_id: str
    booked_on: str
    credit: bool
    amount: Sum
    reference: str | None


class PayoutStory(msgspec.Struct, frozen=True, rename="camel"):
    """A payout with each change of its state and the bank's entries of it.

    `returns` are entries that are nobody's yet and by which one that was paid may have come back without its name.
    """

    payout: PayoutView
    events: list[PayoutEventView]
    entries: list[PayoutEntryView]
    returns: list[PayoutEntryView]


class PayoutAccountView(msgspec.Struct, frozen=True, rename="camel"):
    """Where a vendor is paid, from how much on; it counts once another person confirmed it. Times in ms."""

    vendor_id: str
    version: int
    account: str
    holder: str
    bic: str | None
    minimum: Sum
    asked_by: str
    asked_at: int
    confirmed_by: str | None
    confirmed_at: int | None


class PayoutAccountPage(msgspec.Struct, frozen=True, rename="camel"):
    """Accounts; `next` is the cursor of the next page."""

    accounts: list[PayoutAccountView]
    next: str | None


def run_view(run: Run) -> RunView:
    """A run as it is answered."""
    return RunView(
        run_id=uuid_text(run.id),
        state=run.state,
        method=run.method,
        account=run.account,
        payouts=run.payouts,
        total=Sum.of(run.total, run.currency),
        states=dict(run.states),
        proposed_by=run.proposed_actor,
        proposed_at=run.proposed_at,
        approved_by=run.approved_actor,
        approved_at=run.approved_at,
        message=run.message,
        sent_at=run.sent_at,
    )


def payout_view(row: Any) -> PayoutView:
    """A payout's row as it is answered."""
    return PayoutView(
        payout_id=str(row["payout"]),
        run_id=str(row["run"]),
        vendor_id=str(row["vendor"]),
        vendor=row["name"],
        amount=Sum.of(row["amount"], row["currency"]),
        method=row["method"],
        account=row["account"],
        holder=row["holder"],
        end_to_end_id=row["end_to_end"],
        state=row["state"],
        changed_at=row["changed_at"],
        reference=row["reference"],
    )


PAYOUT_COLUMNS = (
    "payout", "run", "vendor_id", "vendor", "amount", "currency", "method", "account", "holder", "end_to_end_id",
    "state", "changed_at", "reference",
)  # fmt: skip


def payout_cells(row: Any) -> list[str | int | None]:
    """A payout's row as a line of a spreadsheet."""
    one = payout_view(row)
    return [
        one.payout_id,
        one.run_id,
        one.vendor_id,
        one.vendor,
        one.amount.text,
        one.amount.currency,
        one.method,
        one.account,
        one.holder,
        one.end_to_end_id,
        one.state,
        iso_time(one.changed_at),
        one.reference,
    ]


def story_view(story: Story) -> PayoutStory:
    """All that is known of a payout, as it is answered."""
    return PayoutStory(
        payout=payout_view(story.row),
        events=[
            PayoutEventView(row["before"], row["after"], row["at"], row["actor"], row["note"]) for row in story.events
        ],
        entries=[_entry_view(row) for row in story.entries],
        returns=[_entry_view(row) for row in story.returns],
    )


def _entry_view(row: Any) -> PayoutEntryView:
    return PayoutEntryView(
        entry_id=str(row["entry"]),
        booked_on=row["booked_on"].isoformat(),
        credit=row["credit"],
        amount=Sum.of(row["amount"], row["currency"]),
        reference=row["reference"],
    )


def account_view(account: PayoutAccount) -> PayoutAccountView:
    """A vendor's account as it is answered."""
    return PayoutAccountView(
        vendor_id=uuid_text(account.vendor),
        version=account.version,
        account=account.account,
        holder=account.holder,
        bic=account.bic,
        minimum=Sum.of(account.minimum.minor, account.minimum.currency),
        asked_by=account.asked_actor,
        asked_at=account.asked_at,
        confirmed_by=account.confirmed_actor,
        confirmed_at=account.confirmed_at,
    )


def admins_page(
    path: str,
    handle: Any,
    summary: str,
    answers: Any,
    query: Any,
    *errors: type[TallystickError],
    media: tuple[str, ...] = (),
) -> Endpoint:
    """A page for admins; without answers it is a file."""
    return Endpoint(
        method="GET",
        path=path,
        handle=handle,
        summary=summary,
        answers=answers,
        media=media,
        roles=ADMINS,
        query=query,
        errors=errors,
        tag=TAG,
    )
