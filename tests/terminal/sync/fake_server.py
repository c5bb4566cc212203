"""A small honest server: it verifies what arrives and signs what it answers, and breaks where a test says so."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from urllib.parse import parse_qs

import httpx
import zstandard
from msgspec.structs import replace as changed

from shared import cose, tokens
from shared.codes import KdfParameters
from shared.errors import TallystickError
from shared.ids import uuid_bytes, uuid_text
from shared.journal import Payment, decode_record, genesis_of, link_of
from shared.keys import SigningKey, kid_of
from shared.lifecycles import Status
from shared.messages.batch import decode_batch
from shared.messages.book import Book, ServerKey, sign_book
from shared.messages.book_series import BookSeries
from shared.messages.enrolment import (
    Certificate,
    check_enrolment,
    from_base64url,
    sign_certificate,
    to_base64url,
)
from shared.messages.receipt import Receipt, RecordResult, sign_receipt
from shared.policy import Policy

URL = "https://pay.example.org"
DEVICE = uuid_bytes("01890000-0000-7000-8000-000000000001")
SERVER = uuid_bytes("01890000-0000-7000-8000-0000000000aa")
VENDOR = uuid_bytes("01890000-0000-7000-8000-0000000000bb")
DAY_MS = 86_400_000
START = 1_800_000_000_000

Fault = Callable[[httpx.Request, Callable[[httpx.Request], httpx.Response]], httpx.Response]
Forge = Callable[[Receipt], bytes]


def key_of(number: int) -> SigningKey:
    return SigningKey.from_seed(number.to_bytes(32))


def series(number: int) -> BookSeries:
    """A series of one code of 50.00, and a wallet of its own."""
    return BookSeries(
        series=number.to_bytes(16),
        wallet=f"{number:010}",
        name="A. B.",
        kdf=KdfParameters(),
        verifiers=(bytes(16),),
        caps=(5_000,),
        spent=(),
        expires_at=START + DAY_MS,
    )


def refuse_connection(request: httpx.Request, _serve: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def lose_answer(request: httpx.Request, serve: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    serve(request)
    raise httpx.ReadTimeout("lost", request=request)


def cut_answer(request: httpx.Request, serve: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    response = serve(request)
    return httpx.Response(
        response.status_code, headers={"Date": response.headers["Date"]}, content=response.content[:-7]
    )


def be_busy(_request: httpx.Request, _serve: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    return envelope(503, {"message": "the database is away", "errorCode": "DATABASE_AWAY"}, {"Retry-After": "17"})


def fail(_request: httpx.Request, _serve: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    return httpx.Response(502, content=b"<html>bad gateway</html>")


OUTAGES: tuple[Fault, ...] = (refuse_connection, lose_answer, cut_answer, be_busy, fail)


def envelope(status: int, error: dict[str, str], headers: dict[str, str] | None = None) -> httpx.Response:
    body = {"success": False, "data": None, "timestamp": "2027-01-15T08:00:00Z", "requestId": "r1", **error}
    return httpx.Response(status, json=body, headers=headers)


@dataclass
class FakeServer:
    """Its state is what a test looks at: `records` by epoch and seq, and `judged`, how often each was."""

    now: int = START
    key: SigningKey = field(default_factory=lambda: key_of(1))
    keys: list[SigningKey] = field(default_factory=list)
    listed: tuple[ServerKey, ...] | None = None
    enrolments: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    wanted: str = ""
    epochs: dict[int, bytes] = field(default_factory=dict)
    records: dict[tuple[int, int], bytes] = field(default_factory=dict)
    results: dict[tuple[int, int], RecordResult] = field(default_factory=dict)
    verdicts: dict[tuple[int, int], RecordResult] = field(default_factory=dict)
    judged: dict[tuple[int, int], int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    access: set[str] = field(default_factory=set)
    pages: Callable[[int], Book] | None = None
    too_many: int = 1_000
    poison: set[tuple[int, int]] = field(default_factory=set)
    book_status: int = 200
    faults: deque[Fault | None] = field(default_factory=deque)
    fault_on: str = ""
    forge: Forge | None = None
    requests: list[httpx.Request] = field(default_factory=list)
    batches: list[bytes] = field(default_factory=list)
    refunds: dict[str, bytes] = field(default_factory=dict)
    refuses: str = ""

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults and self.fault_on in request.url.path:
            fault = self.faults.popleft()
            if fault is not None:
                return fault(request, self.serve)
        return self.serve(request)

    def serve(self, request: httpx.Request) -> httpx.Response:
        response = self._route(request)
        response.headers.setdefault("Date", formatdate(self.now / 1_000, usegmt=True))
        return response

    def _route(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/api/devices/enrol":
                return self._enrol(request)
            case "/auth/token":
                return self._token(request)
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if bearer not in self.access:
            return envelope(401, {"message": "unknown token", "errorCode": "INVALID_TOKEN"})
        match request.url.path:
            case "/api/sync/batches":
                return self._batch(request)
            case "/api/sync/book":
                return self._book(request)
            case "/api/sync/refunds":
                return self._refund(request)
        return envelope(404, {"message": "nothing here", "errorCode": "NOT_FOUND"})

    def token(self) -> str:
        """A one-time enrolment token for this device's next epoch."""
        self.wanted = f"random{len(self.enrolments)}.{self.key.kid.hex()}"
        return self.wanted

    def _enrol(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        public_key = from_base64url(asked["publicKey"])
        check_enrolment(asked["token"], public_key, from_base64url(asked["proof"]))
        if asked["token"] not in self.enrolments:
            if asked["token"] != self.wanted:
                return envelope(401, {"message": "unknown token", "errorCode": "INVALID_TOKEN"})
            epoch = max(self.epochs, default=0) + 1
            self.epochs[epoch] = public_key
            self.enrolments[asked["token"]] = (public_key, epoch)
        enrolled, epoch = self.enrolments[asked["token"]]
        if enrolled != public_key:
            return envelope(409, {"message": "another key", "errorCode": "TOKEN_USED"})
        return httpx.Response(200, json={"success": True, "data": self.enrolment_data(epoch, asked["name"])})

    def enrolment_data(self, epoch: int, name: str) -> dict[str, object]:
        certificate = Certificate(
            device=DEVICE, epoch=epoch, key=self.epochs[epoch], vendor=VENDOR, name=name, issued_at=self.now
        )
        return {
            "deviceId": uuid_text(DEVICE),
            "epoch": epoch,
            "serverId": uuid_text(SERVER),
            "vendor": {"id": uuid_text(VENDOR), "name": "Bakery", "lat": 1, "lon": -2, "currency": "EUR"},
            "serverKeys": [
                {"kid": key.kid.hex(), "publicKey": to_base64url(key.public_key)} for key in (self.key, *self.keys)
            ],
            "certificate": to_base64url(sign_certificate(certificate, self.key)),
            "serverTime": self.now,
        }

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == tokens.ASSERTION_TYPE
        try:
            claims = tokens.decode(form["client_assertion"], self.epochs[max(self.epochs)], token_type="JWT")
        except TallystickError:
            return httpx.Response(401, json={"error": "invalid_client", "error_description": "another key"})
        left = claims["exp"] - self.now / 1_000
        fits = claims["iss"] == claims["sub"] == uuid_text(DEVICE) and claims["aud"] == tokens.audience(SERVER)
        if not (fits and 0 < left <= 60) or claims["jti"] in self.used:
            return httpx.Response(401, json={"error": "invalid_client", "error_description": "wrong time or used"})
        self.used.add(claims["jti"])
        access = f"access-{len(self.used)}"
        self.access.add(access)
        return httpx.Response(200, json={"access_token": access, "token_type": "Bearer", "expires_in": 600})

    def _batch(self, request: httpx.Request) -> httpx.Response:
        body = request.content
        assert request.headers["Content-Type"] == "application/cbor"
        if request.headers.get("Content-Encoding") == "zstd":
            body = zstandard.ZstdDecompressor().decompress(body, max_output_size=2**22)
        batch = decode_batch(body)
        if len(batch.records) > self.too_many:
            return envelope(413, {"message": "too many records", "errorCode": "TOO_MANY_RECORDS"})
        kids = {kid_of(key): epoch for epoch, key in self.epochs.items()}
        read = [cose.parse(raw) for raw in batch.records]
        epochs = {kids.get(one.kid or b"") for one in read}
        if len(epochs) != 1:
            return envelope(422, {"message": "several epochs", "errorCode": "SEVERAL_EPOCHS"})
        epoch = epochs.pop()
        assert epoch is not None, "a record of a key that was never enrolled"
        for one in read:
            cose.verify(one, cose.Kind.RECORD, self.epochs[epoch])
        seqs = [decode_record(one.payload).seq for one in read]
        if any((epoch, seq) in self.poison for seq in seqs):
            return envelope(422, {"message": "a poisonous record", "errorCode": "POISON"})
        self.batches.append(batch.batch)
        results = tuple(self._judge(epoch, one) for one in read)
        receipt = self.receipt(epoch, batch.batch, results)
        signed = self.forge(receipt) if self.forge else sign_receipt(receipt, self.key)
        return httpx.Response(200, content=signed, headers={"Content-Type": "application/cbor"})

    def _judge(self, epoch: int, signed: cose.Signed) -> RecordResult:
        record = decode_record(signed.payload)
        place = (epoch, record.seq)
        if place in self.records:
            assert self.records[place] == signed.raw
            return self.results[place]
        payment = record.id if isinstance(record, Payment) else None
        usual = RecordResult(record.seq, payment, Status.SETTLED if payment else Status.RECORDED)
        result = self.verdicts.get(place, usual)
        self.judged[place] = self.judged.get(place, 0) + 1
        if result.seq is not None:
            self.records[place] = signed.raw
            self.results[place] = changed(result, id=payment)
        return changed(result, id=payment if result.seq is not None else None)

    def receipt(self, epoch: int, batch: bytes, results: tuple[RecordResult, ...]) -> Receipt:
        seqs = sorted(seq for found, seq in self.records if found == epoch)
        through = 0
        while (epoch, through + 1) in self.records:
            through += 1
        head = link_of(self.records[epoch, through]) if through else genesis_of(DEVICE, epoch, self.epochs[epoch])
        return Receipt(
            device=DEVICE,
            epoch=epoch,
            batch=batch,
            through=through,
            head=head,
            missing=tuple(_gaps(seqs)),
            server_time=self.now,
            results=results,
        )

    def _refund(self, request: httpx.Request) -> httpx.Response:
        """Once for each key: `refunds` has what was given back, by key."""
        key, wanted = request.headers["Idempotency-Key"], json.loads(request.content)
        if key not in self.refunds:
            if self.refuses:
                return envelope(409, {"message": "not this one", "errorCode": self.refuses})
            self.refunds[key] = request.content
        if self.refunds[key] != request.content:
            return envelope(409, {"message": "another request", "errorCode": "IDEMPOTENCY_KEY_REUSED"})
        of_payment = [json.loads(body) for body in self.refunds.values()]
        total = sum(body["amount"] for body in of_payment if body["payment"] == wanted["payment"])
        data = {name: wanted[name] for name in ("payment", "amount", "currency")}
        return httpx.Response(200, json={"success": True, "data": {**data, "refunded": total, "whole": False}})

    def _book(self, request: httpx.Request) -> httpx.Response:
        if self.book_status != 200:
            return envelope(self.book_status, {"message": "no", "errorCode": "PULL_REFUSED"})
        since = int(request.url.params["since"])
        page = self.pages(since) if self.pages else self.page(since=since, version=since)
        return httpx.Response(200, content=sign_book(page, self.key), headers={"Content-Type": "application/cbor"})

    def page(self, **changes: object) -> Book:
        """An empty last page, with some fields changed."""
        listed = (self.key, *self.keys)
        usual = Book(
            device=DEVICE,
            generation=1,
            version=1,
            since=0,
            more=False,
            issued_at=self.now,
            expires_at=self.now + DAY_MS,
            series=(),
            closed=(),
            blocked=(),
            policy=Policy(),
            cashiers=(),
            updates=(),
            server_keys=self.listed
            if self.listed is not None
            else tuple(ServerKey(kid=k.kid, key=k.public_key, not_after=START + 90 * DAY_MS) for k in listed),
        )
        return replace(usual, **changes)  # type: ignore[arg-type] # a test names fields of a Book


def _gaps(seqs: list[int]) -> Iterator[tuple[int, int]]:
    expected = 1
    for seq in seqs:
        if seq > expected:
            yield expected, seq - 1
        expected = seq + 1
