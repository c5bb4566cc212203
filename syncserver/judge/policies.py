"""Which policy a payment is judged by: that of the book it names, or for a voucher that of the codes' issue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from shared.policy import Policy
from shared.rules.decision import reach_ms


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
    _reaches: list[int | None] = field(default_factory=list)

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
        """`reach_ms` of whichever of these policies reaches furthest; no combination of changes reaches further."""
        if not self._reaches:
            self._reaches = [reach_ms(Policy())]
            self._reaches += [reach_ms(Policy().with_changes(change.body)) for change in self.changes]
        limited = [reach for reach in self._reaches if reach is not None]
        return max(limited) if len(limited) == len(self._reaches) else None

    def _after(self, changes: Sequence[PolicyChange]) -> Policy:
        key = tuple(change.version for change in changes)
        if key not in self._made:
            ordered = sorted(changes, key=lambda change: (change.for_device, change.version))
            self._made[key] = reduce(lambda policy, change: policy.with_changes(change.body), ordered, Policy())
        return self._made[key]
