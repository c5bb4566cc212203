"""A payment that nothing speaks against, and for each reason the smallest change that gives it."""

from collections.abc import Mapping
from typing import Any

from shared.geo import Place
from shared.policy import Policy
from shared.reasons import Reason
from shared.rules.decision import Blocked, CodeStanding, PaymentFacts, Sighting, TillFacts

NOW = 1_795_262_400_000
SHOP = Place(595_000_000, 248_000_000)
POLICY = Policy()
GOOD = PaymentFacts(
    amount=1_250,
    currency="EUR",
    wallet_currency="EUR",
    vendor_currency="EUR",
    code=CodeStanding.GOOD,
    cap=5_000,
    when=NOW,
    place=SHOP,
    home=SHOP,
    at=NOW,
    previous_at=NOW - 60_000,
    received=NOW + 1_000,
    till=TillFacts(),
)
# 1e-7 degree of latitude is 1.112 cm; 0.18 degree are just above 20 km.
FAR = Place(SHOP.lat + 1_800_000, SHOP.lon)
PARIS = Place(488_566_000, 23_522_000)
REASON_CHANGES: Mapping[Reason, Mapping[str, Any]] = {
    Reason.CODE_INVALID: {"code": CodeStanding.INVALID},
    Reason.CODE_WITHDRAWN: {"code": CodeStanding.WITHDRAWN},
    Reason.CODE_SPENT: {"spent": True},
    Reason.OVER_CAP: {"cap": 1_249},
    Reason.CURRENCY: {"currency": "SEK"},
    Reason.DISTANCE: {"home": FAR},
    Reason.DAILY_LIMIT: {"day_total": 40_000 - 1_249},
    Reason.RATE_LIMIT: {"others": (Sighting(NOW - 1, SHOP),) * 10},
    Reason.PAYMENT_LIMIT: {"amount": 10_001, "cap": 10_001},
    Reason.STREAK: {"till": TillFacts(streak=5)},
    Reason.TERMINAL_EXPOSURE: {"till": TillFacts(unsynced_count=500)},
    Reason.STALE_BOOK: {"till": TillFacts(stale_book=True)},
    Reason.CLOCK: {"at": NOW + 300_001},
    Reason.LATE: {"received": NOW + 72 * 3_600_000 + 1},
    Reason.BLOCKED: {"blocked": Blocked.KNOWN},
    Reason.FORK: {"fork": True},
    Reason.SPEED: {"others": (Sighting(NOW - 60_000, PARIS),)},
    Reason.SCORE: {"score": 90},
}
