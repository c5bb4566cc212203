"""Changes of limits as admins type them: `payment_limit=15000`, `actions.DISTANCE=settle`."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import PolicyError
from shared.fields import MAX_INTEGER
from shared.policy import Policy

# Times that a limit may name at most: a year, or a day where it stands against single seconds.
_MOST = {
    **dict.fromkeys(("book_hours", "voucher_hours", "upload_hours"), 365 * 24),
    **dict.fromkeys(("rate_seconds", "clock_tolerance_s"), 24 * 3_600),
}


def check_changes(changes: Mapping[str, Any]) -> None:
    """Make sure of each change by itself; whether all limits fit together is seen when they are applied.

    Raises:
        PolicyError: where a field is unknown, or a value is not of its type or range.
    """
    Policy(score_flag=0, score_fail=MAX_INTEGER).with_changes(changes)
    for name, most in _MOST.items():
        if changes.get(name, 0) > most:
            raise PolicyError(f"{name} is at most {most}")


def parse_changes(texts: Sequence[str]) -> dict[str, Any]:
    """FIELD=VALUE texts as a map of changes; whether a policy takes them is for the policy to say.

    Raises:
        PolicyError: where a text has no `=`, or names a field twice.
    """
    changes: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise PolicyError(f"{text[:60]!r} is not FIELD=VALUE")
        field, dot, reason = name.partition(".")
        target = changes.setdefault(field, {}) if dot else changes
        key = reason if dot else field
        if not isinstance(target, dict) or key in target:
            raise PolicyError(f"{name[:60]!r} is there twice")
        target[key] = int(value) if value.isascii() and value.isdecimal() else value
    return changes
