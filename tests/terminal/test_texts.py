"""What people read: every text of the till is in the catalogues, and German lacks none."""

import errno
import os
import re

import pytest
from babel.messages.catalog import Message

from shared.errors import DecodingError, TallystickError
from terminal import texts
from terminal.errors import DiskFullError, ServerRefusedError, StoreBusyError
from terminal.kept_errors import keep, kept
from terminal.sync.errors import RecordsRefusedError
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


@pytest.fixture
def german() -> None:
    texts.speak("de")


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("kind", sorted(catalogues.error_classes(), key=str))
def test_every_error_of_a_till_says_in_german_what_it_says(kind: type[TallystickError]) -> None:
    said = texts._((kind.__doc__ or "").strip())
    assert said
    assert said != (kind.__doc__ or "").strip()


@pytest.mark.usefixtures("german")
def test_an_error_is_put_into_words_with_its_facts_by_whoever_reads_it() -> None:
    why = texts.system_words(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    full = DiskFullError("{path} can't be written: {why}", path="/srv/{x}", why=why)
    assert full.message == "/srv/{x} can't be written: No space left on device"
    assert texts.in_words(full) == "/srv/{x} kann nicht geschrieben werden: kein Platz mehr auf dem Gerät"
    book = TallystickError("The code book can't be read: {why}", why=DecodingError("{key}: missing", key="caps"))
    assert texts.in_words(book) == "Das Codebuch ist nicht lesbar: caps: fehlt"
    assert texts.in_words(TallystickError("{what nobody} translated")) == "{what nobody} translated"


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    "error",
    [
        StoreBusyError(),
        ServerRefusedError("The server refused: {words}", words=texts.marked("This device is not enrolled here.")),
        TallystickError("The code book can't be read: {why}", why=DecodingError("{key}: missing", key="caps")),
        RecordsRefusedError("{count} of {named}", count=12, named="1:4"),
    ],
)
def test_an_error_that_was_kept_says_the_same_in_each_language(error: TallystickError) -> None:
    again = kept(keep(error))
    assert (again.code, again.message) == (error.code, error.message)
    assert texts.with_code(again) == f"{texts.in_words(error)} ({error.code})"


@pytest.mark.parametrize("text", ["The server is away (AWAY)", "{}", '{"text":"{missing}","facts":{"other":1}}', "[1]"])
def test_what_an_older_till_kept_is_shown_as_it_stands(text: str) -> None:
    assert kept(text).message == text
