"""What makes a till of a Raspberry Pi agrees with the program that it starts, and keeps what is approved."""

import re
import shutil
import subprocess
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from terminal import clock
from terminal.settings import HOME_VARIABLE, home_folder
from terminal.store.unlock import CREDENTIAL, CREDENTIALS_VARIABLE, FILE_VARIABLE, find_secret

ROOT = Path(__file__).parents[2]
PI = ROOT / "deploy" / "pi"
UNITS = ("tallystick-till.service", "tallystick-till-wayland.service")
MOUNT = Path("/var/lib/tallystick")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def settings_of(name: str) -> dict[str, list[str]]:
    """A unit's settings, each with all of its values."""
    found = defaultdict(list)
    for line in (PI / name).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[key].append(value)
    return found


def environment_of(unit: dict[str, list[str]]) -> dict[str, str]:
    return dict(word.split("=", 1) for line in unit["Environment"] for word in line.split())


def dry_run(*words: str) -> str:
    done = subprocess.run(
        [PI / "install", "--dry-run", *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_starts_the_program_that_the_installer_makes(name: str) -> None:
    (command,) = settings_of(name)["ExecStart"]
    program = re.search(r"(/opt/tallystick/current)/bin/(\S+) terminal$", command)
    assert program is not None
    assert program[2] in PROJECT["scripts"]
    assert f"{Path(program[1]).parent}/next {program[1]}" in dry_run()


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_gives_the_till_its_folder_on_the_partition_that_is_kept(name: str) -> None:
    unit = settings_of(name)
    home = home_folder(environment_of(unit))
    assert HOME_VARIABLE in environment_of(unit)
    assert [home] == [Path("/var/lib") / folder for folder in unit["StateDirectory"]]
    assert unit["WorkingDirectory"] == [str(home)]
    assert unit["RequiresMountsFor"] == [str(MOUNT)]
    assert MOUNT in home.parents
    assert unit["ExecStartPre"] == [f"/usr/local/lib/tallystick/check-store {home}"]
    assert f"d {home} 0700 till till -" in (PI / "tmpfiles.conf").read_text()
    assert f"{HOME_VARIABLE}={home}" in (PI / "till").read_text()


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_hands_over_the_credential_that_the_till_looks_for(name: str, tmp_path: Path) -> None:
    unit = settings_of(name)
    (loaded,) = unit["LoadCredentialEncrypted"]
    credential, _, sealed = loaded.partition(":")
    assert credential == CREDENTIAL
    assert FILE_VARIABLE not in environment_of(unit)  # it would go before the credential
    for script in ("install", "till"):
        assert sealed in (PI / script).read_text()
        assert CREDENTIAL in (PI / script).read_text()
    (tmp_path / credential).write_bytes(b"secret\n")
    secret = find_secret(tmp_path / "home", {**environment_of(unit), CREDENTIALS_VARIABLE: str(tmp_path)})
    assert secret.reveal() == b"secret"


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_lets_the_till_tell_one_boot_from_another(name: str) -> None:
    assert str(clock._BOOT_ID).startswith("/proc/sys/")
    assert settings_of(name)["ProcSubset"] in ([], ["all"])


@pytest.mark.parametrize("name", UNITS)
def test_the_till_starts_with_neither_network_nor_time_and_never_stays_down(name: str) -> None:
    unit = settings_of(name)
    waits = " ".join(unit["Wants"] + unit["Requires"] + unit["After"])
    assert not re.search(r"network-online|time-sync|time-set", waits)
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]


@pytest.mark.parametrize("name", UNITS)
def test_the_till_has_the_console_for_itself(name: str) -> None:
    unit = settings_of(name)
    other = next(one for one in UNITS if one != name)
    assert unit["TTYPath"] == ["/dev/tty1"]
    assert unit["StandardInput"][0].startswith("tty")
    assert set(unit["Conflicts"][0].split()) == {"getty@tty1.service", other}
    assert "/dev/tty1 rw" in unit["DeviceAllow"]
    assert unit["User"] == ["till"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line_of_the_unit(name: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", PI / name], capture_output=True, text=True, check=False
    )
    trouble = [line for line in done.stderr.splitlines() if name in line and "is not executable" not in line]
    assert not trouble


def test_the_partition_is_mounted_so_that_what_is_approved_is_durable() -> None:
    lines = [line.split() for line in (PI / "fstab.example").read_text().splitlines() if line.startswith("LABEL=")]
    ((_, where, kind, options, _, _),) = lines
    assert (where, kind) == (str(MOUNT), "ext4")
    assert {"data=ordered", "barrier=1", "commit=5"} <= set(options.split(","))
    assert check_store(kind, f"rw,{options}").returncode == 0


def check_store(kind: str, options: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """What check-store says where findmnt says this: no test may mount anything."""
    script = f'findmnt() {{ printf "%s %s\\n" "{kind}" "{options}"; }}\nexport -f findmnt\nexec "$0" "$1"'
    return subprocess.run(
        ["bash", "-c", script, PI / "check-store", folder or MOUNT], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("overlay", "rw,relatime"),
        ("tmpfs", "rw"),
        ("ext4", "ro,noatime"),
        ("ext4", "rw,nobarrier"),
        ("ext4", "rw,noatime,barrier=0"),
        ("ext4", "rw,data=writeback"),
    ],
)
def test_a_till_does_not_start_where_its_sales_would_be_lost(kind: str, options: str) -> None:
    done = check_store(kind, options)
    assert done.returncode == 1
    assert done.stderr.startswith("The till does not start: ")


def test_a_till_starts_on_an_ordinary_partition() -> None:
    assert check_store("ext4", "rw,noatime,errors=remount-ro").returncode == 0


def test_the_installer_says_its_steps_and_does_nothing_when_it_is_dry() -> None:
    said = dry_run()
    for step in (
        "apt-get install",
        "systemd-sysusers",
        "--only-binary=:all: --require-hashes --requirement",
        "systemd-creds encrypt --with-key=host --name=tallystick-unlock",
        "systemctl mask ctrl-alt-del.target",
        "systemctl enable tallystick-till.service",
    ):
        assert step in said
    assert said.endswith("Nothing was changed.\n")
    assert not Path("/opt/tallystick/next").exists()


def test_the_installer_chooses_one_of_the_two_ways_to_show_the_till() -> None:
    plain, wayland = dry_run(), dry_run("--wayland")
    assert "systemctl disable getty@tty1.service tallystick-till-wayland.service" in plain
    assert "cage" not in plain.split("== The till's user")[0]
    assert "systemctl disable getty@tty1.service tallystick-till.service" in wayland
    assert "systemctl enable tallystick-till-wayland.service" in wayland
    assert "cage foot fonts-terminus-otb" in wayland


def test_the_installer_puts_every_file_to_its_place() -> None:
    said = dry_run()
    for file in PI.iterdir():
        if file.name not in {"install", "fstab.example"}:
            assert f"{file} /" in said or f"-- {file} /" in said, file.name


def test_the_installer_refuses_words_that_it_does_not_know() -> None:
    done = subprocess.run([PI / "install", "--dryrun"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Usage: ")


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in requirements}


def test_a_pi_gets_nothing_of_the_server_the_browser_or_the_tests() -> None:
    pinned = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "terminal.txt").read_text(), re.MULTILINE)
    extras = PROJECT["optional-dependencies"]
    assert _names(extras["terminal"] + extras["printer"] + PROJECT["dependencies"]) <= set(pinned)
    assert not _names(extras["server"] + extras["browser"] + extras["test"]) & set(pinned)


def test_the_guide_names_only_files_that_are_there() -> None:
    guide = (ROOT / "docs" / "raspberry-pi.md").read_text()
    for path in re.findall(r"`((?:deploy|scripts|requirements)/[\w./-]+)`", guide):
        assert (ROOT / path).exists(), path
