"""What files say of items and marks, by their kind: tables, regions, GeoJSON, notes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from tuiview.collection.replicates import AGAIN
from tuiview.errors import UnreadableError
from tuiview.exchange.files import read_text
from tuiview.exchange.marks import Given, GivenItem, GivenMark, split_categories
from tuiview.text import printable

FORMATS = ("csv", "regions", "geojson", "imgmarker", "notes-json")
"""What can be imported; `csv` stands for all tables."""
IMAGES = ("key", "image", "path", "filename", "file", "filepath", "name")
"""The columns that may name images, in lower case."""
_MARKS = ("x", "ra")


def read_given(path: Path, form: str | None, categories: Collection[str]) -> Iterator[Given]:
    """What a file, or a folder of Image Marker's, says.

    Args:
        path: The file.
        form: One of `FORMATS`, or None to tell by the file.
        categories: Known names, for lists of categories joined by `+`.

    Raises:
        UnreadableError: It cannot be read, or says nothing of images.
    """
    form = form or form_of(path)
    if form == "imgmarker":
        from tuiview.exchange.imgmarker import read_imgmarker

        return read_imgmarker(path, categories)
    if form == "regions":
        from tuiview.exchange.regionmarks import read_marks

        return read_marks(path)
    if form == "geojson":
        from tuiview.exchange.geojson import read_marks as read_geojson

        return read_geojson(path)
    if form == "notes-json":
        return read_notes(path)
    return _read_table(path, categories)


def form_of(path: Path) -> str:
    """The format of a file by its name and its first lines."""
    from tuiview.exchange.imgmarker import is_imgmarker

    name = path.name.lower()
    if is_imgmarker(path):
        return "imgmarker"
    if name.endswith(".reg"):
        return "regions"
    if name.endswith((".geojson", ".json")):
        marks = name.endswith(".geojson") or '"coordinates"' in read_text(path)
        return "geojson" if marks else "notes-json"
    return "csv"


def read_notes(path: Path) -> Iterator[GivenItem]:
    """The notes of a flat JSON object by file names; an empty one means reviewed.

    Raises:
        UnreadableError: It is no such object.
    """
    name = printable(path.name)
    try:
        notes = json.loads(read_text(path))
    except ValueError as error:
        raise UnreadableError(f"{name} cannot be read: {printable(str(error))}") from None
    if not isinstance(notes, dict) or not all(isinstance(v, str) for v in notes.values()):
        raise UnreadableError(f"{name} holds no notes", 'a flat object: {"image.png": "text", ...}')
    for image, note in notes.items():
        yield GivenItem(image, note=note)


def _read_table(path: Path, categories: Collection[str]) -> Iterator[Given]:
    rows, names = table_rows(path)
    lower = {name.lower(): name for name in reversed(names)}
    image = next((lower[name] for name in IMAGES if name in lower), None)
    shown = printable(", ".join(names[:20])) or "nothing"
    if image is None:
        raise UnreadableError(
            f"{printable(path.name)} has no column that names images", f"it has {shown}"
        )
    get = _getter(lower)
    if any(name in lower for name in _MARKS):
        for row in rows:
            yield GivenMark(
                image=_text(row.get(image)), frame=get(row, "frame"), group=get(row, "group"),
                label=get(row, "label"), x=_number(row, lower.get("x")),
                y=_number(row, lower.get("y")), ra=_number(row, lower.get("ra")),
                dec=_number(row, lower.get("dec")), uuid=get(row, "uuid"),
                reviewer=get(row, "reviewer"), made=get(row, "made"),
                replicate=_replicate(row, lower.get("replicate")),
            )  # fmt: skip
        return
    if not any(name in lower for name in ("categories", "note", "favourite", "unsure")):
        raise UnreadableError(
            f"{printable(path.name)} has neither marks nor decisions", f"it has {shown}"
        )
    for row in rows:
        note = get(row, "note") if "note" in lower else None
        yield GivenItem(
            image=_text(row.get(image)),
            categories=split_categories(get(row, "categories"), categories),
            favourite=_flag(get(row, "favourite")), unsure=_flag(get(row, "unsure")),
            note=note, reviewer=get(row, "reviewer"),
            replicate=_replicate(row, lower.get("replicate")),
        )  # fmt: skip


Row = Mapping[str, Any]


def _getter(lower: Mapping[str, str]) -> Callable[[Row, str], str]:
    return lambda row, name: _text(row.get(lower[name])) if name in lower else ""


def table_rows(path: Path) -> tuple[Iterator[Row], list[str]]:
    """The rows of a table of any kind as mappings, and its columns.

    Raises:
        UnreadableError: It cannot be read.
    """
    from tuiview.exchange.sheets import kind_of
    from tuiview.exchange.textsheet import delimiter_of

    try:
        kind = kind_of(path)
        if kind == "parquet":
            import pyarrow.parquet as pq

            table = pq.read_table(path)
            return iter(table.to_pylist()), list(table.column_names)
        if kind == "text":
            text = read_text(path)
            mark = delimiter_of(text.partition("\n")[0])
            reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark, restkey="")
            return iter(reader), list(reader.fieldnames or ())
        return _astropy(path, kind)
    except UnreadableError:
        raise
    except Exception as error:  # each library has its own classes for a damaged file
        words = printable(str(getattr(error, "strerror", None) or error))
        raise UnreadableError(f"{printable(str(path))} cannot be read: {words}") from None


def _astropy(path: Path, kind: str) -> tuple[Iterator[Row], list[str]]:
    import numpy as np
    from astropy.table import Table

    from tuiview.imaging.wcs import hush

    hush()
    forms = {"ecsv": "ascii.ecsv", "votable": "votable", "fits": "fits"}
    table = Table.read(path, format=forms[kind])
    names = list(table.colnames)

    def rows() -> Iterator[Row]:
        for row in table:
            yield {name: None if row[name] is np.ma.masked else _plain(row[name]) for name in names}

    return rows(), names


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if hasattr(value, "item") else value


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _number(row: Row, name: str | None) -> float | None:
    value = row.get(name) if name is not None else None
    try:
        number = float(value) if value is not None else None
    except (TypeError, ValueError):
        return None
    return None if number is None or number != number else number


def _replicate(row: Row, name: str | None) -> int:
    """Which showing a row is about; the first where it does not say."""
    return AGAIN if _number(row, name) == AGAIN else 1


def _flag(text: str) -> bool:
    return text.strip().lower() in ("1", "true", "t", "yes")
