"""An approved run goes to the bank: its file is made once, kept, and given out again byte for byte."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from shared.lifecycles import PayoutState
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.payouts.actors import By, actor_of, note
from syncserver.payouts.approving import lock
from syncserver.payouts.errors import NotSepaError, PayoutStateError
from syncserver.payouts.initiation import Credit, Debtor, Schema, initiation
from syncserver.payouts.outdated import why_outdated
from syncserver.payouts.proposing import SEPA
from syncserver.payouts.steps import QUERIES, Payout, Steps, lock_of_run
from syncserver.services import Services


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """The file of a run. `message` is its MsgId, by which a bank speaks of it."""

    run: bytes
    message: str
    schema: str
    data: bytes
    sha256: bytes
    made_at: int


async def find(connection: Connection, run: bytes) -> PaymentFile | None:
    """The file of a run, where there is one."""
    row = await connection.fetchrow(QUERIES["read_file"], uuid_of(run))
    if row is None:
        return None
    return PaymentFile(run, row["message"], row["schema"], row["file"], row["sha256"], row["made_at"])


async def send(
    connection: Connection, services: Services, by: By, run: bytes, schema: Schema = Schema.V09
) -> PaymentFile | None:
    """Make the file of an approved run, in the caller's transaction; the same again where there is one.

    A vendor that was blocked since, or is paid to another account by now, is left out: its payout is called off. None
    where nothing is left.

    Raises:
        UnknownRunError: there is none.
        NotSepaError: it is paid by hand.
        PayoutStateError: it is not approved.
        PaymentFileError: no file fits the schema. Nothing was sent.
    """
    row = await lock(connection, run)
    if (made := await find(connection, run)) is not None:
        return made
    if row["method"] != SEPA:
        raise NotSepaError("this run is paid by hand: there is no file of it")
    payouts = [one for one in await lock_of_run(connection, run) if one.state is PayoutState.APPROVED]
    if not payouts:
        raise PayoutStateError("only an approved run is sent")
    at = services.clock()
    outdated = await why_outdated(connection, payouts)
    good = [one for one in payouts if one.id not in outdated]
    file = await _file(connection, run, row["account"], good, at, schema) if good else None
    steps = await Steps.of(connection, {one.vendor for one in payouts}, actor=actor_of(by), at=at)
    for one in payouts:
        if one.id in outdated:
            steps.take(one, PayoutState.CANCELLED, outdated[one.id])
        else:
            steps.take(one, PayoutState.SENT)
    if file is None:
        await steps.write(connection)
        return None
    await connection.execute(
        QUERIES["write_file"], uuid_of(run), file.message, file.schema, file.data, file.sha256, at, actor_of(by)
    )
    await steps.write(connection)
    facts = {"message": file.message, "schema": file.schema, "sha256": file.sha256, "payouts": len(good)}
    await note(connection, services, by, "payout_run.send", "payout_run", run, after=facts)
    return file


async def _file(
    connection: Connection, run: bytes, account: str, payouts: Sequence[Payout], at: int, schema: Schema
) -> PaymentFile:
    ours = await connection.fetchrow(QUERIES["holder_of_account"], account)
    if ours is None:
        raise LookupError("an account that pays is one of ours")
    message = f"TR{run.hex()[:28].upper()}"
    credits_ = [Credit(one.end_to_end, one.money, one.holder, one.account, one.bic) for one in payouts]
    work = partial(initiation, message, Debtor(ours["holder"], account, ours["bic"]), credits_, at=at, schema=schema)
    # Beside the event loop: holding a long file against its schema takes a while.
    data = await asyncio.to_thread(work)
    return PaymentFile(run, message, schema.value, data, hashlib.sha256(data).digest(), at)
