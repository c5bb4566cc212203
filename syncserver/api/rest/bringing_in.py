"""What endpoints that bring money in share: who may not, and what they answer while a second admin is needed."""

from typing import Any

import msgspec

from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.endpoint import Call
from syncserver.wallets.funding.errors import OwnWalletError


class WaitingForAnother(msgspec.Struct, frozen=True, rename="camel", tag_field="outcome", tag="waiting"):
    """Nothing moved: so much needs a second admin, who has to ask for the very same."""

    amounts: list[Sum]


def require_others(call: Call[Any, Any], owner: bytes | None) -> None:
    """Nobody brings money to a wallet of their own."""
    if owner == call.who.user_id:
        raise OwnWalletError
