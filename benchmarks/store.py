"""How the store's operations grow with the number of events.

    python benchmarks/store.py [--quick] [--folder DIR]

Compares a store of a million events (a hundred thousand with --quick) with one of a thousand: the
small one shows what an operation costs whatever the size. Times are medians; `extra` is what the
size adds. A decision is timed from the call to its being durable, one after the other. A filter is
timed as the reviewer gets it: from its words to the view of a table of all the items.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
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
from tuiview.review.wanted import Wanted
from tuiview.session.choice import Choice, choose

SMALL = 1_000
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


def median(call: Callable[[], object], repeat: int = 7) -> float:
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@contextlib.contextmanager
def table_of(items: list[str], folder: Path) -> Iterator[Collection]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / "items.parquet"
    shards = [item.partition("/")[0] for item in items]
    pq.write_table(pa.table({"uuid": items, "filepath": shards}), path)
    options = CollectionOptions(suffixes=SUFFIXES, sniff=sniff, kinds=IMAGES)
    table = open_collection([path], options)
    table.start(lambda: None)
    table.wait()
    yield table
    table.close()
    path.unlink()


def measure(path: Path, count: int) -> dict[str, float]:
    found: dict[str, float] = {}
    items = [f"field{n // 1000:04d}/cutout_{n:08d}.fits" for n in range(count // 3)]
    middle = len(items) // 2

    def opened() -> None:
        store = Store.open(path, "alice")
        times.append(time.perf_counter() - start)
        store.remembered()
        store.load(items[middle : middle + 50])
        resumed.append(time.perf_counter() - start)
        store.close(0)

    times: list[float] = []
    resumed: list[float] = []
    for _ in range(7):
        start = time.perf_counter()
        opened()
    found["open"] = statistics.median(times)
    found["open and resume (50 items loaded)"] = statistics.median(resumed)

    with Store.open(path, "alice") as store:
        number = 0

        def decide() -> None:
            nonlocal number
            number += 1
            key = items[(number * 7919) % len(items)]
            store.load([key])
            started = time.perf_counter()
            ticket = store.record([Decision(key, What.CATEGORY, "category 1", False, True)])
            handed.append(time.perf_counter() - started)
            store.wait(ticket, 60)
            durable.append(time.perf_counter() - started)

        handed: list[float] = []
        durable: list[float] = []
        for _ in range(300):
            decide()
        found["decision: the key's share"] = statistics.median(handed)
        found["decision: key to durable"] = statistics.median(durable)
        found["decision: key to durable, 99 %"] = statistics.quantiles(durable, n=100)[98]

        def undo() -> None:
            store.undo()
            store.flush(60)

        found["undo, to durable"] = median(undo, 21)
        rare = "category 8"
        found["first 500 of a category"] = median(
            lambda: list(islice(store.keys_where(Wanted(category="category 0")), 500))
        )
        found["all of the commonest category"] = median(
            lambda: list(store.keys_where(Wanted(category="category 0")))
        )
        found["all of a rare category"] = median(
            lambda: list(store.keys_where(Wanted(category=rare)))
        )
        names = tuple(f"category {number}" for number in range(9))
        with table_of(items, path.parent) as table:
            for words in ("category 0", "category 8", "favourite", "unreviewed"):
                found[f"filter: {words}"] = median(
                    lambda words=words: choose(
                        table, store, Choice(only=words), names,
                        progress=lambda done, total: None, cancelled=never,
                    )
                )  # fmt: skip
        found["notes: two words"] = median(
            lambda: list(islice(store.find_notes("tidal halo"), 500))
        )
        found["notes: no match"] = median(lambda: list(store.find_notes("nebula")))
        found["next undecided, 1000 candidates"] = median(
            lambda: store.next_undecided([*items[:999], "new"])
        )
        found["counts"] = median(store.counts)
        found["history of an item"] = median(lambda: list(store.history(items[middle])))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundred thousand events")
    parser.add_argument("--folder", type=Path, help="where the stores are made")
    arguments = parser.parse_args()
    large = 100_000 if arguments.quick else 1_000_000
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        results, sizes = [], []
        for count in (SMALL, large):
            path = Path(name) / str(count) / "alice.sqlite"
            path.parent.mkdir()
            start = time.perf_counter()
            build(path, count)
            print(f"{count:,} events built in {time.perf_counter() - start:.1f} s")
            results.append(measure(path, count))
            sizes.append(path.stat().st_size)
            start = time.perf_counter()
            with Store.snapshot(path) as snapshot, snapshot.reading() as connection:
                print(f"snapshot {time.perf_counter() - start:.2f} s", end=", ")
                start = time.perf_counter()
                difference = compare(connection)
                print(f"replayed and compared {time.perf_counter() - start:.1f} s")
                assert not difference.states
                assert not difference.totals
        print(f"\nbytes an event: {sizes[1] / large:.0f}")
        print(f"{'ms':34}{SMALL:>12,}{large:>12,}{'extra':>10}{'ratio':>8}")
        for what, small in results[0].items():
            big = results[1][what]
            print(
                f"{what:34}{small * 1e3:12.3f}{big * 1e3:12.3f}"
                f"{(big - small) * 1e3:10.3f}{big / small:8.1f}"
            )


if __name__ == "__main__":
    main()
