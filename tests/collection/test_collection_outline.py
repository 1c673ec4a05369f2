from __future__ import annotations

from collections.abc import Sequence

import pytest
from collection_samples import Rows
from hypothesis import given
from hypothesis import strategies as st

from tuiview.collection.base import Branch
from tuiview.collection.outline import Outline
from tuiview.collection.view import View

TREE = (
    Branch("root", 0, 0, 2),
    Branch("a", 1, 2, 0),
    Branch("b", 2, 2, 3),
    Branch("c", 1, 5, 1),
    Branch("other", 0, 6, 2),
)


def shown(outline: Outline) -> list[str]:
    lines = [outline.line(n) for n in range(len(outline))]
    return [
        "  " * line.depth + (f"{line.label}/{line.count}" if line.kind == "group" else line.label)
        for line in lines
    ]


def tree(branches: Sequence[Branch] = TREE, *, expanded: bool = True) -> Outline:
    collection = Rows(branches[-1].first + branches[-1].count, branches)
    return Outline(collection, View.all(collection), expanded=expanded)


def test_groups_items_and_groups_without_items_of_their_own() -> None:
    assert shown(tree()) == [
        "root/6", "  item 0", "  item 1",
        "  a/3", "    b/3", "      item 2", "      item 3", "      item 4",
        "  c/1", "    item 5",
        "other/2", "  item 6", "  item 7",
    ]  # fmt: skip


def test_a_folded_group_comes_back_as_it_was() -> None:
    outline = tree()
    before = shown(outline)
    outline.toggle(2)
    inner = shown(outline)
    assert inner[3:6] == ["  a/3", "    b/3", "  c/1"]
    outline.toggle(1)
    assert shown(outline)[3:5] == ["  a/3", "  c/1"]
    outline.toggle(0)
    assert shown(outline) == ["root/6", "other/2", "  item 6", "  item 7"]
    assert [outline.line_of_position(n) for n in range(8)] == [0, 0, 0, 0, 0, 0, 2, 3]
    outline.toggle(0)
    outline.toggle(1)
    assert shown(outline) == inner
    outline.toggle(2)
    assert shown(outline) == before


def test_all_at_once() -> None:
    outline = tree()
    before = shown(outline)
    outline.collapse_all()
    assert shown(outline) == ["root/6", "other/2"]
    outline.expand(0)
    assert shown(outline)[3:5] == ["  a/3", "  c/1"]
    outline.expand_all()
    assert shown(outline) == before


def test_a_hidden_item_is_revealed() -> None:
    outline = tree(expanded=False)
    assert shown(outline) == ["root/6", "other/2"]
    assert outline.line_of_position(3) == 0
    line = outline.reveal(3)
    assert outline.line(line).row == 3
    assert shown(outline)[:8] == [
        "root/6", "  item 0", "  item 1", "  a/3", "    b/3", "      item 2", "      item 3",
        "      item 4",
    ]  # fmt: skip


def test_the_way_up() -> None:
    outline = tree()
    item = outline.line(5)
    assert (item.kind, item.row, outline.parent_of(item)) == ("item", 2, 2)
    group = outline.line(outline.line_of_group(2))
    assert outline.parent_of(group) == 1
    assert outline.parent_of(outline.line(0)) is None


def test_a_filter_counts_what_is_left_and_hides_empty_groups() -> None:
    outline = Outline(Rows(8, TREE), View.of([1, 3, 4, 7]))
    assert shown(outline) == [
        "root/3", "  item 1", "  a/2", "    b/2", "      item 3", "      item 4",
        "other/1", "  item 7",
    ]  # fmt: skip
    assert [outline.line(outline.line_of_position(n)).row for n in range(4)] == [1, 3, 4, 7]


def test_a_shuffled_view_is_a_flat_list() -> None:
    outline = Outline(Rows(8, TREE), View.of([4, 1, 7]))
    assert shown(outline) == ["item 4", "item 1", "item 7"]
    assert outline.line_of_position(2) == 2


