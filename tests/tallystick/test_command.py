"""The `tallystick` command: it loads one program, says what is missing, and its exit codes mean something."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from shared.errors import TallystickError
from tallystick import commands, extras
from tallystick.commands import run

ROOT = Path(__file__).parents[2]


def _raising(error: BaseException) -> Callable[[object], int]:
    def instead(_: object) -> int:
        raise error

    return instead


def test_without_a_command_it_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--help"]):
        assert run(arguments) == 0
        out = capsys.readouterr().out
        for name in ("terminal", "server", "demo", "bench", "verify"):
            assert name in out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip()


def test_an_unknown_command_exits_2_and_names_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bogus"]) == 2
    assert "bench, demo, server, terminal, verify" in capsys.readouterr().err
    assert run(["--bogus"]) == 2


def test_what_goes_wrong_as_foreseen_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "_run", _raising(TallystickError("No such thing.")))
    assert run([]) == 1
    assert capsys.readouterr().err == "error: No such thing. [ERROR]\n"


def test_ctrl_c_exits_130_without_a_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(commands, "_run", _raising(KeyboardInterrupt()))
    assert run([]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("arguments", "code"), [(["verify", "pyproject.toml"], 141), (["--help"], 1)])
def test_a_reader_that_has_gone_brings_no_traceback(arguments: list[str], code: int) -> None:
    """As with `tallystick … | true`: the pipe is closed before anything is written. Help is rich's, which exits 1."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "tallystick", *arguments],
            cwd=ROOT,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.parametrize("name", ["terminal", "server", "demo", "bench"])
@pytest.mark.parametrize("arguments", [[], ["sell", "--help"], ["--version"], ["run", "--port", "1"]])
def test_a_missing_extra_is_one_clear_line(
    name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    assert run([name, *arguments]) == 1
    captured = capsys.readouterr()
    wanted = "terminal,server" if name in ("demo", "bench") else name
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert f"pip install 'tallystick[{wanted}]'" in captured.err


def test_verify_and_help_need_no_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    assert run(["verify", "--help"]) == 0
    assert run(["--help"]) == 0
    assert "Not installed here" in capsys.readouterr().out


def test_the_modules_of_each_extra_are_those_of_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for extra, modules in extras.MODULES.items():
        wanted = project["optional-dependencies"][extra]
        brought = {metadata.packages_distributions()[module][0].lower().replace("_", "-") for module in modules}
        assert brought == {re.split("[=<>]", name)[0] for name in wanted}


def test_listing_the_commands_loads_neither_program() -> None:
    code = (
        "import sys; from tallystick.commands import run; run(['--help']); run(['bogus']);"
        "print([m for m in sys.modules if m.split('.')[0] in ('terminal', 'syncserver', 'asyncpg', 'httpx')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"


def _errors(base: type[TallystickError]) -> Iterator[type[TallystickError]]:
    yield base
    for child in base.__subclasses__():
        yield from _errors(child)


def test_every_error_of_the_whole_tree_has_a_code_of_its_own() -> None:
    for package in ("shared", "terminal", "syncserver", "tallystick"):
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    by_code: dict[str, set[type[TallystickError]]] = {}
    for error in _errors(TallystickError):
        if not error.__module__.startswith("tests."):
            by_code.setdefault(error.code, set()).add(error)
    assert {code: sorted(map(str, errors)) for code, errors in by_code.items() if len(errors) > 1} == {}


@pytest.mark.parametrize("name", [name for name, *_ in commands._COMMANDS])
def test_every_program_stands_where_it_is_looked_for(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"Usage: tallystick {name}" in capsys.readouterr().out
