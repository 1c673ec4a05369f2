from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from collection_samples import PNG, assert_rows_are_found_together, keys, opened, shared_data

from tuiview.collection.outline import Outline
from tuiview.collection.selection import select
from tuiview.collection.stacks import Shape, shape_of
from tuiview.collection.view import View
from tuiview.errors import TuiviewError, UnreadableError
from tuiview.source import ArraySource, BlobSource


@pytest.mark.parametrize(
    ("shape", "dtype", "options", "wanted"),
    [
        ((100, 80), "f4", {}, Shape((), ("y", "x"))),
        ((100, 80, 3), "u1", {}, Shape((), ("y", "x", "channel"))),
        ((100, 80, 3), "f4", {}, None),
        ((100, 80, 3), "f4", {"image": True}, Shape((), ("y", "x", "channel"))),
        ((1, 100, 80), "f4", {}, Shape((), ("frame", "y", "x"))),
        ((5, 100, 80), "f4", {}, Shape((), ("frame", "y", "x"))),
        ((5, 100, 80), "f4", {"labelled": True}, Shape((5,), ("y", "x"))),
        ((5, 100, 80), "f4", {"stacks": "items"}, Shape((5,), ("y", "x"))),
        ((500, 64, 64), "u1", {}, Shape((500,), ("y", "x"))),
        ((500, 64, 64), "u1", {"scanned": True}, Shape((), ("frame", "y", "x"))),
        ((500, 64, 64), "u1", {"stacks": "frames"}, Shape((), ("frame", "y", "x"))),
        ((500, 2048, 2048), "u2", {}, Shape((), ("frame", "y", "x"))),
        ((50, 69, 69, 3), "f4", {}, Shape((50,), ("y", "x", "channel"))),
        ((50, 3, 69, 69), "u1", {}, Shape((50,), ("channel", "y", "x"))),
        ((50, 64, 64, 1), "u1", {}, Shape((50,), ("y", "x", "channel"))),
        ((50, 7, 64, 64), "u1", {}, Shape((50,), ("frame", "y", "x"))),
        ((2, 3, 7, 64, 64), "u1", {}, Shape((2,), ("frame", "frame", "y", "x"))),
        ((1000, 2), "f8", {}, None),
        ((1000, 2), "f8", {"image": True}, Shape((), ("y", "x"))),
        ((50,), "u1", {}, None),
        ((50, 0), "u1", {}, None),
        ((50, 50), "S5", {}, None),
        ((50, 50), "c8", {}, None),
    ],
)
def test_pictures_and_stacks_are_told_by_shape(
    shape: tuple[int, ...], dtype: str, options: dict[str, object], wanted: Shape | None
) -> None:
    assert shape_of(shape, np.dtype(dtype), **options) == wanted


@pytest.fixture
def galaxies(tmp_path: Path) -> Path:
    """A small file of the shape that Galaxy10 has."""
    path = tmp_path / "galaxies.h5"
    random = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        file["images"] = random.integers(0, 255, (40, 16, 16, 3), np.uint8)
        file["ans"] = np.arange(40) % 3
        file["ra"] = random.uniform(0, 360, 40)
        file["name"] = np.array([f"G{n}" for n in range(40)], h5py.string_dtype())
        file["class_names"] = np.array([b"disk", b"ring", b"merger"])
        file["table"] = np.zeros(40, [("a", "f4"), ("b", "i4")])
        file["lonely"] = np.arange(7)
        file.attrs["origin"] = "made up"
        file["images"].attrs["survey"] = "DECaLS"
    return path


