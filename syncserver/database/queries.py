"""SQL in files, as named blocks.

A block is a line `-- name: what it is for`, then one statement. A block starts at the top of a file or after an empty
line; comments inside a statement stay part of it. Comments before the first block introduce the file.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from syncserver.database.errors import QueryFileError

HEADER = re.compile(r"-- (?P<name>[a-z][a-z0-9_]*): (?P<purpose>\S.*)")


def load(package_folder: Path) -> Mapping[str, str]:
    """The statements of all `sql/*.sql` files in this folder and below, by name.

    Raises:
        QueryFileError: if a name comes twice, a block has no statement, or a statement has no name.
    """
    queries: dict[str, str] = {}
    for path in sorted(package_folder.glob("**/sql/*.sql")):
        for name, statement in parse(path.read_text(encoding="utf-8"), path.name):
            if name in queries:
                raise QueryFileError(f"{path.name} has a second block named {name}.")
            queries[name] = statement
    return MappingProxyType(queries)


def parse(text: str, file_name: str) -> Iterator[tuple[str, str]]:
    """The (name, statement) pairs of one file, in its order, each statement without its final semicolon.

    Raises:
        QueryFileError: if a block has no statement, or a statement has no name.
    """
    name = None
    body: list[str] = []
    above = ""
    for line in text.splitlines():
        match = HEADER.fullmatch(line) if not above.strip() else None
        if match is None:
            body.append(line)
        else:
            yield from _block(name, body, file_name)
            name, body = match["name"], []
        above = line
    yield from _block(name, body, file_name)


def _block(name: str | None, body: list[str], file_name: str) -> Iterator[tuple[str, str]]:
    is_empty = all(not line.strip() or line.startswith("--") for line in body)
    if name is None and not is_empty:
        raise QueryFileError(f"{file_name} has a statement before its first name.")
    if name is not None:
        if is_empty:
            raise QueryFileError(f"{file_name} has no statement for {name}.")
        yield name, "\n".join(body).strip().removesuffix(";")
