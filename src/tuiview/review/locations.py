"""Where decisions are kept."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")
_LONGEST = 60
_IMAGES = "images.jsonl"
_MOST_FOLDERS = 4096


def store_path(
    root: Path,
    reviewer: str,
    *,
    store_dir: Path | None = None,
    project_dir: Path | None = None,
    images: Sequence[Path] = (),
) -> Path:
    """The database of a reviewer's decisions on a collection.

    Args:
        root: The folder or file that the collection stands for.
        reviewer: Who reviews.
        store_dir: The folder that the command line names.
        project_dir: The folder that the project's settings name, shared by its reviewers.
        images: Folders in which a key means the same image whatever names it, as a uuid does in
            shards. A store that knows one of them is taken before one that is named after `root`;
            but decisions that are there under that name, and may be on anything, are kept to.

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
    path = folder / f"{slug(Path(place).name)}-{digest}" / f"{file_name(reviewer)}.sqlite"
    known = _known_images(path.parent)
    if not images or not known.isdisjoint(images) or (path.exists() and not known):
        return path
    others = stores_of(images, folder)
    return others[0] / path.name if others else path


def stores_of(images: Sequence[Path], folder: Path) -> list[Path]:
    """The stores' folders in `folder` that know some of these images' folders, the best first."""
    shared: dict[Path, int] = {}
    with contextlib.suppress(OSError):
        for notes in sorted(folder.glob(f"*/{_IMAGES}")):
            if count := len(_known_images(notes.parent).intersection(images)):
                shared[notes.parent] = count
    return sorted(shared, key=lambda each: -shared[each])


def remember_images(path: Path, images: Iterable[Path]) -> None:
    """Note beside a store where its images are, so that other tables of them find it."""
    known = _known_images(path.parent)
    new = [place for place in dict.fromkeys(images) if place not in known]
    lines = [json.dumps(str(place)) + "\n" for place in new[: max(0, _MOST_FOLDERS - len(known))]]
    # Without the note the store is found by its name alone.
    with contextlib.suppress(OSError):
        if lines:
            with (path.parent / _IMAGES).open("a", encoding="ascii") as stream:
                stream.write("".join(lines))


def _known_images(folder: Path) -> set[Path]:
    """The images' folders that are noted in a store's folder."""
    try:
        lines = (folder / _IMAGES).read_text("ascii", "replace").splitlines()
    except OSError:
        return set()
    found = set()
    for line in lines:
        with contextlib.suppress(ValueError):  # cut off by a full disk
            found.add(Path(str(json.loads(line))))
    return found


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
        return sorted(folder_of_backups(path).glob(f"{escaped(path.stem)}-*.sqlite"), reverse=True)
    return []


def escaped(name: str) -> str:
    """A name that a pattern takes literally."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
