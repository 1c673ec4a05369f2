"""Walks folders for image files: no file is opened or asked about that its name already tells."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from msgspec import Struct, field

from tuiview.collection.natural import natural_key, natural_order
from tuiview.collection.zarr_marks import ZARR_MARKS
from tuiview.errors import Poll, never
from tuiview.text import printable

COLLECTIONS = (
    ".h5", ".hdf5", ".hdf", ".nxs", ".datastack", ".parquet", ".csv", ".tsv", ".ecsv",
)  # fmt: skip
"""Endings of files that are opened by themselves: stacks and lookup tables."""

HEAD = 1024
"""Bytes of a file without a suffix that are looked at."""

_SOME = 1024


class Recognition(Struct, frozen=True):
    """What counts as an image in a folder.

    Attributes:
        suffixes: Endings of image files, lower case with their dot, one or two long.
        sniff: Names the kind of a content by its first bytes, or None.
        kinds: Which of those kinds are images; None means all.
    """

    suffixes: frozenset[str]
    sniff: Callable[[bytes], str | None]
    kinds: frozenset[str] | None = None

    def by_name(self, name: str) -> bool | None:
        """Whether the name says image; None if it has no suffix and the content must tell."""
        dot = name.rfind(".")
        if dot < 0:
            return None
        if name[dot:].lower() in self.suffixes:
            return True
        inner = name.rfind(".", 0, dot)
        return inner >= 0 and name[inner:].lower() in self.suffixes

    def all_by_name(self, names: Sequence[str]) -> bool:
        """Whether these are images with one ending, none hidden: told without a look at each."""
        ending = names[0][names[0].rfind(".") :]
        text = "\0".join(("", *names, ""))
        one = text.count(ending + "\0") == len(names) and "\0." not in text
        return one and ending in self.suffixes

    def by_content(self, head: bytes) -> bool:
        """Whether these first bytes are an image's."""
        kind = self.sniff(head)
        return kind is not None and (self.kinds is None or kind in self.kinds)


class Folder(Struct, frozen=True):
    """One folder of a walk: its own files in natural order.

    Attributes:
        path: The folder, as it is opened.
        depth: 0 for the folder that the walk began with.
        names: Names of its image files, undecodable bytes as surrogates.
    """

    path: str
    depth: int
    names: Sequence[str]


class Walk(Struct):
    """Walks folders depth first in natural order, each folder once, whatever links lead to it.

    A link to a folder inside the walk is left to where that folder really is; a link to one
    outside is followed, once. Hidden names are passed over.

    Attributes:
        skipped: Files that are no images by name or content.
        problems: Folders and files that could not be read, in words.
        datasets: The first file met that is opened as a collection of its own; empty if none.
    """

    recognition: Recognition
    stopped: Poll = never
    skipped: int = 0
    problems: list[str] = field(default_factory=list)
    datasets: str = ""
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def folders(self, top: str) -> Iterator[Folder]:
        """Yield `top` and everything below it, with or without files of their own."""
        real_top = os.path.realpath(top)
        waiting = [(top, 0)]
        while waiting and not self.stopped():
            path, depth = waiting.pop()
            try:
                status = Path(path).stat()
                if (status.st_dev, status.st_ino) in self._seen:
                    continue
                self._seen.add((status.st_dev, status.st_ino))
                files, folders = self._read(path, real_top)
            except OSError as error:
                self.problems.append(f"{printable(path)}: {error.strerror or error}")
                continue
            yield Folder(path, depth, natural_order(files))
            folders.sort(key=natural_key, reverse=True)
            waiting.extend((f"{path.rstrip(os.sep)}{os.sep}{name}", depth + 1) for name in folders)

    def _read(self, path: str, real_top: str) -> tuple[list[str], list[str]]:
        """The names of image files and of folders to enter; raises OSError."""
        files: list[str] = []
        folders: list[str] = []
        with os.scandir(path) as entries:
            while (some := list(islice(entries, _SOME))) and not self.stopped():
                plain = [entry.name for entry in some if entry.is_file(follow_symlinks=False)]
                if len(plain) == len(some) and self.recognition.all_by_name(plain):
                    files += plain
                elif any(entry.name in ZARR_MARKS for entry in some):
                    # A store of chunks, thousands of files without a suffix.
                    self.skipped += 1
                    self.datasets = self.datasets or path
                    return [], []
                else:
                    for entry in some:
                        if self.stopped():  # some may have to be opened
                            break
                        self._sort_out(entry, path, real_top, files, folders)
        return files, folders

    def _sort_out(
        self,
        entry: os.DirEntry[str],
        path: str,
        real_top: str,
        files: list[str],
        folders: list[str],
    ) -> None:
        """Put what is in a folder where it belongs."""
        name = entry.name
        if name.startswith("."):
            return
        if entry.is_file(follow_symlinks=False):
            regular = True
        elif entry.is_dir(follow_symlinks=False):
            folders.append(name)
            return
        elif entry.is_symlink():
            mode = _target(entry)
            if stat.S_ISDIR(mode):
                if not _walked_anyway(os.path.realpath(entry.path), real_top):
                    folders.append(name)
                return
            # A link that leads nowhere is shown as an item: its pane says so.
            regular = stat.S_ISREG(mode) or mode == 0
        else:
            regular = False
        if regular and self._is_image(name, path):
            files.append(name)
        else:
            self.skipped += 1
            if not self.datasets and name.lower().endswith(COLLECTIONS):
                self.datasets = str(Path(path, name))

    def _is_image(self, name: str, folder: str) -> bool:
        told = self.recognition.by_name(name)
        if told is not None:
            return told
        try:
            with Path(folder, name).open("rb", buffering=0) as file:
                return self.recognition.by_content(file.read(HEAD))
        except OSError as error:
            where = printable(str(Path(folder, name)))
            self.problems.append(f"{where}: {error.strerror or error}")
            return False


def _target(entry: os.DirEntry[str]) -> int:
    """The mode of what a link leads to; 0 if it leads nowhere."""
    try:
        return entry.stat().st_mode
    except OSError:
        return 0


def _walked_anyway(real: str, real_top: str) -> bool:
    """Whether a walk of `real_top` comes to the folder `real` without links."""
    inside = Path(os.path.relpath(real, real_top))
    return not any(part.startswith(".") for part in inside.parts)
