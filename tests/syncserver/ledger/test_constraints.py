"""The database itself refuses what must never be: each invariant is attacked with plain SQL as the server's role."""

# ruff: noqa: S608 - the statements are these tests' own

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from tests.syncserver.kit import Code, Shop

pytestmark = pytest.mark.anyio

CHECK, UNIQUE, RIGHT = asyncpg.CheckViolationError, asyncpg.UniqueViolationError, asyncpg.InsufficientPrivilegeError
NOT_NULL = asyncpg.NotNullViolationError
HISTORY = (
    "journal_record", "transfer", "payment_event", "fork_record", "stray_record", "batch", "policy", "refund", "audit",
    "seal",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attack:
    """A shop with one settled payment, and the server's own way to its database."""

    shop: Shop
    connection: Connection
    wallet: str
    code: Code
    payment: bytes

    async def refused(self, error: type[asyncpg.PostgresError], statement: str, *arguments: object) -> None:
        with pytest.raises(error) as caught:
            async with self.connection.transaction():
                await self.connection.execute(statement, *arguments)
        assert type(caught.value) is error


@pytest.fixture
async def attack(shop: Shop) -> AsyncIterator[Attack]:
    wallet = await shop.customer()
    code, *_ = await shop.codes(wallet, 2)
    till = await shop.terminal()
    payment, raw = till.pay(code, 1_000)
    await till.upload(till.open_shift(), raw)
    connection = await shop.target.connect_server()
    try:
        assert await connection.fetchval("SELECT current_user::text") == "tallystick_server"
        yield Attack(shop, connection, wallet, code, payment)
        await shop.assert_reconciled()
    finally:
        await connection.close()


async def test_no_balance_of_a_customer_falls_below_zero(attack: Attack) -> None:
    for account in ("online", "offline", "held", "review"):
        await attack.refused(CHECK, f"UPDATE wallet SET {account} = -1 WHERE wallet = $1", attack.wallet)


TRANSFER = (
    "INSERT INTO transfer (wallet, number, debit, credit, amount, currency, cause, payment, series, vendor, at, actor) "
)


async def test_a_transfer_is_a_movement_of_something_between_two_for_a_cause(attack: Attack) -> None:
    for debit, credit, amount, cause in (
        ("bank", "online", 0, "funding"),  # nothing
        ("bank", "online", -5, "funding"),  # backwards
        ("online", "online", 5, "move"),  # to itself
        ("nowhere", "online", 5, "move"),  # out of thin air
        ("online", "nowhere", 5, "move"),
        ("online", "vendor", 5, "move"),  # to a vendor without a name
        ("bank", "online", 5, "gift"),  # for no reason that there is
        ("held", "review", 5, "claim"),  # a claim of no payment
        ("held", "offline", 5, "release"),  # a release of no series
    ):
        values = "VALUES ($1, 99, $2, $3, $4, 'EUR', $5, NULL, NULL, NULL, 0, 'me')"
        await attack.refused(CHECK, TRANSFER + values, attack.wallet, debit, credit, amount, cause)


async def test_a_transfer_has_both_its_sides(attack: Attack) -> None:
    """An entry without its other half can't even be written down."""
    columns = [name.strip() for name in TRANSFER.partition("(")[2].partition(")")[0].split(",")]
    for missing in ("debit", "credit", "amount", "currency", "cause"):
        values = {"number": "99", missing: "NULL"}
        picked = ", ".join(values.get(name, name) for name in columns)
        await attack.refused(NOT_NULL, f"{TRANSFER} SELECT {picked} FROM transfer WHERE cause = 'claim'")


COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"


async def test_history_is_neither_changed_nor_deleted(attack: Attack) -> None:
    for table in HISTORY:
        rows = await attack.connection.fetch(COLUMNS, table)
        assert rows
        for row in rows:
            await attack.refused(RIGHT, f"UPDATE {table} SET {row['attname']} = {row['attname']}")
        await attack.refused(RIGHT, f"DELETE FROM {table}")


async def test_of_a_payment_only_its_state_and_who_decided_it_may_change(attack: Attack) -> None:
    columns = {row["attname"] for row in await attack.connection.fetch(COLUMNS, "payment")}
    changeable = {"state", "decided_by", "decided_at", "decision_reason"}
    assert changeable < columns
    for column in sorted(columns - changeable):
        await attack.refused(RIGHT, f"UPDATE payment SET {column} = {column}")
    await attack.refused(CHECK, "UPDATE payment SET state = 'PAID TWICE'")
    await attack.refused(RIGHT, "DELETE FROM payment")


async def test_nothing_that_money_stands_on_is_deleted(attack: Attack) -> None:
    for table in ("wallet", "series", "code", "vendor", "vendor_balance", "device", "device_epoch", "void", "shift"):
        await attack.refused(RIGHT, f"DELETE FROM {table}")
    for table in ("server", "server_key", "book_clock", "customer", "enrolment_token", "device_update"):
        await attack.refused(RIGHT, f"DELETE FROM {table}")


COPY_OF_PAYMENT = """
    INSERT INTO payment (wallet, payment, device, epoch, seq, link, shift, vendor, series, idx, amount, currency, at,
                         taken_at, uncertainty, lat, lon, book, claimed, reasons, score, batch, received_at, state)
    SELECT wallet, {payment}, device, epoch, seq + 7, link, shift, vendor, series, idx, {amount}, currency, at,
           taken_at, uncertainty, lat, lon, book, {claimed}, reasons, score, batch, received_at, state FROM payment
"""


async def test_a_payment_is_there_once(attack: Attack) -> None:
    again = COPY_OF_PAYMENT.format(payment="payment", amount="amount", claimed="false")
    await attack.refused(UNIQUE, again)


async def test_a_payment_is_of_something(attack: Attack) -> None:
    for amount in ("0", "-1"):
        await attack.refused(CHECK, COPY_OF_PAYMENT.format(payment="gen_random_uuid()", amount=amount, claimed="false"))


ONLINE_PAYMENT = """
    INSERT INTO payment (channel, wallet, payment, vendor, amount, currency, taken_at, received_at, uncertainty,
                         lat, lon, claimed, reasons, score, state{more})
    SELECT {channel}, wallet, gen_random_uuid(), vendor, amount, currency, taken_at, received_at, 0, {lat}, NULL,
           {claimed}, '{{}}', 0, state{values} FROM payment
"""


async def test_a_payment_is_wholly_of_a_terminal_or_wholly_online(attack: Attack) -> None:
    fits = {"channel": "'online'", "lat": "NULL", "claimed": "false", "more": "", "values": ""}
    own = attack.connection.transaction()
    await own.start()
    await attack.connection.execute(ONLINE_PAYMENT.format(**fits))
    await own.rollback()
    for changes in ({"channel": "'offline'"}, {"channel": "'post'"}, {"lat": "1"}, {"claimed": "true"}):
        await attack.refused(CHECK, ONLINE_PAYMENT.format(**fits | changes))
    await attack.refused(NOT_NULL, ONLINE_PAYMENT.format(**fits | {"channel": "NULL"}))
    for column in ("device", "epoch", "seq", "link", "shift", "series", "idx", "at", "book", "batch"):
        more = {"more": f", {column}", "values": f", {column}"}
        await attack.refused(CHECK, ONLINE_PAYMENT.format(**fits | more))
        names = COPY_OF_PAYMENT.format(payment="gen_random_uuid()", amount="amount", claimed="false")
        picked, _, rest = names.partition("SELECT")
        without = re.sub(rf"\b{column}\b", "NULL", rest, count=1)
        await attack.refused(CHECK, f"{picked} SELECT {without}")


REFUND = "INSERT INTO refund VALUES ($1, $2, {number}, {customer}, {house}, 'why', 'me', 0)"


async def test_a_refund_is_of_something_and_there_once(attack: Attack) -> None:
    payment = uuid_of(attack.payment)
    for number, customer, house in ((0, 1, 0), (1, 0, 0), (1, -1, 2), (1, 2, -1)):
        statement = REFUND.format(number=number, customer=customer, house=house)
        await attack.refused(CHECK, statement, attack.wallet, payment)
    one = attack.connection.transaction()
    await one.start()
    await attack.connection.execute(REFUND.format(number=1, customer=1, house=0), attack.wallet, payment)
    again = REFUND.format(number=1, customer=2, house=0)
    await attack.refused(UNIQUE, again, attack.wallet, payment)
    await one.rollback()


async def test_a_code_is_claimed_by_one_payment_alone(attack: Attack) -> None:
    second = COPY_OF_PAYMENT.format(payment="gen_random_uuid()", amount="amount", claimed="true")
    await attack.refused(UNIQUE, second)


async def test_a_claimed_code_has_a_payment_and_no_other_code_has_one(attack: Attack) -> None:
    series, payment = uuid_of(attack.code.series), uuid_of(attack.payment)
    await attack.refused(CHECK, "UPDATE code SET state = 'claimed' WHERE series = $1 AND idx = 1", series)
    await attack.refused(CHECK, "UPDATE code SET payment = $2 WHERE series = $1 AND idx = 1", series, payment)
    await attack.refused(CHECK, "UPDATE code SET payment = NULL WHERE series = $1 AND idx = 0", series)
    await attack.refused(CHECK, "UPDATE code SET state = 'issued' WHERE series = $1 AND idx = 0", series)
    await attack.refused(CHECK, "UPDATE code SET state = 'gone' WHERE series = $1 AND idx = 1", series)


async def test_a_seq_is_taken_once(attack: Attack) -> None:
    await attack.refused(
        UNIQUE,
        """INSERT INTO journal_record
                  (device, epoch, seq, link, prev, raw, batch, received_at, status, reasons, score)
           SELECT device, epoch, seq, prev, prev, raw, batch, received_at, status, reasons, score
             FROM journal_record""",
    )


async def test_a_wallets_transfers_and_events_are_numbered_once(attack: Attack) -> None:
    await attack.refused(UNIQUE, "INSERT INTO transfer SELECT * FROM transfer LIMIT 1")
    await attack.refused(UNIQUE, "INSERT INTO payment_event SELECT * FROM payment_event LIMIT 1")


async def test_nothing_is_truncated(attack: Attack) -> None:
    tables = await attack.connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert len(tables) > 20
    for table in tables:
        await attack.refused(RIGHT, f"TRUNCATE {table['tablename']}")


DDL = (
    "CREATE TABLE mine (id integer)",
    "ALTER TABLE wallet ADD COLUMN mine integer",
    "ALTER TABLE wallet DROP CONSTRAINT wallet_offline_check",
    "DROP TABLE transfer",
    "DROP VIEW entry",
    "DROP INDEX payment_claims_its_code",
    "CREATE INDEX mine ON payment (amount)",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE TRIGGER mine BEFORE INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger()",
    "CREATE RULE mine AS ON INSERT TO transfer DO INSTEAD NOTHING",
    "INSERT INTO schema_migration (number, name, checksum) VALUES (99, 'mine', '')",
    "DELETE FROM schema_migration",
    "COPY wallet TO PROGRAM 'cat'",
    "CREATE ROLE mine",
)


async def test_the_schema_is_not_the_servers_to_change(attack: Attack) -> None:
    for statement in DDL:
        await attack.refused(RIGHT, statement)


async def test_the_server_cannot_give_itself_more_rights(attack: Attack) -> None:
    warnings: list[object] = []
    attack.connection.add_log_listener(lambda _, message: warnings.append(message))
    await attack.connection.execute("GRANT ALL ON transfer TO tallystick_server")
    assert len(warnings) == 1, "PostgreSQL only warns that it granted nothing"
    await attack.refused(RIGHT, "DELETE FROM transfer")


async def test_the_server_is_neither_the_owner_nor_can_become_one(attack: Attack) -> None:
    row = await attack.connection.fetchrow(
        """SELECT pg_has_role('tallystick_server', 'tallystick_owner', 'MEMBER') AS owner, r.rolsuper, r.rolcreaterole,
                  r.rolcreatedb, r.rolbypassrls, r.rolreplication,
                  EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) AS owns_something
             FROM pg_roles r WHERE rolname = 'tallystick_server'"""
    )
    assert row is not None
    assert not any(row.values())
    if attack.shop.target.server.get("server_settings", {}).get("role") is None:  # it logged in as itself
        await attack.refused(RIGHT, "SET ROLE tallystick_owner")
