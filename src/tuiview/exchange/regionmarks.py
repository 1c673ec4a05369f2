"""Marks as DS9 regions, one file for each image or one on the sky, and back again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from tuiview.errors import TuiviewError
from tuiview.exchange.ds9 import from_one, parse
from tuiview.exchange.files import read_text
from tuiview.exchange.marks import GivenMark
from tuiview.exchange.region import Region
from tuiview.exchange.tables import replaced
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.review.reading import MarkRow
    from tuiview.settings import Group

_HEADER = "# Region file format: DS9 version 4.1\n"
_GLOBAL = 'global color=green width=1 font="helvetica 10 normal roman"\n'
_POINTS = {"circle": "circle", "square": "box", "cross": "x", "diamond": "diamond"}
_OWN = "tuiview:"
_UNSAFE = re.compile(r"[{}\"'#;\\]")
_FILE_NAME = re.compile(r"^#\s*Filename:\s*([^\[\n]+)", re.MULTILINE)


def write_images(rows: Iterable[MarkRow], folder: Path, groups: Sequence[Group]) -> list[Path]:
    """Write one file for each frame with marks, in image coordinates; returns the files.

    Raises:
        TuiviewError: The folder cannot be written.
    """
    frames: dict[tuple[str, str], list[MarkRow]] = {}
    for row in rows:
        frames.setdefault((row.key, row.mark.frame), []).append(row)
    several = _several(frames)
    known = {group.name: group for group in groups}
    written: dict[Path, None] = {}
    for (key, frame), marks in frames.items():
        path = _file_of(folder, key, frame if key in several else "", written)
        with replaced(path) as stream:
            stream.write(f"{_HEADER}{_GLOBAL}image\n".encode())
            for row in marks:
                at = f"point({from_one(row.mark.x)},{from_one(row.mark.y)})"
                stream.write(_line(at, row, known))
        written[path] = None
    return list(written)


def _several(frames: Iterable[tuple[str, str]]) -> set[str]:
    """The keys that occur with several frames."""
    seen: set[str] = set()
    twice: set[str] = set()
    for key, _ in frames:
        (twice if key in seen else seen).add(key)
    return twice


def write_sky(
    rows: Iterable[MarkRow], stream: IO[bytes], groups: Sequence[Group]
) -> tuple[int, int]:
    """Write one file in ICRS degrees.

    Returns:
        How many marks were written, and how many have no sky position.
    """
    known = {group.name: group for group in groups}
    stream.write(f"{_HEADER}{_GLOBAL}icrs\n".encode())
    written = left = 0
    for row in rows:
        if row.mark.ra is None or row.mark.dec is None:
            left += 1
            continue
        stream.write(_line(f"point({row.mark.ra!r},{row.mark.dec!r})", row, known))
        written += 1
    return written, left


def _line(at: str, row: MarkRow, groups: Mapping[str, Group]) -> bytes:
    """A region with its properties, and in a tag of our own all that DS9 has no place for."""
    mark = row.mark
    own = {
        "uuid": mark.uuid, "image": row.key, "frame": mark.frame, "group": mark.group,
        "label": mark.label, "x": repr(mark.x), "y": repr(mark.y),
        "ra": "" if mark.ra is None else repr(mark.ra),
        "dec": "" if mark.dec is None else repr(mark.dec),
        "reviewer": row.reviewer, "made": row.made,
    }  # fmt: skip
    tag = _OWN + urlencode(own, errors="surrogateescape")
    line = f"{point_region(at, groups.get(mark.group), mark.label, (_safe(mark.group), tag))}\n"
    return line.encode("utf-8", "surrogateescape")


def point_region(at: str, group: Group | None, label: str = "", tags: Sequence[str] = ()) -> str:
    """A DS9 point as its group is drawn: `at` is `point(X,Y)`, tags are written as they are."""
    color = group.color if group is not None else "#ffffff"
    point = _POINTS.get(group.shape if group is not None else "circle", "circle")
    text = f" text={{{_safe(label)}}}" if label else ""
    return f"{at} # point={point} color={color}{text}" + "".join(f" tag={{{t}}}" for t in tags)


def _safe(text: str) -> str:
    """Text without what ends a text in a region file."""
    return _UNSAFE.sub("_", printable(text)).replace("\n", " ")


def _file_of(folder: Path, key: str, frame: str, taken: Mapping[Path, None]) -> Path:
    """A file for an item's frame, named after it, in subfolders as the item is."""
    parts = [part for part in re.split(r"[/\\]", key) if part not in ("", ".", "..")] or ["item"]
    if frame:
        parts[-1] += f".{frame}"
    clean = [re.sub(r'[\0-\x1f<>:"|?*/\\]', "_", part)[:200] for part in parts]
    path = folder.joinpath(*clean[:-1], clean[-1] + ".reg")
    number = 2
    while path in taken:
        path = folder.joinpath(*clean[:-1], f"{clean[-1]}-{number}.reg")
        number += 1
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TuiviewError(f"{path.parent} cannot be made: {error.strerror or error}") from error
    return path


def read_marks(path: Path) -> Iterator[GivenMark]:
    """The points, and the middles of other regions, of a DS9 file as marks.

    Where one was moved in DS9, the new position counts. A file that tuiview did not write belongs
    to the image that its `Filename:` remark or its own name says.

    Raises:
        UnreadableError: It cannot be read.
    """
    text = read_text(path)
    told = _FILE_NAME.search(text)
    image = told[1].strip() if told else path.name.removesuffix(".reg")
    for region in parse(text)[0]:
        yield _mark(region, image)


def _mark(region: Region, image: str) -> GivenMark:
    own = next((tag for tag in region.tags if tag.startswith(_OWN)), "")
    said = dict(
        parse_qsl(own.removeprefix(_OWN), keep_blank_values=True, errors="surrogateescape")
    )  # fmt: skip
    groups = [tag for tag in region.tags if not tag.startswith(_OWN)]
    first, second = region.points[0]
    was = {name: _number(said.get(name, "")) for name in ("x", "y", "ra", "dec")}
    x, y, ra, dec = was["x"], was["y"], was["ra"], was["dec"]
    if region.system == "image":
        if (x, y) != (first, second):
            x, y, ra, dec = first, second, None, None
    else:
        from tuiview.exchange.catalogue import to_icrs

        if region.system != "icrs":
            import numpy as np

            lon, lat = to_icrs(np.array([first]), np.array([second]), region.system)
            first, second = float(lon[0]), float(lat[0])
        if (ra, dec) != (first, second):
            x, y, ra, dec = None, None, first, second
    return GivenMark(
        image=said.get("image", image),
        frame=said.get("frame", ""),
        group=said.get("group", groups[0] if groups else ""),
        label=said.get("label", region.text),
        x=x,
        y=y,
        ra=ra,
        dec=dec,
        uuid=said.get("uuid", ""),
        reviewer=said.get("reviewer", ""),
        made=said.get("made", ""),
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
