"""What a process took: its processor time and its memory, as Linux counts them."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB = 1024


def _stat(process: Path) -> list[str]:
    """The fields of /proc/PID/stat from the third on: the second may hold anything, spaces included."""
    return (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has used, in user and kernel mode together."""
    fields = _stat(Path(f"/proc/{pid}"))
    return (int(fields[11]) + int(fields[12])) / _TICKS


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


def memory_mib(pid: int | str, name: str = "VmHWM") -> float:
    """A process's memory: VmHWM is the most that was resident, VmRSS what is now."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return round(int(line.split()[1]) / _KIB_PER_MIB, 1)
    return 0.0


def forget_peak(pid: int | str) -> None:
    """Let the most that was resident begin anew from what is (`man 5 proc`, clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="utf-8")
