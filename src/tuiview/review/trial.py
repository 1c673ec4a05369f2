"""A trial of a file system: does it keep what it says it keeps?

Run as a module it is the child of the trial, which is killed, or kept out by a lock.
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from tuiview.errors import TuiviewError
from tuiview.review import filesystem
from tuiview.review.check import check
from tuiview.review.lock import Lock
from tuiview.review.model import Decision, What
from tuiview.review.store import Store
from tuiview.text import printable

_SLOW = 0.25
_HANG = 60.0


class Finding(Struct, frozen=True):
    """The result of one trial.

    Attributes:
        name: What was tried.
        good: Whether it went well.
        words: What was found.
    """

    name: str
    good: bool
    words: str


class Trial(Struct, frozen=True):
    """What a file system is good for.

    Attributes:
        folder: Where it was tried.
        mount: The file system.
        findings: One for each trial.
        verdict: In a sentence.
        safe: Whether decisions are safe there.
    """

    folder: Path
    mount: filesystem.Mount
    findings: tuple[Finding, ...]
    verdict: str
    safe: bool


def trial(folder: Path, *, kills: int = 5, progress: Callable[[str], object] = str) -> Trial:
    """Try writing, locking and being killed in a folder, and remove everything again.

    Args:
        folder: An existing folder.
        kills: How many times to kill a reviewing child.
        progress: Called with the name of what is being tried.
    """
    mount = filesystem.kind(folder)
    findings: list[Finding] = []
    try:
        scratch = tempfile.TemporaryDirectory(prefix=".tuiview-trial-", dir=folder)
    except OSError as error:
        words = error.strerror or str(error)
        return Trial(
            folder,
            mount,
            (Finding("writing", False, words),),
            f"Decisions cannot be kept here: {words}.",
            False,
        )
    with scratch as name:
        place = Path(name)
        for title, attempt in (
            ("syncing", _syncing),
            ("locking", _locking),
            ("one at a time", _alone),
            ("being killed", lambda place: _killing(place, kills)),
        ):
            progress(title)
            try:
                good, words = attempt(place)
            except (OSError, TuiviewError, subprocess.SubprocessError) as error:
                good, words = False, printable(str(error))
            findings.append(Finding(title, good, words))
    found = {finding.name: finding.good for finding in findings}
    safe = found["syncing"] and found["one at a time"] and found["being killed"]
    if not safe:
        verdict = "Decisions are not safe here; use another folder with --store DIR."
    elif mount.memory:
        verdict = "It works, but everything here is gone when the machine is switched off."
    elif not found["locking"]:
        verdict = "Safe with the lock file alone: file locks do not work here."
    else:
        verdict = "Decisions are safe here."
    return Trial(folder, mount, tuple(findings), verdict, safe)


def _syncing(place: Path) -> tuple[bool, str]:
    times = []
    descriptor = os.open(place / "sync", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in range(20):
            start = time.perf_counter()
            os.pwrite(descriptor, os.urandom(4096), 0)
            os.fsync(descriptor)
            times.append(time.perf_counter() - start)
    finally:
        os.close(descriptor)
    median, worst = statistics.median(times), max(times)
    words = f"4 kB written and synced in {median * 1e3:.1f} ms, at most {worst * 1e3:.1f} ms"
    if median < 2e-5:
        words += " (too fast for a disk: this file system may only pretend)"
    elif median > _SLOW:
        words += " (slow, but decisions never wait for it)"
    return True, words


def _locking(place: Path) -> tuple[bool, str]:
    path = place / "locked"
    path.touch()
    child = _child("lock", path)
    try:
        _await(child, "locked")
        if _try_lock(path):
            return False, "a second process got a lock that another one held"
        child.kill()
        child.wait(_HANG)
        if not _try_lock(path):
            return False, "the lock of a killed process stays"
        return True, "a lock keeps others out and goes with its process"
    finally:
        _end(child)


def _alone(place: Path) -> tuple[bool, str]:
    path = place / "alone.sqlite"
    children = [_child("open", path) for _ in range(3)]
    try:
        answers = [_line(child) for child in children]
        winners = answers.count("opened")
        return winners == 1, f"{winners} of {len(children)} that opened a store at once had it"
    finally:
        for child in children:
            _end(child)


def _killing(place: Path, kills: int) -> tuple[bool, str]:
    path = place / "killed.sqlite"
    saved = 0
    for _ in range(kills):
        child = _child("stream", path)
        try:
            last = _line(child)
            end = time.monotonic() + random.uniform(0.05, 0.4)
            while last.startswith("saved") and time.monotonic() < end:
                saved = int(last.split()[1])
                last = _line(child)
            if not last.startswith("saved"):
                return False, f"the child stopped: {last}"
            child.kill()
            rest, _ = child.communicate(timeout=_HANG)
            for line in rest.splitlines():
                if line.startswith("saved ") and line.split()[1].isdigit():
                    saved = max(saved, int(line.split()[1]))
        finally:
            _end(child)
        with Store.open(path, "trial") as store:
            kept = store.reviewed_count
        if kept < saved:
            return False, f"{saved - kept} of {saved} acknowledged decisions lost"
    if not check(path).sound:
        return False, "the store is damaged"
    if Lock(path).path.exists():
        return False, "a lock file stays"
    return True, f"killed {kills} times, all {saved} acknowledged decisions are there"


def _child(task: str, path: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-m", "tuiview.review.trial", task, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    # A file system that hangs ends the trial, not the patience of who asked for it.
    alarm = threading.Timer(_HANG, child.kill)
    alarm.daemon = True
    alarm.start()
    return child


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def _await(child: subprocess.Popen[str], word: str) -> None:
    if (line := _line(child)) != word:
        raise OSError(line or "the child died")


def _end(child: subprocess.Popen[str]) -> None:
    child.kill()
    with contextlib.suppress(ValueError, OSError):
        child.communicate(timeout=_HANG)


def _try_lock(path: Path) -> bool:
    import fcntl

    with path.open("r+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _main(task: str, path: Path) -> None:
    if task == "lock":
        import fcntl

        with path.open("r+") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                print(f"refused: {error.strerror}", flush=True)
                return
            print("locked", flush=True)
            sys.stdin.read()
        return
    try:
        store = Store.open(path, "trial")
    except TuiviewError as error:
        print(error.message, flush=True)
        return
    if task == "open":
        print("opened", flush=True)
        sys.stdin.read()
        store.close()
        return
    number = store.reviewed_count
    while True:
        number += 1
        decision = Decision(f"item-{number}", What.CATEGORY, "trial", False, True)
        if store.wait(store.record([decision]), _HANG):
            print(f"saved {number}", flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
