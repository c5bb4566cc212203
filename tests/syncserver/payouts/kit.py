"""A shop that is owed money, two admins, and a bank that says what it did."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from shared.ids import uuid_bytes, uuid_text
from shared.money import Money
from syncserver.payments import online
from syncserver.payouts import accounts
from syncserver.people.access import Role
from syncserver.registry import vendors
from tests.syncserver.kit import TALLINN, Shop
from tests.syncserver.rest.kit import Person, data, person
from tests.syncserver.rest.statements import ACCOUNT, Row, camt, open_accounts, upload

IBAN = "DE89370400440532013000"
OTHER_IBAN = "NL91ABNA0417164300"


@dataclass(slots=True)
class Office:
    """A shop whose vendor is paid to `IBAN`, and the admins who pay it."""

    shop: Shop
    ada: Person
    bob: Person
    wallet: str

    async def sell(self, minor: int, vendor: bytes | None = None) -> bytes:
        """A customer pays a vendor online: it is owed that much, not folded yet."""
        async with self.shop.services.pool.acquire() as connection, connection.transaction():
            order = online.Order(self.wallet, vendor or self.shop.vendor, Money(minor, "EUR"), None, "test")
            return await online.pay(connection, self.shop.services, order)

    async def vendor(self, account: str = OTHER_IBAN, name: str = "Other Shop") -> bytes:
        """Another vendor with an account."""
        made = await vendors.add_vendor(self.shop.services, name=name, place=TALLINN, currency="EUR")
        await self.account(made, account=account, holder=name)
        return made

    async def account(self, vendor: bytes, *, account: str = IBAN, holder: str = "Corner OÜ", least: int = 1) -> None:
        """Where the operator has a vendor paid."""
        async with self.shop.services.pool.acquire() as connection, connection.transaction():
            await accounts.ask(
                connection,
                self.shop.services,
                "cli test",
                vendor,
                account=account,
                holder=holder,
                minimum=Money(least, "EUR"),
            )

    async def propose(self, vendor: bytes | None = None, **more: Any) -> dict[str, Any]:
        """Ada's proposal to pay."""
        body = {"currency": "EUR", **({"vendorId": uuid_text(vendor)} if vendor is not None else {}), **more}
        return dict(data(await self.ada.post("/api/payout-runs", body, key=os.urandom(8).hex())))

    async def step(self, run: dict[str, Any], step: str, who: Person | None = None, body: Any = None) -> dict[str, Any]:
        """A step with all of a run, by Bob unless somebody else is named."""
        path = f"/api/payout-runs/{run['runId']}/{step}"
        return dict(data(await (who or self.bob).post(path, body, key=os.urandom(8).hex())))

    async def sent(self, vendor: bytes | None = None) -> dict[str, Any]:
        """A run that the bank has been told of; its only payout."""
        run = await self.propose(vendor)
        await self.step(run, "approve")
        await self.step(run, "send", body={})
        (payout,) = data(await self.ada.get("/api/payouts", run=run["runId"]))["payouts"]
        return dict(payout)

    async def story(self, payout: dict[str, Any]) -> dict[str, Any]:
        return dict(data(await self.ada.get(f"/api/payouts/{payout['payoutId']}")))

    async def states(self, payout: dict[str, Any]) -> list[str]:
        """All states that a payout has had."""
        return [event["after"] for event in (await self.story(payout))["events"]]

    async def outcome(self, payout: dict[str, Any], outcome: str, who: Person | None = None, **body: Any) -> Any:
        """What somebody says became of it: the answer."""
        path = f"/api/payouts/{payout['payoutId']}/outcome/{outcome}"
        return await (who or self.ada).post(path, body, key=os.urandom(8).hex())

    async def told(self, *rows: Row) -> dict[str, Any]:
        """What the bank's statement of some entries came to; both admins bring it where that is needed."""
        file = camt(*rows)
        answer = await upload(self.ada, file)
        return dict(data(answer if answer.status_code != 202 else await upload(self.bob, file)))

    async def owed(self, vendor: bytes | None = None) -> tuple[int, int]:
        """What a vendor is owed, and what is on its way to its bank."""
        found = data(await self.ada.get(f"/api/vendors/{uuid_text(vendor or self.shop.vendor)}"))
        return found["owed"]["minor"], found["onItsWay"]["minor"]

    async def moved(self, payout: dict[str, Any]) -> list[tuple[str, str, int]]:
        """All transfers of a payout: from, to, how much."""
        rows = await self.shop.services.pool.fetch(
            "SELECT debit, credit, amount FROM vendor_transfer WHERE payout::text = $1 ORDER BY number",
            payout["payoutId"],
        )
        return [tuple(row) for row in rows]


def out(payout: dict[str, Any], **changes: Any) -> Row:
    """The bank's entry of a payout that it paid."""
    return _row(payout, credit=False, returned="", **changes)


def back(payout: dict[str, Any], **changes: Any) -> Row:
    """The bank's entry of a payout that came back, because the account is closed."""
    returned = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>"
    return _row(payout, credit=True, returned=returned, **changes)


def _row(payout: dict[str, Any], *, credit: bool, returned: str, **changes: Any) -> Row:
    name = changes.pop("end_to_end", payout["endToEndId"])
    details = f"<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs>{returned}</TxDtls>"
    facts = {"amount": payout["amount"]["text"], "reference": f"B-{name[-8:]}-{credit:d}", "details": details}
    return Row(**{**facts, "credit": credit, **changes})


@asynccontextmanager
async def open_office(shop: Shop, wallet: str | None = None) -> AsyncIterator[Office]:
    """Everything that paying takes; afterwards nothing is wrong with the money."""
    await open_accounts(shop, [(ACCOUNT, "EUR")])
    customer = wallet or await shop.customer(funds="9000.00")
    office = Office(shop, person(shop, Role.ADMIN), person(shop, Role.ADMIN), customer)
    for one in (office.ada, office.bob):
        await one.enter()
    await office.account(shop.vendor)
    limits = {"payment_limit": 10_000_00, "daily_limit": 50_000_00, "rate_count": 100}
    await vendors.change_policy(shop.services, shop.vendor, limits, actor="test")
    yield office
    await shop.assert_reconciled()


def vendor_of(payout: dict[str, Any]) -> bytes:
    return uuid_bytes(payout["vendorId"])
