"""Lookup tables of millions of rows over HDF5 shards: what a reviewer waits for.

Tables and shards are made in a temporary folder. Each table is opened by a fresh process, and so
are the peers that read it whole (`pip install polars`, or that one says it is not there).
`beyond the start` leaves out the interpreter's and imports' time.

    python benchmarks/lookup.py [--quick] [--millions 1 10] [--hundred] [--csv]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SHARD = 10_000
GROUP = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200,000 rows only")
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 10])
    parser.add_argument("--hundred", action="store_true", help="100 million rows too (7 GB)")
    parser.add_argument("--csv", action="store_true", help="the first table as CSV too")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        CHILDREN[arguments.child[0]](Path(arguments.child[1]))
        return
    sizes = [0.2] if arguments.quick else arguments.millions
    sizes += [100] if arguments.hundred else []
    for millions in sizes:
        rows = int(millions * 1e6)
        folder = Path(tempfile.mkdtemp(prefix="lookup-"))
        try:
            started = time.perf_counter()
            table = make(folder, rows)
            size = table.stat().st_size / 1e6
            print(
                f"\n{rows:,} rows, {size:,.0f} MB (made in {time.perf_counter() - started:.0f} s)"
            )
            run("tuiview", table)
            if arguments.csv and millions == sizes[0]:
                run("tuiview", make_csv(table))
            for peer in ("pandas", "polars", "pyarrow"):
                if rows <= 20_000_000:
                    run(peer, table)
        finally:
            shutil.rmtree(folder)


def make(folder: Path, rows: int) -> Path:
    """A table of `rows` uuids, with the first, middle and last of its shards."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(1)
    path = folder / "lookup.parquet"
    kinds = pa.array(["spiral", "ring", "merger", "edge-on"])
    wanted = {0, rows // 2 // SHARD, (rows - 1) // SHARD}
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, GROUP):
        count = min(GROUP, rows - start)
        text = random.bytes(16 * count).hex().encode()
        offsets = pa.py_buffer(np.arange(0, 32 * count + 1, 32, dtype=np.int32))
        uuids = pa.StringArray.from_buffers(count, offsets, pa.py_buffer(text))
        numbers = np.arange(start, start + count) // SHARD
        names = pa.array([f"server/data_{n:06}" for n in range(numbers[0], numbers[-1] + 1)])
        batch = pa.table(
            {
                "uuid": uuids,
                "filepath": pa.DictionaryArray.from_arrays(numbers - numbers[0], names),
                "score": random.random(count),
                "kind": pa.DictionaryArray.from_arrays(random.integers(0, 4, count), kinds),
            }
        )
        writer = writer or pq.ParquetWriter(path, batch.schema)
        writer.write_table(batch, row_group_size=GROUP)
        for number in sorted(wanted):
            first, end = number * SHARD - start, min((number + 1) * SHARD - start, count)
            if 0 <= first < count:
                shard(folder, number, uuids.slice(first, end - first).to_pylist())
    assert writer is not None
    writer.close()
    return path


def shard(folder: Path, number: int, uuids: list[str]) -> None:
    """A shard whose uuids share 100 images of about 32 kB."""
    import h5py
    import numpy as np

    (folder / "server").mkdir(exist_ok=True)
    with h5py.File(folder / f"server/data_{number:06}_images.h5", "w") as file:
        images = file.create_group("images")
        for n, uuid in enumerate(uuids):
            if n < 100:
                images[uuid] = np.frombuffer(jpeg(n), np.uint8)
            else:
                images[uuid] = images[uuids[n % 100]]


def jpeg(seed: int) -> bytes:
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[:256, :256]
    random = np.random.default_rng(seed)
    noise = random.normal(40, 12, (256, 256, 3))
    glow = 150 * np.exp(-((x - 128) ** 2 + (y - 128) ** 2) / 2000)
    pixels = np.clip(noise + glow[..., None], 0, 255).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=86)
    return content.getvalue()


def make_csv(table: Path) -> Path:
    import pyarrow.parquet as pq
    from pyarrow import csv

    path = table.with_suffix(".csv")
    source = pq.ParquetFile(table)
    with csv.CSVWriter(path, source.schema_arrow) as writer:
        for batch in source.iter_batches():
            writer.write_batch(batch)
    return path


