"""How Zarr stores are recognised, without the zarr package."""

from __future__ import annotations

from pathlib import Path

ZIP_SUFFIXES = (".datastack", ".zarr", ".zarr.zip", ".zip")
"""Endings of zip files that are opened as Zarr stores."""


ZARR_MARKS = ("zarr.json", ".zgroup", ".zarray")
"""Files that make a folder a Zarr group or array."""


def is_zarr_folder(path: Path) -> bool:
    """Whether a folder is a Zarr group or array."""
    return any((path / name).is_file() for name in ZARR_MARKS)
