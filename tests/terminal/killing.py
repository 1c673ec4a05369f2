"""A reviewer who decides as fast as the program takes keys, until it is killed at some moment.

The keys say which events the store must hold. Whatever the kill left must be exactly the first so
many of them, and at least those that were on the screen as saved.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness import Terminal, tuiview

from tuiview.review.check import check
from tuiview.review.lock import Lock
from tuiview.review.model import What
from tuiview.review.store import Store

SIZE = (200, 24)
"""Wide enough for all that the status line may say."""
ITEMS = 60
_SWITCHES = (What.CATEGORY, What.FAVOURITE, What.UNSURE)
_WORDS = ("ring", "tail", "faint", "merger", "halo")

Said = tuple[str, str, str, object]
"""Item, kind, name and new value of an event; for a mark only whether it stands."""


@dataclass
class Kept:
    """What a dead program left: events, drafts, and where the reviewer was."""

    events: list[Said]
    drafts: dict[str, str]
    position: int


@dataclass
class Ledger:
    """What the keys pressed so far must come to.

    Attributes:
        events: Every event, in the order of the keys.
        steps, undone: Events that undo and redo would take.
        shown: How many events were on the screen as saved.
        drafts: Notes that were being written when a program was killed, by item.
    """

    events: list[Said] = field(default_factory=list)
    steps: list[Said] = field(default_factory=list)
    undone: list[Said] = field(default_factory=list)
    drafts: dict[str, str] = field(default_factory=dict)
    shown: int = 0

    def value(self, item: str, what: What, name: str, otherwise: object = False) -> object:
        """What was said last of a matter."""
        for said in reversed(self.events):
            if said[:3] == (item, what.value, name):
                return said[3]
        return otherwise

    def say(self, item: str, what: What, name: str, new: object) -> None:
        """One more step."""
        said = (item, what.value, name, new)
        self.events.append(said)
        self.steps.append(said)
        self.undone.clear()

    def step_back(self) -> None:
        """Undo: the value before it stands again."""
        said = self.steps.pop()
        self.undone.append(said)
        self.events.append((*said[:3], not said[3]))

    def step_forth(self) -> None:
        """Redo."""
        said = self.undone.pop()
        self.steps.append(said)
        self.events.append(said)

    def cut(self, kept: Kept) -> None:
        """Go on from what a killed program left."""
        del self.events[len(kept.events) :]
        self.drafts = dict(kept.drafts)
        self.shown = len(self.events)
        self.steps = self.undone = []


class Reviewer:
    """Reviews a folder in programs that are killed one after the other.

    Args:
        folder: `ITEMS` small pictures.
        home: Where the decisions go.
        seed: Of everything random.
    """

    def __init__(self, folder: Path, home: Path, seed: int) -> None:
        self._folder = folder
        self._home = home
        self._chance = random.Random(seed)
        self._ledger = Ledger()
        self._path: Path | None = None
        self._at = 0
        self._reached: dict[int, int] = {}
        self._killed: set[int] = set()
        self.saved = 0

    @property
    def path(self) -> Path:
        """The store."""
        if self._path is None:
            lines = tuiview("locate", self._folder, home=self._home).stdout.splitlines()
            self._path = Path(dict(line.split("\t") for line in lines)["decisions"])
        return self._path

    def kill_once(self) -> None:
        """Start, decide, kill, and compare what is left with what was pressed and shown."""
        with Terminal([self._folder], kind="none", home=self._home, size=SIZE) as terminal:
            pid = terminal.process.pid
            self._killed.add(pid)
            if self._chance.random() < 0.1:
                terminal.pump(until=time.monotonic() + self._chance.uniform(0, 1.5))
            else:
                self._begin(terminal)
                self._decide(terminal)
            terminal.kill9()
            self._look(terminal)
        assert not _running_in_session(pid), "a process outlives the program"
        self._compare()

    def leave_once(self) -> None:
        """Start after a kill and quit: the lock is gone, nothing else was left behind."""
        with Terminal([self._folder], kind="none", home=self._home, size=SIZE) as terminal:
            self._begin(terminal)
            terminal.press("q")
            assert terminal.wait_exit() == 0
        assert not Lock(self.path).path.exists()
        assert self._read().events == self._ledger.events

    def _begin(self, terminal: Terminal) -> None:
        terminal.wait_for_item(self._at + 1, timeout=60)
        terminal.wait_for(_shows_saved)
        holder = Lock(self.path).read()
        assert holder is not None
        assert holder.pid == terminal.process.pid, "the lock of the killed program is not cleared"
        if self._at > ITEMS - 10:
            terminal.press("g")
            self._at = 0
            terminal.wait_for_item(1)
        self._reached = {}

    def _decide(self, terminal: Terminal) -> None:
        """Press keys at full speed, and stop looking at some moment."""
        if self._chance.random() < 0.3:
            self._mark(terminal)
        keys: list[str] = []
        while self._at < ITEMS - 1 and self._chance.random() < 0.97:
            for _ in range(self._chance.randrange(4)):
                keys += self._decision()
            keys.append("j")
            self._at += 1
            self._reached[self._at] = len(self._ledger.events)
        if self._chance.random() < 0.3:
            keys += self._note()
        terminal.press(*keys)
        end = time.monotonic() + self._chance.uniform(0, 1.2)
        while time.monotonic() < end:
            terminal.pump(until=min(end, time.monotonic() + 0.01))
            self._look(terminal)

    def _decision(self) -> list[str]:
        """The keys of one decision on the current item."""
        ledger, item = self._ledger, self._item
        choice = self._chance.random()
        here = bool(ledger.steps) and ledger.steps[-1][0] == item
        if choice < 0.15 and here and ledger.steps[-1][1] in _SWITCHES:
            ledger.step_back()
            return ["u"]
        if choice < 0.3 and ledger.undone and ledger.undone[-1][0] == item:
            ledger.step_forth()
            return ["ctrl+r"]
        if choice < 0.4:
            return self._note()
        if choice < 0.7:
            number = self._chance.randrange(1, 10)
            what, name, key = What.CATEGORY, f"class {number}", str(number)
        elif choice < 0.85:
            what, name, key = What.FAVOURITE, "", "f"
        else:
            what, name, key = What.UNSURE, "", "0"
        ledger.say(item, what, name, not ledger.value(item, what, name))
        return [key]

    def _note(self) -> list[str]:
        """Write a note and keep it."""
        ledger, item = self._ledger, self._item
        words = f"{self._chance.choice(_WORDS)} {len(ledger.events)} "
        before = ledger.drafts.pop(item, None)
        if before is None:
            before = str(ledger.value(item, What.NOTE, "", ""))
        ledger.say(item, What.NOTE, "", before + words)
        return ["enter", *words, "ctrl+s"]

    def _mark(self, terminal: Terminal) -> None:
        """Put marks on the current item, each shown before the next."""
        terminal.wait_for(" ms ", wanted="the picture")
        terminal.press("m")
        terminal.wait_for(" MARK ")
        for _ in range(self._chance.randrange(1, 4)):
            name = f"mark {len(self._ledger.events)}"
            self._ledger.say(self._item, What.MARK_ADDED, name, True)
            count = sum(said[:2] == (self._item, What.MARK_ADDED) for said in self._ledger.events)
            terminal.press(*["l"] * self._chance.randrange(4), str(self._chance.randrange(1, 10)))
            terminal.wait_for(lambda t, n=count: f"⊙ {n} " in _status(t) and _shows_saved(t))
            self._ledger.shown = len(self._ledger.events)
        terminal.press("m")
        terminal.wait_for(lambda t: " MARK " not in t.screen_text())

    @property
    def _item(self) -> str:
        return f"picture-{self._at:03d}.png"

    def _look(self, terminal: Terminal) -> None:
        """Note what the screen says is saved: everything before the item that is reached."""
        position = terminal.position()
        if position is not None and _shows_saved(terminal):
            reached = self._reached.get(position[0] - 1, 0)
            self._ledger.shown = max(self._ledger.shown, reached)

    def _compare(self) -> None:
        ledger = self._ledger
        if not self.path.exists():
            assert not ledger.shown
            return
        found = check(self.path)
        assert found.sound, found
        # One that was killed before it had the lock leaves that of an earlier one.
        assert found.holder is None or found.holder.pid in self._killed
        kept = self._read()
        count = len(kept.events)
        assert ledger.shown <= count, f"{ledger.shown} shown as saved, {count} kept"
        assert kept.events == ledger.events[:count], "something else is kept than what was decided"
        self._check_drafts(kept, ledger.events[count:])
        self._at = kept.position
        ledger.cut(kept)
        self.saved = count

    def _check_drafts(self, kept: Kept, missing: list[Said]) -> None:
        """A draft is the beginning of a note that was being written."""
        for item, draft in kept.drafts.items():
            notes = [new for key, what, _, new in missing if (key, what) == (item, What.NOTE)]
            was = self._ledger.drafts.get(item)
            assert draft == was or any(str(new).startswith(draft) for new in notes), draft

    def _read(self) -> Kept:
        marks = 0
        events: list[Said] = []
        with Store.snapshot(self.path) as store:
            for event in store.history():
                said = event.decision
                name, new = said.name, said.new
                if said.what is What.SEEN:
                    continue
                if said.what is What.MARK_ADDED:
                    name, new = f"mark {len(events)}", True
                    marks += 1
                events.append((said.item, said.what.value, name, new))
            with store.reading() as connection:
                drafts = dict(connection.execute("SELECT key, text FROM drafts").fetchall())
                place = connection.execute("SELECT position FROM places").fetchone()
            assert sum(1 for _ in store.export_marks()) == marks
        return Kept(events, drafts, place[0] if place else 0)


def _status(terminal: Terminal) -> str:
    return terminal.screen_lines()[-2]


def _shows_saved(terminal: Terminal) -> bool:
    return _status(terminal).rstrip().endswith(" saved")


def _running_in_session(leader: int) -> list[int]:
    """Processes that still run in the session of a program that is dead."""
    deadline = time.monotonic() + 5
    while True:
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                state, _, _, session, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
                if session == str(leader) and state not in "ZX":
                    found.append(int(entry.name))
        if not found or time.monotonic() > deadline:
            return found
        os.sched_yield()
