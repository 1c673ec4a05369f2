"""Zarr groups and `.datastack` files as trees of pictures and stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuiview.collection.facts import text_or_plain
from tuiview.collection.natural import natural_key
from tuiview.collection.stacks import Entry, Shape, Stacks, shape_of
from tuiview.collection.tree import TreeCollection
from tuiview.errors import Poll, TuiviewError, UnreadableError
from tuiview.source import ArrayLike, ArraySource, Source
from tuiview.text import printable

ELEMENTS = (
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl",
    "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As",
    "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In",
    "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb",
    "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl",
    "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U",
)  # fmt: skip
"""Symbols of the elements; the first has atomic number 1."""

_MAPS = ("nmf_elementmaps", "nmf_peakmaps")
_CUBES = ("maxrf_cube",)
_LISTS = ("hotmax_spectra", "hotmax_spots", "nmf_gausscomponents")


class ZarrCollection(TreeCollection):
    """The pictures of a Zarr group: a folder, a zip file or a `.datastack`.

    Args:
        path: The folder or file.
        stacks: Whether the pictures of a stack are items or frames.

    Raises:
        TuiviewError: It cannot be opened, or zarr is not installed.
    """

    def __init__(self, path: Path, *, stacks: Stacks = "auto") -> None:
        super().__init__(ZarrDatasets(path.absolute(), stacks))


class ZarrDatasets:
    """Looks through a Zarr group."""

    def __init__(self, path: Path, stacks: Stacks) -> None:
        self.path = path
        self.skipped = 0
        self.problems: list[str] = []
        self._stacks = stacks
        self._store, self._root = _open(path)

    def close(self) -> None:
        """Release the file."""
        self._store.close()

    def entries(self, stopped: Poll) -> Iterator[Entry]:
        """Depth first in natural order: pictures, then stacks, then groups."""
        waiting: list[tuple[tuple[str, ...], Any]] = [((), self._root)]
        while waiting and not stopped():
            groups, group = waiting.pop()
            members = _members(group, self.path)
            arrays = _latest({n: m for n, m in members.items() if hasattr(m, "shape")})
            yield from self._of_group(groups, arrays)
            below = [n for n, m in members.items() if not hasattr(m, "shape")]
            for name in sorted(below, key=natural_key, reverse=True):
                waiting.append(((*groups, name), members[name]))

    def _of_group(self, groups: tuple[str, ...], arrays: Mapping[str, Any]) -> Iterator[Entry]:
        lines = {n: a for n, a in arrays.items() if a.ndim == 1 and a.dtype.kind in "buifUSTO"}
        lengths = {a.shape[0] for a in lines.values()}
        shapes: dict[str, Shape] = {}
        for name in sorted(arrays, key=natural_key):
            shape = self._shape(name, arrays[name], lengths)
            if shape is not None:
                shapes[name] = shape
        used = set(shapes)
        for name in sorted(shapes, key=lambda each: len(shapes[each].items)):
            shape, array = shapes[name], arrays[name]
            names, labels = self._labels(name, shape, lines, used)
            attributes = {str(k): text_or_plain(v) for k, v in dict(array.attrs).items()}
            source = self._source(name, array, shape, attributes)
            yield Entry(groups, name, shape, source, labels, names)
        self.skipped += sum(name not in used for name in arrays)

    def _shape(self, name: str, array: Any, lengths: set[int]) -> Shape | None:
        if name in _LISTS:
            return None
        if name in _CUBES and array.ndim == 3:
            return Shape((), ("y", "x", "frame"))
        return shape_of(
            array.shape,
            array.dtype,
            stacks="items" if name in _MAPS and self._stacks == "auto" else self._stacks,
            labelled=bool(array.shape) and array.shape[0] in lengths,
        )

    def _labels(
        self, name: str, shape: Shape, lines: Mapping[str, Any], used: set[str]
    ) -> tuple[Sequence[str], Mapping[str, NDArray[np.generic]]]:
        """Names and values for each item: elements of element maps, else arrays of that length."""
        labels: dict[str, NDArray[np.generic]] = {}
        if not shape.items:
            return (), labels
        for label, array in lines.items():
            if array.shape[0] == shape.items[0] and array.size < 1 << 22:
                labels[label] = np.asarray(array[:])
                used.add(label)
        if name != "nmf_elementmaps":
            return (), labels
        if "nmf_atomnums" in labels:
            numbers = labels["nmf_atomnums"].tolist()
            return [_symbol(number) for number in numbers], labels
        if "nmf_elements" in labels:
            return [str(symbol) for symbol in labels["nmf_elements"].tolist()], labels
        return (), labels

    def _source(
        self, name: str, array: Any, shape: Shape, attributes: Mapping[str, object]
    ) -> Callable[[tuple[int, ...]], Source]:
        def make(index: tuple[int, ...]) -> Source:
            opened: Callable[[], ArrayLike] = partial(_Slab, array, index, self.path)
            shown = f"{name}[{','.join(map(str, index))}]" if index else name
            return ArraySource(shown, opened, self.path, attributes, shape.axes)

        return make


class _Slab:
    """An array with some leading axes fixed."""

    def __init__(self, array: Any, index: tuple[int, ...], path: Path) -> None:
        self._array = array
        self._index = index
        self._path = path

    @property
    def shape(self) -> tuple[int, ...]:
        """Its size along each axis that is not fixed."""
        return tuple(self._array.shape[len(self._index) :])

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type of its values."""
        kind: np.dtype[np.generic] = np.dtype(self._array.dtype)
        return kind

    def __getitem__(self, index: object, /) -> NDArray[np.generic]:
        """Read the chunks that an index touches; raises UnreadableError."""
        wanted = index if isinstance(index, tuple) else (index,)
        try:
            return np.asarray(self._array[(*self._index, *wanted)])
        except Exception as error:  # codecs raise whatever they like on damaged chunks
            raise UnreadableError(
                f"{printable(self._path.name)} cannot be read: {printable(str(error))}."
            ) from None


def _open(path: Path) -> tuple[Any, Any]:
    try:
        import zarr
        from zarr.storage import LocalStore, ZipStore
    except ImportError:
        raise TuiviewError(
            f"{printable(path.name)} is a Zarr store, which needs the package zarr.",
            "pip install 'tuiview[zarr]'",
        ) from None
    try:
        if path.is_dir():
            store: Any = LocalStore(path, read_only=True)
        else:
            store = ZipStore(path, mode="r")
        return store, zarr.open(store, mode="r")
    except Exception as error:  # zip, JSON and zarr each have errors of their own
        text = printable(str(error)) or type(error).__name__
        raise UnreadableError(
            f"{printable(path.name)} cannot be read as a Zarr store: {text}."
        ) from None


def _members(group: Any, path: Path) -> dict[str, Any]:
    if hasattr(group, "shape"):
        return {path.stem: group}
    try:
        return dict(group.members())
    except Exception as error:  # as above
        raise UnreadableError(
            f"{printable(path.name)} cannot be read: {printable(str(error))}."
        ) from None


def _latest(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """One array for each name: the one with the most underscores after it was written last."""
    found: dict[str, Any] = {}
    for name in sorted(arrays, key=len):
        plain = name.rstrip("_")
        found[plain if plain in arrays else name] = arrays[name]
    return found


def _symbol(number: int) -> str:
    return ELEMENTS[number - 1] if 1 <= number <= len(ELEMENTS) else str(number)
