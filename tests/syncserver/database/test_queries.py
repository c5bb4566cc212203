"""Queries are named blocks in .sql files."""

from pathlib import Path

import pytest

from syncserver.database.errors import QueryFileError
from syncserver.database.queries import load, parse

TWO = """\
-- The queries of an example.
-- note: this introduces the file only if it is no block, and it is one without a statement otherwise

-- first_thing: counts what there is
SELECT count(*)
-- not_a_block: a comment inside a statement
FROM thing;

-- second: names it
SELECT ';' FROM thing
"""


def write(folder: Path, name: str, text: str) -> None:
    (folder / "sql").mkdir(parents=True, exist_ok=True)
    (folder / "sql" / name).write_text(text, encoding="utf-8")


def test_blocks_are_loaded_by_name_without_their_semicolon(tmp_path: Path) -> None:
    write(tmp_path, "a.sql", TWO)
    queries = load(tmp_path)
    assert list(queries) == ["first_thing", "second"]
    assert queries["first_thing"].startswith("SELECT count(*)")
    assert queries["first_thing"].endswith("FROM thing")
    assert queries["second"] == "SELECT ';' FROM thing"


def test_a_comment_inside_a_statement_is_no_block(tmp_path: Path) -> None:
    write(tmp_path, "a.sql", TWO)
    assert "not_a_block: a comment" in load(tmp_path)["first_thing"]


def test_folders_below_are_loaded_too(tmp_path: Path) -> None:
    write(tmp_path / "ledger", "a.sql", "-- one: x\nSELECT 1;\n")
    write(tmp_path / "sync", "a.sql", "-- two: x\nSELECT 2;\n")
    assert dict(load(tmp_path)) == {"one": "SELECT 1", "two": "SELECT 2"}


def test_a_name_used_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.sql", "-- one: x\nSELECT 1;\n")
    write(tmp_path, "b.sql", "-- one: x\nSELECT 2;\n")
    with pytest.raises(QueryFileError, match="one"):
        load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT 1;\n", id="a statement without a name"),
        pytest.param("-- one: x\n\n-- two: y\nSELECT 2;\n", id="a name without a statement"),
        pytest.param("-- one: x\n-- only a comment\n", id="a name with only a comment"),
    ],
)
def test_a_malformed_file_is_refused(text: str) -> None:
    with pytest.raises(QueryFileError):
        list(parse(text, "a.sql"))


def test_loaded_queries_cannot_be_changed(tmp_path: Path) -> None:
    write(tmp_path, "a.sql", "-- one: x\nSELECT 1;\n")
    with pytest.raises(TypeError):
        load(tmp_path)["one"] = "SELECT 2"  # type: ignore[index]  # the point of the test
