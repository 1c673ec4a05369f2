"""A session in words: the parts of the status line, the rows of the metadata table, badges."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style

from tuiview.collection.base import Filed
from tuiview.review.model import Decision, ItemState, What
from tuiview.source import ArraySource, BlobSource, CompositeSource, FileSource, MissingSource
from tuiview.ui.widgets.item_tree import Badges
from tuiview.ui.widgets.metadata_table import Row
from tuiview.ui.widgets.place_bar import Place
from tuiview.ui.widgets.status_line import Part

if TYPE_CHECKING:
    from tuiview.collection.base import Item
    from tuiview.loading.request import Failed, ImageInfo
    from tuiview.session.examining import Examined
    from tuiview.session.marking import ReadOut
    from tuiview.session.session import Session
    from tuiview.session.veil import Veil
    from tuiview.settings import Category

_PLAIN = Style()
_BOLD = Style(bold=True)
_DIM = Style(dim=True)
_GOOD = Style(color="green")
_WARN = Style(color="yellow", bold=True)
_BAD = Style(color="white", bgcolor="red", bold=True)
_MAX_VALUE = 400


def badges(state: ItemState | None, categories: tuple[Category, ...]) -> Badges | None:
    """What stands before an item's name in the tree: categories by key, flags; None if unknown."""
    if state is None:
        return None
    signs: list[tuple[str, str]] = []
    for number, category in enumerate(categories[:9], 1):
        if category.name in state.categories:
            signs.append((str(number), category.color))
    known = {c.name for c in categories[:9]}
    if state.categories - known:
        signs.append(("+", ""))
    if state.favourite:
        signs.append(("★", "#ffd75f"))
    if state.unsure:
        signs.append(("?", "#ffaf5f"))
    if state.note:
        signs.append(("✎", "#87afff"))
    if state.marks:
        signs.append(("⊙", "#87d787"))
    if not signs:
        return (("✓ ", "#808080"),) if state.decided else ()
    return (*signs, (" ", ""))


def place(session: Session) -> Place:
    """Where one is in the view, how much of it is reviewed, of how many files it is."""
    collection, view = session.collection, session.view
    reviewed = session.store.reviewed_count
    if session.seeking.choice.repeats:
        reviewed += session.store.counts().get("repeated-decided", 0)
    words = [f"{reviewed:,} reviewed"]
    if isinstance(collection, Filed) and collection.unique_files is not None:
        files = collection.unique_files
        words.append(f"{files:,} file{'s' if files != 1 else ''}")
    if collection.skipped:
        words.append(f"{collection.skipped:,} left out")
    share = reviewed if view.whole and collection.complete else None
    return Place(session.position, session.count, share, " · ".join(words))


def status_left(session: Session) -> list[Part]:
    """Where one is and what is said of the item."""
    item, state = session.item, session.state
    count = f"{session.count:,}" + ("" if session.collection.complete else "+")
    if progress := session.finding.progress or session.seeking.progress:
        return [(f" {progress} … (escape stops it)", _DIM)]
    if not session.count:
        return [(f"no items yet{'' if session.collection.complete else ' …'}", _DIM)]
    if session.finding.resuming:
        return [(f" {count} items, finding where you left off …", _DIM)]
    parts: list[Part] = [(f" {session.position + 1:,}/{count}", _BOLD)]
    parts.append((item.name if item is not None else "…", _PLAIN))
    if item is not None and session.settings.tell_repeats and item.key != item.own_key:
        parts.append(("repeat", _WARN))
    if file := _file_within(item, session):
        parts.append((file, _DIM))
    if state is None:
        parts.append(("…", _DIM))
        return parts
    colors = {c.name: (n, c.color) for n, c in enumerate(session.settings.categories, 1)}
    for name in sorted(state.categories, key=lambda n: colors.get(n, (99, ""))):
        _, color = colors.get(name, (0, "#bcbcbc"))
        parts.append((f" {name} ", Style(color="black", bgcolor=color)))
    if state.favourite:
        parts.append(("★ favourite", Style(color="#ffd75f")))
    if state.unsure:
        parts.append(("? unsure", Style(color="#ffaf5f")))
    if state.note:
        parts.append(("✎ note", Style(color="#87afff")))
    if state.marks:
        parts.append((f"⊙ {len(state.marks)}", Style(color="#87d787")))
    return parts