def run(child: str, table: Path) -> None:
    """Run a child in a fresh process and print what it measured."""
    command = [sys.executable, __file__, "--child", child, str(table)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr else "failed"
        print(f"  {child}, {table.suffix[1:]}: {reason}")
        return
    print(f"  {child}, {table.suffix[1:]} ({time.perf_counter() - started:.1f} s in all)")
    for what, value in json.loads(done.stdout).items():
        print(f"    {what:44} {value}")


def resident() -> float:
    """Megabytes that this process has resident."""
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Measures:
    """What was measured, in order."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.baseline = resident()

    def once(self, what: str, work: Callable[[], object]) -> object:
        started = time.perf_counter()
        result = work()
        self.values[what] = f"{(time.perf_counter() - started) * 1e3:10.1f} ms"
        return result

    def median(self, what: str, work: list[Any]) -> None:
        """The median of works, each a call, or a call that is not measured and one that is."""
        times = []
        for each in work:
            if isinstance(each, tuple):
                before, each = each
                before()
            started = time.perf_counter()
            each()
            times.append((time.perf_counter() - started) * 1e3)
        self.values[what] = f"{statistics.median(times):10.2f} ms   (max {max(times):.1f})"

    def memory(self, when: str) -> None:
        self.values[f"memory {when}"] = (
            f"{resident():10.0f} MB   (+{resident() - self.baseline:.0f})"
        )

    def print(self) -> None:
        print(json.dumps(self.values))


def decode(content: bytes) -> object:
    import numpy as np
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(content)))


def cold(collection: Any, picture: Callable[[int], object], rows: int) -> list[Any]:
    """Reads one image of each of the shards that are there, several times, as if for the first."""
    firsts = [0, rows // 2 // SHARD * SHARD, (rows - 1) // SHARD * SHARD]
    files = [collection.item(first).source.origin for first in firsts]

    def forget() -> None:
        collection._shards.pool.close()
        for file in files:
            with file.open("rb") as stream:
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    works = []
    for row in (first + n for n in range(30, 35) for first in firsts):
        collection.item(row)
        works.append((forget, lambda row=row: picture(row)))
    return works


def tuiview(table: Path) -> None:
    started = time.perf_counter()
    import h5py  # noqa: F401
    import PIL.JpegImagePlugin  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from tuiview.collection.open import CollectionOptions, open_collection
    from tuiview.collection.selection import select
    from tuiview.imaging.kinds import SUFFIXES, sniff

    imports = time.perf_counter() - started
    measures = Measures()
    options = CollectionOptions(suffixes=SUFFIXES, sniff=sniff)
    started = time.perf_counter()
    collection = open_collection([table], options)
    collection.start(lambda: None)

    def picture(row: int) -> object:
        return decode(collection.item(row).source.fetch())  # type: ignore[union-attr]

    picture(0)
    measures.values["imports"] = f"{imports * 1e3:10.1f} ms"
    first = (time.perf_counter() - started) * 1e3
    measures.values["first picture, beyond the start"] = f"{first:10.1f} ms"
    measures.memory("at the first picture")
    measures.once("all rows counted after that", collection.wait)
    rows = len(collection)
    middle = rows // 2 // SHARD * SHARD
    measures.once("jump to the middle, cold shard", lambda: picture(middle))
    measures.once("jump to the end, cold shard", lambda: picture(rows - 1))
    near = [lambda n=n: picture(n) for n in range(1, 100)]
    measures.median("next image, handle kept", near)  # type: ignore[arg-type]
    measures.median("one image, shard closed and out of the cache", cold(collection, picture, rows))
    blob = collection.item(50).source
    measures.median("encoded bytes of one image, handle kept", [blob.fetch] * 99)  # type: ignore[union-attr]
    measures.once("10 x 10 grid, 100 images", lambda: [picture(n) for n in range(200, 300)])
    rows_apart = range(0, rows, max(1, rows // 40))
    measures.median("row data anywhere", [lambda n=n: collection.item(n) for n in rows_apart])  # type: ignore[misc]
    measures.memory("after the jumps")
    for words, row in (("middle", rows // 2 + 5), ("end", rows - 7)):
        key = collection.item(row).key
        collection._numbers.clear()  # type: ignore[attr-defined]
        assert measures.once(f"find a uuid near the {words}", lambda: collection.row_of(key)) == row  # noqa: B023
    absent = "zzzz"  # in no uuid: everything is read
    measures.once("search a part of a uuid that no row has", lambda: search(collection, absent))
    measures.memory("after finding")
    measures.once("where score > 0.999", lambda: select(collection, where="score > 0.999"))
    where = "kind == 'ring' and score < 0.5"
    measures.once("where kind == 'ring' and score < 0.5", lambda: select(collection, where=where))
    measures.memory("after where")
    measures.once("order random:1", lambda: select(collection, order="random:1"))
    if rows <= 20_000_000:
        measures.once("order score:desc", lambda: select(collection, order="score:desc"))
        measures.memory("after order")
    measures.print()
    collection.close()


def search(collection: Any, text: str) -> object:
    from tuiview.collection.search import next_with
    from tuiview.collection.view import View
    from tuiview.errors import never

    return next_with(
        collection, View.all(collection), text, 0, 1,
        folded=True, cancelled=never, told=lambda row: None,
    )  # fmt: skip


def _whole(read: Callable[[Path], object], row: Callable[[object, int], tuple[str, str]]) -> None:
    import h5py

    table = Path(sys.argv[-1])
    measures = Measures()
    started = time.perf_counter()
    frame = read(table)
    uuid, prefix = row(frame, 0)
    with h5py.File(table.parent / f"{prefix}_images.h5") as file:
        decode(file["images"][uuid][()].tobytes())
    first = (time.perf_counter() - started) * 1e3
    measures.values["first picture, beyond the start"] = f"{first:10.1f} ms"
    measures.memory("at the first picture")
    measures.print()


def pandas_whole(_: Path) -> None:
    import h5py  # noqa: F401
    import pandas

    _whole(pandas.read_parquet, lambda f, n: tuple(f[["uuid", "filepath"]].iloc[n]))  # type: ignore[index]


def polars_whole(_: Path) -> None:
    import polars

    _whole(polars.read_parquet, lambda f, n: (f["uuid"][n], f["filepath"][n]))  # type: ignore[index]


def pyarrow_whole(_: Path) -> None:
    import pyarrow.parquet as pq

    _whole(
        pq.read_table,
        lambda f, n: (f["uuid"][n].as_py(), f["filepath"][n].as_py()),  # type: ignore[index]
    )


CHILDREN = {
    "tuiview": tuiview,
    "pandas": pandas_whole,
    "polars": polars_whole,
    "pyarrow": pyarrow_whole,
}

if __name__ == "__main__":
    main()
