"""What was written is sealed, and whatever is altered afterwards shows, whoever does it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from syncserver.audit import trail
from syncserver.audit.acting import acting
from syncserver.audit.sealing import seal_entries
from syncserver.audit.verifying import Broken, Verified, read_heads, verify
from syncserver.database.connection import Connection
from syncserver.maintenance.outbox import relay
from syncserver.maintenance.rounds import one_round
from syncserver.reconcile.checks import reconcile
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio


@pytest.fixture
async def owner(shop: Shop) -> AsyncIterator[Connection]:
    """A connection that may do anything to the database."""
    connection = await shop.target.connect_owner()
    try:
        yield connection
    finally:
        await connection.close()


async def _note(shop: Shop, action: str = "vendor.block", reason: str | None = None) -> bytes:
    shop.clock.forward(1)  # ids of one millisecond are in no order
    async with shop.services.pool.acquire() as connection, connection.transaction():
        with acting("admin 1", "192.0.2.7"):
            return await trail.note(
                connection,
                shop.services,
                action=action,
                object_="vendor 1",
                before={"blocked": False},
                after={"blocked": True, "vendor": shop.vendor, "links": [b"\x01\x02"]},
                reason=reason,
            )


async def _verify(shop: Shop, *, latest: int | None = None, noted: tuple[bytes, ...] = ()) -> Verified:
    async with (
        shop.services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await verify(connection, shop.services, latest=latest, noted=noted)


async def _lived(shop: Shop) -> None:
    """A shop in which something happened: three seals of each chain."""
    wallet = await shop.customer()
    till = await shop.terminal()
    for code in (await shop.codes(wallet))[:3]:
        _, raw = till.pay(code, 500)
        await till.upload(raw)
        await _note(shop)
        await _note(shop)
        await one_round(shop.services)


async def test_all_is_sealed_within_a_round_and_verifies(shop: Shop) -> None:
    await _lived(shop)
    found = await _verify(shop)
    assert found.breaks == []
    assert found.waiting == 0
    heads = {head.chain: head for head in found.heads}
    assert heads["events 0"].rows == 3
    assert heads["audit"].rows >= 6
    assert found.checked == heads["events 0"].rows + heads["audit"].rows
    assert (await _verify(shop, latest=1)).ok
    await shop.assert_reconciled()


async def test_what_is_not_sealed_yet_waits_and_is_no_damage(shop: Shop) -> None:
    await _note(shop)
    found = await _verify(shop)
    assert found.ok
    assert found.waiting > 0


async def test_a_transaction_that_takes_long_is_sealed_late_and_delays_nobody(shop: Shop) -> None:
    async with shop.services.pool.acquire() as slow:
        late = slow.transaction()
        await late.start()
        early_id = await trail.note(slow, shop.services, action="late", object_="vendor 1")
        await _note(shop)
        await one_round(shop.services)
        assert (await _verify(shop)).waiting == 0
        await late.commit()
    assert (await _verify(shop)).waiting == 1
    await one_round(shop.services)
    found = await _verify(shop)
    assert found.ok
    assert found.waiting == 0
    async with shop.services.pool.acquire() as connection:
        assert (await trail.read(connection, early_id)).action == "late"


async def test_sealers_at_the_same_time_make_one_chain(shop: Shop) -> None:
    for _ in range(20):
        await _note(shop)
    await asyncio.gather(
        *(one_round(shop.services) for _ in range(4)), *(seal_entries(shop.services) for _ in range(4))
    )
    found = await _verify(shop)
    assert found.ok
    assert found.waiting == 0


FORGED = """
INSERT INTO payment_event SELECT wallet, 99, payment, before, after, reasons, at, actor FROM payment_event LIMIT 1
"""
DAMAGE = {
    "UPDATE audit SET reason = 'another' WHERE id = (SELECT id FROM audit ORDER BY id DESC LIMIT 1)": Broken.CHANGED,
    "UPDATE audit SET actor = 'nobody'": Broken.CHANGED,
    "UPDATE audit SET at = at + 1": Broken.CHANGED,
    "UPDATE audit SET origin = NULL": Broken.CHANGED,
    "UPDATE audit SET before = NULL": Broken.CHANGED,
    "UPDATE audit SET after = after || '{\"blocked\": false}'": Broken.CHANGED,
    "UPDATE payment_event SET actor = 'nobody'": Broken.CHANGED,
    "UPDATE payment_event SET reasons = '{LATE}' WHERE number = 1": Broken.CHANGED,
    "UPDATE payment_event SET note = 'no' WHERE number = 1": Broken.CHANGED,
    "DELETE FROM audit WHERE id = (SELECT id FROM audit ORDER BY id LIMIT 1)": Broken.REMOVED,
    "DELETE FROM payment_event WHERE number = 1": Broken.REMOVED,
    "UPDATE payment_event SET number = number + 100 WHERE number = 1": Broken.REMOVED,
    "INSERT INTO audit SELECT gen_random_uuid(), at, actor, action, object FROM audit LIMIT 1": Broken.UNSEALED,
    FORGED: Broken.UNSEALED,
    "DELETE FROM seal WHERE number = (SELECT max(number) FROM seal) ": Broken.UNSEALED,
    "DELETE FROM seal WHERE number = 2": Broken.SEAL_REMOVED,
    "DELETE FROM seal WHERE number = 1": Broken.SEAL_REMOVED,
    "UPDATE seal SET at = at + 1 WHERE number = 1": Broken.SEAL_CHANGED,
    "UPDATE seal SET count = count + 1 WHERE number = 1": Broken.SEAL_CHANGED,
    "UPDATE seal SET rows = '\\x80' WHERE number = 1": Broken.SEAL_CHANGED,
    "UPDATE seal SET rows = '\\xff' WHERE number = 1": Broken.SEAL_CHANGED,
    "UPDATE seal SET chain = 'other' WHERE chain = 'audit'": Broken.SEAL_CHANGED,
    "UPDATE seal SET signature = signature || '\\x00' WHERE number = 2": Broken.NOT_SIGNED,
    "UPDATE seal SET signature = (SELECT signature FROM seal WHERE number = 1 LIMIT 1) WHERE number = 2": (
        Broken.NOT_SIGNED
    ),
    "UPDATE server_key SET wrapped_seed = '\\x00'": Broken.NOT_SIGNED,
}


@pytest.mark.parametrize(("statement", "broken"), DAMAGE.items())
async def test_a_hand_in_the_database_shows(shop: Shop, owner: Connection, statement: str, broken: Broken) -> None:
    await _lived(shop)
    await owner.execute(statement)
    found = await _verify(shop)
    assert broken in {one.broken for one in found.breaks}
    assert broken is found.breaks[0].broken or broken is Broken.UNSEALED
    seals = [one for one in (await reconcile(shop.services)).findings if one.check == "seals"]
    assert [one.meaning for one in seals] == [one.meaning for one in found.breaks]


async def test_the_first_row_that_was_altered_is_named(shop: Shop, owner: Connection) -> None:
    await _lived(shop)
    first, second = await owner.fetch("SELECT id FROM audit ORDER BY id DESC LIMIT 2")
    await owner.execute("UPDATE audit SET reason = 'another' WHERE id = ANY ($1)", [first["id"], second["id"]])
    found = await _verify(shop)
    assert [one.row for one in found.breaks] == [f"audit entry {second['id']}", f"audit entry {first['id']}"]
    assert {one.seal for one in found.breaks} == {3}


async def test_a_key_that_was_put_into_the_database_signs_nothing(shop: Shop, owner: Connection) -> None:
    """Whoever has the database may make a chain of their own, and can't make it this server's."""
    await _lived(shop)
    await owner.execute("UPDATE server_key SET public_key = sha256(public_key)")
    assert (await _verify(shop)).ok  # what is believed are the seeds, which only the key outside opens


async def test_an_end_that_was_cut_off_with_its_rows_shows_by_a_head_that_was_noted(
    shop: Shop, owner: Connection
) -> None:
    await _lived(shop)
    async with shop.services.pool.acquire() as connection:
        noted = tuple(head.head for head in await read_heads(connection))
    assert (await _verify(shop, noted=noted)).ok
    await owner.execute("DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id DESC LIMIT 2)")
    await owner.execute("DELETE FROM seal WHERE chain = 'audit' AND number = 3")
    assert (await _verify(shop)).ok
    (gone,) = (await _verify(shop, noted=noted)).breaks
    assert gone.broken is Broken.HEAD_MISSING


async def test_the_servers_role_alters_nothing(shop: Shop) -> None:
    await _lived(shop)
    for statement in (
        "UPDATE audit SET reason = 'x'",
        "DELETE FROM audit",
        "UPDATE seal SET at = 0",
        "DELETE FROM seal",
        "TRUNCATE audit",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await shop.services.pool.execute(statement)


async def test_events_from_before_there_were_seals_are_sealed_too(shop: Shop, owner: Connection) -> None:
    await _lived(shop)
    await owner.execute("DELETE FROM seal WHERE chain LIKE 'events%'")
    await owner.execute("INSERT INTO outbox (wallet, number) SELECT wallet, number FROM payment_event")
    await one_round(shop.services)
    found = await _verify(shop)
    assert found.ok
    assert {head.chain: head.rows for head in found.heads}["events 0"] == 3


async def test_what_could_not_be_delivered_is_not_sealed_and_waits(shop: Shop) -> None:
    def refuse(_: object) -> None:
        raise OSError("the log is full")

    wallet = await shop.customer()
    till = await shop.terminal()
    _, raw = till.pay((await shop.codes(wallet))[0], 500)
    await till.upload(raw)
    with pytest.raises(OSError, match="full"):
        await relay(shop.services, refuse)
    assert "events 0" not in {head.chain for head in (await _verify(shop)).heads}
    assert await relay(shop.services) == 1
    found = await _verify(shop)
    assert found.ok
    assert {head.chain: head.rows for head in found.heads} == {"events 0": 1}
