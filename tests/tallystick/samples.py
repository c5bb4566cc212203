"""A day's journal built with shared/ alone, so that a test can damage it in one place."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from shared import cbor, cose
from shared.cose import Kind
from shared.journal import Payment, Record, ShiftClose, ShiftOpen, Void, genesis_of, link_of, sign_record
from shared.keys import SigningKey
from shared.lifecycles import Status
from shared.messages.enrolment import Certificate, sign_certificate
from shared.messages.receipt import Receipt, RecordResult, sign_receipt
from tallystick.verification.check import check
from tallystick.verification.report import Report
from tallystick.verification.trust import Origin, Trust

DEVICE_KEY = SigningKey.from_seed(b"\x01" * 32)
SERVER_KEY = SigningKey.from_seed(b"\x02" * 32)
STRANGER = SigningKey.from_seed(b"\x03" * 32)
DEVICE, SHIFT, BOOT = b"\xd0" * 16, b"\x5f" * 16, b"\xb0" * 16
NOW = 1_795_262_400_000
TRUST = Trust({SERVER_KEY.kid: SERVER_KEY.public_key}, origin=Origin.GIVEN)
CERTIFICATE = Certificate(
    device=DEVICE, epoch=1, key=DEVICE_KEY.public_key, vendor=b"\xee" * 16, name="till 1", issued_at=NOW
)


def payment_id(number: int) -> bytes:
    """The id of a sample payment."""
    return bytes([0xA0]) * 15 + bytes([number])


def payment(number: int, amount: int = 1_000, **changes: Any) -> Callable[[dict[str, Any]], Record]:
    """Makes a payment from the fields that every record has."""
    return lambda common: Payment(
        **{
            **common,
            "id": payment_id(number),
            "wallet": "2026112108",
            "series": bytes(16),
            "index": number,
            "proof": bytes(32),
            "amount": amount,
            "currency": "EUR",
            "lat": 595_000_000,
            "lon": 248_000_000,
            "book": 7,
            "flags": (),
            **changes,
        }
    )


def void(number: int, **changes: Any) -> Callable[[dict[str, Any]], Record]:
    """Makes the void of a sample payment."""
    return lambda common: Void(
        **{**common, "payment": payment_id(number), "reason": "typo", "approver": "eve", **changes}
    )


def shift_open(**changes: Any) -> Callable[[dict[str, Any]], Record]:
    """Makes a shift's start."""
    return lambda common: ShiftOpen(**{**common, "opening_float": 20_000, **changes})


def shift_close(count: int, total: int, **changes: Any) -> Callable[[dict[str, Any]], Record]:
    """Makes a shift's end."""
    return lambda common: ShiftClose(**{**common, "count": count, "total": total, "currency": "EUR", **changes})


# seq:   1            2           3                  4        5
DAY = (shift_open(), payment(1), payment(2, 2_500), void(1), shift_close(1, 2_500))


def common(seq: int, prev: bytes) -> dict[str, Any]:
    """The fields that every record has."""
    return {
        "device": DEVICE,
        "epoch": 1,
        "seq": seq,
        "prev": prev,
        "at": NOW + seq * 1_000,
        "tick": seq * 1_000,
        "boot": BOOT,
        "shift": SHIFT,
        "cashier": "ada",
    }


def sign_all(makers: tuple[Callable[[dict[str, Any]], Record], ...] = DAY) -> list[bytes]:
    """A chain of signed records."""
    raws: list[bytes] = []
    prev = genesis_of(DEVICE, 1, DEVICE_KEY.public_key)
    for seq, make in enumerate(makers, start=1):
        raws.append(sign_record(make(common(seq, prev)), DEVICE_KEY))
        prev = link_of(raws[-1])
    return raws


def resign(payload: dict[str, Any], key: SigningKey = DEVICE_KEY, kind: Kind = Kind.RECORD) -> bytes:
    """Signed bytes of any payload."""
    return cose.sign(kind, cbor.encode(payload), key)


def payload_of(raw: bytes) -> dict[str, Any]:
    """The payload of signed bytes as a map."""
    return cbor.decode_map(cose.parse(raw).payload)


def flip_signature(raw: bytes) -> bytes:
    """The same record with a signature that no longer fits."""
    return raw[:-1] + bytes([raw[-1] ^ 1])


def results_of(raws: list[bytes]) -> tuple[RecordResult, ...]:
    """What an honest server answers to the records of a day."""
    results = []
    for raw in raws:
        payload = payload_of(raw)
        is_payment = payload["type"] == "payment"
        status = Status.SETTLED if is_payment else Status.RECORDED
        results.append(RecordResult(payload["seq"], payload["id"] if is_payment else None, status))
    return tuple(results)


def receipt_for(raws: list[bytes], through: int | None = None, **changes: Any) -> Receipt:
    """An honest receipt for the first `through` records of a journal that begins with seq 1."""
    through = len(raws) if through is None else through
    head = link_of(raws[through - 1]) if through else genesis_of(DEVICE, 1, DEVICE_KEY.public_key)
    receipt = Receipt(
        device=DEVICE,
        epoch=1,
        batch=b"\xba" * 16,
        through=through,
        head=head,
        missing=(),
        server_time=NOW + 60_000,
        results=results_of(raws[:through]),
    )
    return replace(receipt, **changes)


@dataclass
class File:
    """An exported journal that a test may change before it is written."""

    records: list[bytes] = field(default_factory=sign_all)
    receipts: list[bytes] | None = None
    certificate: bytes = field(default_factory=lambda: sign_certificate(CERTIFICATE, SERVER_KEY))
    server_keys: list[dict[str, bytes]] = field(
        default_factory=lambda: [{"kid": SERVER_KEY.kid, "key": SERVER_KEY.public_key}]
    )
    changes: dict[str, Any] = field(default_factory=dict)

    def content(self) -> bytes:
        """The bytes of the file; by default with one honest receipt for everything."""
        receipts = self.receipts
        if receipts is None:
            receipts = [sign_receipt(receipt_for(self.records), SERVER_KEY)] if self.records else []
        return cbor.encode(
            {
                "format": "tallystick/v1/journal",
                "certificate": self.certificate,
                "server_keys": self.server_keys,
                "records": self.records,
                "receipts": receipts,
                **self.changes,
            }
        )

    def check(self, trust: Trust = TRUST) -> Report:
        """The report on the file."""
        return check(self.content(), trust)


def found(report: Report) -> list[tuple[str, int | None, int | None, str | None]]:
    """Part, entry, seq and field of every problem."""
    return [(problem.part.value, problem.entry, problem.seq, problem.field) for problem in report.problems]
