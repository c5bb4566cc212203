"""Which of a batch's records are authentic, and what each one says (docs/protocol.md, section 8).

Authentic is a record whose own signature verifies, or to which a later authentic record of the same batch commits by
its `prev`. So the last record of an unbroken run costs one signature check and the rest of the run none.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from shared import cbor, cose, journal
from shared.errors import DecodingError, NotSignedError, SignatureError
from shared.journal import ChainPosition, Record
from syncserver.judge.moment import Sending

Commitments = dict[bytes, set[int]]  # link → the seqs that authentic records give it

# Records between two pauses: a signature that has to be checked takes 0.1 to 0.2 ms.
_STEP = 16

BAD_RECORD = "BAD_RECORD"
BAD_SIGNATURE = "BAD_SIGNATURE"
WRONG_DEVICE = "WRONG_DEVICE"


@dataclass(frozen=True, slots=True)
class EpochKey:
    """A device's public key in one of its epochs."""

    epoch: int
    public_key: bytes


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """One record taken apart, not yet believed; `signed` is None where it is no COSE_Sign1 object."""

    raw: bytes
    link: bytes
    signed: cose.Signed | None

    @property
    def kid(self) -> bytes | None:
        """The key id that it names, None where it has none or another header."""
        return self.signed.kid if self.signed is not None else None


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One record as it arrived. `position` is None where it has no place in the chain.

    `refusal` is the one reason of a rejected record; `record` is there where it was not refused. `claimed` is where a
    record whose signature fails says that it stands: good for nothing but to find the same bytes that are there.
    """

    raw: bytes
    link: bytes
    kid: bytes | None = None
    position: ChainPosition | None = None
    claimed: ChainPosition | None = None
    record: Record | None = None
    payment: bytes | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload: whose it is, of which epoch with which key, what was in it, and the clocks when it came."""

    device: bytes
    epoch: int
    public_key: bytes
    batch: bytes
    arrivals: Sequence[Arrival]
    sending: Sending


class Known(msgspec.Struct, frozen=True, gc=False):
    """What parsing told of records: their key ids, and `arrivals` where all are of one epoch whose key is known."""

    parsed: Sequence[Parsed]
    kids: frozenset[bytes]
    arrivals: list[Arrival] | None


def parse_and_examine(
    raws: Sequence[bytes], device: bytes, keys: Mapping[bytes, EpochKey], pause: Callable[[], None]
) -> Known:
    """Parse records, and examine them at once where the device's keys are enough for that, as they nearly always are.

    So a batch waits once for the worker that does this, and behind nobody's first half.
    """
    parsed = parse(raws, pause)
    kids = frozenset(one.kid for one in parsed if one.kid is not None)
    enough = kids <= keys.keys() and len({keys[kid].epoch for kid in kids}) == 1
    return Known(parsed, kids, examine(parsed, device, keys, (), pause) if enough else None)


def parse(raws: Sequence[bytes], pause: Callable[[], None]) -> list[Parsed]:
    """Take records apart, from their COSE bytes; `pause` is called now and then between two of them."""
    parsed = []
    for index, raw in enumerate(raws):
        if index % _STEP == 0:
            pause()
        parsed.append(Parsed(raw, journal.link_of(raw), _signed(raw)))
    return parsed


def _signed(raw: bytes) -> cose.Signed | None:
    try:
        return cose.parse(raw)
    except NotSignedError:
        return None


