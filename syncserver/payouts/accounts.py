"""Where vendors are paid: an account that one person asks for and another confirms, and the least that is paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.fields import checked_text
from shared.money import MAX_AMOUNT, Money
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import id_or_none, uuid_or_none
from syncserver.payouts.actors import By, actor_of, are_two, note, person_of
from syncserver.payouts.errors import AnotherPersonError, PayoutAccountError, UnknownPayoutAccountError
from syncserver.payouts.initiation import plain
from syncserver.payouts.steps import QUERIES
from syncserver.registry.errors import UnknownVendorError
from syncserver.services import Services
from syncserver.wallets.funding.entries import account_of
from syncserver.wallets.funding.errors import StatementError
from syncserver.wallets.funding.iban import check_digits_fit, is_bic, is_sepa_iban, looks_like_iban

MOST_HOLDER = 70  # as ISO 20022 has a name


@dataclass(frozen=True, slots=True)
class PayoutAccount:
    """A vendor's account. `minimum` is the least that is paid to it; who and when (ms) are as they were written."""

    vendor: bytes
    version: int
    account: str
    holder: str
    bic: str | None
    minimum: Money
    asked_by: bytes | None
    asked_actor: str
    asked_at: int
    confirmed_actor: str | None
    confirmed_at: int | None

    @property
    def counts(self) -> bool:
        """Whether another person confirmed it."""
        return self.confirmed_at is not None


async def ask(
    connection: Connection,
    services: Services,
    by: By,
    vendor: bytes,
    *,
    account: str,
    holder: str,
    minimum: Money | None = None,
    bic: str | None = None,
) -> PayoutAccount:
    """Ask for a vendor to be paid to an account from now on; it counts once another person confirms it.

    Of the operator it counts at once. In the caller's transaction.

    Raises:
        UnknownVendorError, PayoutAccountError, DecodingError: nothing was done.
    """
    row = await connection.fetchrow(QUERIES["next_account_version"], uuid_of(vendor))
    if row is None:
        raise UnknownVendorError
    number, name = _checked(account, holder, bic, row["currency"])
    least = minimum or Money(1, row["currency"])
    if least.currency != row["currency"] or not 1 <= least.minor <= MAX_AMOUNT:
        raise PayoutAccountError(f"this vendor is paid in {row['currency']}, from one {row['currency']} cent on")
    person = person_of(by)
    await connection.execute(
        QUERIES["write_account"],
        uuid_of(vendor),
        row["version"],
        number,
        name,
        bic,
        least.minor,
        uuid_or_none(person),
        actor_of(by),
        services.clock(),
    )
    facts = {"version": row["version"], "account": number, "holder": name, "minimum": least.minor}
    await note(connection, services, by, "payout_account.ask", "vendor", vendor, after=facts)
    if person is None:
        await _confirm(connection, services, by, vendor, row["version"])
    return (await listed(connection, vendor, limit=1))[0]


def _checked(account: str, holder: str, bic: str | None, currency: str) -> tuple[str, str]:
    try:
        number = account_of(account)
    except StatementError as error:
        raise PayoutAccountError(error.message) from error
    if currency == "EUR" and not is_sepa_iban(number):
        raise PayoutAccountError(f"{number} is no IBAN that euro can be sent to: its length or check digits are wrong")
    if looks_like_iban(number) and not check_digits_fit(number):
        raise PayoutAccountError(f"the check digits of {number} do not fit")
    name = " ".join(checked_text(holder, "holder").split())
    if not plain(name) or len(name) > MOST_HOLDER:
        raise PayoutAccountError(f"a holder has a name of 1 to {MOST_HOLDER} characters, some of them plain letters")
    if bic is not None and not is_bic(bic):
        raise PayoutAccountError("a BIC has 8 or 11 letters and digits")
    return number, name


async def confirm(connection: Connection, services: Services, by: By, vendor: bytes, version: int) -> PayoutAccount:
    """Agree to the account that somebody else asked for: the latest, by its version, so that both mean the same.

    Raises:
        UnknownPayoutAccountError: no such account waits, or another was asked for since.
        AnotherPersonError: whoever asked for it can't confirm it.
    """
    if await connection.fetchrow(QUERIES["next_account_version"], uuid_of(vendor)) is None:
        raise UnknownPayoutAccountError
    latest = await listed(connection, vendor, limit=1)
    if not latest or latest[0].version != version or latest[0].counts:
        raise UnknownPayoutAccountError
    if not await are_two(connection, latest[0].asked_by, by):
        raise AnotherPersonError
    await _confirm(connection, services, by, vendor, version)
    return (await listed(connection, vendor, limit=1))[0]


async def _confirm(connection: Connection, services: Services, by: By, vendor: bytes, version: int) -> None:
    person = person_of(by)
    await connection.execute(
        QUERIES["confirm_account"],
        uuid_of(vendor),
        version,
        uuid_or_none(person),
        actor_of(by),
        services.clock(),
    )
    await note(connection, services, by, "payout_account.confirm", "vendor", vendor, after={"version": version})


async def listed(connection: Connection, vendor: bytes, *, limit: int) -> list[PayoutAccount]:
    """A vendor's accounts, the newest first; the first of them that counts is where it is paid."""
    return _accounts(await connection.fetch(QUERIES["accounts_of_vendor"], uuid_of(vendor), limit))


async def waiting(connection: Connection, after: bytes | None, limit: int) -> list[PayoutAccount]:
    """Accounts that wait for another person, by vendor."""
    last = uuid_or_none(after)
    return _accounts(await connection.fetch(QUERIES["accounts_that_wait"], last, limit))


def _accounts(rows: Sequence[Any]) -> list[PayoutAccount]:
    return [
        PayoutAccount(
            vendor=row["vendor"].bytes,
            version=row["version"],
            account=row["account"],
            holder=row["holder"],
            bic=row["bic"],
            minimum=Money(row["minimum"], row["currency"]),
            asked_by=id_or_none(row["asked_by"]),
            asked_actor=row["asked_actor"],
            asked_at=row["asked_at"],
            confirmed_actor=row["confirmed_actor"],
            confirmed_at=row["confirmed_at"],
        )
        for row in rows
    ]
