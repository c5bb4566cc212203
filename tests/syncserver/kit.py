"""A shop to test the server with: a clock to turn, customers with codes, and a terminal written from the protocol."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from msgspec import structs

from shared import codes, journal, tokens
from shared.codes import KdfParameters
from shared.geo import Place
from shared.ids import uuid7, uuid_bytes, uuid_text
from shared.journal import Payment, Record, ShiftClose, ShiftOpen, Void
from shared.keys import SigningKey
from shared.messages.batch import Batch, encode_batch
from shared.messages.book import Book, open_book
from shared.messages.enrolment import prove_enrolment, to_base64url
from shared.messages.receipt import Receipt, RecordResult, open_receipt
from syncserver.api.app import make_app
from syncserver.api.rest.limits import Bucket, Drawn, Limits
from syncserver.database.connect import DatabaseTarget
from syncserver.keys.signing import ensure_identity, load_identity
from syncserver.keys.wrapping import KEY_BYTES, KeyEncryptionKey
from syncserver.ledger.store import vendor_balance
from syncserver.reconcile.checks import reconcile
from syncserver.registry import enrolment, vendors
from syncserver.services import Services
from syncserver.wallets import accounts, issuing
from tallystick.bench import till as signing

TALLINN = Place.from_degrees("59.437", "24.7536")
START = 1_795_262_400_000
TICK_AT_START = 1_000_000
SECOND, HOUR = 1_000, 3_600_000


@dataclass(slots=True)
class FakeClock:
    """Milliseconds since the epoch, turned by hand. Terminals booted `TICK_AT_START` before its `origin`."""

    now: int = START
    origin: int = START

    def __call__(self) -> int:
        return self.now

    def forward(self, milliseconds: int) -> None:
        self.now += milliseconds


@dataclass(frozen=True, slots=True)
class Code:
    """A code as its customer has it."""

    wallet: str
    series: bytes
    index: int
    code: str
    cap: int
    voucher: str
    kdf: KdfParameters


@dataclass(slots=True)
class Shop:
    """One server with one vendor, and a client that talks to it as the world does."""

    services: Services
    clock: FakeClock
    vendor: bytes
    http: httpx.AsyncClient
    target: DatabaseTarget

    async def customer(
        self, *, funds: str = "200.00", offline: str = "150.00", home: Place = TALLINN, currency: str = "EUR"
    ) -> str:
        """A customer's wallet with money in it."""
        made = await accounts.add_customer(self.services, name="Maria Tamm", home=home, currency=currency)
        await accounts.fund(self.services, made.wallet, funds, "test")
        await accounts.move_offline(self.services, made.wallet, offline, "test")
        return made.wallet

    async def codes(self, wallet: str, count: int = 5, cap: int | None = None, hours: int = 72) -> list[Code]:
        """A fresh series of codes of a wallet."""
        series = await issuing.issue(self.services, wallet, count=count, cap=cap, valid_hours=hours, actor="test")
        return [
            Code(wallet, series.series, one.index, one.code, one.cap, one.voucher, series.kdf) for one in series.codes
        ]

    async def terminal(self, place: Place | None = None, name: str = "till 1") -> "FakeTerminal":
        """A terminal that has just been enrolled."""
        token = await enrolment.make_token(self.services, self.vendor, place=place)
        terminal = FakeTerminal(self, SigningKey.from_seed(os.urandom(32)))
        await terminal.enrol(token, name)
        return terminal

    async def balances(self, wallet: str) -> tuple[int, int, int, int]:
        """Online, offline, held, in review."""
        async with self.services.pool.acquire() as connection:
            found = await accounts.show(connection, wallet)
        return found.online, found.offline, found.held, found.review

    async def vendor_balance(self) -> int:
        """What the vendor is owed, folded or not."""
        async with self.services.pool.acquire() as connection:
            return await vendor_balance(connection, self.vendor)

    async def assert_reconciled(self) -> None:
        """Nothing is wrong with the money."""
        assert (await reconcile(self.services)).findings == ()


