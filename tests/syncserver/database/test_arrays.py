"""Columns travel as the texts of arrays: whatever a terminal writes into a field comes out as it was."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncserver.database.arrays import flags, ids, numbers, text_lists, texts, words
from syncserver.database.connect import DatabaseTarget

pytestmark = pytest.mark.anyio

# PostgreSQL has no NUL in a text, and the protocol has no control character at all.
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20)
NASTY = ['"', "\\", "{", "}", ",", "NULL", "null", "", " ", "'; DROP TABLE payment; --", '{"a","b"}', "\\N", "💶"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(TEXTS, st.sampled_from(NASTY), st.none()), min_size=1, max_size=30))
async def test_texts_come_back_as_they_were(database: DatabaseTarget, values: list[str | None]) -> None:
    connection = await database.connect_server()
    try:
        assert await connection.fetchval("SELECT $1::text::text[]", texts(values)) == values
    finally:
        await connection.close()


async def test_lists_of_texts_come_back_as_they_were(database: DatabaseTarget) -> None:
    values = [(), ("LATE",), tuple(NASTY), ("A", "B"), ()]
    connection = await database.connect_server()
    try:
        rows = await connection.fetch("SELECT v::text[] AS v FROM unnest($1::text::text[]) AS v", text_lists(values))
        assert [tuple(row["v"]) for row in rows] == values
    finally:
        await connection.close()


async def test_numbers_ids_flags_and_words_come_back_as_they_were(database: DatabaseTarget) -> None:
    connection = await database.connect_server()
    try:
        row = await connection.fetchrow(
            "SELECT $1::text::bigint[] AS n, $2::text::uuid[] AS i, $3::text::boolean[] AS f, $4::text::text[] AS w",
            numbers([0, -1, 2**53 - 1, None]),
            ids([bytes(16), b"\xff" * 16, None]),
            flags([True, False]),
            words(["0123456789", "EUR", None]),
        )
        assert row is not None
        assert row["n"] == [0, -1, 2**53 - 1, None]
        assert [one.bytes if one is not None else None for one in row["i"]] == [bytes(16), b"\xff" * 16, None]
        assert (row["f"], row["w"]) == ([True, False], ["0123456789", "EUR", None])
        empty = await connection.fetchrow("SELECT $1::text::bigint[] AS n, $2::text::uuid[] AS i", numbers([]), ids([]))
        assert empty is not None
        assert (empty["n"], empty["i"]) == ([], [])
    finally:
        await connection.close()
