from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from collection_samples import SUFFIXES, assert_rows_are_found_together, keys, read, sniff
from hypothesis import given
from hypothesis import strategies as st

from tuiview.collection import scan
from tuiview.collection.folder import FolderCollection
from tuiview.collection.natural import natural_key, natural_order, natural_ranks

Folder = Callable[..., FolderCollection]
Touch = Callable[..., Path]


def test_files_come_in_natural_order_before_subfolders(folder_of: Folder, touch: Touch) -> None:
    root = touch("b10/x.png", "b9/x.png", "a10.fits", "a2.fits", "A1.FITS", "b9/c/y.png", "z.jpg")
    collection = folder_of(root)
    assert keys(collection) == [
        "A1.FITS", "a2.fits", "a10.fits", "z.jpg", "b9/x.png", "b9/c/y.png", "b10/x.png",
    ]  # fmt: skip
    assert collection.root == root
    assert collection.complete


def test_every_key_leads_back_to_its_row(folder_of: Folder, touch: Touch) -> None:
    root = touch(*(f"f{n % 7}/img{n}.fits" for n in range(200)), "top.png")
    collection = folder_of(root)
    for row in range(len(collection)):
        item = collection.item(row)
        assert collection.row_of(item.key) == row
        assert item.source.path == root / item.key
    assert_rows_are_found_together(collection)
    assert collection.row_of("f1/absent.fits") is None
    assert collection.row_of("nowhere/img1.fits") is None
    with pytest.raises(IndexError):
        collection.item(len(collection))
    assert collection.peek(-1) is None


@pytest.mark.parametrize("some", [1, 2, 1000])
def test_a_folder_is_read_in_pieces(folder_of, touch, monkeypatch, some) -> None:
    monkeypatch.setattr(scan, "_SOME", some)
    odd = ["README.md", "B.FITS", ".hidden.fits", "sub/c.fits", "d.fits.gz", "e.png"]
    collection = folder_of(touch(*(f"a{n}.fits" for n in range(9)), *odd))
    expected = [*(f"a{n}.fits" for n in range(9)), "B.FITS", "d.fits.gz", "e.png", "sub/c.fits"]
    assert keys(collection) == expected
    assert collection.skipped == 1


@given(st.lists(st.from_regex(r"[.ab]{0,2}(fits|\.fits|\.FITS|\.fits\.gz|\.txt)", fullmatch=True),
                min_size=1, max_size=3))  # fmt: skip
def test_names_are_recognised_together_as_each_by_itself(names) -> None:
    recognition = scan.Recognition(SUFFIXES, sniff)
    if recognition.all_by_name(names):
        assert all(recognition.by_name(n) and not n.startswith(".") for n in names)
    else:
        plain = all(n.endswith(".fits") and not n.startswith(".") for n in names)
        assert not plain


def test_other_files_are_counted_and_left_out(folder_of: Folder, touch: Touch) -> None:
    root = touch("a.fits", "b.fits.gz", "notes.txt", "c.tar.gz", "README", ".hidden.fits")
    (root / "picture").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    collection = folder_of(root)
    assert keys(collection) == ["a.fits", "b.fits.gz", "picture"]
    assert collection.skipped == 3


def test_hidden_folders_are_passed_over(folder_of: Folder, touch: Touch) -> None:
    assert keys(folder_of(touch(".git/a.png", "b/.c/a.png", "b/a.png"))) == ["b/a.png"]


def test_zarr_stores_are_left_whole(folder_of: Folder, touch: Touch) -> None:
    root = touch("a.png", "z.zarr/zarr.json", "z.zarr/c/0/0", "old/.zgroup", "old/x/0.0")
    collection = folder_of(root)
    assert keys(collection) == ["a.png"]
    assert collection.skipped == 2


def test_named_files_are_always_included(folder_of: Folder, touch: Touch) -> None:
    root = touch("b.dat", "a.fits", ".c.fits")
    collection = folder_of(root / "b.dat", root / "a.fits", root / ".c.fits", root / "a.fits")
    assert keys(collection) == ["b.dat", "a.fits", ".c.fits"]
    assert [collection.row_of(key) for key in keys(collection)] == [0, 1, 2]
    assert_rows_are_found_together(collection)


def test_files_and_folders_mix_without_repeating(folder_of: Folder, touch: Touch) -> None:
    root = touch("f/a.png", "f/b.png", "g/c.png", "lone.png")
    collection = folder_of(root / "f/b.png", root / "f", root / "lone.png", root / "g/c.png")
    assert collection.root == root
    assert keys(collection) == ["f/b.png", "f/a.png", "lone.png", "g/c.png"]
    assert [collection.row_of(key) for key in keys(collection)] == [0, 1, 2, 3]
    assert_rows_are_found_together(collection)
    assert [(b.label, b.first, b.count) for b in collection.branches()] == [
        ("f", 0, 1), ("f", 1, 1), (root.name, 2, 1), ("g", 3, 1),
    ]  # fmt: skip


