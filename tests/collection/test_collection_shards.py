from __future__ import annotations

import csv
import io
import math
import threading
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tifffile
from collection_samples import PNG, keys, opened, shared_data, sniff

from tuiview.collection.h5files import FilePool, H5Array
from tuiview.collection.shards import Shards
from tuiview.errors import UnreadableError
from tuiview.source import BlobSource, MissingSource

BYTES = np.frombuffer(PNG, np.uint8)


def shard(folder: Path, name: str = "s", **options: object) -> h5py.File:
    return h5py.File(folder / f"{name}_images.h5", "w", **options)


def shards(folder: Path, *, allow_links: bool = False) -> Shards:
    return Shards(FilePool(allow_links=allow_links, held=2), [folder], sniff=sniff)


@pytest.mark.parametrize("userblock", [0, 512])
@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_every_encoding_comes_out_as_its_bytes(tmp_path: Path, userblock: int, libver: str) -> None:
    with shard(tmp_path, userblock_size=userblock, libver=libver) as file:
        group = file.create_group("images")
        group["line"] = BYTES
        group.create_dataset("chunked", data=BYTES, chunks=(16,), compression="gzip")
        group["column"] = BYTES[:, None]
        group["opaque"] = np.void(PNG)
        group["fixed"] = np.bytes_(PNG)
        group.create_dataset("variable", (), dtype=h5py.vlen_dtype(np.uint8))[()] = BYTES
        group.create_dataset("variable one", (1,), dtype=h5py.vlen_dtype(np.uint8))[0] = BYTES
        group["signed"] = BYTES.view(np.int8)
        group["deep/er"] = BYTES
        group["soft"] = h5py.SoftLink("/images/deep/er")
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple(BYTES.shape)
        made = h5py.h5d.create(group.id, b"compact", h5py.h5t.STD_U8LE, space, compact)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, BYTES)
    reader = shards(tmp_path)
    with h5py.File(tmp_path / "s_images.h5") as file:
        names = [name for name in file["images"] if name != "deep"] + ["deep/er"]
    for name in names:
        content = reader.fetch("s", name)
        # A string of fixed length loses nothing but what it was padded with.
        assert content == PNG, name
    reader.close()


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((9, 7), "u1"), ((9, 7), ">i2"), ((9, 7), "f4"), ((9, 7), "f8"), ((9, 7), "?"),
     ((9, 7, 3), "u1"), ((9, 7, 4), "u2"), ((9, 7, 1), "u1"), ((1, 9, 7), "i4")],
)  # fmt: skip
def test_plain_pixels_come_as_a_tiff(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    pixels = (np.arange(math.prod(shape)).reshape(shape) % 251).astype(dtype)
    with shard(tmp_path) as file:
        file["images/x"] = pixels
    content = Shards(FilePool(), [tmp_path]).fetch("s", "x")
    assert (tifffile.imread(io.BytesIO(content)) == np.squeeze(pixels)).all()


def fails(reader: Shards, uuid: str, prefix: str = "s") -> str:
    with pytest.raises(UnreadableError) as caught:
        reader.fetch(prefix, uuid)
    return f"{caught.value.message} {caught.value.hint}"


def test_each_missing_thing_has_its_own_words(tmp_path: Path) -> None:
    with shard(tmp_path) as file:
        file["images/bad"] = np.arange(50, dtype=np.uint8)
        file["images/empty"] = np.zeros(0, np.uint8)
        file["images/row"] = np.zeros((3, 2, 2, 2))
        file["images/words"] = "hello"
        file.create_group("images/group")
    with shard(tmp_path, "bare") as file:
        file["pictures/a"] = BYTES
    (tmp_path / "text_images.h5").write_text("this is no HDF5 file")
    reader = shards(tmp_path)
    assert "The shard gone_images.h5 is not there" in fails(reader, "a", "gone")
    assert str(tmp_path) in fails(reader, "a", "gone")
    assert fails(reader, "a", "text").startswith("text_images.h5 is no HDF5 file")
    assert fails(reader, "a", "bare").startswith("bare_images.h5 has no group images")
    assert fails(reader, "nope").startswith("nope is not in s_images.h5")
    assert "are no image. they begin with 00 01 02" in fails(reader, "bad")
    assert "0 bytes" in fails(reader, "empty")
    assert "holds no picture: 3 x 2 x 2 x 2" in fails(reader, "row")
    assert "are no image" in fails(reader, "words")
    assert "is no dataset" in fails(reader, "group")
    assert "is not in" in fails(reader, "")


def test_a_truncated_shard_says_how_much_is_there(tmp_path: Path) -> None:
    with shard(tmp_path) as file:
        for n in range(50):
            file[f"images/{n}"] = np.tile(BYTES, 20)
    path = tmp_path / "s_images.h5"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert f"is cut short: {len(whole) // 2:,} of {len(whole):,} bytes" in fails(
        shards(tmp_path), "1"
    )


def test_a_shard_that_is_cut_while_it_is_open(tmp_path: Path) -> None:
    with shard(tmp_path) as file:
        for n in range(50):
            file[f"images/{n:02}"] = np.tile(BYTES, 200)
    reader = shards(tmp_path)
    assert reader.fetch("s", "00")
    with (tmp_path / "s_images.h5").open("r+b") as cut:
        cut.truncate(20_000)
    assert "cut short" in fails(reader, "49") or "cannot be read any more" in fails(reader, "49")


def test_a_read_beyond_the_end_says_how_much_is_there(tmp_path: Path) -> None:
    shard(tmp_path).close()
    path = tmp_path / "s_images.h5"
    size = path.stat().st_size
    with FilePool().borrow(path) as file:
        assert len(file.pread(size, 0)) == size
        with pytest.raises(UnreadableError, match=f"cut short: {size - 10:,} of {size:,} bytes"):
            file.pread(size, 10)


def test_links_out_of_the_file_are_refused_unless_allowed(tmp_path: Path) -> None:
    with shard(tmp_path, "other") as file:
        file["images/secret"] = BYTES
    with shard(tmp_path) as file:
        group = file.create_group("images")
        group["a"] = h5py.ExternalLink("other_images.h5", "/images/secret")
        file["out"] = h5py.ExternalLink("other_images.h5", "/images")
        group["b"] = h5py.SoftLink("/out/secret")
        group["loop"] = h5py.SoftLink("/images/loop")
        group["nowhere"] = h5py.SoftLink("/images/gone")
        group.create_dataset("raw", (10,), np.uint8, external=[(str(tmp_path / "raw.bin"), 0, 10)])
        layout = h5py.VirtualLayout((len(PNG),), np.uint8)
        layout[:] = h5py.VirtualSource("other_images.h5", "images/secret", BYTES.shape)
        group.create_virtual_dataset("virtual", layout)
    reader = shards(tmp_path)
    for name in ("a", "b", "raw", "virtual"):
        assert "lies in another file" in fails(reader, name), name
        assert "--allow-links" in fails(reader, name)
    for name in ("loop", "nowhere"):
        assert "leads nowhere" in fails(reader, name)
    reader = shards(tmp_path, allow_links=True)
    for name in ("a", "b", "virtual"):
        assert reader.fetch("s", name) == PNG, name


def test_few_files_stay_open_whoever_reads(tmp_path: Path) -> None:
    for n in range(6):
        with shard(tmp_path, f"s{n}") as file:
            for m in range(20):
                file[f"images/{m}"] = np.append(BYTES, np.uint8(n))
    reader = shards(tmp_path)
    wrong: list[object] = []

    def work(start: int) -> None:
        for m in range(60):
            n = (start + m) % 6
            try:
                if reader.fetch(f"s{n}", str(m % 20))[-1] != n:
                    wrong.append(n)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(reader.pool._files) <= 2
    reader.close()
    assert len(reader.pool._files) == 0


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with shard(tmp_path) as file:
        file["images/x"] = BYTES
    real = h5py.File

    def refuse(path: object, mode: str, **options: object) -> h5py.File:
        if options.get("locking") is not False:
            raise OSError("Unable to synchronously open file (unable to lock file, errno = 37)")
        return real(path, mode, **options)

    monkeypatch.setattr(h5py, "File", refuse)
    assert shards(tmp_path).fetch("s", "x") == PNG


def test_prefixes_are_mapped_and_found_in_the_second_place(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with shard(tmp_path / "b") as file:
        file["images/x"] = BYTES
    pool = FilePool()
    places = [tmp_path / "a", tmp_path / "b"]
    assert Shards(pool, places).fetch("s", "x") == PNG
    mapped = Shards(pool, [tmp_path], [("/far/", "nowhere/"), ("/far", f"{tmp_path}/b")])
    assert "nowhere" in fails(mapped, "x", "/far/s")
    mapped = Shards(pool, [tmp_path], [("/far", f"{tmp_path}/b")])
    assert mapped.fetch("/far/s", "x") == PNG


def test_metadata_of_a_shard_joins_its_row(tmp_path: Path) -> None:
    table = pa.table(
        {
            "uuid": ["a", "b", "c"],
            "thumb": [b"12345", b"", None],
            "v": [1.0, math.nan, None],
            "tags": [[1, 2], [], None],
        }
    )
    pq.write_table(table, tmp_path / "s_metadata.parquet", row_group_size=2)
    reader = shards(tmp_path)
    assert reader.metadata("s", "a")["thumb"] == "5 bytes"
    assert math.isnan(reader.metadata("s", "b")["v"])
    assert reader.metadata("s", "a")["tags"] == [1, 2]
    assert reader.metadata("s", "c")["v"] is None
    assert "x is not in" in reader.metadata("s", "x")["shard metadata"]
    assert "gone_metadata.parquet is not there" in reader.metadata("gone", "x")["shard metadata"]
    (tmp_path / "bad_metadata.parquet").write_bytes(b"nonsense")
    assert "cannot be read" in reader.metadata("bad", "x")["shard metadata"]


def test_arrays_slice_as_h5py_does(tmp_path: Path) -> None:
    data = np.arange(4 * 5 * 6 * 7, dtype=">f4").reshape(4, 5, 6, 7)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["plain"] = data
        file.create_dataset("packed", data=data, chunks=True, compression="gzip")
    pool = FilePool()
    for name in ("plain", "packed"):
        for index in ((), (2,), (3, 4)):
            array = H5Array(pool, tmp_path / "a.h5", name, index)
            reference = data[index]
            assert array.shape == reference.shape
            assert array.dtype == np.dtype("f4")
            for wanted in (
                ..., slice(None), slice(1, 3), 2, (slice(1, 3), slice(0, 2)), (1, slice(2, 4)),
                (slice(None), 3), slice(2, 2), (slice(0, 4, 2), 1), (..., slice(1, 2)), -1,
            ):  # fmt: skip
                assert (array[wanted] == reference[wanted]).all(), (name, index, wanted)
                assert np.shape(array[wanted]) == reference[wanted].shape
    with pytest.raises(UnreadableError, match="gone is not in"):
        H5Array(pool, tmp_path / "a.h5", "gone")


def test_every_row_of_the_sample_is_the_right_content() -> None:
    for table in ("lookup.csv", "lookup.parquet"):
        path = shared_data("hdf5", "shards_ztf", table)
        collection = opened(path)
        assert len(collection) == 639
        shards: dict[str, h5py.File] = {}
        for row in range(639):
            item = collection.item(row)
            assert isinstance(item.source, BlobSource)
            shard_path = path.parent / f"{item.facts['filepath']}_images.h5"
            shard = shards.setdefault(str(shard_path), h5py.File(shard_path))
            assert item.source.fetch() == shard["images"][item.key][()].tobytes()
            assert item.source.origin == shard_path
        for shard in shards.values():
            shard.close()
        more = collection.metadata(0)
        assert more["objectId"] == "ZTF18abadigg"
        assert more["candid"] == "1786104593715015000"


def test_the_sample_with_missing_things_says_what_is_missing() -> None:
    path = shared_data("hdf5", "shards_ztf", "lookup_with_missing.csv")
    collection = opened(path)
    with path.open(newline="") as file:
        assert keys(collection) == [row["uuid"] for row in csv.DictReader(file)]
    sources = [collection.item(row).source for row in range(5)]
    assert not any(isinstance(source, MissingSource) for source in sources)
    assert all(sources[n].fetch() for n in range(3))
    with pytest.raises(UnreadableError, match=r"00000000-.* is not in data_9637193a.*_images.h5"):
        sources[3].fetch()
    with pytest.raises(UnreadableError, match=r"The shard data_missing_images\.h5 is not there"):
        sources[4].fetch()
    assert "not there" in collection.metadata(4)["shard metadata"]