def test_groups_of_the_view_itself() -> None:
    groups = (Branch("spiral", 0, 0, 2), Branch("ring", 0, 2, 1))
    outline = Outline(Rows(8, TREE), View.of([6, 1, 0], groups))
    assert shown(outline) == ["spiral/2", "  item 6", "  item 1", "ring/1", "  item 0"]


def test_it_grows_while_the_scan_goes_on() -> None:
    branches: list[Branch] = []
    collection = Rows(0, branches)
    outline = Outline(collection, View.all(collection))
    assert len(outline) == 0
    assert not outline.refresh()
    branches.append(Branch("root", 0, 0, 1))
    collection.count = 1
    assert outline.refresh()
    assert shown(outline) == ["root/1", "  item 0"]
    branches[-1] = Branch("root", 0, 0, 2)
    branches.append(Branch("a", 1, 2, 1))
    collection.count = 3
    assert outline.refresh()
    assert not outline.refresh()
    assert shown(outline) == ["root/3", "  item 0", "  item 1", "  a/1", "    item 2"]
    outline.collapse(0)
    branches.append(Branch("b", 1, 3, 1))
    collection.count = 4
    assert outline.refresh()
    assert shown(outline) == ["root/4"]
    outline.expand(0)
    assert shown(outline)[-2:] == ["  b/1", "    item 3"]


def test_a_new_grouping_replaces_the_old() -> None:
    collection = Rows(4, [Branch("all", 0, 0, 4)])
    outline = Outline(collection, View.all(collection))
    collection.groups = [Branch("x", 0, 0, 1), Branch("y", 0, 1, 3)]
    assert outline.refresh()
    assert shown(outline)[:3] == ["x/1", "  item 0", "y/3"]


def test_lines_beyond_the_end() -> None:
    outline = tree()
    for number in (-1, len(outline)):
        with pytest.raises(IndexError):
            outline.line(number)


@st.composite
def trees(draw: st.DrawFn) -> list[Branch]:
    branches: list[Branch] = []
    depth = first = 0
    for number in range(draw(st.integers(1, 12))):
        depth = 0 if not number else draw(st.integers(0, depth + 1))
        count = draw(st.integers(0, 3))
        branches.append(Branch(f"g{number}", depth, first, count))
        first += count
    return branches


@given(trees(), st.lists(st.integers(0, 11), max_size=8))
def test_lines_and_positions_agree_whatever_is_folded(
    branches: list[Branch], toggles: list[int]
) -> None:
    outline = tree(branches)
    for group in toggles:
        outline.toggle(group % len(branches))
    lines = [outline.line(n) for n in range(len(outline))]
    assert lines == [line for line in lines if line.kind == "group" or line.row == line.position]
    for number, line in enumerate(lines):
        if line.kind == "item":
            assert outline.line_of_position(line.position) == number
        else:
            assert outline.line_of_group(line.group) == number
    assert lines == _reference(branches, outline)
    total = branches[-1].first + branches[-1].count
    for position in range(total):
        assert outline.line(outline.reveal(position)).position == position


def _reference(branches: list[Branch], outline: Outline) -> list[object]:
    """Which lines there should be, by walking the tree."""
    expanded = {}
    for number in range(len(outline)):
        line = outline.line(number)
        if line.kind == "group":
            expanded[line.group] = line.expanded
    wanted: list[tuple[str, int]] = []
    hidden_below: int | None = None
    for group, branch in enumerate(branches):
        if hidden_below is not None and branch.depth > hidden_below:
            continue
        hidden_below = None
        wanted.append(("group", group))
        if expanded[group]:
            wanted += [("item", branch.first + n) for n in range(branch.count)]
        else:
            hidden_below = branch.depth
    lines = [outline.line(n) for n in range(len(outline))]
    got = [(line.kind, line.group if line.kind == "group" else line.row) for line in lines]
    assert got == wanted
    return list(lines)
