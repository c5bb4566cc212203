"""Limits as admins and shops see them: in force, as they were, what a change would have done, and what is proposed."""

from typing import Any

import msgspec

from shared.ids import uuid_text, uuid_text_or_none
from shared.policy import Policy
from syncserver.api.rest.amounts import Sum
from syncserver.api.rest.payment_views import actor_for
from syncserver.people.access import Caller
from syncserver.people.proposals import Proposal, ProposalState
from syncserver.registry.limits import Change, Version
from syncserver.registry.loosening import differences, loosened
from syncserver.registry.preview import CANNOT_TELL, Preview

Value = int | str | None


class PolicyView(msgspec.Struct, frozen=True, rename="camel"):
    """The limits in force, by the names of docs/risk.md; `version` is their last change, 0 where there was none."""

    version: int
    limits: dict[str, Any]


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """A field before and after a change; an action that nobody set is null."""

    field: str
    before: Value
    after: Value
    looser: bool


class VersionView(msgspec.Struct, frozen=True, rename="camel"):
    """A change that was made: when (ms), by whom, who proposed it, why, and what it changed."""

    version: int
    at: int
    device: str | None
    actor: str
    proposed_by: str | None
    reason: str | None
    differences: list[Difference]


class VersionList(msgspec.Struct, frozen=True, rename="camel"):
    """Every change, the newest first."""

    versions: list[VersionView]


class MoveView(msgspec.Struct, frozen=True, rename="camel"):
    """So many payments were `was` when they came, and would have been `would`."""

    was: str
    would: str
    payments: int
    sum: Sum


class ReasonMoveView(msgspec.Struct, frozen=True, rename="camel"):
    """How many payments had a reason, and how many would have."""

    reason: str
    was: int
    would: int


class ExampleView(msgspec.Struct, frozen=True, rename="camel"):
    """A payment that would have come to something else, or for other reasons."""

    payment: str
    wallet: str
    amount: Sum
    taken_at: int
    was: str
    was_reasons: list[str]
    would: str
    would_reasons: list[str]


class PreviewView(msgspec.Struct, frozen=True, rename="camel"):
    """What the payments of seven days would have come to. Times in ms.

    `judged` were looked at; where `sampled`, there were more, and of each quarter of a day the newest were. `unlike`
    ones are in no figure: what is stored does not explain what became of them. `cannotTell` says what is not seen.
    """

    since: int = msgspec.field(name="from")
    until: int = msgspec.field(name="to")
    judged: int
    sampled: bool
    unlike: int
    differences: list[Difference]
    moves: list[MoveView]
    reasons: list[ReasonMoveView]
    examples: list[ExampleView]
    cannot_tell: list[str]


class ProposalView(msgspec.Struct, frozen=True, rename="camel"):
    """A change of limits. `state` is confirmed, where it is in force with the next book; else it waits, or did.

    `proposalId` is null where nothing became looser: then it was made at once, and waits for nobody. Times in ms.
    """

    proposal_id: str | None
    state: str
    vendor: str
    device: str | None
    changes: dict[str, Any]
    reason: str
    proposed_by: str | None
    proposed_at: int | None
    expires_at: int | None
    decided_by: str | None
    decided_at: int | None
    note: str | None
    version: int | None
    differences: list[Difference]


class ProposalPage(msgspec.Struct, frozen=True, rename="camel"):
    """Proposals, the newest first; `next` is the cursor of the next page."""

    proposals: list[ProposalView]
    next: str | None


def differences_of(before: Policy, after: Policy) -> list[Difference]:
    """What differs, and which of it lets through more."""
    looser = set(loosened(before, after))
    return [Difference(name, was, will, name in looser) for name, (was, will) in differences(before, after).items()]


def preview_view(found: Preview) -> PreviewView:
    """A preview as it is answered."""
    return PreviewView(
        since=found.since,
        until=found.until,
        judged=found.judged,
        sampled=found.sampled,
        unlike=found.unlike,
        differences=differences_of(found.before, found.after),
        moves=[MoveView(one.was, one.would, one.payments, Sum.of(one.amount, one.currency)) for one in found.moves],
        reasons=[ReasonMoveView(one.reason, one.was, one.would) for one in found.reasons],
        examples=[
            ExampleView(
                payment=uuid_text(one.payment),
                wallet=one.wallet,
                amount=Sum.of(one.amount, one.currency),
                taken_at=one.taken_at,
                was=one.was,
                was_reasons=list(one.was_reasons),
                would=one.would,
                would_reasons=list(one.would_reasons),
            )
            for one in found.examples
        ],
        cannot_tell=CANNOT_TELL.splitlines(),
    )


def made_view(change: Change, reason: str, version: int, differs: list[Difference]) -> ProposalView:
    """A change that was made at once, as it is answered."""
    return ProposalView(
        proposal_id=None,
        state=ProposalState.CONFIRMED.value,
        vendor=uuid_text(change.vendor),
        device=uuid_text_or_none(change.device),
        changes=dict(change.body),
        reason=reason,
        proposed_by=None,
        proposed_at=None,
        expires_at=None,
        decided_by=None,
        decided_at=None,
        note=None,
        version=version,
        differences=differs,
    )


def proposal_view(found: Proposal, differs: list[Difference]) -> ProposalView:
    """A proposal as it is answered."""
    return ProposalView(
        proposal_id=uuid_text(found.id),
        state=found.state.value,
        vendor=uuid_text(found.change.vendor),
        device=uuid_text_or_none(found.change.device),
        changes=dict(found.change.body),
        reason=found.reason,
        proposed_by=uuid_text(found.proposed_by),
        proposed_at=found.proposed_at,
        expires_at=found.expires_at,
        decided_by=uuid_text_or_none(found.decided_by),
        decided_at=found.decided_at,
        note=found.note,
        version=found.version,
        differences=differs,
    )


def version_view(one: Version, who: Caller) -> VersionView:
    """A change that was made, as somebody may see it who may see the limits."""
    return VersionView(
        version=one.version,
        at=one.at,
        device=uuid_text_or_none(one.device),
        actor=actor_for(one.actor, who),
        proposed_by=actor_for(one.proposed_by, who) if one.proposed_by is not None else None,
        reason=one.reason,
        differences=differences_of(one.before, one.after),
    )
