"""The audit trail: what is written of whoever acts, and how it is found again."""

import pytest

from syncserver.audit import trail
from syncserver.audit.acting import acting
from syncserver.audit.errors import UnknownAuditEntryError
from syncserver.audit.trail import Filter
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio


async def test_an_entry_says_who_what_when_from_where_and_what_it_was_before(shop: Shop) -> None:
    async with shop.services.pool.acquire() as connection:
        with acting("admin 1", "192.0.2.7"):
            made = await trail.note(
                connection,
                shop.services,
                action="device.revoke",
                object_="device 1",
                before={"vendor": shop.vendor, "revoked": False},
                after={"link": b"\x01\xff", "limits": {"radius_m": 5}},
                reason="it was stolen",
            )
        found = await trail.read(connection, made)
    assert (found.actor, found.origin, found.at) == ("admin 1", "192.0.2.7", shop.clock.now)
    assert (found.action, found.object, found.reason) == ("device.revoke", "device 1", "it was stolen")
    assert found.before is not None
    assert found.before["revoked"] is False
    assert len(found.before["vendor"]) == 36
    assert found.after == {"link": "01ff", "limits": {"radius_m": 5}}


async def test_what_is_undone_is_not_noted(shop: Shop) -> None:
    async with shop.services.pool.acquire() as connection:
        undone = connection.transaction()
        await undone.start()
        made = await trail.note(connection, shop.services, action="a", object_="b 1")
        await undone.rollback()
        with pytest.raises(UnknownAuditEntryError):
            await trail.read(connection, made)


@pytest.mark.parametrize("name", ["password", "old_password", "token", "pin", "proof_key", "seed"])
async def test_a_secret_is_not_written_down(shop: Shop, name: str) -> None:
    async with shop.services.pool.acquire() as connection:
        with pytest.raises(ValueError, match=name):
            await trail.note(connection, shop.services, action="a", object_="b 1", after={name: "hunter2"})


async def test_entries_are_found_by_all_that_they_say(shop: Shop) -> None:
    async with shop.services.pool.acquire() as connection:
        for number in range(6):
            shop.clock.forward(1_000)
            with acting(f"admin {number % 2}", None):
                await trail.note(
                    connection, shop.services, action=("block", "unblock")[number // 3], object_=f"wallet {number}_"
                )

        async def objects(filter_: Filter, before: bytes | None = None, limit: int = 50) -> list[str]:
            found = await trail.listed(connection, filter_, before=before, limit=limit)
            return [one.object[7:8] for one in found if one.object.startswith("wallet ") and one.object.endswith("_")]

        since = shop.clock.now
        assert await objects(Filter(action="block")) == ["2", "1", "0"]
        assert await objects(Filter(actor="admin 1", action="unblock")) == ["5", "3"]
        assert await objects(Filter(object="wallet 4")) == ["4"]
        assert await objects(Filter(object="wallet _")) == []
        assert await objects(Filter(since=since)) == ["5"]
        assert await objects(Filter(since=since - 2_000, until=since)) == ["4", "3"]
        page = await trail.listed(connection, Filter(object="wallet "), limit=2)
        assert await objects(Filter(object="wallet "), before=page[-1].id, limit=2) == ["3", "2"]
        assert {"block", "unblock"} <= set(await trail.actions(connection))
