"""Files that belong together as one item."""

from __future__ import annotations

from pathlib import Path

import pytest
from collection_samples import SUFFIXES, assert_rows_are_found_together, keys, opened, read, sniff
from hypothesis import given
from hypothesis import strategies as st

from tuiview.collection.channels import Channels
from tuiview.collection.composite import CompositeCollection
from tuiview.collection.folder import FolderCollection
from tuiview.errors import UsageError
from tuiview.source import CompositeSource, MissingSource

IRG = Channels.of_endings(["_i", "_r", "_g"])


@pytest.fixture
def composite(folder_of):
    def build(*paths: Path, channels: Channels = IRG) -> CompositeCollection:
        files = FolderCollection(paths, suffixes=SUFFIXES, sniff=sniff)
        return read(CompositeCollection(files, channels))

    return build


def parts(collection, key):
    source = collection.item(collection.row_of(key)).source
    assert isinstance(source, CompositeSource)
    return {label: part.name for label, part in source.parts}


def test_three_files_are_one_item_in_the_order_of_the_channels(composite, touch):
    folder = touch("m51_g.fits", "m51_i.fits", "m51_r.fits", "m33_g.fits", "m33_i.fits",
                   "m33_r.fits")  # fmt: skip
    collection = composite(folder)
    assert keys(collection) == ["m33", "m51"]
    assert list(parts(collection, "m51").items()) == [
        ("i", "m51_i.fits"), ("r", "m51_r.fits"), ("g", "m51_g.fits"),
    ]  # fmt: skip


def test_folders_stay_apart(composite, touch):
    names = [f"{d}/m51_{b}.fits" for d in ("north", "south") for b in "irg"]
    collection = composite(touch(*names))
    assert keys(collection) == ["north/m51", "south/m51"]
    assert_rows_are_found_together(collection)
    assert [(b.label, b.first, b.count) for b in collection.branches()] == [
        ("north", 0, 1), ("south", 1, 1),
    ]  # fmt: skip


def test_what_is_missing_is_named(composite, touch):
    collection = composite(touch("a_i.fits.gz", "a_g.fits.gz", "b_i.fits", "b_r.fits", "b_g.fits"))
    assert keys(collection) == ["b", "a"]  # whole ones as they are found, the others at the end
    missing = dict(collection.item(1).source.parts)["r"]
    assert isinstance(missing, MissingSource)
    assert missing.message == "a_r.fits.gz is missing"
    assert "1 items lack a file" in collection.problems


def test_files_of_no_channel_are_left_out(composite, touch):
    collection = composite(touch("a_i.fits", "a_r.fits", "a_g.fits", "a_z.fits", "a.png", "x.txt"))
    assert keys(collection) == ["a"]
    assert collection.skipped == 3


def test_a_second_file_of_a_channel_is_left_out(composite, touch):
    collection = composite(touch("a_i.fits", "a_i.fits.gz", "a_r.fits", "a_g.fits"))
    assert len(collection) == 1
    assert collection.skipped == 1


def test_a_folder_without_any_says_what_was_looked_for(composite, touch):
    collection = composite(touch("a.fits"))
    assert len(collection) == 0
    assert "*_i, *_r, *_g" in collection.problems[0]


def test_files_of_a_command_line(composite, touch):
    folder = touch("a_i.fits", "a_r.fits", "a_g.fits")
    collection = composite(*(folder / f"a_{band}.fits" for band in "gir"))
    assert keys(collection) == ["a"]


def test_three_files_whatever_they_are_called(touch):
    folder = touch("x/red.fits", "y/visual.fits", "z/blue.fits")
    files = [folder / "x/red.fits", folder / "y" / ".." / "y/visual.fits", folder / "z/blue.fits"]
    collection = opened(*files, channels=Channels.of_files(files))
    read(collection)
    assert collection.item(0).source.parts[0][0] == "red"
    assert len(collection) == 1
    assert [part.name for _, part in collection.item(0).source.parts] == [
        "red.fits", "visual.fits", "blue.fits",
    ]  # fmt: skip


