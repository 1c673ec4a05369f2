"""Image Marker's files: read in the forms of all its releases, written in that of the latest."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tuiview.collection.replicates import AGAIN
from tuiview.errors import TuiviewError, UnreadableError
from tuiview.exchange.files import read_text
from tuiview.exchange.marks import Given, GivenItem, GivenMark, split_categories
from tuiview.exchange.tables import replaced
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.exchange.names import Names
    from tuiview.exchange.places import Place
    from tuiview.review.reading import MarkRow, Reading
    from tuiview.settings import Settings

_KINDS = ("marks", "images", "favorites")
_GROUPS, _CATEGORIES = 9, 5
_MARK_COLUMNS = ("date", "image", "group", "label", "x", "y", "RA", "DEC")
_IMAGE_COLUMNS = ("date", "image", "RA", "DEC", "categories", "comment")
_NONE = ("None", "none", "")
_DUPLICATE = "DUPLICATE"
"""The label, or its end, of marks on an image that came back."""


def is_imgmarker(path: Path) -> bool:
    """Whether a file is named as Image Marker names its own, or a folder holds such files."""
    if path.is_dir():
        return any(_kind(inside) for inside in path.iterdir())
    if _kind(path) is None:
        return False
    first = read_text(path).partition("\n")[0].lower()
    return not first or ("image" in first and "date" in first)


def _kind(path: Path) -> str | None:
    if path.suffix not in (".csv", ".txt"):
        return None
    return next((kind for kind in _KINDS if path.stem.endswith(f"_{kind}")), None)


def read_imgmarker(path: Path, categories: Collection[str]) -> Iterator[Given]:
    """What one of Image Marker's files says, or all in a folder.

    The configuration beside it tells names of categories that hold the separator.

    Args:
        path: `<user>_marks`, `_images` or `_favorites`, `.csv` or `.txt`, or a folder.
        categories: Further known names.

    Raises:
        UnreadableError: It is none of them.
    """
    if path.is_dir():
        found = sorted(inside for inside in path.iterdir() if _kind(inside))
        if not found:
            raise UnreadableError(f"{printable(str(path))} holds no files of Image Marker")
        for each in found:
            yield from read_imgmarker(each, categories)
        return
    kind = _kind(path)
    text = read_text(path)
    header, rows, separator = _table(text)
    if kind is None:
        kind = "marks" if "group" in header else "images"
    if not text.strip():
        return
    if "image" not in header:
        raise UnreadableError(f"{printable(path.name)} is no file of Image Marker")
    known = {*categories, *_config_names(path, "categories")}
    for cells in rows:
        row = dict(zip(header, cells, strict=False))
        image = row.get("image", "")
        if image in _NONE:
            continue
        if kind == "marks":
            yield from _given_mark(row, image)
            continue
        joined = row.get("categories", "")
        comment = row.get("comment", "")
        yield GivenItem(
            image,
            categories=split_categories("" if joined in _NONE else joined, known, separator),
            favourite=kind == "favorites",
            note=None if comment in _NONE else comment,
            seen=True,
        )


def _given_mark(row: dict[str, str], image: str) -> Iterator[Given]:
    x, y, ra, dec = (_number(row.get(name, "")) for name in ("x", "y", "ra", "dec"))
    group, label = row.get("group", ""), row.get("label", "")
    replicate = 1
    if label == _DUPLICATE or label.endswith(f", {_DUPLICATE}"):
        label, replicate = label.removesuffix(_DUPLICATE).removesuffix(", "), AGAIN
    yield GivenItem(image, seen=True, replicate=replicate)
    if group in _NONE and x is None and ra is None:
        return
    yield GivenMark(
        image, group="" if group in _NONE else group, label="" if label in _NONE else label,
        x=x, y=y, ra=ra, dec=dec, made=row.get("date", ""), from_top=True, replicate=replicate,
    )  # fmt: skip


def _table(text: str) -> tuple[list[str], list[list[str]], str]:
    """Header in lower case, rows, and what joins categories."""
    lines = text.splitlines()
    if not lines:
        return [], [], "+"
    if "|" not in lines[0]:
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        return [name.strip().lower() for name in rows[0]], rows[1:], "+"
    header = [cell.strip().lower() for cell in lines[0].split("|")]
    if header[-1] == "":
        header.pop()
    found = []
    for line in lines[1:]:
        if not line.strip():
            continue
        line = line.rstrip().removesuffix("|")
        found.append([cell.strip() for cell in line.split("|", len(header) - 1)])
    return header, found, ","


def _config_names(path: Path, key: str) -> list[str]:
    """Names from the configuration of the same user, without the `None` that a fresh one has."""
    user = path.stem.rpartition("_")[0]
    config = path.with_name(f"{user}_config.txt")
    try:
        text = config.read_text("utf-8", "replace")
    except OSError:
        return []
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == key:
            names = [each.strip() for each in value.split(",")]
            return names[1:] if names[:1] == ["None"] else names
    return []


def settings_of(path: Path, groups: Collection[str], categories: Collection[str]) -> str:
    """The lines of a `tuiview.toml` that give the names of a configuration their keys.

    Args:
        path: One of Image Marker's files, or their folder.
        groups: Names of groups that have keys.
        categories: Names of categories that have keys.

    Returns:
        Nothing where all of them have keys, or where there is no configuration.
    """
    inside = path.is_dir()
    files = sorted(each for each in path.iterdir() if _kind(each)) if inside else [path]
    for each in files:
        own, maxima = _config_names(each, "groups"), _config_names(each, "group_max")
        said = _config_names(each, "categories")
        lines = []
        if not set(said) <= set(categories):
            lines += ["[review]", f"categories = {json.dumps(said, ensure_ascii=False)}"]
        if not set(own) <= set(groups):
            lines += ["[marks]", "groups = ["]
            for number, name in enumerate(own):
                most = maxima[number] if number < len(maxima) else ""
                told = f", maximum = {most}" if most.isdecimal() and int(most) > 0 else ""
                lines.append(f"  {{ name = {json.dumps(name, ensure_ascii=False)}{told} }},")
            lines.append("]")
        if lines:
            return "\n".join(lines) + "\n"
    return ""


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


class Written(Struct):
    """What was written.

    Attributes:
        files: The files.
        notices: What Image Marker cannot hold, in words.
    """

    files: list[Path] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def write_imgmarker(
    store: Reading, names: Names, root: Path, folder: Path, user: str, settings: Settings
) -> Written:
    """Write marks, images, favourites and the configuration as Image Marker 1.2 has them.

    Args:
        store: The decisions.
        names: Finds the images, which are opened for their height and sky.
        root: The folder of the images.
        folder: Where the files go.
        user: Whose decisions, and how the files are called.
        settings: Groups and categories, in the order of their keys.

    Raises:
        TuiviewError: A file cannot be written.
    """
    return _Writer(store, names, root, folder, user, settings).write()


class _Writer:
    def __init__(
        self,
        store: Reading,
        names: Names,
        root: Path,
        folder: Path,
        user: str,
        settings: Settings,
    ) -> None:
        self._names = names
        self._root = root
        self._folder = folder
        self._user = user
        self._settings = settings
        self._rows = [r for r in store.export_rows(seen=True) if r.reviewer == user]
        self._marks: dict[str, list[MarkRow]] = {}
        self._again: list[MarkRow] = []
        for mark in store.export_marks(repeats=True):
            if mark.reviewer == user and mark.replicate == 1:
                self._marks.setdefault(mark.key, []).append(mark)
            elif mark.reviewer == user:
                self._again.append(mark)
        self._repeats = sum(
            row.replicate > 1 and row.reviewer == user for row in store.export_rows(repeats=True)
        )
        self._places: dict[str, Place | None] = {}
        self._written = Written()

    def write(self) -> Written:
        used = Counter(m.mark.group for marks in self._marks.values() for m in marks)
        used.update(m.mark.group for m in self._again)
        groups = self._chosen([g.name for g in self._settings.groups], used, _GROUPS, "groups")
        said = Counter(name for row in self._rows for name in row.state.categories)
        ordered = [c.name for c in self._settings.categories]
        categories = self._chosen(ordered, said, _CATEGORIES, "categories")
        twice = Counter(PurePath(row.key).name for row in self._rows)
        if doubled := [name for name, n in twice.items() if n > 1]:
            self._written.notices.append(
                f"{len(doubled):,} names belong to several images, which become one:"
                f" {', '.join(doubled[:3])}"
            )
        if self._repeats:
            self._written.notices.append(
                f"of {self._repeats:,} images that came back only the marks are written,"
                f" labelled {_DUPLICATE}"
            )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            words = error.strerror or error
            raise TuiviewError(f"{self._folder} cannot be made: {words}") from error
        images = [(row.state.favourite, self._image(row, categories)) for row in self._rows]
        self._table("marks", _MARK_COLUMNS, self._mark_rows(groups))
        self._table("images", _IMAGE_COLUMNS, [image for _, image in images])
        self._table("favorites", _IMAGE_COLUMNS, [image for liked, image in images if liked])
        self._config(groups, categories)
        return self._written

    def _chosen(
        self, ordered: Sequence[str], used: Counter[str], room: int, what: str
    ) -> dict[str, str]:
        """The names that fit, as Image Marker can write them: used ones first, in their order."""
        wanted = [name for name in ordered if name in used]
        wanted += sorted(name for name in used if name not in ordered)
        if len(wanted) > room:
            left = ", ".join(printable(name) for name in wanted[room:])
            self._written.notices.append(f"Image Marker has {room} {what}; left out: {left}")
        kept = wanted[:room]
        spare = [name for name in ordered if name not in kept]
        kept += spare[: room - len(kept)]
        kept.sort(key=lambda name: ordered.index(name) if name in ordered else len(ordered))
        numbers = (str(n) for n in range(1, room + 1))
        while len(kept) < room:
            kept.append(next(n for n in numbers if n not in kept))
        plain = {name: printable(name).replace(",", ";").replace("+", "&") for name in kept}
        if changed := [name for name, new in plain.items() if name != new]:
            self._written.notices.append(f"written without commas and plus signs: {changed[0]}")
        return plain

    def _mark_rows(self, groups: dict[str, str]) -> Iterator[tuple[object, ...]]:
        for row in self._rows:
            image = PurePath(row.key).name
            day = (row.state.last or row.state.first)[:10] or "None"
            marks = [m for m in self._marks.get(row.key, ()) if m.mark.group in groups]
            if not marks:
                yield (day, image, "None", "None", "nan", "nan", "nan", "nan")
            yield from (self._mark_row(made, groups, day) for made in marks)
        again = [made for made in self._again if made.mark.group in groups]
        yield from (self._mark_row(made, groups, "None") for made in again)

    def _mark_row(self, made: MarkRow, groups: dict[str, str], day: str) -> tuple[object, ...]:
        mark = made.mark
        label = mark.label if mark.label not in ("", mark.group) else ""
        if made.replicate > 1:
            label = f"{label}, {_DUPLICATE}" if label else _DUPLICATE
        x, y = self._displayed(made.key, mark.x, mark.y)
        return (
            made.made[:10] or day, PurePath(made.key).name, groups[mark.group], label or "None",
            round(x), round(y),
            "nan" if mark.ra is None else mark.ra, "nan" if mark.dec is None else mark.dec,
        )  # fmt: skip

    def _displayed(self, key: str, x: float, y: float) -> tuple[float, float]:
        place = self._place(key)
        if place is not None and place.origin == "lower":
            return x, place.shape[0] - 1 - y
        return x, y

    def _image(self, row: object, categories: dict[str, str]) -> tuple[object, ...]:
        from tuiview.exchange.marks import to_sky
        from tuiview.review.reading import Row

        assert isinstance(row, Row)
        state = row.state
        place = self._place(row.key)
        ra = dec = None
        if place is not None:
            ny, nx = place.shape
            ra, dec = to_sky(place, nx / 2, ny / 2)
        joined = "+".join(plain for name, plain in categories.items() if name in state.categories)
        day = (state.last or state.first)[:10] or "None"
        return (
            day, PurePath(row.key).name, "nan" if ra is None else ra, "nan" if dec is None else dec,
            joined or "None", " ".join(state.note.splitlines()) or "None",
        )  # fmt: skip

    def _place(self, key: str) -> Place | None:
        from tuiview.exchange.marks import opened_place

        if key not in self._places:
            item = self._names.item(key)
            try:
                self._places[key] = None if item is None else opened_place(item, None)
            except TuiviewError as error:
                self._written.notices.append(f"{key}: {error.message}")
                self._places[key] = None
        return self._places[key]

    def _table(self, kind: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        empty = True
        for row in rows:
            if empty:
                writer.writerow(columns)
                empty = False
            writer.writerow(row)
        self._file(f"{self._user}_{kind}.csv", text.getvalue())

    def _config(self, groups: dict[str, str], categories: dict[str, str]) -> None:
        most = {group.name: group.maximum for group in self._settings.groups}
        lines = [
            f"image_dir = {self._root}/",
            f"groups = {','.join(groups.values())}",
            f"categories = {','.join(categories.values())}",
            f"group_max = {','.join(str(most.get(name)) for name in groups)}",
            "randomize_order = False",
            "left_click_group = 1",
        ]
        self._file(f"{self._user}_config.txt", "\n".join(lines))

    def _file(self, name: str, text: str) -> None:
        path = self._folder / name
        with replaced(path) as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))
        self._written.files.append(path)
