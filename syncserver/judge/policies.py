"""Which policy a payment is judged by: that of the book it names, or for a voucher that of the codes' issue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from shared.policy import Policy
from shared.rules.decision import reach_of


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """Some limits that an admin set for a vendor, or for one of its devices."""

    version: int
    effective_at: int
    for_device: bool
    body: Mapping[str, Any]


@dataclass(slots=True)
class PolicyHistory:
    """All changes that concern one device. A device's own limits outrank its vendor's, whichever came later."""

    changes: Sequence[PolicyChange]
    _made: dict[tuple[int, ...], Policy] = field(default_factory=dict)
    _at_version: dict[int, Policy] = field(default_factory=dict)

    def at_version(self, version: int) -> Policy:
        """The policy in a book of this version."""
        policy = self._at_version.get(version)
        if policy is None:
            policy = self._after([change for change in self.changes if change.version <= version])
            self._at_version[version] = policy
        return policy

    def replaced_before(self, version: int, milliseconds: int) -> bool:
        """Whether limits changed after a book of this version, and before a time of the server's clock."""
        return any(change.version > version and change.effective_at < milliseconds for change in self.changes)

    def at_time(self, milliseconds: int) -> Policy:
        """The policy in force at a time of the server's clock."""
        return self._after([change for change in self.changes if change.effective_at <= milliseconds])

    def latest(self) -> Policy:
        """The policy in force."""
        return self._after(self.changes)

    def furthest_reach_ms(self) -> int | None:
        """How far away in time another payment can matter by any of these policies; None where it always can.

        Of the limits themselves: a change by itself need not make a policy.
        """
        by_default, bodies = Policy(), [change.body for change in self.changes]
        return reach_of(
            max([by_default.rate_seconds, *(body["rate_seconds"] for body in bodies if "rate_seconds" in body)]),
            min([by_default.speed_kmh, *(body["speed_kmh"] for body in bodies if "speed_kmh" in body)]),
        )

    def _after(self, changes: Sequence[PolicyChange]) -> Policy:
        key = tuple(change.version for change in changes)
        if key not in self._made:
            ordered = sorted(changes, key=lambda change: (change.for_device, change.version))
            self._made[key] = reduce(lambda policy, change: policy.with_changes(change.body), ordered, Policy())
        return self._made[key]
