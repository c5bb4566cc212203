"""Changes of limits as admins type them: `payment_limit=15000`, `actions.DISTANCE=settle`."""

from collections.abc import Sequence
from typing import Any

from shared.errors import PolicyError


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
