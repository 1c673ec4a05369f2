"""Folders to review for the tests with the real program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from numbered import write_numbered


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that several runs share."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def numbered(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of small pictures that tell their number."""

    def make(count: int, shape: tuple[int, int] = (128, 160)) -> Path:
        return write_numbered(tmp_path / "pictures", count, shape)

    return make
