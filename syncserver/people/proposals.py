"""Changes of limits: one admin may tighten them at once; what loosens anything is proposed, and another confirms it.

A proposal is good for a day, and for the limits that it was made for: where they changed since, it is proposed anew,
because what was previewed is not what would be confirmed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shared.errors import PolicyError
from shared.fields import checked_text
from shared.ids import UUID7_RANDOM_BYTES, uuid7, uuid_text
from shared.policy import Policy
from shared.words import Word as _Word
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.database.row_ids import id_or_none, uuid_or_none
from syncserver.payments.errors import ReasonRequiredError
from syncserver.people.access import Caller, Role
from syncserver.people.errors import (
    LimitsChangedError,
    OtherAdminNeededError,
    ProposalClosedError,
    UnknownProposalError,
)
from syncserver.people.second import WAITS_MS, agrees_as_another
from syncserver.registry import limits
from syncserver.registry.limits import Change, Effect, Word
from syncserver.registry.loosening import differences, loosened
from syncserver.services import Services

QUERIES = load(Path(__file__).parent)


class ProposalState(_Word):
    """How a proposal stands; what nobody confirmed within a day has expired."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change that waits, or waited, for another admin. Times in ms; `version` is the change that it became."""

    id: bytes
    change: Change
    vendor_name: str
    device_name: str | None
    reason: str
    base: int
    proposed_by: bytes
    proposed_login: str | None
    proposed_at: int
    state: ProposalState
    decided_by: bytes | None
    decided_login: str | None
    decided_at: int | None
    note: str | None
    version: int | None
    proposer_counts: bool

    @property
    def expires_at(self) -> int:
        """When it is too late to confirm it."""
        return self.proposed_at + WAITS_MS


def _of(row: Any, now: int) -> Proposal:
    state = ProposalState(row["state"])
    if state is ProposalState.OPEN and row["proposed_at"] + WAITS_MS <= now:
        state = ProposalState.EXPIRED
    device, decided_by = row["device"], row["decided_by"]
    return Proposal(
        id=row["proposal"].bytes,
        change=Change(
            vendor=row["vendor"].bytes,
            device=id_or_none(device),
            body=msgspec.json.decode(row["body"]),
        ),
        vendor_name=row["vendor_name"],
        device_name=row["device_name"],
        reason=row["reason"],
        base=row["base"],
        proposed_by=row["proposed_by"].bytes,
        proposed_login=row["proposed_login"],
        proposed_at=row["proposed_at"],
        state=state,
        decided_by=id_or_none(decided_by),
        decided_login=row["decided_login"],
        decided_at=row["decided_at"],
        note=row["note"],
        version=row["version"],
        proposer_counts=row["counts"],
    )


def checked_reason(reason: str) -> str:
    """Why somebody wants it.

    Raises:
        ReasonRequiredError, DecodingError: there is no reason, or it is no such text.
    """
    if not reason.strip():
        raise ReasonRequiredError
    return checked_text(reason.strip(), "reason")


async def change_or_propose(
    connection: Connection, services: Services, admin: Caller, change: Change, reason: str
) -> tuple[Effect, bytes | None]:
    """Change limits at once where nothing becomes looser; else propose it. In the caller's transaction.

    Returns:
        What the change does, and the proposal that waits for another admin; None where it was made.

    Raises:
        UnknownVendorError, UnknownDeviceError, PolicyError, ReasonRequiredError, DecodingError: nothing was done.
    """
    why = checked_reason(reason)
    await limits.keep(connection)
    effect = await limits.foresee(connection, change)
    if not differences(effect.before, effect.after):
        raise PolicyError("this changes nothing")
    if loosened(effect.before, effect.after):
        return effect, await _propose(connection, services, admin, change, why, effect)
    await limits.apply(connection, services, change, effect, Word(actor=admin.actor, reason=why))
    return effect, None


async def _propose(
    connection: Connection, services: Services, admin: Caller, change: Change, why: str, effect: Effect
) -> bytes:
    now = services.clock()
    proposal = uuid7(now, services.random(UUID7_RANDOM_BYTES))
    await connection.execute(
        QUERIES["write_proposal"],
        uuid_of(proposal),
        uuid_of(change.vendor),
        uuid_or_none(change.device),
        msgspec.json.encode(dict(change.body)).decode(),
        why,
        effect.base,
        uuid_of(admin.user_id),
        now,
    )
    await limits.note(connection, services, "policy.propose", change, effect, Word(actor=admin.actor, reason=why))
    return proposal


