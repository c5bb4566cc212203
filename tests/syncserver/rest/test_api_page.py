"""docs/api.md says what the endpoints declare."""

import re

from syncserver.api.rest.limits import CODES, LOGIN_ADDRESS, LOGIN_NAME, PUBLIC, USER
from syncserver.settings import ServerSettings
from tests.syncserver.rest.error_table import PAGE, problems, split, table

TEXT = PAGE.read_text("utf-8")


def test_its_table_of_errors_is_the_declarations() -> None:
    said = "run .venv/bin/python -m tests.syncserver.rest.error_table"
    assert split()[1] == table(), said


def test_a_code_has_one_status_and_one_message() -> None:
    codes = [problem.code for problem in problems()]
    assert sorted(set(codes)) == sorted(codes)


def test_its_limits_are_the_limits() -> None:
    for bucket in (USER, CODES, PUBLIC):
        assert re.search(rf"\| `{bucket.name}` \| {bucket.calls} for each", TEXT)
    assert LOGIN_ADDRESS.calls == LOGIN_NAME.calls
    assert f"| {LOGIN_NAME.calls} for each address, and {LOGIN_NAME.calls} for each login name |" in TEXT


def test_its_settings_are_settings() -> None:
    settings = {f"TALLYSTICK_{name.upper()}" for name in ServerSettings.model_fields} | {"TALLYSTICK_FUZZ_REQUESTS"}
    named = set(re.findall(r"TALLYSTICK_\w+", TEXT))
    assert named <= settings
    assert f"({ServerSettings.model_fields['two_person_amount'].default:,})" in TEXT
