"""Where decisions are kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")
_LONGEST = 60


def store_path(
    root: Path, reviewer: str, *, store_dir: Path | None = None, project_dir: Path | None = None
) -> Path:
    """The database of a reviewer's decisions on a collection.

    Args:
        root: The folder or file that the collection stands for.
        reviewer: Who reviews.
        store_dir: The folder that the command line names.
        project_dir: The folder that the project's settings name, shared by its reviewers.

    Returns:
        `<folder>/<slug>-<hash>/<reviewer>.sqlite`, where the hash is of the absolute, resolved
        root; for a project, of the way from its folder to the root, so that a project that is
        mounted elsewhere finds its decisions. Without a folder it is `tuiview` in the user's data
        folder.
    """
    folder = store_dir or project_dir
    if folder is None:
        import platformdirs

        folder = Path(platformdirs.user_data_dir("tuiview", appauthor=False))
    place = os.path.realpath(root)
    named = place
    if store_dir is None and project_dir is not None:
        named = os.path.relpath(place, os.path.realpath(project_dir))
    digest = hashlib.sha256(os.fsencode(named)).hexdigest()[:8]
    return folder / f"{slug(Path(place).name)}-{digest}" / f"{file_name(reviewer)}.sqlite"


def slug(name: str) -> str:
    """A name with everything replaced that some file system or shell minds."""
    return _UNSAFE.sub("-", name)[:_LONGEST].strip("-.") or "root"


def file_name(reviewer: str) -> str:
    """A file name of its own for each reviewer, the name itself where it is harmless."""
    name = slug(reviewer)
    if name == reviewer:
        return name
    digest = hashlib.sha256(reviewer.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{name}-{digest}"


def folder_of_backups(path: Path) -> Path:
    """Where the backups of a store lie."""
    return path.parent / "backups"


def backups_of(path: Path) -> list[Path]:
    """The backups of a store, the newest first."""
    with contextlib.suppress(OSError):
        return sorted(folder_of_backups(path).glob(f"{_escaped(path.stem)}-*.sqlite"), reverse=True)
    return []


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
