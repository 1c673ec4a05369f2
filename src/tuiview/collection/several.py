"""Several files of datasets (HDF5, Zarr) as one collection."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from tuiview.collection.stacks import Entry
from tuiview.collection.tree import Datasets, TreeCollection
from tuiview.errors import Poll, TuiviewError
from tuiview.text import printable

Open = Callable[[Path], Datasets]
"""Opens one of the files; may raise TuiviewError."""


class SeveralCollection(TreeCollection):
    """The pictures of several files, file by file; each file is a group of the tree.

    Its root is the folder that all of them are in. The key of a picture is its file's path from
    there and its own in the file.

    Args:
        paths: The files.
        opened: Opens them, one by one behind.
    """

    def __init__(self, paths: Sequence[Path], opened: Open) -> None:
        super().__init__(_SeveralFiles(paths, opened))


class _SeveralFiles:
    """Looks through one file after the other; what is wrong with one keeps none of the others."""

    def __init__(self, paths: Sequence[Path], opened: Open) -> None:
        self._files = [path.absolute() for path in paths]
        self._open = opened
        self._opened: list[Datasets] = []
        self.path = Path(os.path.commonpath([path.parent for path in self._files]))
        self.skipped = 0
        self.problems: list[str] = []

    def entries(self, stopped: Poll) -> Iterator[Entry]:
        """The pictures and stacks of each file, in groups named after it."""
        for path in dict.fromkeys(self._files):
            if stopped():
                return
            name = path.relative_to(self.path).as_posix()
            try:
                datasets = self._open(path)
                self._opened.append(datasets)
                for entry in datasets.entries(stopped):
                    yield replace(entry, groups=(name, *entry.groups))
            except (TuiviewError, OSError) as error:
                self.problems.append(printable(str(error)))
            else:
                self.skipped += datasets.skipped
                self.problems += (f"{printable(name)}: {words}" for words in datasets.problems)

    def close(self) -> None:
        """Release the files."""
        for datasets in self._opened:
            datasets.close()
