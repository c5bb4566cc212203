"""Bank statements: importing them, and the entries that named nobody."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request

from shared.errors import MoneyError, WalletNumberError
from shared.ids import uuid_bytes_or_none, wallet_number
from syncserver.api.body import SlowBodyError, TooLargeError, WrongTypeError, read_body
from syncserver.api.rest.amounts import Sum, WaitingForAnother
from syncserver.api.rest.cursors import page_of
from syncserver.api.rest.endpoint import ACCEPTED, ANOTHER_ADMIN, Answer, Call, Endpoint, Nothing
from syncserver.api.rest.funding import TAG
from syncserver.database.connection import Connection
from syncserver.database.row_ids import text_or_none
from syncserver.payouts.bank_word import BankWord
from syncserver.people.access import ADMINS
from syncserver.people.bringing_in import assign_entry, import_file
from syncserver.wallets.errors import UnknownWalletError
from syncserver.wallets.funding import assigning, statements
from syncserver.wallets.funding.errors import (
    EntryStateError,
    OwnWalletError,
    StatementError,
    UnknownBankAccountError,
    UnknownEntryError,
)
from syncserver.wallets.funding.importing import Summary
from syncserver.wallets.funding.why import Why

MOST_BYTES = 4 * 1024 * 1024
FILES = ("text/csv", "application/xml", "text/xml")


class EntryView(msgspec.Struct, frozen=True, rename="camel"):
    """An entry of a statement. `named` is the wallet that its reference names, `reason` why it was not credited.

    `endToEnd` is what whoever paid called it, `payout` the payment to a vendor that it is, or that came back.
    """

    entry_id: str
    account: str
    booked_on: str
    amount: Sum
    credit: bool
    reversal: bool
    reference: str | None
    payer: str
    remittance: str
    named: str | None
    state: str
    reason: str | None
    wallet: str | None
    end_to_end: str
    payout: str | None
    imported_at: int
    decided_by: str | None
    decided_at: int | None


class EntryPage(msgspec.Struct, frozen=True, rename="camel"):
    """Entries, the newest first; `next` is the cursor of the next page."""

    entries: list[EntryView]
    next: str | None


class EntryQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which entries."""

    state: Literal["credited", "payout", "unmatched"] | None = None
    reason: Why | None = None
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class ImportQuery(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Whose statement a CSV file is, where none of its columns says it."""

    account: Annotated[str, Meta(max_length=64)] | None = None


class Imported(msgspec.Struct, frozen=True, rename="camel", tag_field="outcome", tag="imported"):
    """What became of a file's entries; those that were `known` were in another file, or in this one before.

    `payouts` are those of payments to vendors, which went out or came back.
    """

    credited: int
    payouts: int
    sums: list[Sum]
    known: int
    pending: int
    empty: int
    unmatched: dict[str, int]


class AssignRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Whose money it is: the number of a wallet."""

    wallet: Annotated[str, Meta(max_length=32)]


class Assigned(msgspec.Struct, frozen=True, rename="camel", tag_field="outcome", tag="assigned"):
    """An entry that an admin gave to a wallet."""

    entry: EntryView


async def import_statement(call: Call[None, ImportQuery]) -> Answer[Any]:
    """`POST /api/funding/import`. Entries are taken once by themselves: there is nothing to repeat with a key."""
    services = call.services
    data = await _read_file(call.request)
    statement = await statements.read_in_thread(data, call.query.account)
    found = await import_file(services, call.who, statement, BankWord())
    if isinstance(found, Summary):
        return Answer(_imported(found))
    waiting = WaitingForAnother([Sum.of(money.minor, money.currency) for money in found])
    return Answer(waiting, ACCEPTED, ANOTHER_ADMIN)


async def _read_file(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in FILES:
        raise WrongTypeError(f"a bank statement is {' or '.join(FILES)}")
    return await read_body(request, MOST_BYTES)


def _imported(summary: Summary) -> Imported:
    return Imported(
        credited=summary.credited,
        payouts=summary.payouts,
        sums=[Sum.of(minor, currency) for currency, minor in sorted(summary.sums.items())],
        known=summary.known,
        pending=summary.pending,
        empty=summary.empty,
        unmatched={why.value: number for why, number in sorted(summary.unmatched.items())},
    )


async def list_entries(call: Call[None, EntryQuery]) -> Answer[EntryPage]:
    """`GET /api/funding/entries`."""
    query = call.query
    before = uuid_bytes_or_none(query.cursor)
    reason = query.reason.value if query.reason is not None else None
    async with call.services.pool.acquire() as connection:
        rows = await assigning.listed(
            connection, state=query.state, reason=reason, before=before, limit=query.limit + 1
        )
    page, following = page_of(rows, query.limit, lambda row: str(row["entry"]))
    return Answer(EntryPage([entry_view(row) for row in page], following))


def entry_view(row: Any) -> EntryView:
    """An entry as it is answered."""
    return EntryView(
        entry_id=str(row["entry"]),
        account=row["account"],
        booked_on=row["booked_on"].isoformat(),
        amount=Sum.of(row["amount"], row["currency"]),
        credit=row["credit"],
        reversal=row["reversal"],
        reference=row["reference"],
        payer=row["payer"],
        remittance=row["remittance"],
        named=row["named"],
        state=row["state"],
        reason=row["reason"],
        wallet=row["wallet"],
        end_to_end=row["end_to_end"],
        payout=text_or_none(row["payout"]),
        imported_at=row["imported_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
    )


async def assign(call: Call[AssignRequest, Nothing]) -> Answer[Any]:
    """`POST /api/funding/assign/{entryId}`."""
    entry, wallet = call.path["entryId"], wallet_number(call.body.wallet)

    async def work(connection: Connection) -> tuple[Assigned | WaitingForAnother, int]:
        money = await assign_entry(connection, call.services, call.who, entry, wallet)
        if money is not None:
            return WaitingForAnother([Sum.of(money.minor, money.currency)]), ACCEPTED
        return Assigned(entry_view(await assigning.read(connection, entry))), 200

    return await call.once_or_wait(work)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/funding/import",
        handle=import_statement,
        summary="Import a bank statement: CSV or ISO 20022 camt.053",
        answers=Imported | WaitingForAnother,
        roles=ADMINS,
        query=ImportQuery,
        takes=FILES,
        errors=(StatementError, UnknownBankAccountError, TooLargeError, WrongTypeError, SlowBodyError),
        statuses=(200, ACCEPTED),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/api/funding/entries",
        handle=list_entries,
        summary="Entries of bank statements",
        answers=EntryPage,
        roles=ADMINS,
        query=EntryQuery,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/funding/assign/{entryId}",
        handle=assign,
        summary="Give an unmatched entry's money to a wallet",
        answers=Assigned | WaitingForAnother,
        roles=ADMINS,
        body=AssignRequest,
        errors=(
            UnknownEntryError,
            EntryStateError,
            UnknownWalletError,
            OwnWalletError,
            WalletNumberError,
            MoneyError,
        ),
        once=True,
        statuses=(200, ACCEPTED),
        tag=TAG,
    ),
)
