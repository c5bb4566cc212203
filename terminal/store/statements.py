"""SQL lives in .sql files as named blocks, each with a line that says what for: `-- name: purpose`."""

import re
from importlib.resources import files

_HEAD = re.compile(r"^-- ([a-z_]+): .+$", re.MULTILINE)


def load_statements(package: str, name: str) -> dict[str, str]:
    """The blocks of a .sql file in a package, by name."""
    text = (files(package) / name).read_text("utf-8")
    parts = _HEAD.split(text)
    return {block: sql.strip().removesuffix(";") for block, sql in zip(parts[1::2], parts[2::2], strict=True)}