def test_a_labelled_stack_is_an_item_for_each_picture(galaxies: Path) -> None:
    collection = opened(galaxies)
    assert len(collection) == 40
    item = collection.item(4)
    assert (item.key, item.name) == ("images[4]", "images[4]")
    assert item.facts["ans"] == 1
    assert item.facts["ans (class_names)"] == "ring"
    assert item.facts["name"] == "G4"
    assert isinstance(item.source, ArraySource)
    assert item.source.axes == ("y", "x", "channel")
    with h5py.File(galaxies) as file:
        assert (item.source.open()[2:9, 3:5] == file["images"][4, 2:9, 3:5]).all()
    assert collection.metadata(4)["survey"] == "DECaLS"
    assert collection.skipped == 2
    assert [collection.row_of(key) for key in keys(collection)] == list(range(40))
    assert_rows_are_found_together(collection)
    assert collection.row_of("images[40]") is None
    assert collection.row_of("images") is None
    assert [(b.label, b.depth, b.count) for b in collection.branches()] == [
        ("galaxies.h5", 0, 0), ("images", 1, 40),
    ]  # fmt: skip


def test_labels_can_be_chosen_and_ordered_by(galaxies: Path) -> None:
    collection = opened(galaxies)
    view = select(collection, where="ans == 2 and ra > 0", order="ra:desc")
    values = [collection.item(view.row(n)).facts for n in range(len(view))]
    assert all(each["ans"] == 2 for each in values)
    assert values == sorted(values, key=lambda each: -each["ra"])
    grouped = select(collection, group_by="ans (class_names)")
    outline = Outline(collection, grouped)
    assert [outline.line(0).label, outline.line(0).count] == ["disk", 14]


def test_a_stack_can_be_frames(galaxies: Path) -> None:
    collection = opened(galaxies, stacks="frames")
    assert keys(collection) == ["images"]
    assert collection.item(0).source.open().shape == (40, 16, 16, 3)


def test_a_tree_of_groups(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["z/two"] = np.ones((20, 20))
        file["z/one"] = np.ones((20, 30))
        file["a/b/deep"] = np.ones((20, 20), "u1")
        file["a/none"] = np.ones(3)
        file["top"] = np.ones((20, 20))
        file["a/back"] = h5py.SoftLink("/z")
        file["same"] = file["top"]
        file["loop"] = file["/"]
    collection = opened(tmp_path / "t.h5")
    assert keys(collection) == ["same", "a/b/deep", "z/one", "z/two"]
    assert [(b.label, b.depth, b.first, b.count) for b in collection.branches()] == [
        ("t.h5", 0, 0, 1), ("a", 1, 1, 0), ("b", 2, 1, 1), ("z", 1, 2, 2),
    ]  # fmt: skip
    assert collection.skipped == 1
    assert len(Outline(collection, View.all(collection))) == 8


def test_nexus_signals_and_axes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "n.nxs", "w") as file:
        group = file.create_group("entry/data")
        group.attrs["NX_class"] = "NXdata"
        group.attrs["signal"] = "counts"
        group.attrs["axes"] = ["energy", "y", "x"]
        group["counts"] = np.ones((40, 20, 20))
        group["counts"].attrs["units"] = "ct"
        group["energy"] = np.linspace(5, 9, 40)
        group["energy"].attrs["units"] = "keV"
        group["y"] = np.arange(20)
        group["x"] = np.arange(20)
    collection = opened(tmp_path / "n.nxs")
    assert keys(collection) == ["entry/data/counts"]
    assert collection.item(0).source.axes == ("frame", "y", "x")
    metadata = collection.metadata(0)
    assert metadata["axis energy"] == "5.0 to 9.0 keV"
    assert metadata["units"] == "ct"
    assert collection.skipped == 0


