from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from collection_samples import OPTIONS, keys, opened

from tuiview.collection.folder import FolderCollection
from tuiview.collection.open import CollectionOptions, names_from, open_collection
from tuiview.errors import TuiviewError, UnreadableError

Touch = Callable[..., Path]


def test_a_folder_and_a_file(touch: Touch) -> None:
    root = touch("a.png", "b.fits")
    (root / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert keys(opened(root)) == ["a.png", "b.fits"]
    single = opened(root / "a.png")
    assert keys(single) == ["a.png"]
    assert single.title == "a.png"


def test_a_path_that_does_not_exist_suggests_the_nearest(touch: Touch) -> None:
    root = touch("galaxies/a.png")
    with pytest.raises(TuiviewError) as caught:
        open_collection([root / "galaxie"], OPTIONS)
    assert "does not exist" in caught.value.message
    assert str(root / "galaxies") in caught.value.hint
    with pytest.raises(TuiviewError) as caught:
        open_collection([root / "x" / "y"], OPTIONS)
    assert str(root) in caught.value.hint


def test_one_missing_file_of_many_is_told_before_anything_opens(touch: Touch) -> None:
    root = touch("a.png", "b.png")
    with pytest.raises(TuiviewError, match=r"c\.png does not exist"):
        open_collection([root / "a.png", root / "c.png"], OPTIONS)


def test_a_folder_that_may_not_be_read(touch: Touch, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch("a.png")

    def deny(path: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(TuiviewError) as caught:
        open_collection([root], OPTIONS)
    assert "may not be read" in caught.value.message
    assert "ls -ld" in caught.value.hint


def test_an_empty_file_and_no_path(touch: Touch) -> None:
    root = touch("a.png")
    with pytest.raises(TuiviewError, match="is empty"):
        open_collection([root / "a.png"], OPTIONS)
    with pytest.raises(TuiviewError, match="No path"):
        open_collection([], OPTIONS)


def test_names_on_standard_input(touch: Touch, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch("a.png", "b c.png", "sub/d.png")
    monkeypatch.chdir(root)
    text = b"a.png\nb c.png\nsub\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert keys(opened("-")) == ["a.png", "b c.png", "sub/d.png"]


@pytest.mark.parametrize("separator", [b"\n", b"\0"])
def test_names_come_whole_however_the_stream_is_cut(separator: bytes) -> None:
    names = [b"a.png", b"b c.png", b"caf\xe9.png"] + ([b"d\ne.png"] if separator == b"\0" else [])

    class Slow(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            return super().read1(3)

    for ending in (b"", separator):
        stream = Slow(separator.join(names) + ending)
        assert [os.fsencode(path) for path in names_from(stream)] == names


def test_a_list_of_files(touch: Touch) -> None:
    root = touch("sub/a.png", "b.png")
    (root / "list.txt").write_text("b.png\nsub/a.png\n")
    assert keys(opened(root / "list.txt")) == ["b.png", "sub/a.png"]


def test_a_text_that_is_no_table_is_left_to_the_reader(touch: Touch) -> None:
    root = touch()
    (root / "notes.fits").write_text("this is no image\n")
    assert isinstance(opened(root / "notes.fits"), FolderCollection)


def test_a_table_that_names_no_images_says_so(touch: Touch) -> None:
    root = touch()
    (root / "stars.csv").write_text("ra,dec\n1,2\n")
    with pytest.raises(TuiviewError) as caught:
        open_collection([root / "stars.csv"], OPTIONS)
    assert "No column of stars.csv" in caught.value.message
    assert "ra, dec" in caught.value.hint


def test_a_column_that_is_not_there_is_named(touch: Touch) -> None:
    root = touch()
    (root / "t.csv").write_text("uuid,filepath\n1,2\n")
    options = CollectionOptions(key="uid")
    with pytest.raises(TuiviewError) as caught:
        open_collection([root / "t.csv"], options)
    assert "'uid'" in caught.value.message
    assert "uuid" in caught.value.hint


def test_a_file_that_only_claims_to_be_parquet(touch: Touch) -> None:
    root = touch()
    (root / "t.parquet").write_bytes(b"uuid,filepath\n")
    with pytest.raises(TuiviewError, match="no Parquet file"):
        open_collection([root / "t.parquet"], OPTIONS)
    (root / "cut.parquet").write_bytes(b"PAR1" + bytes(500))
    with pytest.raises(UnreadableError, match="end is missing"):
        open_collection([root / "cut.parquet"], OPTIONS)


def test_a_fits_file_is_a_table_only_if_it_names_images(touch: Touch) -> None:
    from astropy.table import Table

    root = touch("cutouts/a.png")
    Table({"ra": [1.0], "dec": [2.0]}).write(root / "stars.fits")
    assert isinstance(opened(root / "stars.fits"), FolderCollection)
    Table({"id": ["x"], "image_path": ["cutouts/a.png"]}).write(root / "list.fits")
    collection = opened(root / "list.fits")
    assert keys(collection) == ["x"]
    assert collection.item(0).source.path == root / "cutouts/a.png"


def test_a_folder_of_datasets_says_how_to_open_them(touch: Touch) -> None:
    collection = opened(touch("data.h5"))
    assert len(collection) == 0
    assert "data.h5 holds datasets" in collection.problems[0]


def test_a_folder_of_shards_points_to_its_lookup_tables(touch: Touch) -> None:
    root = touch("x_images.h5", "x_metadata.parquet", "lookup.csv")
    with pytest.raises(TuiviewError) as caught:
        open_collection([root], OPTIONS)
    assert "lookup.csv" in caught.value.hint


def test_importing_the_room_stays_light() -> None:
    import subprocess
    import sys

    code = (
        "import sys, tuiview.collection.open, tuiview.collection.selection, "
        "tuiview.collection.outline\n"
        "heavy = {'astropy', 'h5py', 'pandas', 'pyarrow', 'tifffile', 'zarr', 'PIL', 'textual'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
