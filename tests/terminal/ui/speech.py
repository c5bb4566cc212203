"""What a screen says in another language, and one whose every text is 35 % longer than English."""

import re
from collections.abc import Iterator
from functools import cache
from gettext import NullTranslations
from math import ceil

from terminal import texts
from tests.terminal import catalogues

_FIELD = re.compile(r"\{[^}]*\}")
_WORD = re.compile(r"[^\W\d_]{3,}")
BEGINS, ENDS = "\u2039", "\u203a"


class Longer(NullTranslations):
    """A language that marks where each text begins and ends, so that it shows what is cut off."""

    def gettext(self, message: str) -> str:
        room = max(2, ceil(0.35 * len(_FIELD.sub("", message)))) - 2
        return f"{BEGINS}{message}{(' xxxxxx' * room)[:room]}{ENDS}"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)


@cache
def _english() -> tuple[str, ...]:
    return tuple(form for message in catalogues.read("de") if message.id for form in _forms(message.id))


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text),)


def _parts(text: str) -> list[str]:
    return [" ".join(part.split()) for part in _FIELD.split(text) if part.strip()]


def shows(screen: str, text: str) -> bool:
    """Whether a screen says what an English test waits for: a text, or a part of one, in the language that is spoken.

    Of several words that stand in no catalogue the numbers are looked for alone.
    """
    if text in screen or type(texts._Speech.catalogue) is NullTranslations:
        return text in screen
    shown = " ".join(screen.split())
    told = [_parts(texts._(english)) for english in _english() if text in english]
    if told:
        return any(all(part in shown for part in parts) for parts in told)
    if " " not in text:
        return False
    return all(word in shown for word in text.split() if any(map(str.isdigit, word)))


@cache
def english_words() -> frozenset[str]:
    """The words that stand in English texts and in no German one."""
    german = {word for text in _german() for word in _WORD.findall(text)}
    return frozenset(word for text in _english() for word in _WORD.findall(_FIELD.sub("", text))) - german


def _german() -> Iterator[str]:
    for message in catalogues.read("de"):
        yield from _forms(message.string)


def words(screen: str) -> set[str]:
    """The words on a screen."""
    return set(_WORD.findall(screen))
