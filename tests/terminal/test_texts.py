"""What people read: every text of the till is in the catalogues, and German lacks none."""

import re

import pytest
from babel.messages.catalog import Message

from terminal import texts
from terminal.till import sentences
from tests.terminal import catalogues

FIELDS = re.compile(r"\{(\w+)(?::[^}]*)?\}")


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_every_text_is_translated_and_the_files_are_what_the_script_makes(language: str) -> None:
    assert catalogues.stale(language) == []


def _strings(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    return tuple(map(str, ids)), tuple(map(str, strings))


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_a_translation_has_the_fields_of_its_text(language: str) -> None:
    for message in catalogues.read(language):
        if not message.id:
            continue
        ids, strings = _strings(message)
        for string in strings:
            assert set(FIELDS.findall(string)) == set(FIELDS.findall(ids[-1])), message.id


def test_the_till_speaks_german_and_falls_back_to_english() -> None:
    try:
        texts.speak("de")
        assert texts._(sentences.refusal(["CODE_SPENT"])).startswith("Dieser Code wurde schon benutzt")
        assert sentences.locked("sale", 60_000).endswith("in 1 Minute wieder.")
        assert texts._("a text that nobody translated") == "a text that nobody translated"
        texts.speak("tlh")
        assert texts._("Amount") == "Amount"
    finally:
        texts.speak("en")


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "en"),
        ({"TALLYSTICK_LANGUAGE": "de", "LC_ALL": "en_GB"}, "de"),
        ({"LANG": "fr_FR"}, "en"),
    ],
)
def test_the_language_is_what_the_surroundings_ask_for(environ: dict[str, str], language: str) -> None:
    assert texts.language_of(environ) == language