def _file_within(item: Item | None, session: Session) -> str:
    """The name of the file that an item is in, where that is not what is reviewed."""
    source = item.source if item is not None else None
    if not isinstance(source, BlobSource | ArraySource) or source.origin is None:
        return ""
    if session.veil is not None and session.veil.names:
        return ""
    name = source.origin.name
    return f"in {name}" if name not in (session.collection.root.name, "") else ""


def read_out_words(session: Session, read_out: ReadOut) -> str:
    """Position, value and sky coordinates under the crosshair."""
    x, y = read_out.x, read_out.y
    words = f"{session.coordinates.pixel(x, y)} = {read_out.value}"
    wcs = session.viewer.info.wcs if session.viewer.info is not None else None
    if wcs is None or not session.coordinates.on_sky:
        return words
    return f"{words}  {session.coordinates.sky(wcs, x, y)}"


def status_right(session: Session, read_out: str = "") -> list[Part]:
    """How the item is shown, how long it took, whether everything is saved.

    While there is a crosshair, what is under it takes the place of how the item is shown.
    """
    parts: list[Part] = [(read_out, _BOLD)] if read_out else []
    if session.veil is not None:
        parts.append(("blind", _BOLD))
    if session.auto_advance:
        parts.append(("auto", _BOLD))
    if session.look.locked:
        parts.append(("locked", _WARN))
    shown = session.viewer.shown
    if shown is not None:
        if len(shown.info.frames) > 1:
            names = list(shown.info.frames)
            parts.append((f"{shown.info.frame} {names.index(shown.info.frame) + 1}/{len(names)}",
                          _BOLD))  # fmt: skip
        told = shown.limits is not None or session.look.current.composition is not None
        if told and not read_out:
            parts.append((session.look.describe(), _PLAIN))
        if shown.remark:
            parts.append((shown.remark, _WARN))
        if shown.preview:
            parts.append(("preview", _WARN))
        if progress := session.viewer.progress:
            parts.append((f"{progress.what}, {progress.seconds:.1f} s", _WARN))
        parts.append((f"{shown.load_seconds * 1000:.0f} ms", _DIM))
    parts.append(saved_part(session))
    return parts


def failure_words(session: Session, failed: Failed) -> tuple[str, str]:
    """Why there is no picture, and what to do about it."""
    item, veil = failed.request.item, session.veil
    if veil is None:
        return failed.message, failed.hint
    return veil.reason(failed.message, item), veil.reason(failed.hint, item)


def saved_part(session: Session) -> Part:
    """Whether every decision is durable."""
    status = session.store.status
    pending = status.pending + session.decisions.waiting
    if status.error:
        return (f"{pending} NOT SAVED", _BAD)
    return (f"saving {pending}", _WARN) if pending else ("saved", _GOOD)


