"""How the store's operations grow with the number of events.

    python benchmarks/store.py [--quick] [--replay] [--folder DIR]

Compares a store of a million events (a hundred thousand with --quick) with one of a thousand: the
small one shows what an operation costs whatever the size, and `extra` is what the size adds. Both
are measured in turn, operation by operation, so that what else the machine does meets both alike.
Times are medians in ms. A decision is timed from the call to its being durable, one after the
other. A filter is timed as the reviewer gets it, from its words to the view of a table of all the
items: at once, as the first of a review, which has to find the items in the table; and after a
rest, when they have been found behind. From the filters on, processor time is told.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import uuid4

from tuiview.collection.base import Collection
from tuiview.collection.open import CollectionOptions, open_collection
from tuiview.errors import never
from tuiview.imaging.kinds import IMAGES, SUFFIXES, sniff
from tuiview.review import rows
from tuiview.review.clock import Clock
from tuiview.review.database import Database
from tuiview.review.model import Decision, Event, What
from tuiview.review.rebuild import compare
from tuiview.review.store import Store
from tuiview.session.choice import Choice, choose
from tuiview.session.whereabouts import Whereabouts

SMALL = 1_000
DECISIONS = 500
CATEGORIES = tuple(f"category {number}" for number in range(9))
FILTERS = {
    "all of the commonest category": "category 0",
    "a common category": "category 2",
    "a rare category": "category 8",
    "unreviewed": "unreviewed",
    "favourites": "favourite",
}
NOTES = {"one word": "merger", "two words": "tidal halo", "no match": "nebula"}
WORDS = ("ring", "merger", "tidal", "tail", "faint", "dusty", "edge", "halo", "shell", "star")
UTC = "2026-01-01T00:00:00.000Z"


def decisions(count: int, chance: random.Random) -> Iterable[Decision]:
    """Three events for each item: seen, a category, and at times a note or a flag."""
    display = {"frame": "SCI", "interval": "zscale", "stretch": "linear", "zoom": 1.0}
    context = {"order": "random", "seed": 42, "replicate": 0}
    for number in range(count):
        item = f"field{number // 3000:04d}/cutout_{number // 3:08d}.fits"
        if number % 3 == 0:
            yield Decision(item, What.SEEN, old=False, new=True, display=display)
            continue
        if number % 3 == 1 or chance.random() < 0.5:
            what, name, new = (
                What.CATEGORY,
                f"category {min(8, int(chance.expovariate(0.7)))}",
                True,
            )
        elif chance.random() < 0.5:
            what, name, new = What.NOTE, "", " ".join(chance.choices(WORDS, k=6))
        else:
            what, name, new = What.FAVOURITE, "", True
        yield Decision(item, what, name, None, new, "SCI", 0.8, display, context)


def build(path: Path, count: int) -> None:
    chance, clock = random.Random(1), Clock()
    session = rows.Session(uuid4(), "alice", "o", "host", "boot", 1, "0", UTC, ())
    database = Database(path)
    database.create()
    with database.use() as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -200000")
    entries = []
    for sequence, decision in enumerate(decisions(count, chance), 1):
        uuid = clock.uuid()
        event = Event(uuid, "alice", session.uuid, sequence, uuid, UTC, 0.0, decision, "0")
        entries.append(rows.Entry.of(event))
        if len(entries) == 20_000 or sequence == count:
            database.write(lambda c, e=tuple(entries): rows.append(c, session, e))
            entries.clear()
    database.close()


class Side:
    """One of the two stores that are compared.

    Args:
        folder: Where it is made.
        count: Its events.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self.path = folder / str(count) / "alice.sqlite"
        self.path.parent.mkdir()
        start = time.perf_counter()
        build(self.path, count)
        print(f"{count:,} events built in {time.perf_counter() - start:.1f} s")
        self.items = [f"field{n // 1000:04d}/cutout_{n:08d}.fits" for n in range(count // 3)]
        self.table = self._table()
        self.number = 0

    def _table(self) -> Collection:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path.with_name("items.parquet")
        shards = [item.partition("/")[0] for item in self.items]
        pq.write_table(pa.table({"uuid": self.items, "filepath": shards}), path)
        options = CollectionOptions(suffixes=SUFFIXES, sniff=sniff, kinds=IMAGES)
        table = open_collection([path], options)
        table.start(lambda: None)
        table.wait()
        return table

    def open(self) -> None:
        """Open the store for what follows."""
        self.store = Store.open(self.path, "alice")
        self.whereabouts = Whereabouts(self.table, self.store)
        start = time.process_time()
        self.whereabouts.prepare(never)
        print(
            f"{self.count:,} events: found behind in {1e3 * (time.process_time() - start):.0f} ms"
        )

    def close(self) -> None:
        """Let everything go."""
        self.store.close()
        self.table.close()

    def start(self) -> list[float]:
        """Seconds until the store is open, and until a review can go on where it was left."""
        middle = len(self.items) // 2
        start = time.perf_counter()
        store = Store.open(self.path, "alice")
        opened = time.perf_counter() - start
        store.remembered()
        store.load(self.items[middle : middle + 50])
        resumed = time.perf_counter() - start
        store.close(0)
        return [opened, resumed]

    def decide(self) -> list[float]:
        """Seconds that a key waits for, and until its decision is durable."""
        self.number += 1
        key = self.items[(self.number * 7919) % len(self.items)]
        self.store.load([key])
        start = time.perf_counter()
        ticket = self.store.record([Decision(key, What.CATEGORY, "category 1", False, True)])
        handed = time.perf_counter() - start
        self.store.wait(ticket, 60)
        return [handed, time.perf_counter() - start]

    def undo(self) -> None:
        """Take the last decision back, durably."""
        self.store.undo()
        self.store.flush()

    def filter(self, words: str, at_once: bool) -> None:
        """Make the view of a filter, as the first of a review or after a rest."""
        whereabouts = Whereabouts(self.table, self.store) if at_once else self.whereabouts
        choose(
            self.table, whereabouts, Choice(only=words), CATEGORIES,
            progress=lambda done, total: None, cancelled=never,
        )  # fmt: skip

    def operations(self) -> dict[str, Callable[[], object]]:
        """What is timed as a whole, by its name."""
        found: dict[str, Callable[[], object]] = {}
        for name, words in FILTERS.items():
            found[f"{name}: at once"] = lambda words=words: self.filter(words, True)
            found[f"{name}: after a rest"] = lambda words=words: self.filter(words, False)
        store = self.store
        for name, words in NOTES.items():
            found[f"notes: {name}"] = lambda words=words: self.whereabouts.noted(
                words, len(self.table), never
            )
        candidates = [*self.items[:999], "new"]
        found["next undecided, 1000 candidates"] = lambda: store.next_undecided(candidates)
        found["counts"] = store.counts
        middle = self.items[len(self.items) // 2]
        found["history of an item"] = lambda: list(store.history(middle))
        return found

    def replay(self) -> None:
        """Check that the states are what the events say."""
        start = time.perf_counter()
        with Store.snapshot(self.path) as snapshot, snapshot.reading() as connection:
            print(f"snapshot {time.perf_counter() - start:.2f} s", end=", ")
            start = time.perf_counter()
            difference = compare(connection)
            print(f"replayed and compared {time.perf_counter() - start:.1f} s")
            assert not difference.states
            assert not difference.totals


def timed(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    call()
    return clock() - start


def measure(sides: list[Side]) -> dict[str, list[float]]:
    """The times of both sides by what was done."""
    found: dict[str, list[float]] = {}

    def columns(name: str, times: list[list[float]], of: Callable[[list[float]], float]) -> None:
        found[name] = [of(side) for side in times]

    starts = [[side.start() for side in sides] for _ in range(9)]
    for place, name in enumerate(("start", "start and resume, 50 items loaded")):
        columns(name, [[r[n][place] for r in starts] for n in range(2)], statistics.median)
    for side in sides:
        side.open()
    decided = [[side.decide() for side in sides] for _ in range(DECISIONS)]
    for place, name in enumerate(("decision: what the key waits for", "decision: key to durable")):
        columns(name, [[r[n][place] for r in decided] for n in range(2)], statistics.median)
    durable = [[round_[n][1] for round_ in decided] for n in range(2)]
    columns("decision: key to durable, 99 %", durable, lambda t: statistics.quantiles(t, n=100)[98])
    undone = [[timed(side.undo) for side in sides] for _ in range(51)]
    columns("undo, to durable", [[r[n] for r in undone] for n in range(2)], statistics.median)
    operations = [side.operations() for side in sides]
    for name in operations[0]:
        times = [[timed(side[name], time.process_time) for side in operations] for _ in range(7)]
        columns(name, [[r[n] for r in times] for n in range(2)], statistics.median)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundred thousand events")
    parser.add_argument("--replay", action="store_true", help="compare states with events, too")
    parser.add_argument("--folder", type=Path, help="where the stores are made")
    arguments = parser.parse_args()
    large = 100_000 if arguments.quick else 1_000_000
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        sides = [Side(Path(name), count) for count in (SMALL, large)]
        print(f"bytes an event: {sides[1].path.stat().st_size / large:.0f}")
        # Else the first decisions would wait until the disk has what was built.
        os.sync()
        results = measure(sides)
        for side in sides:
            side.close()
            if arguments.replay:
                side.replay()
        print(f"\n{'ms':48}{SMALL:>12,}{large:>12,}{'extra':>10}")
        for what, (small, big) in results.items():
            print(f"{what:48}{small * 1e3:12.2f}{big * 1e3:12.2f}{(big - small) * 1e3:10.2f}")


if __name__ == "__main__":
    main()
