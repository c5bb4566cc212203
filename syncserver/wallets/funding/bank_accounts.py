"""Our own bank accounts: where customers pay in, and whose statements are believed."""

from dataclasses import dataclass
from pathlib import Path

from shared.fields import checked_text
from shared.money import minor_digits
from syncserver.audit import trail
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.services import Services
from syncserver.wallets.funding.entries import account_of
from syncserver.wallets.funding.errors import BankAccountError, StatementError
from syncserver.wallets.funding.iban import check_digits_fit, is_bic, looks_like_iban
from syncserver.wallets.funding.references import printed, reference_of

QUERIES = load(Path(__file__).parent)


@dataclass(frozen=True, slots=True)
class BankAccount:
    """One of ours: its IBAN, or its number where there are no IBANs."""

    account: str
    holder: str
    bic: str | None
    currency: str


@dataclass(frozen=True, slots=True)
class Instructions:
    """How to pay into a wallet by bank transfer, to any of these accounts; `printed` is the reference on paper."""

    reference: str
    printed: str
    accounts: tuple[BankAccount, ...]


async def add(services: Services, *, account: str, holder: str, currency: str, bic: str | None = None) -> BankAccount:
    """Add one of our bank accounts, or change its holder and BIC.

    Raises:
        BankAccountError, CurrencyError, DecodingError: nothing was done.
    """
    minor_digits(currency)
    checked_text(holder, "holder")
    try:
        number = account_of(account)
    except StatementError as error:
        raise BankAccountError(error.message) from error
    if looks_like_iban(number) and not check_digits_fit(number):
        raise BankAccountError(f"the check digits of {number} do not fit")
    if not holder.strip() or (bic is not None and not is_bic(bic)):
        raise BankAccountError("an account has a holder, and a BIC has 8 or 11 letters and digits")
    async with services.pool.acquire() as connection, connection.transaction():
        before = next((one for one in await listed(connection) if one.account == number), None)
        tag = await connection.execute(
            QUERIES["write_bank_account"], number, holder.strip(), bic, currency, services.clock()
        )
        if tag != "INSERT 0 1":
            raise BankAccountError("this account is known with another currency")
        await trail.note(
            connection,
            services,
            action="funding.account",
            object_=f"bank-account {number}",
            before={"holder": before.holder, "bic": before.bic} if before is not None else None,
            after={"holder": holder.strip(), "bic": bic, "currency": currency},
        )
    return BankAccount(number, holder.strip(), bic, currency)


async def listed(connection: Connection, currency: str | None = None) -> tuple[BankAccount, ...]:
    """Our bank accounts, the oldest first; of one currency, or all."""
    rows = await connection.fetch(QUERIES["list_bank_accounts"], currency)
    return tuple(BankAccount(row["account"], row["holder"], row["bic"], row["currency"]) for row in rows)


async def instructions(connection: Connection, wallet: str, currency: str) -> Instructions:
    """How to pay into a wallet; there may be no account in its currency."""
    reference = reference_of(wallet)
    return Instructions(reference, printed(reference), await listed(connection, currency))