@dataclass(slots=True)
class FakeTerminal:
    """A terminal as the protocol describes one: it signs whatever a test asks it to."""

    shop: Shop
    key: SigningKey
    device: bytes = b""
    epoch: int = 1
    seq: int = 0
    prev: bytes = b""
    shift: bytes = field(default_factory=lambda: os.urandom(16))
    boot: bytes = field(default_factory=lambda: os.urandom(16))
    server_keys: dict[bytes, bytes] = field(default_factory=dict)
    access: str = ""
    book: int = 0

    async def enrol(self, token: str, name: str = "till 1") -> None:
        answer = await self.shop.http.post(
            "/api/devices/enrol",
            json={
                "token": token,
                "publicKey": to_base64url(self.key.public_key),
                "proof": to_base64url(prove_enrolment(token, self.key)),
                "name": name,
                "model": "test",
            },
        )
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        self.device, self.epoch = uuid_bytes(data["deviceId"]), data["epoch"]
        self.prev = journal.genesis_of(self.device, self.epoch, self.key.public_key)
        self.seq = 0
        self.server_keys = self.shop.services.keys.by_kid()
        await self.log_in()

    def assertion(self, **changes: Any) -> str:
        """A client assertion; `changes` replace its claims."""
        subject = uuid_text(self.device)
        claims = {
            "iss": subject,
            "sub": subject,
            "aud": tokens.audience(self.shop.services.server_id),
            "exp": self.shop.clock.now // 1_000 + 50,
            "jti": os.urandom(8).hex(),
        }
        return tokens.encode(claims | changes, self.key, token_type="JWT")

    async def ask_token(self, assertion: str) -> httpx.Response:
        return await self.shop.http.post(
            "/auth/token",
            data={
                "grant_type": "client_credentials",
                "client_assertion_type": tokens.ASSERTION_TYPE,
                "client_assertion": assertion,
            },
        )

    async def log_in(self) -> None:
        answer = await self.ask_token(self.assertion())
        assert answer.status_code == 200, answer.text
        self.access = answer.json()["access_token"]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}", "Content-Type": "application/cbor"}

    def tick(self, at: int) -> int:
        """The monotonic clock at a time of the wall clock."""
        return at - self.shop.clock.origin + TICK_AT_START

    def common(self, at: int | None = None) -> dict[str, Any]:
        """What every record has, for the next seq."""
        when = self.shop.clock.now if at is None else at
        return {
            "device": self.device,
            "epoch": self.epoch,
            "seq": self.seq + 1,
            "prev": self.prev,
            "at": when,
            "tick": self.tick(when),
            "boot": self.boot,
            "shift": self.shift,
            "cashier": "ada",
        }

    def add(self, record: Record) -> bytes:
        """Sign a record and go on from it."""
        raw = journal.sign_record(record, self.key)
        self.seq, self.prev = record.seq, journal.link_of(raw)
        return raw

    def payment(
        self, code: Code, amount: int, *, at: int | None = None, typed: str | None = None, **changes: Any
    ) -> Payment:
        """A payment for the next seq, not signed yet; `changes` replace its fields after the proof was made."""
        common = self.common(at)
        payment_id = changes.pop("id", None) or uuid7(common["at"], os.urandom(10))
        secrets = codes.derive(typed or code.code, code.series, code.kdf)
        proved = signing.Code(code.wallet, code.series, code.index, secrets.proof_key)
        record = signing.paid_with(proved, common, payment_id, amount, TALLINN, book=self.book)
        return structs.replace(record, **changes)

    def pay(self, code: Code, amount: int, **changes: Any) -> tuple[bytes, bytes]:
        """A signed payment: (id, raw)."""
        record = self.payment(code, amount, **changes)
        return record.id, self.add(record)

    def void(self, payment: bytes, **changes: Any) -> bytes:
        values = self.common() | {"payment": payment, "reason": "wrong amount", "approver": "eve"}
        return self.add(Void(**(values | changes)))

    def open_shift(self, opening_float: int = 20_000) -> bytes:
        return self.add(ShiftOpen(**self.common(), opening_float=opening_float))

    def close_shift(self, count: int, total: int) -> bytes:
        return self.add(ShiftClose(**self.common(), count=count, total=total, currency="EUR"))

    def batch(self, raws: Sequence[bytes], batch: bytes | None = None) -> bytes:
        """The body of an upload of these records."""
        now = self.shop.clock.now
        return encode_batch(
            Batch(
                batch=batch or uuid7(now, os.urandom(10)),
                records=tuple(raws),
                sent_at=now,
                tick=self.tick(now),
                boot=self.boot,
            )
        )

    async def send(self, body: bytes, **headers: str) -> httpx.Response:
        return await self.shop.http.post("/api/sync/batches", content=body, headers=self.headers | headers)

    async def upload(self, *raws: bytes) -> Receipt:
        """Upload records and open the receipt."""
        answer = await self.send(self.batch(raws))
        assert answer.status_code == 200, answer.text
        return open_receipt(answer.content, self.server_keys)

    async def result(self, raw: bytes) -> RecordResult:
        """Upload one record; its result."""
        return (await self.upload(raw)).results[0]

    async def pull(self, since: int = 0) -> Book:
        """One page of the book."""
        answer = await self.shop.http.get(f"/api/sync/book?since={since}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        page = open_book(answer.content, self.server_keys)
        self.book = page.version
        return page


@asynccontextmanager
async def open_services(target: DatabaseTarget, clock: FakeClock, kek: bytes | None = None) -> AsyncIterator[Services]:
    """Services over a fresh database, with a clock to turn; several may be open on one database."""
    key = KeyEncryptionKey(kek or bytes(KEY_BYTES), os.urandom)
    async with await target.pool(max_size=6) as pool, await target.settling_pool(2) as settling_pool:
        async with pool.acquire() as connection:
            await ensure_identity(connection, key, clock, os.urandom)
            server_id, keys = await load_identity(connection, key, clock)
        yield Services(
            server_id=server_id,
            pool=pool,
            clock=clock,
            random=os.urandom,
            kek=key,
            keys=keys,
            settling_pool=settling_pool,
        )


class Unlimited(Limits):
    """A test asks as often as it likes; tests of the limits have their own."""

    async def draw(self, bucket: Bucket, subject: str) -> Drawn:  # noqa: ARG002 - as it is called
        """Grant it."""
        return Drawn(bucket, granted=True, remaining=bucket.calls, seconds=1)


@asynccontextmanager
async def open_shop(target: DatabaseTarget) -> AsyncIterator[Shop]:
    """A server with one vendor in Tallinn, reached through its ASGI application."""
    clock = FakeClock()
    async with open_services(target, clock) as services:
        vendor = await vendors.add_vendor(services, name="Corner Shop", place=TALLINN, currency="EUR")
        transport = httpx.ASGITransport(app=make_app(services, limits=Unlimited()))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as http:
            yield Shop(services, clock, vendor, http, target)


@asynccontextmanager
async def rejecting(target: DatabaseTarget, condition: str, sqlstate: str) -> AsyncIterator[None]:
    """The database refuses payments while a condition over `NEW` and the number `n` of this very question holds."""
    owner = await target.connect_owner()
    try:
        await owner.execute(
            f"""CREATE SEQUENCE asked; GRANT USAGE ON SEQUENCE asked TO tallystick_server;
                CREATE FUNCTION reject() RETURNS trigger LANGUAGE plpgsql AS $$
                DECLARE n bigint;
                BEGIN
                    IF {condition.replace("{n}", "nextval('asked')")} THEN
                        RAISE EXCEPTION 'not today' USING ERRCODE = '{sqlstate}';
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER reject_{sqlstate} BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION reject()"""
        )
        yield
        await owner.execute("DROP FUNCTION reject CASCADE; DROP SEQUENCE asked")
    finally:
        await owner.close()
