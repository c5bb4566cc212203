"""What people read, in their language: English stands in the code, other languages in gettext catalogues.

`_` looks a text up at once. `marked` names one where it is defined and leaves it to whoever shows it to call `_`.
"""

import gettext
import os
from collections.abc import Mapping
from pathlib import Path

DOMAIN = "tallystick"
# Each in its own words, as a person looks for it.
LANGUAGES = {"en": "English", "de": "Deutsch"}
LOCALES = Path(__file__).parent / "locales"
LANGUAGE_VARIABLE = "TALLYSTICK_LANGUAGE"


class _Speech:
    """The catalogue in use. A program speaks one language at a time, to the one person in front of it."""

    catalogue = gettext.NullTranslations()


def speak(language: str) -> None:
    """Speak a language of `LANGUAGES` from now on; English where there is no such catalogue."""
    _Speech.catalogue = gettext.translation(DOMAIN, LOCALES, [language], fallback=True)


def language_of(environ: Mapping[str, str] = os.environ) -> str:
    """What the surroundings ask for: TALLYSTICK_LANGUAGE, else LC_ALL, LC_MESSAGES or LANG, else English."""
    for name in (LANGUAGE_VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            language = value.partition(".")[0].partition("_")[0].lower()
            return language if language in LANGUAGES else "en"
    return "en"


def _(message: str) -> str:
    """A text in the language of whoever reads it."""
    return _Speech.catalogue.gettext(message) if message else ""


def plural(one: str, many: str, count: int) -> str:
    """The form of a text that goes with a count."""
    return _Speech.catalogue.ngettext(one, many, count)


def marked(message: str) -> str:
    """A text for the catalogue that is looked up later, by whoever shows it."""
    return message
