"""The naive way: one transaction a payment, one statement for each thing, nothing shared between payments.

It does all that the server does (signature, link, code proof, every rule, result, receipt), for payments that are new
and well formed; what a hostile upload would need besides is left out, which is in its favour.
"""

from typing import Any

import msgspec

from shared import cose, journal
from shared.geo import Place
from shared.journal import Payment
from shared.lifecycles import STATUS_OF_PAYMENT, CodeState, PaymentState
from shared.messages.batch import Batch
from shared.messages.receipt import Receipt, RecordResult, sign_receipt
from shared.reasons import Action, Side
from shared.rules.decision import MS_PER_DAY, PaymentFacts, Sighting, decide
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.judge.facts import CodeFacts
from syncserver.judge.moment import Sending, moment_of
from syncserver.judge.payments import standing_of
from syncserver.judge.policies import PolicyChange, PolicyHistory
from syncserver.services import Services
from tallystick.bench.errors import BenchError
from tallystick.bench.world import QUERIES

_STATES = {Action.SETTLE: PaymentState.SUCCESSFUL, Action.FLAG: PaymentState.FLAGGED}


async def settle_one(services: Services, connection: Connection, device: bytes, batch: Batch) -> bytes:
    """Settle the one payment of a batch; its receipt.

    Raises:
        BenchError: where it is no payment that settles or is flagged.
    """
    (raw,) = batch.records
    now = services.clock()
    sending = Sending(now, batch.tick, batch.boot)
    key = await connection.fetchrow(QUERIES["naive_key"], uuid_of(device), 1)
    if key is None:
        raise BenchError("the device is not there")
    signed = cose.parse(raw)
    cose.verify(signed, cose.Kind.RECORD, key["public_key"])
    record = journal.decode_record(signed.payload)
    if not isinstance(record, Payment) or record.device != device:
        raise BenchError("not a payment of this device")
    async with connection.transaction():
        result = await _settle(services, connection, record, raw, batch.batch, key["vendor"], sending)
        link = journal.link_of(raw)
        receipt = Receipt(
            device=device,
            epoch=1,
            batch=batch.batch,
            through=record.seq,
            head=link,
            missing=(),
            server_time=now,
            results=(result,),
        )
        answer = sign_receipt(receipt, services.keys.active)
        ranges = msgspec.json.encode([[1, record.seq]]).decode()
        await connection.execute(QUERIES["naive_move_head"], uuid_of(device), 1, link, ranges)
        await connection.execute(QUERIES["naive_touch"], uuid_of(device), now)
        await connection.execute(QUERIES["naive_add_batch"], uuid_of(device), uuid_of(batch.batch), answer, now)
    return answer


async def _settle(
    services: Services, connection: Any, record: Payment, raw: bytes, batch: bytes, vendor: Any, sending: Sending
) -> RecordResult:
    device = uuid_of(record.device)
    epoch = await connection.fetchrow(QUERIES["naive_lock_device"], device, 1)
    state = await connection.fetchrow(QUERIES["naive_device"], device)
    if await connection.fetchrow(QUERIES["naive_record"], device, 1, record.seq) is not None:
        raise BenchError("this record came before")
    before = await connection.fetchrow(QUERIES["naive_previous"], device, 1, record.seq - 1)
    if before is None or before["link"] != record.prev or epoch["head"] != record.prev:
        raise BenchError("the chain is broken")
    changes = await connection.fetch(QUERIES["naive_policy"], vendor, device)
    policy = PolicyHistory(
        [
            PolicyChange(row["version"], row["effective_at"], row["for_device"], msgspec.json.decode(row["body"]))
            for row in changes
        ]
    ).at_version(record.book)
    wallet = await connection.fetchrow(QUERIES["naive_lock_wallet"], record.wallet)
    payment = uuid_of(record.id)
    if await connection.fetchrow(QUERIES["naive_payment"], record.wallet, payment) is not None:
        raise BenchError("this id was used")
    if await connection.fetchrow(QUERIES["naive_void"], device, 1, payment) is not None:
        raise BenchError("this payment was voided")
    row = await connection.fetchrow(QUERIES["naive_code"], record.wallet, uuid_of(record.series), record.index)
    code = CodeFacts(
        cap=row["cap"],
        state=CodeState(row["state"]),
        proof_key=services.kek.unwrap_proof_key(row["wrapped_proof_key"], record.series, record.index),
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        withdrawn_version=row["withdrawn_version"],
    )
    moment = moment_of(
        at=record.at, tick=record.tick, boot=record.boot, sending=sending, issued_at=code.issued_at, policy=policy
    )
    day = moment.when // MS_PER_DAY * MS_PER_DAY
    total = await connection.fetchval(QUERIES["naive_day"], record.wallet, day, day + MS_PER_DAY)
    near = await connection.fetch(QUERIES["naive_neighbours"], record.wallet, moment.when)
    place = Place(epoch["lat"], epoch["lon"])
    verdict = decide(
        PaymentFacts(
            amount=record.amount,
            currency=record.currency,
            wallet_currency=wallet["currency"],
            vendor_currency=state["currency"],
            code=standing_of(record, code, moment),
            cap=code.cap,
            spent=code.state is CodeState.CLAIMED,
            when=moment.when,
            uncertainty=moment.uncertainty,
            place=place,
            home=Place(wallet["lat"], wallet["lon"]),
            day_total=total,
            others=[Sighting(one["taken_at"], Place(one["lat"], one["lon"]), one["uncertainty"]) for one in near],
            at=record.at,
            previous_at=before["at"],
            received=sending.received,
            fork=state["quarantined_at"] is not None,
            flags=record.flags,
        ),
        policy,
        Side.SERVER,
    )
    if verdict.action not in _STATES or code.state is not CodeState.ISSUED:
        raise BenchError(f"the payment fails: {verdict.reasons}")
    return await _write(connection, record, raw, batch, vendor, sending, wallet, code, moment.when, place, verdict)


