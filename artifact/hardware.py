"""What the figures were measured on."""

import contextlib
import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe_hardware() -> str:
    """Name the processor and how many of its cores, or of their time, this process may use."""
    cores = _schedulable_cores()
    share = container_share()
    limit = "" if share is None else f", limited to the time of {share:g}"
    return f"{_processor()}, {cores} cores{limit}"


def container_share(cgroup: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Say the time of how many cores the container may use; None where nothing limits it."""
    try:
        if (cgroup / "cpu.max").is_file():
            quota, period = (cgroup / "cpu.max").read_text().split()
        else:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):  # version 2 says "max", version 1 says -1
        return None


def usable_cores(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Count the whole cores that the scheduler and the container leave; at least 1.

    A part of a core is not counted: one thread more, and all of them would be throttled.
    """
    cores, share = _schedulable_cores(), container_share(cgroup)
    return cores if share is None else max(1, min(cores, int(share)))


def usable_memory(
    cgroup: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> int:
    """Give the bytes of memory that the container has; the machine's where nothing limits it.

    Args:
        cgroup: Where the kernel shows the control groups, of version 2 or 1.
        own: Says which of them this process is in; in a container that is often the first.
    """
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for group in _memory_groups(cgroup, own):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError, ValueError):  # version 2 says "max" for no limit
                limits.append(int((group / name).read_text()))
    return min(limits)


def _memory_groups(cgroup: Path, own: Path) -> Iterator[Path]:
    """Name the control groups of this process for memory, and those around them."""
    yield from (cgroup, cgroup / "memory")
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in {"", "memory"}:
                inner = (cgroup / controllers / path.strip("/")).relative_to(cgroup)
                yield from (cgroup / part for part in (inner, *inner.parents))


def library_versions(*packages: str) -> dict[str, str]:
    """Say which version of Python and of each installed package is in use."""
    versions = {"python": platform.python_version()}
    for package in packages:
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def _schedulable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
