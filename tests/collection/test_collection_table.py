from __future__ import annotations

import csv
import io
import math
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collection_samples import PNG, assert_rows_are_found_together, keys, opened
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.collection import delimited, parquet
from tuiview.collection.delimited import DelimitedRows
from tuiview.collection.parquet import ParquetRows
from tuiview.collection.table import TableCollection
from tuiview.errors import UnreadableError
from tuiview.source import ArraySource, BlobSource, FileSource, MissingSource

Touch = Callable[..., Path]


def write(path: Path, table: dict[str, object] | pa.Table, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), path, **options)
    return path


def lookup(count: int, start: int = 0) -> dict[str, object]:
    return {
        "uuid": [f"u{n:06}" for n in range(start, start + count)],
        "filepath": [f"shard_{n // 100}" for n in range(start, start + count)],
        "mag": [float(n) for n in range(start, start + count)],
    }


def test_rows_are_found_across_row_groups(tmp_path: Path) -> None:
    collection = opened(write(tmp_path / "t.parquet", lookup(1000), row_group_size=70))
    assert len(collection) == 1000
    for row in (0, 69, 70, 71, 255, 256, 699, 999):
        item = collection.item(row)
        assert (item.key, item.facts["mag"]) == (f"u{row:06}", float(row))
        assert collection.row_of(item.key) == row
    assert collection.row_of("u000500") == 500
    assert collection.row_of("absent") is None
    assert_rows_are_found_together(collection)
    assert collection.find("u000600", near=600) == 600
    assert collection.find("u000600", near=5) == 600
    assert opened(tmp_path / "t.parquet").find("u000900", lambda: True) is None
    with pytest.raises(IndexError):
        collection.item(1000)


def test_large_row_groups_are_read_in_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_RUN_BYTES", 4000)
    collection = opened(write(tmp_path / "t.parquet", lookup(3000), row_group_size=2000))
    for row in (0, 15, 16, 255, 1999, 2000, 2999, 1000, 1):
        assert collection.item(row).key == f"u{row:06}"


def test_runs_of_any_length_come_out_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pq.ParquetFile.iter_batches

    def odd(self: pq.ParquetFile, batch_size: int, **options: object) -> object:
        return real(self, batch_size=7, **options)

    path = write(tmp_path / "t.parquet", lookup(200))
    monkeypatch.setattr(parquet, "_RUN_BYTES", 2000)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", odd)
    assert keys(opened(path)) == lookup(200)["uuid"]


def test_peek_shows_only_what_was_read(tmp_path: Path) -> None:
    collection = opened(write(tmp_path / "t.parquet", lookup(600)))
    assert collection.peek(300) is None
    collection.item(300)
    assert collection.peek(300).key == "u000300"
    assert collection.peek(302) is None


def test_a_folder_of_files_grows_file_by_file(tmp_path: Path) -> None:
    for n in (10, 2, 1):
        write(tmp_path / "t" / f"part{n}.parquet", lookup(5, start=n * 10))
    collection = opened(tmp_path / "t")
    assert keys(collection)[::5] == ["u000010", "u000020", "u000100"]
    assert collection.root == tmp_path / "t"