def metadata_rows(
    item: Item, info: ImageInfo | None, more: Mapping[str, object], veil: Veil | None = None
) -> list[Row]:
    """Everything that is known of an item: itself, its row, its file, its frame's header.

    What a veil hides is left out.
    """
    hidden = veil is not None and veil.names
    rows: list[Row] = [("Item", "", ""), ("key", "hidden" if hidden else item.own_key, "")]
    source = item.source
    attributes = source.attributes if isinstance(source, ArraySource) else {}
    attributes = attributes if attributes != more else {}
    if veil is not None:
        info = veil.left_of(info, item)
        more, attributes = veil.left(more, item), veil.left(attributes, item)
    if hidden:
        pass
    elif isinstance(source, FileSource):
        rows.append(("file", str(source.path), ""))
    elif isinstance(source, BlobSource | ArraySource) and source.origin is not None:
        rows.append(("file", str(source.origin), ""))
    elif isinstance(source, MissingSource):
        rows.append(("missing", source.message, ""))
    elif isinstance(source, CompositeSource):
        for label, part in source.parts:
            words = str(part.path) if isinstance(part, FileSource) else part.message
            rows.append((label, words, ""))
    rows += _section("Row", item.facts)
    rows += _section("Metadata", more)
    rows += _section("Attributes", attributes)
    if info is None:
        return rows
    ny, nx = info.shape
    color = " x 3" if info.channels == 3 else ""
    rows += [
        ("Image", "", ""),
        ("type", info.kind, ""),
        ("frame", info.frame, f"{list(info.frames).index(info.frame) + 1} of {len(info.frames)}"),
        ("shape", f"{nx} x {ny}{color}", "width x height"),
        ("dtype", info.dtype, ""),
    ]
    if info.unit:
        rows.append(("unit", info.unit, "BUNIT"))
    for key, value in info.facts.items():
        if key == "size" and isinstance(value, int):
            rows.append((key, f"{value:,}", "bytes"))
        elif ("file", _text(value), "") not in rows:
            rows.append((key, _text(value), ""))
    rows += [("left out", words, "") for words in info.skipped]
    rows += [row for row in wcs_rows(info) if not hidden or row[0] != "centre"]
    if info.cards:
        rows.append((f"Header ({len(info.cards)})", "", ""))
        rows += [(card.key, _text(card.value) or '""', card.comment) for card in info.cards]
    return rows


def measured_rows(examined: Examined, width: int) -> list[Row]:
    """A measurement's result in lines that fit; columns that are lined up stay as they are."""
    name = examined.name[:1].upper() + examined.name[1:]
    rows: list[Row] = [(name, "", "")]
    aligned = width < 20 or any(line.startswith(" ") for line in examined.lines)
    for line in examined.lines:
        wrapped = [line] if aligned else textwrap.wrap(line, width, subsequent_indent="  ")
        rows += [(part, "", "") for part in wrapped]
    return rows


def result_words(examined: Examined, room: int) -> str:
    """A measurement's result as it is said in passing; beside a plot, what one row holds of it.

    More would lie over the plot's axis.
    """
    if examined.plot is None:
        return "\n".join(examined.lines)
    words = ""
    for line in examined.lines:
        longer = f"{words}  {line}" if words else line
        if cell_len(longer) > room:
            break
        words = longer
    return words or f"{examined.lines[0][: room - 1]}…"


def decision_words(decision: Decision) -> str:
    """A decision in a few words, as it stands after it: `spiral off`."""
    match decision.what:
        case What.CATEGORY:
            return f"{decision.name} {'on' if decision.new else 'off'}"
        case What.FAVOURITE | What.UNSURE:
            return f"{decision.what} {'on' if decision.new else 'off'}"
        case What.NOTE:
            text = str(decision.new)
            return f"note '{text[:20]}{'…' if len(text) > 20 else ''}'" if text else "no note"
        case _:
            return decision.what.replace("-", " ")


def wcs_rows(info: ImageInfo) -> list[Row]:
    """World coordinates in short: axes, centre and pixel scale; nothing where there are none."""
    if info.wcs is None:
        return []
    from tuiview.imaging.wcs import pixel_scale, position_text, sky

    ny, nx = info.shape
    x, y = (nx - 1) / 2, (ny - 1) / 2
    lon, lat = position_text(*sky(info.wcs, x, y))
    return [
        ("World coordinates", "", ""),
        ("axes", ", ".join(map(str, info.wcs.wcs.ctype)), "CTYPE"),
        ("centre", f"{lon} {lat}", "ICRS"),
        ("scale", f"{pixel_scale(info.wcs, x, y):.4g}", "arcsec a pixel"),
    ]


def _section(title: str, facts: Mapping[str, object]) -> list[Row]:
    if not facts:
        return []
    return [(title, "", ""), *((str(k), _text(v) or '""', "") for k, v in facts.items())]


def _text(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value):,} bytes"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S %Z}".rstrip()
    text = str(value)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"
