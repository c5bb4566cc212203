"""What holds the house up: shared/ is pure, and every error has a code of its own."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import shared
from shared.errors import TallystickError

ROOT = Path(shared.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
IMPURE_MODULES = {
    "os", "io", "sys", "pathlib", "shutil", "tempfile", "glob", "fcntl", "mmap", "socket", "ssl", "select", "selectors",
    "http", "urllib", "ftplib", "smtplib", "subprocess", "multiprocessing", "threading", "concurrent", "asyncio",
    "signal", "time", "datetime", "random", "secrets", "uuid", "sqlite3", "logging", "importlib", "pickle", "shelve",
    "terminal", "syncserver", "tallystick", "httpx", "asyncpg", "starlette", "uvicorn", "anyio", "structlog", "rich",
}  # fmt: skip
# Parts that are pure: bytes in memory, and the reading of an id's text.
ALLOWED = {("io", "BytesIO"), ("uuid", "UUID")}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (((node.module or "").partition(".")[0], alias.name) for alias in node.names)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_shared_reads_no_clock_draws_no_number_and_opens_nothing(source: Path) -> None:
    tree = ast.parse(source.read_text("utf-8"))
    impure = {(module, name) for module, name in _imports(tree) if module in IMPURE_MODULES} - ALLOWED
    assert not impure
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & IMPURE_CALLS


def _errors(base: type[TallystickError]) -> Iterator[type[TallystickError]]:
    yield base
    for child in base.__subclasses__():
        yield from _errors(child)


def test_every_error_has_a_code_of_its_own_and_says_something() -> None:
    for module in pkgutil.walk_packages(shared.__path__, "shared."):
        importlib.import_module(module.name)
    errors = [error for error in _errors(TallystickError) if error.__module__.startswith("shared.")]
    codes = [error.code for error in errors]
    assert len(errors) > 10
    assert sorted(codes) == sorted(set(codes))
    for error in errors:
        assert error.code.isupper()
        assert error().message == str(error()) == (error.__doc__ or "").strip() != ""
        assert error("This one.").message == "This one."
