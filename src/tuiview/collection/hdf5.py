"""HDF5 and NeXus files as trees of pictures and stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tuiview.collection.facts import text_or_plain
from tuiview.collection.h5files import (
    FilePool,
    H5Array,
    OpenFile,
    check_inside,
    resolve,
)
from tuiview.collection.natural import natural_key
from tuiview.collection.shards import Shards
from tuiview.collection.stacks import Entry, Shape, Stacks, shape_of
from tuiview.collection.tree import TreeCollection
from tuiview.errors import Poll, TuiviewError, UnreadableError, never
from tuiview.source import ArrayLike, ArraySource, BlobSource, Source
from tuiview.text import printable

_LABEL_BYTES = 64 << 20
_SNIFFED = 4
_HEAD = 1024


class Hdf5Collection(TreeCollection):
    """The pictures of an HDF5 or NeXus file.

    Datasets of numbers with two axes or more, and encoded images (bytes in a row), are items;
    whatever has one value for each picture of a stack shows as facts of its items.

    Args:
        path: The file.
        sniff: Names the kind of a content by its first bytes, or None.
        allow_links: Whether links may lead to other files.
        stacks: Whether the pictures of a stack are items or frames.

    Raises:
        UnreadableError: It is no HDF5 file, or cut short.
    """

    def __init__(
        self,
        path: Path,
        *,
        sniff: Callable[[bytes], str | None],
        allow_links: bool = False,
        stacks: Stacks = "auto",
    ) -> None:
        pool = FilePool(allow_links=allow_links)
        super().__init__(Hdf5Datasets(path.absolute(), sniff, stacks, pool))


class Hdf5Datasets:
    """Looks through an HDF5 file group by group."""

    def __init__(
        self, path: Path, sniff: Callable[[bytes], str | None], stacks: Stacks, pool: FilePool
    ) -> None:
        self.path = path
        self.skipped = 0
        self.problems: list[str] = []
        self._pool = pool
        self._shards = Shards(self._pool, [path.parent], sniff=sniff)
        self._sniff = sniff
        self._stacks = stacks
        self._seen: set[object] = set()
        with self._pool.borrow(path):
            pass

    def close(self) -> None:
        """Release the file."""
        self._shards.close()

    def entries(self, stopped: Poll) -> Iterator[Entry]:
        """Depth first in natural order: pictures, then stacks, then groups."""
        with self._pool.borrow(self.path) as file:
            about = h5py.h5o.get_info(file.h5.id)
            self._seen.add((about.fileno, about.addr))
            waiting: list[tuple[str, ...]] = [()]
            while waiting and not stopped():
                groups = waiting.pop()
                group = resolve(file, "/".join(groups), allow_links=self._pool.allow_links)
                datasets, folders = self._members(file, group, groups)
                yield from self._of_group(file, group, groups, datasets, stopped)
                waiting += [(*groups, name) for name in reversed(folders)]

    def _members(
        self, file: OpenFile, group: Any, groups: tuple[str, ...]
    ) -> tuple[dict[str, Any], list[str]]:
        """The datasets and subgroups of a group that have not been seen elsewhere."""
        datasets: dict[str, Any] = {}
        folders: list[str] = []
        for name in sorted(group, key=natural_key):
            path = "/".join((*groups, name))
            try:
                found = resolve(file, path, allow_links=self._pool.allow_links)
            except UnreadableError as error:
                self.problems.append(str(error))
                continue
            if found is None:
                self.problems.append(f"{printable(path)} is a link that leads nowhere.")
                continue
            about = h5py.h5o.get_info(found.id)
            identity = (about.fileno, about.addr)
            if identity in self._seen:
                continue
            self._seen.add(identity)
            if isinstance(found, h5py.Dataset):
                datasets[name] = found
            elif isinstance(found, h5py.Group):
                folders.append(name)
        return datasets, folders

    def _of_group(
        self,
        file: OpenFile,
        group: Any,
        groups: tuple[str, ...],
        datasets: Mapping[str, Any],
        stopped: Poll,
    ) -> Iterator[Entry]:
        signal, axes = _nexus(group)
        lines = {n: d for n, d in datasets.items() if d.ndim == 1 and d.dtype.kind in "buifSO"}
        lengths = {dataset.shape[0] for name, dataset in lines.items() if name not in axes}
        shapes: dict[str, Shape] = {}
        for name, dataset in datasets.items():
            shape = self._shape(dataset, lengths, scanned=bool(axes) and name in (signal, ""))
            if shape is not None and self._inside(file, dataset, (*groups, name)):
                shapes[name] = shape
        encoded = self._encoded(file, groups, datasets, shapes)
        for name in encoded:
            if stopped():
                return
            path = "/".join((*groups, name))
            source = BlobSource(name, partial(self._shards.read, self.path, path), self.path)
            yield Entry(groups, name, Shape((), ()), _always(source))
        used = {*shapes, *encoded, *(axes if signal in shapes else ())}
        for name in sorted(shapes, key=lambda each: len(shapes[each].items)):
            shape = shapes[name]
            labels = self._labels(lines, shape, used)
            attributes = _attributes(datasets[name])
            if name == signal:
                attributes |= _axes(group, axes, datasets)
            yield Entry(groups, name, shape, self._source(groups, name, shape, attributes), labels)
        self.skipped += sum(name not in used for name in datasets)

    def _shape(self, dataset: Any, lengths: set[int], *, scanned: bool) -> Shape | None:
        if dataset.dtype.kind not in "buif" or not dataset.shape:
            return None
        image = text_or_plain(dataset.attrs.get("CLASS")) == "IMAGE"
        return shape_of(
            dataset.shape,
            dataset.dtype,
            stacks=self._stacks,
            labelled=dataset.shape[0] in lengths,
            scanned=scanned,
            image=image,
        )

    def _inside(self, file: OpenFile, dataset: Any, path: tuple[str, ...]) -> bool:
        if self._pool.allow_links:
            return True
        try:
            check_inside(file, dataset.id, "/".join(path))
        except UnreadableError as error:
            self.problems.append(str(error))
            return False
        return True

    def _encoded(
        self,
        file: OpenFile,
        groups: tuple[str, ...],
        datasets: Mapping[str, Any],
        shapes: Mapping[str, Shape],
    ) -> list[str]:
        """The datasets that hold one encoded image each, judged by the first few of a group."""
        likely = [n for n, d in datasets.items() if n not in shapes and _may_be_encoded(d)]
        for name in likely[:_SNIFFED]:
            try:
                content = self._shards.read(self.path, "/".join((*groups, name)))
            except TuiviewError:
                continue
            if self._sniff(content[:_HEAD]) not in (None, "TEXT"):
                return likely
        return []

    def _labels(
        self, lines: Mapping[str, Any], shape: Shape, used: set[str]
    ) -> Mapping[str, NDArray[np.generic]]:
        """One value for each item, by the name of its dataset."""
        labels: dict[str, NDArray[np.generic]] = {}
        if not shape.items:
            return labels
        left = _LABEL_BYTES
        for name, dataset in lines.items():
            if dataset.shape[0] == shape.items[0] and dataset.size * 8 <= left:
                left -= dataset.size * 8
                try:
                    labels[name] = dataset[()]
                except (OSError, RuntimeError, TypeError) as error:
                    self.problems.append(f"{printable(name)}: {printable(str(error))}")
                    continue
                used.add(name)
        words = [n for n, d in lines.items() if n not in used and "class" in n.lower()]
        if len(words) == 1 and lines[words[0]].dtype.kind in "SO":
            names = [text_or_plain(each) for each in lines[words[0]][()].tolist()]
            for name, values in list(labels.items()):
                if values.dtype.kind in "iu" and 0 <= values.min() <= values.max() < len(names):
                    labels[f"{name} ({words[0]})"] = np.array([names[int(n)] for n in values])
                    used.add(words[0])
        return labels

    def _source(
        self, groups: tuple[str, ...], name: str, shape: Shape, attributes: Mapping[str, object]
    ) -> Callable[[tuple[int, ...]], Source]:
        path = "/".join((*groups, name))

        def make(index: tuple[int, ...]) -> Source:
            opened = partial(H5Array, self._pool, self.path, path, index)
            shown = f"{name}[{','.join(map(str, index))}]" if index else name
            return ArraySource(shown, opened, self.path, attributes, shape.axes)

        return make


def _always(source: Source) -> Callable[[tuple[int, ...]], Source]:
    return lambda _: source


def _may_be_encoded(dataset: Any) -> bool:
    kind = dataset.dtype
    if kind.kind in "ui" and kind.itemsize == 1:
        return bool(dataset.ndim == 1 and dataset.shape[0] > 16)
    scalar = dataset.shape in ((), (1,))
    return bool(scalar and (kind.kind in "VS" or h5py.check_vlen_dtype(kind) == np.uint8))


def _attributes(dataset: Any) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in dataset.attrs:
        try:
            found[str(name)] = text_or_plain(dataset.attrs[name])
        except (OSError, RuntimeError, TypeError, KeyError, ValueError):
            found[str(name)] = "(unreadable)"
    return found


def _nexus(group: Any) -> tuple[str, list[str]]:
    """The signal and the axes of an NXdata group; empty of any other."""
    if text_or_plain(group.attrs.get("NX_class", b"")) != "NXdata":
        return "", []
    signal = text_or_plain(group.attrs.get("signal", b""))
    if not signal:
        marked = (n for n in group if isinstance(group.get(n), h5py.Dataset))
        signal = next((n for n in marked if "signal" in group[n].attrs), "")
    axes = text_or_plain(group.attrs.get("axes", b""))
    names = axes if isinstance(axes, list) else str(axes).split(":")
    return str(signal), [str(name) for name in names if name and name != "."]


def _axes(group: Any, axes: list[str], datasets: Mapping[str, Any]) -> dict[str, object]:
    """The extent of each axis, as `axis energy: 5.2 to 9.8 keV`."""
    found: dict[str, object] = {}
    for name in axes:
        dataset = datasets.get(name)
        if dataset is None or dataset.ndim != 1 or not dataset.size:
            continue
        unit = text_or_plain(dataset.attrs.get("units", b""))
        first, last = text_or_plain(dataset[0]), text_or_plain(dataset[-1])
        found[f"axis {name}"] = f"{first} to {last} {unit}".strip()
    return found


def picture_of_stack(pool: FilePool, path: Path, name: str | None, number: int) -> ArrayLike:
    """One picture of a stack; without a name, of the file's first stack.

    Raises:
        UnreadableError: There is no such stack, or it has fewer pictures.
    """
    if name is None:
        own = FilePool(allow_links=pool.allow_links)
        datasets = Hdf5Datasets(path, lambda _: None, "items", own)
        try:
            stack = next((e for e in datasets.entries(never) if e.shape.items), None)
        finally:
            datasets.close()
        if stack is None:
            raise UnreadableError(f"{printable(path.name)} holds no stack of pictures.")
        name = stack.path
    count = H5Array(pool, path, name).shape[0]
    if not 0 <= number < count:
        raise UnreadableError(
            f"{printable(name)} in {printable(path.name)} has {count:,} pictures, "
            f"none of number {number:,}."
        )
    return H5Array(pool, path, name, (number,))