def test_a_walked_file_that_is_named_again_stays_one_item(folder_of: Folder, touch: Touch) -> None:
    root = touch("f/a.png", "f/b.png")
    assert keys(folder_of(root / "f", root / "f/b.png", root)) == ["f/a.png", "f/b.png"]


def test_keys_of_files_outside_the_root_are_absolute(folder_of: Folder, touch: Touch) -> None:
    root = touch("in/a.png", "out/b.png")
    collection = folder_of(root / "in/a.png", root / "out/b.png", root=root / "in")
    outside = (root / "out/b.png").as_posix()
    assert keys(collection) == ["a.png", outside]
    assert collection.row_of(outside) == 1
    assert_rows_are_found_together(collection)


def test_branches_show_folders_that_only_hold_folders(folder_of: Folder, touch: Touch) -> None:
    root = touch("a/b/c/x.png", "a/b/d/y.png", "empty/z.txt", "q.png")
    labels = [(b.label, b.depth, b.first, b.count) for b in folder_of(root).branches()]
    assert labels == [
        (root.name, 0, 0, 1), ("a", 1, 1, 0), ("b", 2, 1, 0), ("c", 3, 1, 1), ("d", 3, 2, 1),
    ]  # fmt: skip


def test_links_are_followed_once_and_loops_end(folder_of: Folder, touch: Touch) -> None:
    root = touch("data/a/x.png", "elsewhere/y.png", "elsewhere/more/z.png")
    (root / "data/a/loop").symlink_to(root / "data")
    (root / "data/A first").symlink_to(root / "data/a")
    (root / "data/out").symlink_to(root / "elsewhere")
    (root / "data/out2").symlink_to(root / "elsewhere/more")
    (root / "elsewhere/back").symlink_to(root / "elsewhere")
    (root / "data/link.png").symlink_to(root / "elsewhere/y.png")
    (root / "data/dangling.png").symlink_to(root / "gone.png")
    (root / "data/dangling.txt").symlink_to(root / "gone.txt")
    assert keys(folder_of(root / "data")) == [
        "dangling.png", "link.png", "a/x.png", "out/y.png", "out/more/z.png",
    ]  # fmt: skip


def test_pipes_are_not_opened(folder_of: Folder, touch: Touch) -> None:
    root = touch("a.png")
    os.mkfifo(root / "pipe")
    os.mkfifo(root / "pipe.png")
    collection = folder_of(root)
    assert keys(collection) == ["a.png"]
    assert collection.skipped == 2