def test_several_files_are_one_table(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.parquet", lookup(3, start=n)) for n in (7, 0)]
    assert keys(opened(*paths)) == [
        "u000007",
        "u000008",
        "u000009",
        "u000000",
        "u000001",
        "u000002",
    ]


def test_hive_partitions_become_columns(tmp_path: Path) -> None:
    write(tmp_path / "t/group_id=2/band=r%20x/a.parquet", lookup(2))
    write(tmp_path / "t/group_id=10/band=g/a.parquet", lookup(3, start=2))
    collection = opened(tmp_path / "t")
    assert [collection.item(n).facts["group_id"] for n in range(5)] == [2, 2, 10, 10, 10]
    assert collection.item(0).facts["band"] == "r x"
    (first, *_) = collection.batches(["group_id", "mag"])
    assert first.to_pylist()[0] == {"group_id": 2, "mag": 0.0}


def test_files_whose_columns_differ(tmp_path: Path) -> None:
    write(tmp_path / "t/a.parquet", lookup(2))
    late = lookup(2, start=2)
    late["mag"] = [7, 8]
    late["extra"] = [1, 2]
    del late["filepath"]
    write(tmp_path / "t/b.parquet", late)
    collection = opened(tmp_path / "t")
    assert [collection.item(n).facts["mag"] for n in range(4)] == [0.0, 1.0, 7.0, 8.0]
    source = collection.item(3).source
    assert isinstance(source, MissingSource)
    assert source.message == "Row 4 names no file."


def test_digits_stay_text_and_nulls_are_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("uuid,filepath\n007,a\n,b\n12345678901234567890,\n")
    collection = opened(tmp_path / "t.csv")
    assert keys(collection) == ["007", "row:1", "12345678901234567890"]
    assert collection.row_of("007") == 0
    assert collection.row_of("7") is None
    assert collection.row_of("row:1") == 1
    assert_rows_are_found_together(collection)
    assert collection.item(1).source.message == "Row 2 has no uuid."
    assert collection.item(2).source.message == "Row 3 names no file."
    table = {"uuid": ["1", None], "filepath": [None, "x"]}
    collection = opened(write(tmp_path / "t.parquet", table))
    assert collection.item(0).source.message == "Row 1 names no file."
    assert collection.item(1).source.message == "Row 2 has no uuid."


def test_rows_of_one_key_are_items_of_one_decision(tmp_path: Path) -> None:
    table = {"uuid": ["a", "b", "a"], "filepath": ["p", "p", "q"]}
    collection = opened(write(tmp_path / "t.parquet", table))
    assert keys(collection) == ["a", "b", "a"]
    assert collection.row_of("a") == 0
    assert_rows_are_found_together(collection)
    assert collection.item(2).facts["filepath"] == "q"


def test_files_relative_to_the_table_then_to_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/near.png").touch()
    (tmp_path / "here").mkdir()
    (tmp_path / "here/far.png").touch()
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved/m.png").touch()
    monkeypatch.chdir(tmp_path / "here")
    text = "path,hdu\nnear.png,\nfar.png,2\n/old/m.png,SCI\ngone.png,1\nhttp://x/y.png,\n"
    (tmp_path / "tables/t.csv").write_text(text)
    collection = opened(tmp_path / "tables/t.csv", prefix_map=(("/old/", f"{tmp_path}/moved/"),))
    sources = [collection.item(n).source for n in range(5)]
    assert sources[0] == FileSource(tmp_path / "tables/near.png", None)
    assert sources[1] == FileSource(tmp_path / "here/far.png", 2)
    assert sources[2] == FileSource(tmp_path / "moved/m.png", "SCI")
    assert keys(collection)[:3] == ["near.png", "far.png#2", "/old/m.png#SCI"]
    assert [collection.row_of(key) for key in keys(collection)] == list(range(5))
    assert_rows_are_found_together(collection)
    assert isinstance(sources[3], MissingSource)
    assert "gone.png is not there" in sources[3].message
    assert str(tmp_path / "here") in sources[3].hint
    assert "on the web" in sources[4].message


def test_two_parts_of_one_file_are_two_items(tmp_path: Path) -> None:
    (tmp_path / "a.fits").touch()
    (tmp_path / "t.csv").write_text("file,hdu\na.fits,1\na.fits,2\na#b.fits,\n")
    collection = opened(tmp_path / "t.csv")
    assert [collection.row_of(key) for key in keys(collection)] == [0, 1, 2]
    assert_rows_are_found_together(collection)


def test_a_column_of_files_is_told_by_its_values(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("star,picture of it\nx,a.png\n")
    (tmp_path / "a.png").touch()
    assert opened(tmp_path / "t.csv").item(0).source.path == tmp_path / "a.png"


def test_images_in_cells(tmp_path: Path) -> None:
    table = {
        "objectId": ["a", "b", "c"],
        "cutout": [PNG, None, b"nonsense"],
        "mag": [1.0, 2.0, 3.0],
    }
    collection = opened(write(tmp_path / "t.parquet", table))
    items = [collection.item(n) for n in range(3)]
    assert all(isinstance(item.source, BlobSource) for item in items)
    assert items[0].source.fetch() == PNG
    assert "cutout" not in items[0].facts
    with pytest.raises(UnreadableError, match="Row 2 has no image"):
        items[1].source.fetch()
    with pytest.raises(UnreadableError, match="are no image"):
        items[2].source.fetch()


def test_images_in_structs(tmp_path: Path) -> None:
    (tmp_path / "beside.png").write_bytes(PNG)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    cells = [{"bytes": PNG, "path": "x.png"}, {"bytes": None, "path": "beside.png"}]
    images = pa.array(cells, kind)
    table = pa.table({"image": images, "label": [0, 1]})
    collection = opened(write(tmp_path / "t.parquet", table))
    assert [collection.item(n).source.fetch() for n in range(2)] == [PNG, PNG]
    assert collection.item(1).key == "row:1"
    stamp = pa.array([{"fileName": "f", "stampData": PNG}] * 2)
    table = pa.table({"candid": [11, 12], "cutoutScience": stamp, "cutoutTemplate": stamp})
    path = write(tmp_path / "alerts.parquet", table)
    assert keys(opened(path)) == ["11", "12"]
    assert opened(path).row_of("12") == 1
    for name in ("cutoutTemplate", "cutoutTemplate.stampData"):
        assert opened(path, image_column=name).item(1).source.fetch() == PNG


def test_thousands_of_columns(tmp_path: Path) -> None:
    table: dict[str, object] = lookup(3)
    table |= {f"c{n}": [n, n + 1, None] for n in range(10_000)}
    collection = opened(write(tmp_path / "t.parquet", table))
    item = collection.item(1)
    assert len(item.facts) <= 64
    more = collection.metadata(1)
    assert {**item.facts, **more}["c9999"] == 10_000
    assert len({*item.facts, *more} - {"shard metadata"}) == 10_003


def test_odd_values_are_shown(tmp_path: Path) -> None:
    table = pa.table(
        {
            "uuid": ["a"],
            "filepath": ["p"],
            "blob": [b"x" * 1234],
            "nan": [math.nan],
            "list": [[1, 2]],
            "dict": [{"a": 1, "b": b"xy"}],
            "late": pa.array([10**18 * 9], pa.timestamp("ns")),
            "when": [datetime(2020, 1, 2)],
            "esc": ["\x1b[2J"],
        }
    )
    collection = opened(write(tmp_path / "t.parquet", table))
    facts = {**collection.metadata(0), **collection.item(0).facts}
    assert facts["blob"] == "1,234 bytes"
    assert math.isnan(facts["nan"])
    assert facts["list"] == [1, 2]
    assert facts["dict"] == {"a": 1, "b": "2 bytes"}
    assert facts["when"] == datetime(2020, 1, 2)
    assert "2255" in str(facts["late"])


def test_a_replaced_table_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", lookup(600, start=5), row_group_size=300)
    collection = opened(path)
    assert collection.item(0).key == "u000005"
    assert not collection.refresh()
    write(tmp_path / "new.parquet", lookup(10))
    (tmp_path / "new.parquet").replace(path)
    assert collection.item(599).key == "u000604"
    assert collection.refresh()
    assert "was replaced" in collection.problems[0]
    assert not collection.refresh()


def test_a_replaced_table_that_is_not_open_is_not_mixed_up(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", lookup(600))
    rows = ParquetRows(path, [path])
    write(path, lookup(600, start=1000))
    with pytest.raises(UnreadableError, match="was replaced"):
        rows.read(0, 1, ["uuid"])


def test_a_truncated_parquet_file(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", lookup(5000), row_group_size=500)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadableError, match="end is missing"):
        opened(path)
    path.write_bytes(content[:4] + bytes(2000) + content[2004:])
    collection = opened(path)
    with pytest.raises(UnreadableError, match=r"t\.parquet"):
        collection.item(0)


def test_a_csv_grows_while_it_is_open(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("uuid,filepath\na,p\nb,p")
    collection = opened(path)
    assert keys(collection) == ["a", "b"]
    with path.open("a") as file:
        file.write("c\nd,q\n")
    assert collection.refresh()
    assert collection.item(1).facts["filepath"] == "pc"
    assert keys(collection) == ["a", "b", "d"]
    assert not collection.refresh()
    assert sum(branch.count for branch in collection.branches()) == 3
    path.write_text("uuid,filepath\n")
    assert collection.refresh()
    assert "cut short" in collection.problems[0]


def test_groups_follow_the_shards(tmp_path: Path) -> None:
    collection = opened(write(tmp_path / "t.parquet", lookup(450)))
    collection._find_groups("filepath")
    assert [(b.label, b.first, b.count) for b in collection.branches()] == [
        ("shard_0", 0, 100), ("shard_1", 100, 100), ("shard_2", 200, 100), ("shard_3", 300, 100),
        ("shard_4", 400, 50),
    ]  # fmt: skip
    assert collection.unique_files == 5


def test_a_table_without_runs_stays_one_group(tmp_path: Path) -> None:
    table = lookup(5000)
    table["filepath"] = [f"s{n % 2}" for n in range(5000)]
    collection = opened(write(tmp_path / "t.parquet", table))
    collection._find_groups("filepath")
    assert [(b.label, b.count) for b in collection.branches()] == [("t.parquet", 5000)]
    assert collection.unique_files == 2


def test_rows_of_hdf5_files(tmp_path: Path) -> None:
    stack = np.arange(5 * 9 * 8, dtype=np.uint8).reshape(5, 9, 8)
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["images"] = stack
        file["other"] = stack + 1
        file["bytes/a"] = np.frombuffer(PNG, np.uint8)
    (tmp_path / "index.csv").write_text("name,file,index\nx,s.h5,3\ny,s.h5,9\n")
    collection = opened(tmp_path / "index.csv")
    source = collection.item(0).source
    assert isinstance(source, ArraySource)
    assert (source.open()[...] == stack[3]).all()
    with pytest.raises(UnreadableError, match="has 5 pictures"):
        collection.item(1).source.open()
    (tmp_path / "both.csv").write_text("file,dataset,index\ns.h5,other,2\n")
    collection = opened(tmp_path / "both.csv")
    assert collection.item(0).key == "s.h5#other:2"
    assert (collection.item(0).source.open()[2:4, 1] == stack[2, 2:4, 1] + 1).all()
    (tmp_path / "key.csv").write_text("file,dataset\ns.h5,bytes/a\n")
    assert opened(tmp_path / "key.csv").item(0).source.fetch() == PNG


def test_ecsv_votable_and_fits(tmp_path: Path) -> None:
    from astropy.table import Table

    (tmp_path / "a b.png").touch()
    table = Table(
        {"id": ["x y", "z"], "path": ["a b.png", "a b.png"], "n": [1, 2], "v": [1.5, np.nan]}
    )
    for name, form in (("t.ecsv", "ascii.ecsv"), ("t.vot", "votable"), ("t.fits", "fits")):
        table.write(tmp_path / name, format=form)
        collection = opened(tmp_path / name)
        assert isinstance(collection, TableCollection)
        assert keys(collection) == ["x y", "z"]
        assert collection.item(0).source == FileSource(tmp_path / "a b.png")
        assert float(str(collection.item(1).facts["n"])) == 2
        assert collection.row_of("z") == 1
        assert sum(batch.num_rows for batch in collection.batches(["v"])) == 2


def test_fits_tables_with_images_and_vectors(tmp_path: Path) -> None:
    from astropy.io import fits

    cells = np.zeros((2, len(PNG)), np.uint8)
    cells[0] = np.frombuffer(PNG, np.uint8)
    columns = [
        fits.Column("id", "5A", array=["a", "b"]),
        fits.Column("stamp", f"{len(PNG)}B", array=cells),
        fits.Column("flux", "3E", array=np.ones((2, 3))),
        fits.Column("long", "K", array=[2**60, 1]),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "t.fits")
    collection = opened(tmp_path / "t.fits")
    assert collection.item(0).source.fetch() == PNG
    facts = {**collection.metadata(0), **collection.item(0).facts}
    assert facts["flux"] == [1.0, 1.0, 1.0]
    assert facts["long"] == 2**60


@pytest.mark.parametrize(
    "text",
    [
        'a,b\n1,"x\ny"\n2,"say ""hi"""\n\n3,z\n',
        "a,b\r\n1,x\r\n\r\n2,y\r\n",
        '\ufeffa,b\n"1",2\n3,"4"',
        'a,b\n12" mirror,1\nx,"2\n3"\ny,4\n5" mirror,6\nz,7\nw,"8\n9"\nv,0\n',
        "a\tb\n1\t2\n",
        "a;b\n1;2,5\n",
        'a,b\n"1\n2",x\n3,"y\r\n"\n',
        "a,b\n1\n1,2,3\n",
        "a,b\n,\n1,\n",
    ],
)
def test_lines_are_the_csv_modules(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in (1, 3, 7, 1 << 20):
        monkeypatch.setattr(delimited, "_BLOCK", block)
        _compare(tmp_path / f"{block}.csv", text)


def _compare(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
    rows = DelimitedRows(path)
    rows.load(lambda: None, lambda: False)
    stripped = text.removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(stripped, newline=""), delimiter=rows.delimiter)
    header, *wanted = [row for row in reader if row]
    assert rows.schema.names == header
    assert len(rows) == len(wanted)
    got = rows.read(0, len(rows), header).to_pylist()
    padded = [(row + [None] * 9)[: len(header)] for row in wanted]
    assert [list(row.values()) for row in got] == padded
    texts = [row for batch in rows._texts(header, len(rows)) for row in batch.to_pylist()]
    assert [list(row.values()) for row in texts] == padded
    rows.close()


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.text(st.sampled_from('a1 ,"\n\r;é'), max_size=4), min_size=2, max_size=2),
        max_size=8,
    ),
    st.integers(1, 40),
)
def test_any_written_table_reads_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], block: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["first", "second"])
    # An empty line is no row, and a lone carriage return ends a line for some readers.
    writer.writerows([[cell.replace("\r", "") for cell in row] for row in table])
    path = tmp_path_factory.mktemp("t") / "t.csv"
    old, delimited._BLOCK = delimited._BLOCK, block
    try:
        _compare(path, out.getvalue())
    finally:
        delimited._BLOCK = old


def test_rows_far_into_a_csv(tmp_path: Path) -> None:
    text = "uuid,filepath,n\n" + "".join(f'u{n},"p\n{n}",{n}\n' for n in range(2000))
    (tmp_path / "t.csv").write_text(text)
    collection = opened(tmp_path / "t.csv")
    assert len(collection) == 2000
    for row in (0, 255, 256, 257, 511, 512, 1999):
        item = collection.item(row)
        assert (item.key, item.facts["filepath"]) == (f"u{row}", f"p\n{row}")
    assert collection.row_of("u1500") == 1500
    numbers = [v for batch in collection.batches(["n"]) for v in batch.column(0).to_pylist()]
    assert numbers == list(range(2000))


def test_repeated_and_empty_column_names(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,a,a,\nx.png,1,2,3\n")
    (tmp_path / "x.png").touch()
    assert opened(tmp_path / "t.csv").item(0).facts == {
        "path": "x.png", "a": "1", "a_2": "2", "column_4": "3",
    }  # fmt: skip


def test_latin_1_and_a_column_of_numbers_and_words(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"path,v,w\ncaf\xe9.png,1,1\nb.png,x,1.5\nc.png,,\n")
    collection = opened(tmp_path / "t.csv")
    assert collection.item(0).key == "café.png"
    table = pa.Table.from_batches(collection.batches(["v", "w"]))
    assert table.to_pydict() == {"v": ["1", "x", None], "w": [1.0, 1.5, None]}


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_the_first_picture_and_a_search_do_not_wait_for_pandas(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / "t.parquet", lookup(300))
    (tmp_path / "t.csv").write_text("uuid,filepath\nu000000,a\nu000007,a\n")
    with h5py.File(tmp_path / "shard_0_images.h5", "w") as file:
        file["images/u000000"] = np.frombuffer(PNG, np.uint8)
    code = f"""
import sys
from tuiview.collection.open import CollectionOptions, open_collection
collection = open_collection([{str(tmp_path / f"t.{suffix}")!r}], CollectionOptions())
collection.start(lambda: None)
assert collection.wait(20)
assert collection.item(0).key == "u000000"
assert collection.row_of("u000007") > 0
collection.metadata(0)
collection._find_groups("filepath")
print("pandas" in sys.modules, "astropy" in sys.modules)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