def test_columns_for_ordering(composite, touch):
    collection = composite(touch("n/a_i.fits", "n/b_i.fits", "n/b_r.fits", "n/b_g.fits"))
    (batch,) = collection.batches(["key", "name", "folder", "files"])
    assert batch.to_pylist() == [
        {"key": "n/b", "name": "b", "folder": "n", "files": 3},
        {"key": "n/a", "name": "a", "folder": "n", "files": 1},
    ]


def test_items_appear_while_the_folder_is_walked(touch):
    folder = touch("a_i.fits", "a_r.fits", "a_g.fits", "b_i.fits", "b_r.fits")
    names = iter([folder / n for n in ("a_i.fits", "a_r.fits", "a_g.fits", "b_i.fits", "b_r.fits")])
    collection = CompositeCollection(
        FolderCollection(names, suffixes=SUFFIXES, sniff=sniff, root=folder), IRG
    )
    grown = []
    collection.start(lambda: grown.append((len(collection), collection.complete)))
    assert collection.wait(10)
    assert keys(collection) == ["a", "b"]
    assert grown[-1] == (2, True)


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (["_i", "_r", "_g"], ["i", "r", "g"]),
        (["_i.fits", "_r.fits", "_g.fits"], ["i", "r", "g"]),
        (["-f160w_drz", "-f125w_drz", "-f105w_drz"], ["f160w", "f125w", "f105w"]),
        (["*_red.fits.gz", "*_rad.fits.gz", "*_rod.fits.gz"], ["red", "rad", "rod"]),
        (["i_{id}.fits", "r_{id}.fits", "g_{id}.fits"], ["i", "r", "g"]),
        (["_i.fits", "_r.fits.gz", "_g.fit"], ["i", "r", "g"]),
        (["_i.fits", "_i.fits.gz", "_g.fits"], ["i.fits", "i.fits.gz", "g.fits"]),
        (["_", "-", "."], ["1", "2", "3"]),
    ],
)
def test_labels_are_what_differs(words, labels):
    assert list(Channels.of_endings(words).labels) == labels


def test_a_pattern_with_choices(composite, touch):
    folder = touch("img-a-u-v1.fits", "img-a-g-v1.fits", "img-b-g-v1.fits", "img-a-r-v1.fits")
    channels = Channels.of_pattern("img-{id}-{r,g,u}-v1.fits")
    assert channels.labels == ("r", "g", "u")
    collection = composite(folder, channels=channels)
    assert keys(collection) == ["a", "b"]
    assert parts(collection, "a")["u"] == "img-a-u-v1.fits"
    assert parts(collection, "b")["r"] == "img-b-r-v1.fits"


@pytest.mark.parametrize("pattern", ["{id}_r.fits", "{r,g}.fits", "{id}_{r,r}.fits", "{id}_{r,}"])
def test_patterns_that_make_no_sense(pattern):
    with pytest.raises(UsageError):
        Channels.of_pattern(pattern)


def test_endings_must_differ():
    with pytest.raises(UsageError):
        Channels.of_endings(["_i", "_i", "_g"])
    with pytest.raises(UsageError):
        Channels.of_files([Path("a"), Path("a"), Path("b")])


words = st.text("abz019-._", min_size=1, max_size=8).filter(lambda s: s.strip("-._"))


@given(words, st.sampled_from([".fits", ".fits.fz", ".png", ""]))
def test_siblings_belong_together(name, ending):
    places = [IRG.place(Path(f"/d/{name}_{band}{ending}")) for band in "irg"]
    assert [place.number for place in places] == [0, 1, 2]
    assert len({(place.folder, place.name) for place in places}) == 1
    assert IRG.sibling(Path(f"/d/{name}_i{ending}"), 2) == f"{name}_g{ending}"