def test_links_to_other_files_are_told(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["frames"] = np.ones((20, 20), "f4")
    with h5py.File(tmp_path / "master.h5", "w") as file:
        file["own"] = np.zeros((20, 20))
        file["entry/data_1"] = h5py.ExternalLink("data.h5", "/frames")
        layout = h5py.VirtualLayout((20, 20), "f4")
        layout[:] = h5py.VirtualSource("data.h5", "frames", (20, 20))
        file.create_virtual_dataset("virtual", layout)
    collection = opened(tmp_path / "master.h5")
    assert keys(collection) == ["own"]
    assert len(collection.problems) == 2
    assert "data.h5" in collection.problems[0]
    assert "--allow-links" in collection.problems[0]
    collection = opened(tmp_path / "master.h5", allow_links=True)
    assert keys(collection) == ["own", "virtual", "entry/data_1"]
    assert all((collection.item(n).source.open()[...] == 1).all() for n in (1, 2))


def test_a_shard_by_itself(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "s_images.h5", "w") as file:
        for n in range(12):
            file[f"images/u{n}"] = np.frombuffer(PNG, np.uint8)
        file["numbers"] = np.arange(90, dtype=np.uint8)
    collection = opened(tmp_path / "s_images.h5")
    assert keys(collection)[:3] == ["images/u0", "images/u1", "images/u2"]
    assert isinstance(collection.item(11).source, BlobSource)
    assert collection.item(11).source.fetch() == PNG
    assert collection.skipped == 1


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(UnreadableError, match=r"x\.h5"):
        opened(tmp_path / "x.h5")


def test_labels_of_the_sample() -> None:
    path = shared_data("hdf5", "train_catvnoncat.h5")
    collection = opened(path)
    with h5py.File(path) as file:
        labels, images = file["train_set_y"][()], file["train_set_x"][()]
    assert len(collection) == 209
    for row in range(209):
        item = collection.item(row)
        assert item.facts["train_set_y"] == labels[row]
        assert item.facts["train_set_y (list_classes)"] == ("cat" if labels[row] else "non-cat")
        assert (item.source.open()[...] == images[row]).all()


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_element_maps_of_a_datastack(version: str) -> None:
    pytest.importorskip("zarr")
    collection = opened(shared_data("hdf5", f"RP-T-1898-A-3689_subset_{version}.datastack"))
    maps = [n for n in range(len(collection)) if "elementmaps" in collection.item(n).key]
    assert [collection.item(n).name for n in maps] == ["Ti", "Fe", "Cu"]
    array = collection.item(maps[1]).source.open()
    assert array.shape == (1692, 1592)
    assert np.asarray(array[100:104, 200:203]).shape == (4, 3)
    if version == "v3":
        cube = collection.item(0)
        assert (cube.key, cube.source.axes) == ("maxrf_cube", ("y", "x", "frame"))
        assert not any(item.endswith("_") for item in keys(collection))


def test_zarr_stores(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "z.zarr", mode="w")
    group.create_array("inner/pictures", data=np.arange(40 * 100).reshape(40, 10, 10))
    group.create_array("inner/score", data=np.linspace(0, 1, 40))
    group.create_array("map", data=np.ones((10, 10)))
    group.create_array("map_", data=np.full((10, 10), 2.0))
    group.create_array("map__", data=np.full((10, 10), 3.0))
    collection = opened(tmp_path / "z.zarr")
    assert len(collection) == 41
    assert collection.item(0).key == "map"
    assert (np.asarray(collection.item(0).source.open()[...]) == 3).all()
    item = collection.item(6)
    assert item.key == "inner/pictures[5]"
    assert item.facts["score"] == np.linspace(0, 1, 40)[5]
    assert np.asarray(item.source.open()[2:4, 1]).tolist() == [521, 531]


def test_without_zarr_the_way_to_get_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    (tmp_path / "x.datastack").write_bytes(b"PK\3\4" + bytes(50))
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(TuiviewError) as caught:
        opened(tmp_path / "x.datastack")
    assert "needs the package zarr" in caught.value.message
    assert "pip install" in caught.value.hint


def test_a_damaged_datastack_says_so(tmp_path: Path) -> None:
    pytest.importorskip("zarr")
    (tmp_path / "x.datastack").write_bytes(b"PK\3\4" + bytes(50))
    with pytest.raises(UnreadableError, match="cannot be read as a Zarr store"):
        opened(tmp_path / "x.datastack")
