"""Several HDF5 files as one collection."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from collection_samples import assert_rows_are_found_together, keys, opened

from tuiview.collection.selection import select


@pytest.fixture
def night(tmp_path: Path) -> list[Path]:
    """Two files with a labelled stack each, the second in a subfolder with a picture besides."""
    paths = [tmp_path / "b.h5", tmp_path / "sub" / "a.h5"]
    for number, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        with h5py.File(path, "w") as file:
            file["images"] = np.full((3 + number, 16, 16), number, "f4")
            file["snr"] = np.arange(3 + number) + 10.0 * number
    with h5py.File(paths[1], "a") as file:
        file["deep/flat"] = np.ones((20, 20), "f4")
    return paths


def test_several_files_are_groups_of_one_collection(night: list[Path], tmp_path: Path) -> None:
    collection = opened(*night)
    assert collection.root == tmp_path
    assert keys(collection) == [
        *(f"b.h5/images[{n}]" for n in range(3)), *(f"sub/a.h5/images[{n}]" for n in range(4)),
        "sub/a.h5/deep/flat",
    ]  # fmt: skip
    assert_rows_are_found_together(collection)
    found = collection.item(4)
    assert (found.name, found.facts["snr"]) == ("images[1]", 11.0)
    assert (found.source.open()[0:2, 0:2] == 1).all()
    assert found.source.origin == night[1]
    labels = [(b.label, b.depth, b.count) for b in collection.branches()]
    assert labels[1:] == [
        ("b.h5", 1, 0), ("images", 2, 3), ("sub/a.h5", 1, 0), ("images", 2, 4), ("deep", 2, 1),
    ]  # fmt: skip
    view = select(collection, where="snr >= 2", order="snr:desc")
    rows = [view.row(n) for n in range(len(view))]
    assert rows == [6, 5, 4, 3, 2]


def test_a_damaged_file_is_told_and_keeps_none_of_the_others(night: list[Path]) -> None:
    broken = night[0].with_name("broken.h5")
    broken.write_bytes(night[0].read_bytes()[:1500])
    collection = opened(night[0], broken, night[1], night[0])
    assert len(collection) == 8
    assert any("broken.h5" in words for words in collection.problems)


def test_with_other_files_among_them_they_are_files(night: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "c.png"
    other.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert keys(opened(*night, other)) == ["b.h5", "sub/a.h5", "c.png"]
