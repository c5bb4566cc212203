"""Opening wallets, funding them, and moving money between their two balances."""

from dataclasses import dataclass
from pathlib import Path

from shared.errors import CurrencyError, MoneyError
from shared.fields import checked_text
from shared.geo import Place
from shared.ids import WALLET_DIGITS, luhn_digit, uuid7, uuid_text
from shared.money import MAX_AMOUNT, Money, minor_digits
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.ledger import store
from syncserver.ledger.postings import Account, Cause, Postings
from syncserver.services import Services
from syncserver.sync.numbering import next_version
from syncserver.wallets.errors import UnknownWalletError

QUERIES = load(Path(__file__).parent)


@dataclass(frozen=True, slots=True)
class Balances:
    """What a wallet has, in minor units."""

    wallet: str
    currency: str
    online: int
    offline: int
    held: int
    review: int


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer who was just added, with the number of the wallet."""

    user_id: bytes
    wallet: str


def object_of(wallet: str) -> str:
    """How the audit trail names a wallet."""
    return f"wallet {wallet}"


async def add_customer(services: Services, *, name: str, home: Place, currency: str) -> NewCustomer:
    """Add an approved customer with an empty wallet.

    Raises:
        CurrencyError, DecodingError: nothing was done.
    """
    user_id = uuid7(services.clock(), services.random(10))
    async with services.pool.acquire() as connection, connection.transaction():
        made = await open_wallet(connection, services, user_id, name=name, home=home, currency=currency)
        await trail.note(
            connection,
            services,
            action="customer.create",
            object_=f"customer {uuid_text(user_id)}",
            after={"name": name, "wallet": made.wallet, "currency": currency},
        )
        return made


async def open_wallet(
    connection: Connection, services: Services, user_id: bytes, *, name: str, home: Place, currency: str
) -> NewCustomer:
    """Make somebody an approved customer with an empty wallet, in the caller's transaction.

    Raises:
        CurrencyError, DecodingError: nothing was done.
    """
    minor_digits(currency)
    checked_text(name, "name")
    now = services.clock()
    wallet = await _free_number(connection, services)
    await connection.execute(QUERIES["write_customer"], uuid_of(user_id), name, home.lat, home.lon, now)
    await connection.execute(QUERIES["write_wallet"], wallet, uuid_of(user_id), currency, home.lat, home.lon, now)
    return NewCustomer(user_id, wallet)


async def _free_number(connection: Connection, services: Services) -> str:
    """A random wallet number; one that a payment ever named stays unused, so that it gets no foreign history."""
    while True:
        digits = str(int.from_bytes(services.random(8)) % 10 ** (WALLET_DIGITS - 1)).zfill(WALLET_DIGITS - 1)
        number = digits + luhn_digit(digits)
        if not await connection.fetchval(QUERIES["number_was_used"], number):
            return number


async def show(connection: Connection, wallet: str) -> Balances:
    """What a wallet has.

    Raises:
        UnknownWalletError: where there is none.
    """
    row = await connection.fetchrow(QUERIES["read_wallet"], wallet)
    if row is None:
        raise UnknownWalletError
    return Balances(row["wallet"], row["currency"], row["online"], row["offline"], row["held"], row["review"])


async def fund(services: Services, wallet: str, amount: str, actor: str) -> Balances:
    """Pay an amount such as 200.00 in from the bank.

    Raises:
        UnknownWalletError, MoneyError: nothing was done.
    """
    return await _move(services, wallet, amount, actor, Account.BANK, Account.ONLINE, Cause.FUNDING)


async def move_offline(services: Services, wallet: str, amount: str, actor: str, *, back: bool = False) -> Balances:
    """Move an amount from the online to the offline balance, or back.

    Raises:
        UnknownWalletError, MoneyError, InsufficientFundsError: nothing was done.
    """
    ends = (Account.OFFLINE, Account.ONLINE) if back else (Account.ONLINE, Account.OFFLINE)
    return await _move(services, wallet, amount, actor, *ends, Cause.MOVE)


async def _move(
    services: Services, wallet: str, amount: str, actor: str, debit: Account, credit: Account, cause: Cause
) -> Balances:
    async with services.pool.acquire() as connection, connection.transaction():
        currency = (await show(connection, wallet)).currency
        money = Money.parse(amount, currency)
        movement = Movement(wallet, money, debit, credit, cause, actor, services.clock())
        balances = await move(connection, movement)
        await note_movement(connection, services, movement)
        return balances


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moves between two accounts of one wallet, or between one and the system's. `at` in ms."""

    wallet: str
    money: Money
    debit: Account
    credit: Account
    cause: Cause
    actor: str
    at: int


