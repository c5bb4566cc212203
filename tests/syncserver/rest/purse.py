"""A customer's wallet in a currency, with a vendor and a till of the same, as the API shows it."""

import os
from dataclasses import dataclass
from typing import Any

from shared import codes
from shared.codes import KdfParameters
from shared.ids import uuid7, uuid_bytes
from shared.keys import SigningKey
from shared.messages.receipt import RecordResult
from syncserver.ledger.store import vendor_balance
from syncserver.people.access import Role
from syncserver.registry import enrolment, vendors
from syncserver.wallets import accounts
from tests.syncserver.kit import TALLINN, Code, FakeTerminal, Shop
from tests.syncserver.rest.kit import Person, data, person

ACCOUNTS = ("online", "offline", "held", "inReview")


@dataclass(slots=True)
class Purse:
    """A customer, their wallet, and the shop where they pay."""

    shop: Shop
    owner: Person
    wallet: str
    currency: str
    vendor: bytes
    till: FakeTerminal

    async def balances(self) -> tuple[int, ...]:
        """Online, offline, held, in review."""
        found = data(await self.owner.get(f"/api/wallets/check-balance/{self.owner.id}"))
        return tuple(found[account]["minor"] for account in ACCOUNTS)

    async def move(self, amount: str | int, *, back: bool = False) -> None:
        """Move money to the offline balance, or back."""
        path = f"/api/wallets/transfer-to-offline/{self.owner.id}"
        data(await self.owner.post(path, {"amount": amount, "back": back}))

    async def issue(self, count: int = 1, key: str | None = None, **asked: Any) -> Any:
        """Issue codes; what is answered."""
        path = f"/api/wallets/issue-codes/{self.owner.id}"
        return data(await self.owner.post(path, {"count": count, **asked}, key=key))

    async def listed(self, **query: str) -> Any:
        """The wallet's codes, one page."""
        return data(await self.owner.get(f"/api/wallets/get-codes/{self.owner.id}", **query))

    async def lines(self, **query: str) -> Any:
        """The wallet's statement, one page."""
        return data(await self.owner.get(f"/api/wallets/statement/{self.owner.id}", **query))

    def pay(self, code: Code, amount: int, **changes: Any) -> tuple[bytes, bytes]:
        """A signed payment in this currency: (id, raw)."""
        at = changes.setdefault("at", self.shop.clock.now)
        payment = uuid7(at, os.urandom(10))
        proof = codes.prove(
            codes.derive(code.code, code.series, code.kdf).proof_key,
            payment=payment,
            device=self.till.device,
            wallet=code.wallet,
            amount=amount,
            currency=self.currency,
            at=at,
        )
        changes = {"currency": self.currency, "proof": proof, "id": payment} | changes
        return self.till.pay(code, amount, **changes)

    async def spend(self, code: Code, amount: int, **changes: Any) -> tuple[bytes, RecordResult]:
        """Upload one payment: its id, and what became of it."""
        payment, raw = self.pay(code, amount, **changes)
        return payment, await self.till.result(raw)

    async def vendor_has(self) -> int:
        """What the vendor is owed."""
        async with self.shop.services.pool.acquire() as connection:
            return await vendor_balance(connection, self.vendor)


async def open_purse(
    shop: Shop,
    currency: str = "EUR",
    *,
    funds: str | None = "200",
    offline: str | None = "150",
    name: str = "Maria Tamm",
) -> Purse:
    """A new customer and a new vendor, each in a currency, with funds from the bank."""
    made = await accounts.add_customer(shop.services, name=name, home=TALLINN, currency=currency)
    vendor = await vendors.add_vendor(shop.services, name=f"Shop {currency}", place=TALLINN, currency=currency)
    till = FakeTerminal(shop, SigningKey.from_seed(os.urandom(32)))
    await till.enrol(await enrolment.make_token(shop.services, vendor))
    owner = person(shop, Role.CUSTOMER, made.user_id)
    purse = Purse(shop, owner, made.wallet, currency, vendor, till)
    if funds is not None:
        await accounts.fund(shop.services, made.wallet, funds, "test")
    if offline is not None:
        await purse.move(offline)
    return purse


def codes_of(issued: Any) -> list[Code]:
    """The codes of an answer, as their customer types them."""
    return [
        Code(
            issued["wallet"],
            uuid_bytes(issued["series"]),
            one["index"],
            codes.normalise(one["code"]),
            one["cap"]["minor"],
            one["voucher"],
            KdfParameters(),
        )
        for one in issued["codes"]
    ]
