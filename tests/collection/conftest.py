from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from collection_samples import OPENED, SUFFIXES, read, sniff

from tuiview.collection.folder import FolderCollection


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture
def folder_of() -> Callable[..., FolderCollection]:
    """A folder collection, read to its end."""

    def build(*paths: Path, root: Path | None = None) -> FolderCollection:
        return read(FolderCollection(paths, suffixes=SUFFIXES, sniff=sniff, root=root))

    return build


@pytest.fixture
def touch(tmp_path: Path) -> Callable[..., Path]:
    """Make empty files below a temporary folder, which is returned."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return make
