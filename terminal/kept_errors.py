"""An error as the store keeps it, so that whoever reads it later reads it in the own language."""

from typing import Any

import msgspec

from shared.errors import TallystickError
from terminal.texts import Marked

_DEEPEST = 4


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error, or a fact of one: `code` is an error's, `looked_up` says that a text may stand in the catalogue."""

    text: str
    code: str = ""
    facts: dict[str, "int | _Kept"] = {}
    looked_up: bool = False


def keep(error: TallystickError) -> str:
    """An error with its code, template and facts, as JSON."""
    return msgspec.json.encode(_kept(error, _DEEPEST)).decode()


def kept(text: str) -> TallystickError:
    """The error that was kept; what an older version has kept is its words alone."""
    try:
        return _error(msgspec.json.decode(text, type=_Kept))
    except (msgspec.DecodeError, LookupError, ValueError):
        found = TallystickError(text)
        found.code = ""
        return found


def _kept(fact: object, depth: int) -> Any:
    if type(fact) is int:
        return fact
    if isinstance(fact, TallystickError) and depth:
        facts = {name: _kept(inner, depth - 1) for name, inner in fact.facts.items()}
        return _Kept(str(fact.template), fact.code, facts)
    return _Kept(str(fact), looked_up=isinstance(fact, Marked))


def _error(found: _Kept) -> TallystickError:
    error = TallystickError(found.text, **{name: _fact(fact) for name, fact in found.facts.items()})
    error.code = found.code
    return error


def _fact(found: int | _Kept) -> object:
    if isinstance(found, int):
        return found
    if found.code:
        return _error(found)
    return Marked(found.text) if found.looked_up else found.text
