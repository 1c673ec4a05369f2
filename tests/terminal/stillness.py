"""Whether a program has come to rest, as the system tells: exact, where silence only suggests it.

Linux shows the system call in which each thread of a child waits, with its arguments. A program
rests when its event loop waits with nothing due soon, the thread that reads keys waits for one,
and every other thread waits to be woken by these.
"""

from __future__ import annotations

import platform
from pathlib import Path

_EPOLL_WAIT, _FUTEX = 232, 202
_ON_INPUT = (270, 23, 7)  # pselect6, select, poll
_TOLD = platform.system() == "Linux" and platform.machine() == "x86_64"


def rests(pid: int, within: float) -> bool:
    """Whether every thread waits, and the event loop for nothing that is due within some seconds.

    False also where the system does not tell.
    """
    if not _TOLD:
        return False
    try:
        calls = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/syscall")]
    except OSError:
        return False
    looping = any(call[0] == str(_EPOLL_WAIT) for call in calls)
    return looping and all(_waits(call, within) for call in calls)


def _waits(call: list[str], within: float) -> bool:
    """Whether a thread waits: for another one, for input, or for what is far away."""
    if len(call) < 8:  # it is running, or about to
        return False
    number, arguments = int(call[0]), [int(argument, 16) for argument in call[1:7]]
    if number == _EPOLL_WAIT:
        milliseconds = arguments[3] & 0xFFFFFFFF
        return milliseconds >> 31 == 1 or milliseconds > within * 1000  # -1: nothing is due ever
    return number in _ON_INPUT or (number == _FUTEX and arguments[3] == 0)