def test_a_folder_without_permission_is_a_problem(
    folder_of: Folder, touch: Touch, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = touch("a.png", "locked/b.png")
    scandir = os.scandir

    def guarded(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    collection = folder_of(root)
    assert keys(collection) == ["a.png"]
    assert "locked: Permission denied" in collection.problems[0]


def test_a_folder_that_vanishes_is_a_problem(folder_of: Folder, touch: Touch) -> None:
    root = touch("a.png")
    collection = folder_of(root / "a.png", root / "gone")
    assert keys(collection) == ["a.png", "gone"]
    walked = FolderCollection([root / "a.png"], suffixes=SUFFIXES, sniff=sniff)
    assert list(walked._walk.folders(str(root / "gone"))) == []
    assert "gone: No such file" in walked.problems[0]


def test_names_that_are_not_utf8_keep_a_stable_key(folder_of: Folder, tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9"
    Path(os.fsdecode(raw)).mkdir()
    Path(os.fsdecode(raw + b"/n\xff\x1b[2J.png")).touch()
    collection = folder_of(tmp_path)
    item = collection.item(0)
    assert item.key == "caf\\xe9/n\\xff\x1b[2J.png"
    item.key.encode()
    assert collection.row_of(item.key) == 0
    assert item.name.isprintable()
    assert item.source.path.exists()
    assert collection.branches()[1].label.isprintable()


def test_rows_are_there_before_the_walk_is_over() -> None:
    gate, seen = threading.Event(), threading.Event()

    def names() -> Iterator[Path]:
        yield Path("/nowhere/first.png")
        assert gate.wait(20)
        yield Path("/nowhere/second.png")
        yield Path("/elsewhere/third.png")

    collection = FolderCollection(names(), suffixes=SUFFIXES, sniff=sniff, root=Path("/nowhere"))
    collection.start(seen.set)
    assert seen.wait(20)
    first = collection.item(0).key
    assert (len(collection), collection.complete) == (1, False)
    gate.set()
    assert collection.wait(20)
    assert keys(collection) == [first, "second.png", "/elsewhere/third.png"]


def test_a_closed_collection_stops_reading(touch: Touch) -> None:
    asked = threading.Event()

    def names() -> Iterator[Path]:
        for n in range(10**9):
            if n > 100:
                asked.set()
            yield Path(f"/nowhere/{n}.png")

    collection = FolderCollection(names(), suffixes=SUFFIXES, sniff=sniff)
    collection.start(lambda: None)
    assert asked.wait(20)
    collection.close()
    assert collection.wait(20)


def test_nothing_is_opened_that_has_a_suffix(touch: Touch, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch(*(f"{n}.png" for n in range(50)), *(f"{n}.txt" for n in range(50)), "bare")
    opened: list[str] = []
    stated: list[str] = []
    real_open, real_stat = Path.open, Path.stat

    def spy_open(self: Path, *args: object, **kwargs: object) -> object:
        opened.append(self.name)
        return real_open(self, *args, **kwargs)  # type: ignore[call-overload]

    def spy_stat(self: Path, **kwargs: bool) -> os.stat_result:
        stated.append(self.name)
        return real_stat(self, **kwargs)

    monkeypatch.setattr(Path, "open", spy_open)
    monkeypatch.setattr(Path, "stat", spy_stat)
    collection = read(FolderCollection([root], suffixes=SUFFIXES, sniff=sniff))
    assert len(collection) == 50
    assert opened == ["bare"]
    assert set(stated) == {root.name}


def test_memory_of_a_large_folder_stays_small(folder_of: Folder) -> None:
    paths = (Path(f"/d/image_{n:07}.fits") for n in range(0))
    collection = FolderCollection(paths, suffixes=SUFFIXES, sniff=sniff, root=Path("/d"))
    names = [f"image_{n:07}.fits" for n in range(200_000)]
    collection._begin("/d", walked=True)
    from tuiview.collection.base import Branch

    collection._branches.append(Branch("d", 0, 0, 0))
    for start in range(0, len(names), 4096):
        collection._append(names[start : start + 4096])
    assert collection.row_of("image_0123456.fits") == 123_456
    assert len(collection._names) + collection._ends.itemsize * len(collection._ends) < 30 * 200_000


@given(st.lists(st.text("aB0129._-é", min_size=1, max_size=8), unique=True, max_size=40))
def test_natural_order_is_total_and_independent_of_the_start(names: list[str]) -> None:
    assert natural_order(names) == natural_order(names[::-1])
    assert sorted(natural_order(names)) == sorted(names)


@given(
    st.integers(1, 6), st.sampled_from(["{}.png", "A{}_b.FITS", "{}x{}-", "é{}", "{}\u0660{}"]),
    st.sampled_from(["", "a", "A1", "00"]), st.randoms(use_true_random=False),
)  # fmt: skip
def test_names_alike_are_in_the_order_of_their_keys(width, pattern, odd, dice) -> None:
    numbers = [f"{dice.randrange(10**width):0{width}}" for _ in range(80)]
    names = list({pattern.format(a, b) for a, b in zip(numbers, reversed(numbers), strict=True)})
    names += [odd + names[0].swapcase()] * bool(odd)
    assert list(natural_order(names)) == sorted(names, key=natural_key)


@given(
    st.lists(st.from_regex(r"[aB_.-]{0,2}[0129]{1,4}[aB_.-]{0,2}0?[09]{0,3}", fullmatch=True),
             min_size=64, max_size=90),
)  # fmt: skip
def test_names_of_all_lengths_are_in_the_order_of_their_keys(names) -> None:
    ranks = natural_ranks(names).tolist()
    assert ranks == sorted(range(len(names)), key=lambda at: (natural_key(names[at]), at))


def test_a_walk_that_has_begun_tells_another(touch: Touch) -> None:
    collection = FolderCollection([touch("a.fits")], suffixes=SUFFIXES, sniff=sniff)
    told: list[str] = []
    collection.start(lambda: told.append("first"))
    assert collection.wait(10)
    collection.start(lambda: told.append("second"))
    assert told[-1] == "second"
    assert len(collection) == 1


@given(st.integers(0, 10**20), st.integers(0, 10**20))
def test_digits_compare_by_value(a: int, b: int) -> None:
    first, second = natural_key(f"x{a}.png"), natural_key(f"x{b}.png")
    assert (first < second) == (a < b)
    assert natural_key(f"x{a:030}.png") != natural_key(f"x{a}.png")


def test_long_lists_are_merged_in_order() -> None:
    numbers = [(n * 7919) % 40_000 for n in range(40_000)]
    for name in ("é{}.png", "{}.png"):
        given = [name.format(n) for n in numbers]
        assert natural_order(given) == [name.format(n) for n in range(40_000)]


def test_where_columns_of_a_folder(folder_of: Folder, touch: Touch) -> None:
    root = touch("f/a.PNG", "b.fits")
    (root / "b.fits").write_bytes(bytes(7))
    (batch,) = folder_of(root).batches(["key", "name", "folder", "suffix", "size"])
    assert batch.to_pylist() == [
        {"key": "b.fits", "name": "b.fits", "folder": "", "suffix": ".fits", "size": 7},
        {"key": "f/a.PNG", "name": "a.PNG", "folder": "f", "suffix": ".png", "size": 0},
    ]