async def read(connection: Connection, services: Services, proposal: bytes) -> Proposal:
    """A proposal.

    Raises:
        UnknownProposalError: there is none.
    """
    row = await connection.fetchrow(QUERIES["read_proposal"], uuid_of(proposal))
    if row is None:
        raise UnknownProposalError
    return _of(row, services.clock())


async def policies_of(connection: Connection, found: Proposal) -> tuple[Policy, Policy]:
    """The limits that a proposal is about, and those that it proposes: as they were when it was made or confirmed."""
    history = await limits.history_of(connection, found.change)
    before = history.at_version(found.base)
    return before, before.with_changes(found.change.body)


async def listed(
    connection: Connection,
    services: Services,
    *,
    vendor: bytes | None,
    waiting: bool,
    before: bytes | None,
    limit: int,
) -> Sequence[Proposal]:
    """Proposals, the newest first, before one of them; those that wait alone, or all."""
    now = services.clock()
    rows = await connection.fetch(
        QUERIES["list_proposals"],
        uuid_or_none(before),
        uuid_or_none(vendor),
        waiting,
        now - WAITS_MS,
        limit,
    )
    return [_of(row, now) for row in rows]


async def confirm(connection: Connection, services: Services, admin: Caller, proposal: bytes) -> Proposal:
    """Make a change that another admin proposed, in the caller's transaction; terminals have it with their next book.

    Raises:
        UnknownProposalError: there is none.
        ProposalClosedError: it was decided before, is too old, or whoever proposed it may decide nothing any more.
        OtherAdminNeededError: whoever confirms may be whoever proposed it.
        LimitsChangedError: the limits are not those that it was made for.
        UnknownVendorError, UnknownDeviceError, PolicyError: it can't be made any more.
    """
    found = await _lock_open(connection, services, proposal)
    if not found.proposer_counts:
        raise ProposalClosedError("Whoever proposed this was blocked since: propose it anew.")
    if not await agrees_as_another(connection, found.proposed_by, admin.user_id):
        raise OtherAdminNeededError
    await limits.keep(connection)
    effect = await limits.foresee(connection, found.change)
    if effect.base != found.base:
        raise LimitsChangedError
    word = Word(actor=admin.actor, reason=found.reason, proposed_by=await _actor_of(connection, found.proposed_by))
    version = await limits.apply(connection, services, found.change, effect, word)
    await _decide(connection, services, admin, found, ProposalState.CONFIRMED, note=None, version=version)
    return await read(connection, services, proposal)


async def withdraw(connection: Connection, services: Services, admin: Caller, proposal: bytes, why: str) -> Proposal:
    """Close a proposal without its change, whoever made it, in the caller's transaction.

    Raises:
        UnknownProposalError, ProposalClosedError: there is none that waits.
        ReasonRequiredError, DecodingError: there is no reason.
    """
    note = checked_reason(why)
    found = await _lock_open(connection, services, proposal)
    await _decide(connection, services, admin, found, ProposalState.WITHDRAWN, note=note, version=None)
    await trail.note(
        connection,
        services,
        action="policy.withdraw",
        object_=f"proposal {uuid_text(proposal)}",
        actor=admin.actor,
        reason=note,
    )
    return await read(connection, services, proposal)


async def _lock_open(connection: Connection, services: Services, proposal: bytes) -> Proposal:
    await connection.execute(QUERIES["lock_proposal"], uuid_of(proposal))
    found = await read(connection, services, proposal)
    if found.state is not ProposalState.OPEN:
        raise ProposalClosedError(f"This proposal is not open any more: it was {found.state.value}.")
    return found


async def _decide(
    connection: Connection,
    services: Services,
    admin: Caller,
    found: Proposal,
    state: ProposalState,
    *,
    note: str | None,
    version: int | None,
) -> None:
    await connection.execute(
        QUERIES["decide_proposal"],
        uuid_of(found.id),
        state.value,
        uuid_of(admin.user_id),
        services.clock(),
        note,
        version,
    )


async def _actor_of(connection: Connection, user_id: bytes) -> str:
    role = await connection.fetchval(QUERIES["role_of"], uuid_of(user_id))
    return Caller(user_id, Role(role)).actor
