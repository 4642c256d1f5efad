"""The most memory a process has had, as Linux counts it."""

from pathlib import Path

from universal_sync_core.limits import KIB


def peak_bytes() -> int:
    """Return the high-water mark of this process alone.

    `getrusage` would not do: its mark is inherited from the process that started this one.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    line = next(line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) * KIB