async def move(connection: Connection, movement: Movement) -> Balances:
    """Move money in the caller's transaction.

    Raises:
        UnknownWalletError, MoneyError, InsufficientFundsError: nothing was done.
    """
    wallet, money = movement.wallet, movement.money
    locked = (await store.lock_wallets(connection, [wallet])).get(wallet)
    if locked is None:
        raise UnknownWalletError
    if money.currency != locked.accounts.currency:
        raise CurrencyError(f"this wallet is in {locked.accounts.currency}")
    if money.minor == 0:
        raise MoneyError("an amount of 0 moves nothing")
    if movement.cause is Cause.FUNDING and sum(locked.accounts.balances.values()) + money.minor > MAX_AMOUNT:
        raise MoneyError("a wallet can't hold that much")
    postings = Postings(at=movement.at, actor=movement.actor, wallets={wallet: locked.accounts})
    postings.move(wallet, movement.debit, movement.credit, money.minor, movement.cause)
    await store.write(connection, postings)
    return await show(connection, wallet)


async def note_movement(connection: Connection, services: Services, movement: Movement) -> None:
    """Write down that somebody moved another's money, in the transaction that moved it."""
    ends = {"from": movement.debit.value, "to": movement.credit.value}
    await trail.note(
        connection,
        services,
        actor=movement.actor,
        action=f"wallet.{movement.cause.value}",
        object_=object_of(movement.wallet),
        after={"amount": movement.money.minor, "currency": movement.money.currency, **ends},
    )


async def of_customer(connection: Connection, user_id: bytes) -> Balances:
    """The wallet of a customer.

    Raises:
        UnknownWalletError: where there is none.
    """
    row = await connection.fetchrow(QUERIES["wallet_of_customer"], uuid_of(user_id))
    if row is None:
        raise UnknownWalletError
    return Balances(row["wallet"], row["currency"], row["online"], row["offline"], row["held"], row["review"])


async def name_of_customer(connection: Connection, user_id: bytes) -> str:
    """A customer's name.

    Raises:
        UnknownWalletError: where there is no such customer.
    """
    name: str | None = await connection.fetchval(QUERIES["customer_name"], uuid_of(user_id))
    if name is None:
        raise UnknownWalletError
    return name


async def block(services: Services, wallet: str, *, blocked: bool) -> None:
    """Block a wallet, or end that; terminals learn it with their next book.

    Raises:
        UnknownWalletError: where there is none.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        await block_in(connection, wallet, blocked=blocked)
        action = "wallet.block" if blocked else "wallet.unblock"
        await trail.note(connection, services, action=action, object_=object_of(wallet), after={"blocked": blocked})


async def block_in(connection: Connection, wallet: str, *, blocked: bool) -> None:
    """As `block`, in the caller's transaction.

    Raises:
        UnknownWalletError: where there is none.
    """
    # The wallet before the book's version, as every batch has its locks.
    if wallet not in await store.lock_wallets(connection, [wallet]):
        raise UnknownWalletError
    version = await next_version(connection)
    await connection.execute(QUERIES["block_wallet"], wallet, version if blocked else None)
