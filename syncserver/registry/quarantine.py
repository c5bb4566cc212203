"""The end of a quarantine: an admin has looked at the fork, and the voids that waited take effect."""

from collections.abc import Sequence
from typing import Any

from shared.errors import DecodingError
from shared.fields import checked_text
from shared.ids import uuid_text
from shared.lifecycles import STATUS_OF_PAYMENT
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.judge.facts import KnownPayment
from syncserver.judge.voids import APPLIED, NO_EFFECT, REVERSIBLE, WAITING, reverse
from syncserver.ledger import store
from syncserver.ledger.postings import Postings
from syncserver.registry.devices import object_of
from syncserver.registry.errors import DeviceStateError, UnknownDeviceError
from syncserver.registry.vendors import QUERIES
from syncserver.services import Services
from syncserver.sync.reading import read_known_payments


async def impose(services: Services, device: bytes, reason: str) -> None:
    """Quarantine a device that an admin does not trust for now: it may upload, its voids wait, and it gets no book.

    Raises:
        UnknownDeviceError, DeviceStateError: nothing was done.
        DecodingError: the reason is none.
    """
    if not checked_text(reason, "reason").strip():
        raise DecodingError("reason: empty")
    async with services.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(QUERIES["read_device"], uuid_of(device))
        if row is None:
            raise UnknownDeviceError
        if await connection.execute(QUERIES["impose_quarantine"], uuid_of(device), services.clock()) != "UPDATE 1":
            raise DeviceStateError("this device is quarantined or revoked already")
        await trail.note(
            connection, services, action="device.quarantine", object_=f"device {uuid_text(device)}", reason=reason
        )


async def release(services: Services, device: bytes, actor: str) -> int:
    """End a device's quarantine and let its held voids take effect; how many reversed a payment.

    Raises:
        DeviceStateError: the device is not quarantined.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        # The journals first, as every batch has its locks.
        await connection.fetch(QUERIES["epochs_of_device"], uuid_of(device))
        if await connection.execute(QUERIES["end_quarantine"], uuid_of(device)) != "UPDATE 1":
            raise DeviceStateError("this device is not quarantined")
        held = await connection.fetch(QUERIES["held_voids"], uuid_of(device))
        locked = await store.lock_wallets(connection, {row["wallet"] for row in held if row["wallet"]})
        postings = Postings(
            at=services.clock(), actor=actor, wallets={wallet: one.accounts for wallet, one in locked.items()}
        )
        applied = await _apply(connection, device, held, postings)
        await store.write(connection, postings)
        await store.set_payment_states(
            connection, postings, [(known.wallet, payment, known.state.value) for payment, known in applied], "void"
        )
        await store.note_device_updates(
            connection,
            postings.at,
            [
                (device, payment, known.wallet, STATUS_OF_PAYMENT[known.state].value, known.reasons)
                for payment, known in applied
            ],
        )
        await trail.note(
            connection,
            services,
            actor=actor,
            action="device.release",
            object_=object_of(device),
            after={"voided": [payment for payment, _ in applied]},
        )
        return len(applied)


async def _apply(
    connection: Connection, device: bytes, held: Sequence[Any], postings: Postings
) -> list[tuple[bytes, KnownPayment]]:
    keys = [(row["wallet"], row["payment"].bytes) for row in held if row["wallet"] in postings.wallets]
    payments = await read_known_payments(connection, keys) if keys else {}
    applied = []
    for row in held:
        payment = row["payment"].bytes
        known = payments.get((row["wallet"], payment))
        if known is None:
            state = WAITING if row["wallet"] is None else NO_EFFECT
        elif known.shift == row["shift"].bytes and known.state in REVERSIBLE:
            reverse(postings, payment, known)
            applied.append((payment, known))
            state = APPLIED
        else:
            state = NO_EFFECT
        await connection.execute(
            QUERIES["set_void_state"], uuid_of(device), row["epoch"], row["payment"], row["shift"], state
        )
    return applied
