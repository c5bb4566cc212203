"""Online payments: from the online balance to a vendor, judged before by the rules that judge a till's sale."""

from dataclasses import dataclass
from pathlib import Path

from shared.geo import Place
from shared.ids import UUID7_RANDOM_BYTES, uuid7
from shared.lifecycles import PaymentState
from shared.money import Money
from shared.policy import Policy
from shared.reasons import Action, Side
from shared.rules.decision import Blocked, CodeStanding, PaymentFacts, Sighting, Verdict, decide, reach_ms
from syncserver.database.arrays import numbers, uuid_of, words
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.judge.facts import utc_day
from syncserver.ledger import store
from syncserver.ledger.postings import Account, Cause, Postings
from syncserver.payments.errors import FraudDetectedError
from syncserver.services import Services
from syncserver.sync import reading
from syncserver.sync.history import place_of

QUERIES = load(Path(__file__).parent)
_FOR_EVER_MS = 2**53


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer wants to pay: from their wallet to a vendor. `place` is where they say to be, if they do."""

    wallet: str
    vendor: bytes
    money: Money
    place: Place | None
    actor: str


async def pay(connection: Connection, services: Services, order: Order) -> bytes:
    """Judge an online payment and settle it, or put it into review; its id. In the caller's transaction.

    Raises:
        FraudDetectedError: a rule refuses it. Nothing was done.
        InsufficientFundsError: the online balance is too small. Nothing was done.
    """
    wallet, money = order.wallet, order.money
    locked = (await store.lock_wallets(connection, [wallet])).get(wallet)
    vendor = await connection.fetchrow(QUERIES["vendor_to_pay"], uuid_of(order.vendor))
    if locked is None or vendor is None:
        raise LookupError("a wallet or a vendor that was there a moment ago is gone")
    now = services.clock()  # under the lock: a wallet's payments are in the order of their times
    policy = (await reading.read_policies(connection, order.vendor, order.vendor)).latest()
    blocked = locked.blocked_version is not None or vendor["blocked_version"] is not None
    total, others = await _history(connection, wallet, now, policy)
    facts = PaymentFacts(
        amount=money.minor,
        currency=money.currency,
        wallet_currency=locked.accounts.currency,
        vendor_currency=vendor["currency"],
        code=CodeStanding.GOOD,  # there is none: whose wallet it is was proved by a token
        cap=money.minor,
        when=now,
        place=order.place,
        home=locked.home,
        day_total=total,
        others=others,
        blocked=Blocked.KNOWN if blocked else Blocked.NO,
    )
    verdict = decide(facts, policy, Side.TILL)
    if verdict.action >= Action.REFUSE:
        raise FraudDetectedError(tuple(reason for reason, action in verdict.weights.items() if action >= Action.REFUSE))
    return await _settle(connection, services, order, locked, verdict, now)


async def _history(connection: Connection, wallet: str, now: int, policy: Policy) -> tuple[int, list[Sighting]]:
    """What the customer's payments of the day sum up to, and those close in time, online and offline."""
    total, others = 0, []
    rows = await connection.fetch(
        reading.QUERIES["read_history"],
        words([wallet]),
        numbers([utc_day(now)]),
        words([wallet]),
        numbers([now]),
        policy.rate_count + 1,
        reach_ms(policy) or _FOR_EVER_MS,
    )
    for row in rows:
        if row["total"] is not None:
            total = row["total"]
        else:
            others.append(Sighting(row["at"], place_of(row["lat"], row["lon"]), row["uncertainty"]))
    return total, others


async def _settle(
    connection: Connection,
    services: Services,
    order: Order,
    locked: store.LockedWallet,
    verdict: Verdict,
    now: int,
) -> bytes:
    wallet, money = order.wallet, order.money
    payment = uuid7(now, services.random(UUID7_RANDOM_BYTES))
    settles = verdict.action is Action.SETTLE
    state = PaymentState.SUCCESSFUL if settles else PaymentState.FLAGGED
    postings = Postings(at=now, actor=order.actor, wallets={wallet: locked.accounts})
    postings.move(
        wallet,
        Account.ONLINE,
        Account.VENDOR if settles else Account.REVIEW,
        money.minor,
        Cause.PAY,
        payment=payment,
        vendor=order.vendor if settles else None,
    )
    postings.change_state(wallet, payment, PaymentState.PROCESSING, state, verdict.reasons)
    postings.note_paid(wallet, now)
    place = order.place
    await connection.execute(
        QUERIES["write_online_payment"],
        wallet,
        uuid_of(payment),
        uuid_of(order.vendor),
        money.minor,
        money.currency,
        now,
        place.lat if place is not None else None,
        place.lon if place is not None else None,
        list(verdict.reasons),
        state.value,
    )
    await store.write(connection, postings)
    return payment
