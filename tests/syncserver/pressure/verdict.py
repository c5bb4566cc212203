"""What must hold when it is over: the crowd's own memory against the database, and the database against itself.

Each check gives what is wrong, in words; nothing wrong is an empty list.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.journal import Payment, ShiftClose, Void
from shared.lifecycles import Status
from shared.messages.receipt import RecordResult
from syncserver.ledger.store import vendor_balance
from syncserver.reconcile.checks import reconcile
from syncserver.services import Services
from tests.syncserver.pressure.terminal import CrowdTerminal

_SHOWN = 5

RECORDS = """
SELECT seq, link, payment, status, reasons, score, fork FROM journal_record WHERE device = $1 ORDER BY seq"""
BATCHES = "SELECT batch FROM batch WHERE device = $1"
COUNTS = """
SELECT (SELECT count(*) FROM journal_record) AS records, (SELECT count(*) FROM payment) AS payments,
       (SELECT count(DISTINCT payment) FROM payment) AS different,
       (SELECT count(*) FROM fork_record) + (SELECT count(*) FROM stray_record) AS astray,
       (SELECT count(*) FROM device WHERE quarantined_at IS NOT NULL) AS quarantined,
       (SELECT count(*) FROM shift WHERE state = 'closed' AND compared) AS shifts"""
# A code that was paid with has exactly one payment that claimed it; all others that did not fail are CODE_SPENT,
# and were flagged for it once.
CLAIMS = """
SELECT p.wallet, p.series, p.idx, count(*) FILTER (WHERE p.claimed) AS claims,
       count(*) FILTER (WHERE p.claimed = ('CODE_SPENT' = ANY (p.reasons))) AS wrong,
       count(*) FILTER (WHERE NOT p.claimed AND f.flags <> 1) AS flagged_otherwise
  FROM payment p CROSS JOIN LATERAL (
       SELECT count(*) AS flags FROM payment_event e
        WHERE e.wallet = p.wallet AND e.payment = p.payment AND e.before = 'PROCESSING' AND e.after = 'FLAGGED') AS f
 WHERE NOT EXISTS (SELECT FROM payment_event e WHERE e.wallet = p.wallet AND e.payment = p.payment
                      AND e.before = 'PROCESSING' AND e.after = 'FAILED')
 GROUP BY p.wallet, p.series, p.idx"""
APPROVED = "SELECT payment FROM payment_event WHERE before = 'FLAGGED' AND after = 'SUCCESSFUL'"
SETTLED = "SELECT coalesce(sum(amount), 0)::bigint FROM payment WHERE state = 'SUCCESSFUL' AND vendor = $1"
UNDONE = """
SELECT (SELECT count(*) FROM pending_credit) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM series_change)
       + (SELECT count(*) FROM device_update WHERE version IS NULL)"""
EVENTS = "SELECT wallet, number FROM payment_event"


async def verdict(
    services: Services, vendor: bytes, terminals: Sequence[CrowdTerminal], delivered: set[tuple[str, int]]
) -> list[str]:
    """Everything that is wrong. `delivered` are the payment events that the servers' log has, by wallet and number."""
    wrong = [found async for found in _answers(services, terminals)]
    wrong += await _numbers(services, terminals)
    wrong += await _claims(services)
    wrong += await _money(services, vendor, terminals)
    missing = {(row["wallet"], row["number"]) for row in await services.pool.fetch(EVENTS)} - delivered
    if missing:
        wrong.append(f"{len(missing)} payment events were never delivered, such as {sorted(missing)[:_SHOWN]}")
    findings = (await reconcile(services)).findings
    return wrong + [f"reconcile: {found.check}: {found.row}" for found in findings[:_SHOWN]]


async def undone(services: Services) -> int:
    """How much the servers' rounds still have to do."""
    return int(await services.pool.fetchval(UNDONE))


async def _answers(services: Services, terminals: Sequence[CrowdTerminal]) -> AsyncIterator[str]:
    """Each record was answered, and is in the database once, with the answer that came first."""
    for terminal in terminals:
        rows = {row["seq"]: row for row in await services.pool.fetch(RECORDS, UUID(bytes=terminal.till.device))}
        batches = {row["batch"].bytes for row in await services.pool.fetch(BATCHES, UUID(bytes=terminal.till.device))}
        name = terminal.till.device.hex()
        if lost := terminal.batches - batches:
            yield f"{name}: {len(lost)} batches were answered and have no receipt in the database"
        if len(rows) != len(terminal.journal):
            yield f"{name}: {len(terminal.journal)} records were signed, {len(rows)} are in the database"
        for signed in terminal.journal:
            seq = signed.record.seq
            answer, row = terminal.answers.get(seq), rows.get(seq)
            if answer is None or row is None or row["link"] != signed.link or row["fork"]:
                yield f"{name}: record {seq} was answered {answer} and stored as {row}"
            elif answer != _result(row):
                yield f"{name}: record {seq} was answered {answer} and stored with {_result(row)}"


def _result(row: Any) -> RecordResult:
    payment: UUID | None = row["payment"]
    return RecordResult(
        seq=row["seq"],
        id=payment.bytes if payment is not None else None,
        status=Status(row["status"]),
        reasons=tuple(row["reasons"]),
        score=row["score"],
    )


async def _numbers(services: Services, terminals: Sequence[CrowdTerminal]) -> list[str]:
    """As much of everything as was signed, and no honest terminal in quarantine."""
    signed = Counter(type(one.record) for terminal in terminals for one in terminal.journal)
    expected = {
        "records": signed.total(),
        "payments": signed[Payment],
        "different": signed[Payment],
        "astray": 0,
        "quarantined": 0,
        "shifts": signed[ShiftClose],
    }
    found = dict(await services.pool.fetchrow(COUNTS) or {})
    return [f"{name}: {found[name]} instead of {number}" for name, number in expected.items() if found[name] != number]


async def _claims(services: Services) -> list[str]:
    """Every code was claimed once, whoever came first, and each later payment with it was flagged once."""
    rows = await services.pool.fetch(CLAIMS)
    bad = [row for row in rows if (row["claims"], row["wrong"], row["flagged_otherwise"]) != (1, 0, 0)]
    return [f"a code's claims: {dict(row)}" for row in bad[:_SHOWN]]


async def _money(services: Services, vendor: bytes, terminals: Sequence[CrowdTerminal]) -> list[str]:
    """The vendor is owed what was settled, by the crowd's receipts as by the database's payments."""
    approved = {row["payment"].bytes for row in await services.pool.fetch(APPROVED)}
    received = sum(_owed(terminal, approved) for terminal in terminals)
    settled = int(await services.pool.fetchval(SETTLED, UUID(bytes=vendor)))
    async with services.pool.acquire() as connection:
        balance = await vendor_balance(connection, vendor)
    sums: Mapping[str, int] = {"receipts": received, "payments": settled, "balance": balance}
    return [] if len(set(sums.values())) == 1 else [f"the vendor is owed: {sums}"]


def _owed(terminal: CrowdTerminal, approved: set[bytes]) -> int:
    """What one terminal's receipts say that its vendor is owed (minor units), approvals by admins included."""
    records = [one.record for one in terminal.journal]
    voided = {record.payment for record in records if isinstance(record, Void)}
    return sum(
        record.amount
        for record in records
        if isinstance(record, Payment)
        and record.id not in voided
        and (terminal.answers[record.seq].status is Status.SETTLED or record.id in approved)
    )
