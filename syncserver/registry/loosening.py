"""Which changes of limits let through more than before: those take two admins (docs/risk.md)."""

from collections.abc import Mapping
from typing import Any

from shared.policy import Policy
from shared.reasons import RULES, Reason, Side
from shared.rules.decision import action_of

# Of all limits that are numbers, this one bites harder the larger it is: more payments fall into one window.
_TIGHTER_WHEN_LARGER = frozenset({"rate_seconds"})


def loosened(before: Policy, after: Policy) -> list[str]:
    """The fields in which a policy lets through more than another, or makes somebody else bear the loss; sorted.

    An action is named as `parse_changes` reads it, such as `actions.DISTANCE`.
    """
    was, will = before.to_wire(), after.to_wire()
    fields = [name for name in was if name != "actions" and _looser(name, was[name], will[name])]
    fields += [f"actions.{reason.value}" for reason in RULES if _milder(reason, before, after)]
    return sorted(fields)


def _looser(name: str, was: Any, will: Any) -> bool:
    if name == "loss_bearer":
        return bool(was != will)  # whoever bears it then has not been asked
    return bool(will < was) if name in _TIGHTER_WHEN_LARGER else bool(will > was)


def _milder(reason: Reason, before: Policy, after: Policy) -> bool:
    return any(action_of(reason, after, side) < action_of(reason, before, side) for side in Side)


def differences(before: Policy, after: Policy) -> dict[str, tuple[Any, Any]]:
    """What differs between two policies, field by field: before and after. A reason without an action has None."""
    was, will = _flat(before.to_wire()), _flat(after.to_wire())
    return {name: (was.get(name), will.get(name)) for name in sorted(was | will) if was.get(name) != will.get(name)}


def _flat(wire: Mapping[str, Any]) -> dict[str, Any]:
    actions = {f"actions.{reason}": action for reason, action in wire["actions"].items()}
    return {name: value for name, value in wire.items() if name != "actions"} | actions
