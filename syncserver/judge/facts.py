"""What is known before a batch is judged, read under its locks. The parts that change run along while judging."""

from dataclasses import dataclass, field

import msgspec

from shared.geo import Place
from shared.lifecycles import CodeState, PaymentState
from shared.rules.decision import MS_PER_DAY, Sighting
from syncserver.judge.chain import Chain
from syncserver.judge.moment import Sending
from syncserver.judge.policies import PolicyHistory
from syncserver.ledger.postings import Postings, WalletAccounts

CodeKey = tuple[str, bytes, int]  # wallet, series, index
VoidKey = tuple[bytes, bytes]  # payment, shift
WalletDay = tuple[str, int]  # wallet, UTC day


@dataclass(slots=True, kw_only=True)
class DeviceFacts:
    """The uploading device in the epoch of the batch."""

    device: bytes
    epoch: int
    vendor: bytes
    vendor_currency: str
    vendor_blocked_version: int | None
    place: Place
    quarantined: bool
    revoked: bool
    compromised: bool


class WalletFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the rules ask of a wallet."""

    currency: str
    home: Place
    blocked_version: int | None


class CodeFacts(msgspec.Struct, kw_only=True, gc=False):
    """One code and its series. Times in ms, `withdrawn_version` is the book version since which terminals know."""

    cap: int
    state: CodeState
    proof_key: bytes
    issued_at: int
    expires_at: int
    withdrawn_version: int | None

    def __repr__(self) -> str:
        return f"CodeFacts(cap={self.cap}, state={self.state})"  # the proof key is a secret


class KnownPayment(msgspec.Struct, kw_only=True, gc=False):
    """A payment that has been judged, as far as a void, a review or a refund has to know it. `taken_at` is its "when".

    An online one has no shift: its bytes are empty, so that no void of a till can mean it.
    """

    wallet: str
    shift: bytes
    vendor: bytes
    amount: int
    claimed: bool
    taken_at: int
    state: PaymentState
    reasons: tuple[str, ...]
    # What its vendor was credited and has not given back, once it is settled: out of the customer's accounts, and out
    # of `loss`.
    from_customer: int
    from_house: int = 0
    online: bool = False
    refunds: int = 0  # how many
    refunded: int = 0

    @property
    def in_review(self) -> bool:
        """Whether its money lies in `review` while it is flagged."""
        return self.claimed or self.online


@dataclass(slots=True, kw_only=True)
class KnownVoid:
    """A void that is here: waiting, held, applied or without effect."""

    state: str


@dataclass(slots=True, kw_only=True)
class KnownShift:
    """A shift that is here, with the seqs of its two ends as far as they came."""

    opened_seq: int | None
    closed_seq: int | None


@dataclass(slots=True, kw_only=True)
class CustomerFacts:
    """What is known of the customers who paid; batches that are settled together share it. By wallet, most of it."""

    accounts: dict[str, WalletAccounts] = field(default_factory=dict)
    wallets: dict[str, WalletFacts] = field(default_factory=dict)
    codes: dict[CodeKey, CodeFacts] = field(default_factory=dict)
    day_totals: dict[WalletDay, int] = field(default_factory=dict)
    sightings: dict[str, list[Sighting]] = field(default_factory=dict)
    known_ids: set[tuple[str, bytes]] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class BatchFacts:
    """All that decides a batch of one device and epoch."""

    device: DeviceFacts
    sending: Sending
    chain: Chain
    policies: PolicyHistory
    postings: Postings
    customers: CustomerFacts
    payments: dict[bytes, KnownPayment] = field(default_factory=dict)
    voids: dict[VoidKey, KnownVoid] = field(default_factory=dict)
    shifts: dict[bytes, KnownShift] = field(default_factory=dict)


def utc_day(milliseconds: int) -> int:
    """The number of the UTC day since the epoch."""
    return milliseconds // MS_PER_DAY
