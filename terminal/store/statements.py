"""SQL lives in .sql files as named blocks, each with a line that says what for: `-- name: purpose`."""

import re
from pathlib import Path

_HEAD = re.compile(r"^-- ([a-z_]+): .+$", re.MULTILINE)


def load_statements(file: Path) -> dict[str, str]:
    """The blocks of a .sql file, by name."""
    parts = _HEAD.split(file.read_text("utf-8"))
    return {block: sql.strip().removesuffix(";") for block, sql in zip(parts[1::2], parts[2::2], strict=True)}
