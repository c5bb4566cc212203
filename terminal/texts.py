"""What people read, in their language: English stands in the code, other languages in gettext catalogues.

`_` looks a text up at once. `marked` names one where it is defined and leaves it to whoever shows it to call `_`.
An error is its English template and facts until somebody reads it: `in_words`.
"""

import gettext
import os
from collections.abc import Mapping
from pathlib import Path

from shared.errors import TallystickError

DOMAIN = "tallystick"
# Each in its own words, as a person looks for it.
LANGUAGES = {"en": "English", "de": "Deutsch"}
LOCALES = Path(__file__).parent / "locales"
LANGUAGE_VARIABLE = "TALLYSTICK_LANGUAGE"


class _Speech:
    """The catalogue in use. A program speaks one language at a time, to the one person in front of it."""

    language = "en"
    catalogue = gettext.NullTranslations()


def speak(language: str) -> None:
    """Speak a language of `LANGUAGES` from now on; English where there is no such catalogue."""
    _Speech.language = language if language in LANGUAGES else "en"
    _Speech.catalogue = gettext.translation(DOMAIN, LOCALES, [language], fallback=True)


def spoken() -> str:
    """The language of now, a key of `LANGUAGES`."""
    return _Speech.language


def language_of(environ: Mapping[str, str] = os.environ) -> str:
    """What the surroundings ask for: TALLYSTICK_LANGUAGE, else LC_ALL, LC_MESSAGES or LANG, else English."""
    for name in (LANGUAGE_VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            language = value.partition(".")[0].partition("_")[0].lower()
            return language if language in LANGUAGES else "en"
    return "en"


def _(message: str) -> str:
    """A text in the language of whoever reads it."""
    return str(_Speech.catalogue.gettext(message)) if message else ""


def plural(one: str, many: str, count: int) -> str:
    """The form of a text that goes with a count."""
    return _Speech.catalogue.ngettext(one, many, count)


class Marked(str):
    """An English text that may stand in the catalogue: as a fact of an error it is looked up with it."""

    __slots__ = ()


def marked(message: str) -> Marked:
    """A text for the catalogue that is looked up later, by whoever shows it."""
    return Marked(message)


def in_words(error: TallystickError) -> str:
    """An error in the language of whoever reads it."""
    text = _(error.template)
    return text.format(**{name: _said(fact) for name, fact in error.facts.items()}) if error.facts else text


def with_code(error: TallystickError) -> str:
    """The same, with the code that an office asks for."""
    words = in_words(error)
    return f"{words} ({error.code})" if error.code else words


def _said(fact: object) -> object:
    if isinstance(fact, TallystickError):
        return in_words(fact)
    return _(fact) if isinstance(fact, Marked) else fact


def system_words(error: OSError) -> Marked:
    """What the system says of a file or a device; the usual ones stand in the catalogue."""
    return Marked(error.strerror or type(error).__name__)


_USUAL = (
    marked("No space left on device"),
    marked("Permission denied"),
    marked("Operation not permitted"),
    marked("Read-only file system"),
    marked("Input/output error"),
    marked("No such file or directory"),
    marked("No such device or address"),
    marked("No such device"),
    marked("Not a directory"),
    marked("Is a directory"),
    marked("File exists"),
    marked("File name too long"),
    marked("Disk quota exceeded"),
    marked("Too many open files"),
    marked("Device or resource busy"),
    marked("Address already in use"),
    marked("Cannot assign requested address"),
)
