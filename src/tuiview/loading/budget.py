"""How much memory the caches may take."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

SHARE = 8
"""The caches take one part in so many."""


def default_cache_bytes() -> int:
    """An eighth of what this process may use: of the machine, its cgroup or its Slurm job."""
    return available_memory() // SHARE


def available_memory(
    environ: Mapping[str, str] | None = None,
    *,
    groups: Path = Path("/proc/self/cgroup"),
    hierarchy: Path = Path("/sys/fs/cgroup"),
) -> int:
    """The least of the limits on this process's memory, in bytes.

    Args:
        environ: The environment that Slurm speaks through; the process's own by default.
        groups: Where the kernel says which control groups the process is in.
        hierarchy: Where control groups are mounted.
    """
    limits = [_machine(), *_slurm(os.environ if environ is None else environ)]
    limits += _cgroup(groups, hierarchy)
    return min(limits)


def _machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):  # a system that does not tell
        return 4 << 30


def _slurm(environ: Mapping[str, str]) -> Iterator[int]:
    """Limits of a Slurm job, which it gives in MiB; 0 means all memory of the node."""
    node = _number(environ.get("SLURM_MEM_PER_NODE", ""))
    if node:
        yield node << 20
    cpu = _number(environ.get("SLURM_MEM_PER_CPU", ""))
    cpus = _number(environ.get("SLURM_CPUS_ON_NODE", "")) or 1
    if cpu:
        yield (cpu * cpus) << 20


def _cgroup(groups: Path, hierarchy: Path) -> Iterator[int]:
    """Limits of the control group (version 1 and 2) and of all groups around it."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, inside = rest.partition(":")
        if number == "0" and not controllers:
            top, name = hierarchy, "memory.max"
        elif "memory" in controllers.split(","):
            top, name = hierarchy / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = PurePosixPath(inside.lstrip("/"))
        for level in (group, *group.parents):
            # In a container the path is the host's, and only the top exists here.
            try:
                limit = _number((top / level / name).read_text().strip())
            except OSError:
                continue
            if limit:
                yield limit


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
