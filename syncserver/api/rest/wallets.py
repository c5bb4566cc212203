"""A customer's wallet: its balances, and what moves between them."""

from typing import Any

import msgspec

from shared.errors import MoneyError
from shared.ids import uuid_text
from syncserver.api.rest.amounts import Amount, Sum, money_of
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing
from syncserver.database.connection import Connection
from syncserver.ledger.postings import Account, Cause, InsufficientFundsError
from syncserver.people.access import ADMINS, Role
from syncserver.wallets import accounts
from syncserver.wallets.accounts import Balances, Movement
from syncserver.wallets.errors import UnknownWalletError

TAG = "Wallets"
OWNERS = ADMINS | {Role.CUSTOMER}


class BalancesView(msgspec.Struct, frozen=True, rename="camel"):
    """What a wallet has: free to spend online, free for codes, held by open codes, held until an admin has decided."""

    user_id: str
    wallet: str
    online: Sum
    offline: Sum
    held: Sum
    in_review: Sum


class MoveRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How much to move; `back` is from offline to online."""

    amount: Amount
    back: bool = False


def view(user_id: bytes, found: Balances) -> BalancesView:
    """A wallet's balances as they are answered."""
    sums = [Sum.of(minor, found.currency) for minor in (found.online, found.offline, found.held, found.review)]
    return BalancesView(uuid_text(user_id), found.wallet, *sums)


async def check_balance(call: Call[None, Nothing]) -> Answer[BalancesView]:
    """`GET /api/wallets/check-balance/{userId}`."""
    user_id = call.path["userId"]
    async with call.services.pool.acquire() as connection:
        return Answer(view(user_id, await accounts.of_customer(connection, user_id)))


async def transfer_to_offline(call: Call[MoveRequest, Nothing]) -> Answer[Any]:
    """`POST /api/wallets/transfer-to-offline/{userId}`."""
    user_id, body, services = call.path["userId"], call.body, call.services
    ends = (Account.OFFLINE, Account.ONLINE) if body.back else (Account.ONLINE, Account.OFFLINE)

    async def work(connection: Connection) -> BalancesView:
        found = await accounts.of_customer(connection, user_id)
        money = money_of(body.amount, found.currency)
        moved = Movement(found.wallet, money, *ends, Cause.MOVE, call.who.actor, services.clock())
        balances = await accounts.move(connection, moved)
        if call.who.is_admin:
            await accounts.note_movement(connection, services, moved)
        return view(user_id, balances)

    return await call.once(work)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/wallets/check-balance/{userId}",
        handle=check_balance,
        summary="What a wallet has",
        answers=BalancesView,
        roles=OWNERS,
        owner="userId",
        errors=(UnknownWalletError,),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/api/wallets/transfer-to-offline/{userId}",
        handle=transfer_to_offline,
        summary="Move money to the offline balance, or back",
        answers=BalancesView,
        roles=OWNERS,
        owner="userId",
        body=MoveRequest,
        errors=(UnknownWalletError, InsufficientFundsError, MoneyError),
        once=True,
        tag=TAG,
    ),
)
