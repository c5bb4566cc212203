"""The policy: every limit that decides a payment, with its default (docs/risk.md)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from shared.errors import PolicyError
from shared.fields import MAX_INTEGER
from shared.reasons import ADJUSTABLE, Action, Reason

LOSS_BEARERS = ("vendor", "house")
_ACTIONS = {action.label: action for action in (Action.SETTLE, Action.FLAG, Action.FAIL)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Limits of one vendor or terminal. Money in minor units; the field's suffix says any other unit."""

    payment_limit: int = 100_00
    daily_limit: int = 400_00
    exposure_limit: int = 5_000_00
    exposure_count: int = 500
    rate_count: int = 10
    rate_seconds: int = 60
    radius_m: int = 20_000
    streak_warn: int = 3
    streak_stop: int = 5
    book_hours: int = 24
    voucher_hours: int = 72
    upload_hours: int = 72
    clock_tolerance_s: int = 300
    speed_kmh: int = 900
    score_flag: int = 50
    score_fail: int = 90
    guesses_sale: int = 3
    guesses_customer_hour: int = 5
    guesses_terminal_hour: int = 20
    loss_bearer: str = "vendor"
    actions: Mapping[Reason, Action] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """The complete policy as a book carries it."""
        wire = asdict(self)
        wire["actions"] = {reason.value: action.label for reason, action in self.actions.items()}
        return wire

    def with_changes(self, changes: Mapping[str, Any]) -> "Policy":
        """This policy with some fields changed, as `to_wire` writes them.

        A field that is not named stays, and so does the action of a reason that is not named.

        Raises:
            PolicyError: where a field is unknown, or a value is not of its type or range.
        """
        known = {entry.name: entry.type for entry in fields(self)}
        values: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise PolicyError("a policy has no field {name!r}", name=str(name)[:40])
            values[name] = _checked(name, value)
        if "actions" in values:
            values["actions"] = {**self.actions, **values["actions"]}
        changed = replace(self, **values)
        if changed.score_flag > changed.score_fail:
            raise PolicyError("score_flag is above score_fail")
        return changed


def _checked(name: str, value: Any) -> Any:
    if name == "actions":
        return _checked_actions(value)
    if name == "loss_bearer":
        if value not in LOSS_BEARERS:
            raise PolicyError("loss_bearer is one of {bearers}", bearers=", ".join(LOSS_BEARERS))
        return value
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise PolicyError("{name} is no whole number from 0", name=name)
    return value


def _checked_actions(value: Any) -> dict[Reason, Action]:
    if not isinstance(value, Mapping):
        raise PolicyError("actions is no map of reasons to actions")
    actions: dict[Reason, Action] = {}
    for reason, action in value.items():
        if reason not in ADJUSTABLE:
            raise PolicyError("the action of {reason!r} can't be changed", reason=str(reason)[:40])
        if type(action) is not str or action not in _ACTIONS:
            raise PolicyError("an action is one of {actions}", actions=", ".join(_ACTIONS))
        actions[Reason(reason)] = _ACTIONS[action]
    return actions


def from_wire(wire: Mapping[Any, Any]) -> Policy:
    """The policy that a verified book carries; a field that is absent has its default, an unknown one is ignored.

    Raises:
        PolicyError: where a value is not of its type or range.
    """
    known = {entry.name for entry in fields(Policy)}
    changes = {name: value for name, value in wire.items() if name in known}
    if isinstance(changes.get("actions"), Mapping):
        # A newer server may know reasons that this terminal does not: they are its server's to decide.
        changes["actions"] = {r: a for r, a in changes["actions"].items() if r in ADJUSTABLE}
    return Policy().with_changes(changes)
