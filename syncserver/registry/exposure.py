"""What a shop can lose (docs/risk.md), as far as the server can know it: a bound in money, at this moment.

A till takes no more than its policy's `exposure_limit` and `exposure_count` between two syncs, by the policy of its
book: limits that changed lately may still hold at a till that has not heard of it, so the largest of those in force
within the last `voucher_hours` counts. What it has taken and not sent yet the server can't know: no more than that.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from shared.lifecycles import DeviceState
from shared.policy import Policy
from shared.rules.decision import MS_PER_HOUR
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import id_or_none, uuid_or_none
from syncserver.judge.policies import PolicyChange, PolicyHistory
from syncserver.registry.devices import DeviceView, view_of
from syncserver.registry.vendors import QUERIES

MOST_TERMINALS = 10_000


@dataclass(frozen=True, slots=True)
class TerminalExposure:
    """A terminal, and what it may have taken that nobody knows of (minor units).

    Attributes:
        missing: how many of its records are known to be missing, in all of its journals.
        at_most: what it can have taken and not sent.
    """

    view: DeviceView
    missing: int
    at_most: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a shop can lose, in minor units.

    Attributes:
        terminals: those that may have taken something that the server has not heard of.
        unsynced: what all of them can have taken at most.
        flagged: what is here and waits for an admin, who may reject it; `flagged_payments` of them.
        for_a_code: what one code can cost that is shown at all of its tills, which can't hear each other.
        loss_bearer: who bears what nobody pays for, by the shop's policy.
    """

    terminals: int
    unsynced: int
    flagged: int
    flagged_payments: int
    for_a_code: int
    loss_bearer: str

    @property
    def bound(self) -> int:
        """The most that can be lost at this moment."""
        return self.unsynced + self.flagged


async def terminals(
    connection: Connection, vendor: bytes, now: int, *, after: bytes | None = None, limit: int = MOST_TERMINALS
) -> list[TerminalExposure]:
    """A vendor's terminals after one, each with its exposure."""
    limits = await _limits(connection, vendor)
    last = uuid_or_none(after)
    found = []
    for row in await connection.fetch(QUERIES["terminals_of_vendor"], uuid_of(vendor), last, limit):
        view = view_of(row)
        found.append(_exposed(view, limits(view.device), now))
    return found


async def of_terminal(connection: Connection, view: DeviceView, now: int) -> TerminalExposure:
    """One terminal's exposure."""
    return _exposed(view, (await _limits(connection, view.vendor))(view.device), now)


def _exposed(view: DeviceView, history: PolicyHistory, now: int) -> TerminalExposure:
    at_most = 0 if _is_over(view, history.latest(), now) else most_unsynced(history, now)
    return TerminalExposure(view, view.missing_records, at_most)


async def exposure(connection: Connection, vendor: bytes, now: int) -> Exposure:
    """What a vendor can lose, by all of its terminals."""
    every = await terminals(connection, vendor, now)
    (flagged,) = await connection.fetch(QUERIES["flagged_at_vendor"], uuid_of(vendor))
    policy = (await _limits(connection, vendor))(vendor).latest()
    live = [one for one in every if one.at_most]
    return Exposure(
        terminals=len(live),
        unsynced=sum(one.at_most for one in live),
        flagged=flagged["amount"],
        flagged_payments=flagged["payments"],
        # The cap for each till but one, and no till takes more for a code than its payment limit.
        for_a_code=policy.payment_limit * max(len(live) - 1, 0),
        loss_bearer=policy.loss_bearer,
    )


async def _limits(connection: Connection, vendor: bytes) -> Callable[[bytes], PolicyHistory]:
    """The limits of each of a vendor's devices, read at once; of the vendor itself where no device has its id."""
    rows = await connection.fetch(QUERIES["limits_of_vendor"], uuid_of(vendor))
    changes = [
        (
            id_or_none(row["device"]),
            PolicyChange(
                row["version"], row["effective_at"], row["device"] is not None, msgspec.json.decode(row["body"])
            ),
        )
        for row in rows
    ]
    return lambda device: PolicyHistory([change for of, change in changes if of in (None, device)])


def _is_over(view: DeviceView, policy: Policy, now: int) -> bool:
    """Whether a terminal has been revoked for so long that what it had can't count any more."""
    return (
        view.state is DeviceState.REVOKED and view.revoked_at is not None and view.revoked_at < over_since(policy, now)
    )


def over_since(policy: Policy, now: int) -> int:
    """What a terminal had can't count any more if it was revoked before this time (ms)."""
    return now - policy.upload_hours * MS_PER_HOUR


def most_unsynced(history: PolicyHistory, now: int) -> int:
    """What a terminal takes at most before it has to sync, by any of the limits that it may go by."""
    since = now - history.latest().voucher_hours * MS_PER_HOUR
    policies = [history.latest(), history.at_time(since)]
    policies += [history.at_time(change.effective_at) for change in history.changes if change.effective_at >= since]
    return max(min(one.exposure_limit, one.exposure_count * one.payment_limit) for one in policies)
