"""What admins do in these tests, through the same functions as their commands."""

from shared.ids import uuid_bytes
from shared.keys import SigningKey
from shared.lifecycles import DeviceState
from syncserver.payments import views
from syncserver.payments.review import review
from syncserver.registry import devices, enrolment
from syncserver.registry.devices import DeviceView
from tests.syncserver.kit import FakeTerminal, Shop


async def decide(shop: Shop, payment: bytes, *, approve: bool, wallet: str | None = None) -> str:
    """Review a flagged payment; its status afterwards."""
    view = await views.find(shop.services, payment, wallet)
    reason = None if approve else "the customer denies it"
    return (await review(shop.services, view, approve=approve, reason=reason, actor="admin")).status.value


async def status(shop: Shop, payment: bytes, wallet: str | None = None) -> str:
    """How a payment stands."""
    return (await views.find(shop.services, payment, wallet)).status.value


async def listed(shop: Shop, till: FakeTerminal) -> DeviceView:
    """A device as the list shows it."""
    return next(view for view in await devices.list_devices(shop.services) if view.device == till.device)


async def state_of(shop: Shop, till: FakeTerminal) -> DeviceState:
    """A device's state as the list shows it."""
    return (await listed(shop, till)).state


async def next_epoch(shop: Shop, till: FakeTerminal, seed: bytes) -> FakeTerminal:
    """The same device after a restore: a new key, a new epoch, a new journal."""
    token = await enrolment.make_token(shop.services, shop.vendor, device=till.device)
    reborn = FakeTerminal(shop, SigningKey.from_seed(seed))
    await reborn.enrol(token)
    assert (reborn.device, reborn.epoch) == (till.device, till.epoch + 1)
    return reborn


async def updates_of(till: FakeTerminal, since: int = 0) -> dict[bytes, tuple[str, tuple[str, ...]]]:
    """What a book tells a terminal of its payments, the last word of each."""
    page = await till.pull(since)
    return {update.id: (update.status.value, update.reasons) for update in page.updates}


def ident(text: str) -> bytes:
    """An id that a test can read."""
    return uuid_bytes(text)
