"""`scripts/check-wheels` finds what a Pi would have to build; here it asks a folder of wheels, and no network."""

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "check-wheels"
PURE = "py3-none-any"
ON_PI = "cp311-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64"
ON_PC = "cp311-abi3-manylinux_2_28_x86_64"


def make_wheel(folder: Path, name: str, version: str, tag: str) -> str:
    """A wheel with nothing in it; its line in a file of requirements."""
    path = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {tag}\n",
    }
    record = "".join(f"{file},sha256={_digest(text)},{len(text)}\n" for file, text in files.items())
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
        wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def check(folder: Path, requirements: str) -> "subprocess.CompletedProcess[str]":
    file = folder / "requirements.txt"
    file.write_text(requirements)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {
        "PYTHON": sys.executable,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_FIND_LINKS": str(folder),
    }
    return subprocess.run([SCRIPT, file], env=environment, capture_output=True, text=True, check=False)


def test_all_is_well_where_every_package_has_a_wheel(tmp_path: Path) -> None:
    wanted = make_wheel(tmp_path, "pure", "1.0", PURE) + make_wheel(tmp_path, "compiled", "2.0", ON_PI)
    done = check(tmp_path, wanted)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"CPython {python} on aarch64: 2 packages, all as wheels" for python in ("3.11", "3.13")
    ]


def test_what_has_no_wheel_is_named_with_the_versions_that_have_one(tmp_path: Path) -> None:
    wanted = "# a comment, then a blank line\n\n" + make_wheel(tmp_path, "pure", "1.0", PURE)
    wanted += make_wheel(tmp_path, "compiled", "2.0", ON_PC) + make_wheel(tmp_path, "foreign", "3.0", ON_PC)
    make_wheel(tmp_path, "compiled", "1.9", ON_PI)
    done = check(tmp_path, wanted)
    assert done.returncode == 1
    assert "  CPython 3.11: compiled==2.0: no wheel; versions that have one: 1.9\n" in done.stdout
    assert "  CPython 3.13: foreign==3.0: no version has a wheel\n" in done.stdout
    assert "pure" not in done.stdout


def test_a_wheel_of_other_bytes_than_were_pinned_is_none(tmp_path: Path) -> None:
    wanted = make_wheel(tmp_path, "pure", "1.0", PURE) + make_wheel(tmp_path, "compiled", "2.0", ON_PI)
    digest = wanted.rsplit(":", 1)[1].strip()
    done = check(tmp_path, wanted.replace(digest, "0" * len(digest)))
    assert done.returncode == 1
    assert "compiled==2.0: its wheel has none of the pinned hashes" in done.stdout


def test_a_machine_without_a_network_says_that_nothing_was_checked(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = check(tmp_path, make_wheel(elsewhere, "pure", "1.0", PURE))
    assert done.returncode == 3
    assert done.stderr.startswith("NOT CHECKED: ")


def test_a_file_that_names_nothing_is_no_good_news(tmp_path: Path) -> None:
    done = check(tmp_path, "# nothing\n")
    assert done.returncode == 2
