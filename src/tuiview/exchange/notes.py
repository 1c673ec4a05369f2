"""Notes as a flat JSON object by file names, as a cutout viewer keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePath
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from tuiview.review.reading import Row


def write_notes(rows: Iterable[Row], stream: IO[bytes]) -> list[str]:
    """Write the note of every reviewed item, empty where it has none.

    Returns:
        Names that several items have; their notes are joined.
    """
    notes: dict[str, str] = {}
    doubled: list[str] = []
    for row in rows:
        name = PurePath(row.key).name
        if name in notes:
            doubled.append(name)
            notes[name] = "\n".join(filter(None, [notes[name], row.state.note]))
        else:
            notes[name] = row.state.note
    stream.write(json.dumps(notes, indent=4).encode("ascii"))
    return doubled
