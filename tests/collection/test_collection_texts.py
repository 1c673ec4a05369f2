"""Many texts in one block, and finding some among others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.collection import texts
from tuiview.collection.arrow import block
from tuiview.collection.rows import OneOf
from tuiview.collection.texts import Lookup, Texts

ALIKE = st.text("ab/é0", max_size=20)
"""Texts of which many are equal, begin or end alike, or are as long as others."""
ANY = ALIKE | st.text(max_size=40) | st.text("x", min_size=300, max_size=302)


def naive(sought: Sequence[str], values: Sequence[str | None]) -> list[tuple[int, int]]:
    """Where the values are that are sought, and which they are."""
    numbers = {text: number for number, text in enumerate(sought)}
    return [(at, numbers[text]) for at, text in enumerate(values) if text in numbers]


def found(positions: np.ndarray, which: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(positions.tolist(), which.tolist(), strict=True))


@given(st.lists(ANY, unique=True), st.lists(ANY), st.integers(1, 7))
@settings(max_examples=150)
def test_texts_are_found_among_others_as_one_by_one(
    sought: list[str], values: list[str], piece: int
) -> None:
    values = [*values, *sought, *values]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "_PIECE", piece)
        assert found(*Lookup(Texts.of(sought)).of(Texts.of(values))) == naive(sought, values)


@given(st.lists(ANY, unique=True), st.lists(st.none() | ANY), st.integers(0, 3))
@settings(max_examples=50)
def test_a_column_is_looked_through_from_anywhere_and_without_empty_cells(
    sought: list[str], values: list[str | None], first: int
) -> None:
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        column = pa.array([*values, *sought], kind)[first:]
        assert found(*OneOf(sought).of(column)) == naive(sought, column.to_pylist())


@given(st.lists(st.lists(ANY, min_size=1), min_size=1))
@settings(max_examples=50)
def test_a_block_is_a_sequence_of_its_texts(parts: list[list[str]]) -> None:
    every = list(chain.from_iterable(parts))
    together = Texts.joined([Texts.of(part) for part in parts])
    assert list(together) == every
    assert [together[number] for number in range(len(together))] == every
    assert list(together[1::2]) == every[1::2]
    backwards = np.arange(len(every))[::-1]
    assert list(together.take(backwards)) == every[::-1]
    assert list(block(pa.array(every, pa.string()))) == every
    marked = "\x1f".join(every).encode()
    if marked.count(b"\x1f") == len(every) - 1:
        assert list(Texts.parted(marked, b"\x1f")) == every
    assert all(together.may_hold(text) for text in every)


def test_names_that_no_text_can_hold_are_kept_apart() -> None:
    sought = ["caf\udce9.fits", "caf\udce8.fits", "caf?.fits"]
    assert list(Texts.of(sought)) == sought
    assert found(*Lookup(Texts.of(sought)).of(Texts.of(sought[::-1]))) == [(0, 2), (1, 1), (2, 0)]
