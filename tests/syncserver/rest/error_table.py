"""The table of errors in docs/api.md: `python -m tests.syncserver.rest.error_table` writes it anew."""

from pathlib import Path

from syncserver.api.rest.catalogue import ENDPOINTS
from syncserver.api.rest.problems import Problem, problems_of

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
BEGIN = "<!-- errors: written by `.venv/bin/python -m tests.syncserver.rest.error_table` -->\n"
END = "<!-- end of errors -->\n"


def problems() -> list[Problem]:
    """Every error that an endpoint declares or that is possible everywhere."""
    return sorted({problem for endpoint in ENDPOINTS for problem in problems_of(endpoint)})


def table() -> str:
    """Them as the page has them."""
    rows = [f"| {problem.status} | `{problem.code}` | {problem.message} |" for problem in problems()]
    return "\n".join(["| status | errorCode | |", "|---|---|---|", *rows]) + "\n"


def split() -> tuple[str, str, str]:
    """The page before its table, the table, and the page after it."""
    before, begin, rest = PAGE.read_text("utf-8").partition(BEGIN)
    there, end, after = rest.partition(END)
    return before + begin, there, end + after


if __name__ == "__main__":
    head, _, tail = split()
    PAGE.write_text(head + table() + tail, "utf-8")