def examine(
    parsed: Sequence[Parsed],
    device: bytes,
    keys: Mapping[bytes, EpochKey],
    foreign: Collection[bytes],
    pause: Callable[[], None],
) -> list[Arrival]:
    """Verify and decode a batch's records, each by itself, in their order.

    Args:
        parsed: the records.
        device: the uploading device.
        keys: kid → key of every epoch of that device.
        foreign: the kids among the records that belong to other devices.
        pause: called now and then between two of them.
    """
    arrivals: list[Arrival | None] = [None] * len(parsed)
    committed: Commitments = {}
    doubtful: dict[bytes, list[int]] = {}
    # From the last to the first, so that whoever commits to a record has been believed before it.
    for index in range(len(parsed) - 1, -1, -1):
        if index % _STEP == 0:
            pause()
        arrival = _examine_one(parsed[index], device, keys, foreign, committed)
        arrivals[index] = arrival
        if arrival.refusal == BAD_SIGNATURE:
            doubtful.setdefault(arrival.link, []).append(index)
        _commit(arrival, committed)
    # A record may stand behind the one that commits to it: look again at those, and at whom they commit to in turn.
    again = [link for link in doubtful if link in committed]
    while again:
        pause()
        link = again.pop()
        if link not in doubtful:
            continue
        arrival = _examine_one(parsed[doubtful[link][0]], device, keys, foreign, committed)
        if arrival.refusal == BAD_SIGNATURE:
            continue
        for index in doubtful.pop(link):
            arrivals[index] = arrival
        before = _commit(arrival, committed)
        if before in doubtful:
            again.append(before)
    return [arrival for arrival in arrivals if arrival is not None]


def _commit(arrival: Arrival, committed: Commitments) -> bytes | None:
    """Note to whom an authentic record commits; the link."""
    if arrival.position is None or arrival.position.seq == 1:
        return None
    committed.setdefault(arrival.position.prev, set()).add(arrival.position.seq - 1)
    return arrival.position.prev


def _examine_one(
    parsed: Parsed,
    device: bytes,
    keys: Mapping[bytes, EpochKey],
    foreign: Collection[bytes],
    committed: Commitments,
) -> Arrival:
    raw, link, signed = parsed.raw, parsed.link, parsed.signed
    if signed is None:
        return Arrival(raw, link, refusal=BAD_RECORD)
    key = keys.get(signed.kid) if signed.kid is not None else None
    if key is None:
        return Arrival(raw, link, kid=signed.kid, refusal=WRONG_DEVICE if signed.kid in foreign else BAD_SIGNATURE)
    if link in committed:
        arrival = _read(raw, link, signed, device, key)
        # The run must be unbroken in its seqs as well as in its links.
        if arrival.position is not None and arrival.position.seq in committed[link]:
            return arrival
    try:
        cose.verify(signed, cose.Kind.RECORD, key.public_key)
    except SignatureError:
        claimed = _claimed(signed.payload, device, key)
        return Arrival(raw, link, kid=signed.kid, refusal=BAD_SIGNATURE, claimed=claimed)
    return _read(raw, link, signed, device, key)


def _claimed(payload: bytes, device: bytes, key: EpochKey) -> ChainPosition | None:
    """The place that a record claims although nobody vouches for it."""
    try:
        position = journal.position_of(payload)
    except DecodingError:
        return None
    return position if (position.device, position.epoch) == (device, key.epoch) else None


def _read(raw: bytes, link: bytes, signed: cose.Signed, device: bytes, key: EpochKey) -> Arrival:
    """What an authentic record says."""
    try:
        record = journal.decode_record(signed.payload)
    except DecodingError:
        return _read_refused(Arrival(raw, link, kid=signed.kid), signed.payload, device, key)
    if record.device != device or record.epoch != key.epoch:
        return Arrival(raw, link, kid=signed.kid, refusal=WRONG_DEVICE)
    return Arrival(
        raw,
        link,
        kid=signed.kid,
        position=ChainPosition(record.device, record.epoch, record.seq, record.prev),
        record=record,
        payment=record.id if isinstance(record, journal.Payment) else None,
    )


def _read_refused(base: Arrival, payload: bytes, device: bytes, key: EpochKey) -> Arrival:
    """A record that the protocol refuses still has its place in the chain, where that can be read."""
    refused = replace(base, refusal=BAD_RECORD)
    try:
        values = cbor.decode_map(payload, lenient_text=True, most_items=cbor.MAX_UPLOAD_ITEMS)
    except DecodingError:
        return refused
    named_device, named_epoch = values.get("device"), values.get("epoch")
    if type(named_device) is bytes and type(named_epoch) is int and (named_device, named_epoch) != (device, key.epoch):
        return replace(base, refusal=WRONG_DEVICE)
    try:
        position = journal.position_in(values)
    except DecodingError:
        return refused
    return replace(refused, position=position, payment=journal.payment_id_in(values))