async def _write(
    connection: Any,
    record: Payment,
    raw: bytes,
    batch: bytes,
    vendor: Any,
    sending: Sending,
    wallet: Any,
    code: CodeFacts,
    when: int,
    place: Place,
    verdict: Any,
) -> RecordResult:
    after = _STATES[verdict.action]
    settles = after is PaymentState.SUCCESSFUL
    status = STATUS_OF_PAYMENT[after]
    device, payment, series = uuid_of(record.device), uuid_of(record.id), uuid_of(record.series)
    now, reasons, link = sending.received, list(verdict.reasons), journal.link_of(raw)
    number, event, rest = wallet["transfers"] + 1, wallet["events"] + 1, code.cap - record.amount
    await connection.execute(
        QUERIES["naive_add_record"],
        device,
        1,
        uuid_of(batch),
        now,
        record.seq,
        link,
        record.prev,
        raw,
        record.at,
        record.wallet,
        payment,
        status.value,
        reasons,
    )
    await connection.execute(
        QUERIES["naive_add_payment"],
        device,
        1,
        vendor,
        place.lat,
        place.lon,
        uuid_of(batch),
        now,
        record.wallet,
        payment,
        record.seq,
        link,
        uuid_of(record.shift),
        series,
        record.index,
        record.amount,
        record.currency,
        record.at,
        when,
        0,
        record.book,
        reasons,
        after.value,
    )
    await connection.execute(
        QUERIES["naive_add_transfer"],
        record.wallet,
        number,
        "vendor" if settles else "review",
        record.amount,
        record.currency,
        "claim",
        payment,
        series,
        vendor if settles else None,
        now,
    )
    if settles:
        await connection.execute(
            QUERIES["naive_add_credit"], record.wallet, number, vendor, record.amount, record.currency
        )
    if rest:
        number += 1
        await connection.execute(
            QUERIES["naive_add_transfer"],
            record.wallet,
            number,
            "offline",
            rest,
            record.currency,
            "rest",
            payment,
            series,
            None,
            now,
        )
    await connection.execute(QUERIES["naive_add_event"], record.wallet, event, payment, after.value, reasons, now)
    await connection.execute(QUERIES["naive_add_outbox"], record.wallet, event)
    await connection.execute(
        QUERIES["naive_set_wallet"],
        record.wallet,
        wallet["held"] - code.cap,
        wallet["offline"] + rest,
        wallet["review"] + (0 if settles else record.amount),
        event,
        number,
        when,
    )
    await connection.execute(QUERIES["naive_claim"], record.wallet, series, record.index, payment)
    await connection.execute(QUERIES["naive_note_series"], record.wallet, series)
    return RecordResult(record.seq, record.id, status, verdict.reasons)
