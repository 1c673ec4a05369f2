"""What is known of items beforehand, to hold decisions against: a table of items and categories."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct

from tuiview.errors import UnreadableError
from tuiview.exchange.given import IMAGES, table_rows
from tuiview.exchange.marks import split_categories
from tuiview.exchange.names import Names
from tuiview.text import printable

_ITEMS = ("item", *IMAGES, "uuid", "id")
_CATEGORIES = ("category", "categories", "class", "truth", "label")
_NONE = ("", "none", "nan")


class Truth(Struct, frozen=True):
    """What is known.

    Attributes:
        known: The categories of items, by their keys; none where there is nothing to be found.
        unknown: Names that belong to no item, or to several.
    """

    known: Mapping[str, frozenset[str]]
    unknown: list[str]


def read_truth(
    path: Path, names: Names, categories: Collection[str], key: str | None = None
) -> Truth:
    """Read a table of any kind with a column of items and one of their categories.

    Args:
        path: The table.
        names: Find the items.
        categories: Known names, for lists of categories joined by `+`.
        key: How the collection calls the column with its keys.

    Raises:
        UnreadableError: It cannot be read, or lacks one of the columns.
    """
    rows, columns = table_rows(path)
    lower = {column.lower(): column for column in reversed(columns)}
    wanted = (key.lower(), *_ITEMS) if key else _ITEMS
    item, category = _first(wanted, lower), _first(_CATEGORIES, lower)
    if item is None or category is None:
        lacking = "items" if item is None else "categories"
        raise UnreadableError(
            f"{printable(path.name)} has no column of {lacking}",
            f"item,category; it has {printable(', '.join(columns[:20])) or 'nothing'}",
        )
    known: dict[str, frozenset[str]] = {}
    unknown = []
    for row in rows:
        name, text = (_text(row.get(column)) for column in (item, category))
        found = names.key_of(name) if name else None
        if found is None or not names.has(found):
            unknown.append(name)
            continue
        labels = () if text.lower() in _NONE else split_categories(text, categories)
        known[found] = known.get(found, frozenset()).union(labels)
    return Truth(known, unknown)


def _first(wanted: Collection[str], lower: Mapping[str, str]) -> str | None:
    return next((lower[name] for name in wanted if name in lower), None)


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
