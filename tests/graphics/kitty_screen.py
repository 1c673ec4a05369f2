"""A reference decoder of kitty's graphics protocol: a terminal that places pictures in cells.

It knows the protocol from its description and shares no code with the encoder.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field

import numpy as np
from decoders import DIACRITICS, Cursor, Piece, Pixels, opened, pieces
from PIL import Image

PLACEHOLDER = "\U0010eeee"
_UNREADABLE = "EINVAL:No data associated with frame number: 1"


@dataclass
class KittyImage:
    """An image in the terminal: its frames, and which one is shown (1-based)."""

    frames: list[Pixels]
    current: int = 1
    virtual: tuple[int, int] | None = None
    """Columns and rows of its virtual placement."""


@dataclass(frozen=True)
class DirectPlacement:
    image_id: int
    row: int
    column: int
    columns: int
    rows: int
    z: int = 0


@dataclass(frozen=True)
class PlaceholderCell:
    image_id: int
    row: int
    column: int


@dataclass
class KittyScreen:
    """A terminal with kitty's graphics protocol.

    Attributes:
        images: By id.
        cells: What the placeholders stand for, by (row, column) of the screen.
        placements: Pictures placed at the cursor.
        answers: What a real terminal would have answered: must stay empty but for queries.
        errors: Breaches of the protocol, in words.
        cache_full: The disk of kitty's cache file is full: images cannot be read back to be edited.
    """

    images: dict[int, KittyImage] = field(default_factory=dict)
    cells: dict[tuple[int, int], PlaceholderCell] = field(default_factory=dict)
    placements: list[DirectPlacement] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    cache_full: bool = False
    cursor: Cursor = field(default_factory=Cursor)
    _loading: tuple[dict[str, str], list[bytes]] | None = None
    _foreground: int = 0
    _last: str = ""

    def feed(self, stream: bytes) -> None:
        """Take in output; sequences must be whole."""
        for piece in pieces(stream, self.cursor):
            match piece.kind:
                case "apc" if piece.data.startswith(b"G"):
                    self._command(piece)
                case "csi" if piece.data[-1:] == b"m":
                    self._color(piece.data[:-1])
                case "csi" if piece.data[-1:] == b"b" and self._last:
                    self._write(self._last * int(piece.data[:-1] or b"1"), piece.row, piece.column)
                case "csi" if piece.data in (b"2J", b"3J"):
                    self.cells.clear()
                    self.placements.clear()
                case "text":
                    self._write(piece.data.decode("utf-8", "replace"), piece.row, piece.column)

    def picture(self, image_id: int) -> Pixels:
        """The frame that an image shows now."""
        image = self.images[image_id]
        return image.frames[image.current - 1]

    def shown(
        self, row: int, column: int, columns: int, rows: int, cell: tuple[int, int]
    ) -> Pixels:
        """What a rectangle of cells of `cell` (width, height) pixels shows; black elsewhere."""
        width, height = cell
        canvas = np.zeros((rows * height, columns * width, 3), np.uint8)
        scaled: dict[int, Pixels] = {}
        for r in range(rows):
            for c in range(columns):
                here = self.cells.get((row + r, column + c))
                image = self.images.get(here.image_id) if here else None
                if here is None or image is None or image.virtual is None:
                    continue
                if here.image_id not in scaled:
                    size = (image.virtual[0] * width, image.virtual[1] * height)
                    scaled[here.image_id] = _stretch(self.picture(here.image_id), size)
                part = scaled[here.image_id][
                    here.row * height : (here.row + 1) * height,
                    here.column * width : (here.column + 1) * width,
                ]
                canvas[r * height : (r + 1) * height, c * width : (c + 1) * width] = part
        for placed in self.placements:
            size = (placed.columns * width, placed.rows * height)
            part = _stretch(self.picture(placed.image_id), size)
            top, left = (placed.row - row) * height, (placed.column - column) * width
            canvas[top : top + size[1], left : left + size[0]] = part
        return canvas

    def _color(self, data: bytes) -> None:
        numbers = [int(part or 0) for part in re.split(rb"[;:]", data)] if data else [0]
        while numbers:
            match numbers:
                case [38, 2, red, green, blue, *rest]:
                    self._foreground = red << 16 | green << 8 | blue
                case [38, 5, number, *rest]:
                    self._foreground = number
                case [48, 2, _, _, _, *rest] | [48, 5, _, *rest]:
                    pass
                case [0 | 39, *rest]:
                    self._foreground = 0
                case [_, *rest]:
                    pass
            numbers = rest

    def _write(self, text: str, row: int, column: int) -> None:
        marks: list[int] = []
        base = ""
        for character in [*text, ""]:
            if character in DIACRITICS:
                marks.append(DIACRITICS[character])
                continue
            if base:
                self._cell(base, marks, row, column)
                column += 1
            base, marks = character, []
        bases = [character for character in text if character not in DIACRITICS]
        self._last = bases[-1] if bases else self._last

    def _cell(self, base: str, marks: list[int], row: int, column: int) -> None:
        if base != PLACEHOLDER:
            self.cells.pop((row, column), None)
            return
        left = self.cells.get((row, column - 1))
        if left is not None and left.image_id & 0xFFFFFF != self._foreground:
            left = None
        match marks:
            case []:
                position = (left.row, left.column + 1) if left else (0, 0)
            case [line]:
                position = (line, left.column + 1 if left and left.row == line else 0)
            case [line, across, *_]:
                position = (line, across)
        high = marks[2] << 24 if len(marks) > 2 else 0
        self.cells[row, column] = PlaceholderCell(self._foreground | high, *position)

    def _command(self, piece: Piece) -> None:
        control, _, payload = piece.data[1:].partition(b";")
        keys = dict(pair.split("=", 1) for pair in control.decode().split(",") if "=" in pair)
        if len(payload) > 4096:
            self.errors.append(f"a chunk of {len(payload)} bytes")
        if self._loading is not None:
            if set(keys) - {"m", "q"} - ({"a", "i", "r"} if keys.get("a") == "f" else set()):
                self.errors.append(f"a continuation with {control!r}")
            first, parts = self._loading
            if (first["a"] == "f") != (keys.get("a") == "f"):
                self.errors.append("a frame's continuation and its beginning differ in a=")
            parts.append(payload)
        else:
            first, parts = keys, [payload]
        if keys.get("m") == "1":
            if len(payload) % 4:
                self.errors.append(f"a chunk of {len(payload)} bytes, not a multiple of 4")
            self._loading = (first, parts)
            return
        self._loading = None
        if first.get("a") == "f":
            # kitty up to 0.48.2 takes the number of the frame from the last chunk.
            first = first | {"r": keys.get("r", "0")}
        problem = self._execute(first, parts, piece)
        if problem and problem != _UNREADABLE:
            self.errors.append(problem)
        quiet = int(keys.get("q", "0"))
        if "i" in keys and (quiet == 0 or (problem and quiet == 1)):
            self.answers.append(f"\x1b_Gi={keys['i']};{problem or 'OK'}\x1b\\")

    def _execute(self, keys: dict[str, str], parts: list[bytes], piece: Piece) -> str:
        action = keys.get("a", "t")
        image_id = int(keys.get("i", "0"))
        match action:
            case "q":
                return ""
            case "d":
                return self._delete(keys, image_id)
            case "t" | "T":
                self.placements = [p for p in self.placements if p.image_id != image_id]
                self.images[image_id] = KittyImage([_pixels(keys, parts)])
                return self._place(keys, image_id, piece) if action == "T" else ""
            case "p":
                return self._place(keys, image_id, piece)
            case "f" | "a" if image_id not in self.images:
                return f"ENOENT: image {image_id}"
            case "f":
                return self._frame(keys, self.images[image_id], _pixels(keys, parts))
            case "a":
                image = self.images[image_id]
                number = int(keys.get("c", "0"))
                if number > len(image.frames):
                    return f"ENOENT: frame {number}"
                image.current = number or image.current
                return ""
        return f"EINVAL: action {action}"

    def _place(self, keys: dict[str, str], image_id: int, piece: Piece) -> str:
        if image_id not in self.images:
            return f"ENOENT: image {image_id}"
        columns, rows = int(keys["c"]), int(keys["r"])
        if keys.get("U") == "1":
            self.images[image_id].virtual = (columns, rows)
            return ""
        z = int(keys.get("z", "0"))
        self.placements.append(DirectPlacement(image_id, piece.row, piece.column, columns, rows, z))
        if keys.get("C") != "1":
            self.cursor.row += rows - 1
            self.cursor.column += columns
        return ""

    def _frame(self, keys: dict[str, str], image: KittyImage, pixels: Pixels) -> str:
        number = int(keys.get("r", "0"))
        if number > len(image.frames):
            return f"ENOENT: frame {number}"
        if number and self.cache_full:
            return _UNREADABLE
        x, y = int(keys.get("x", "0")), int(keys.get("y", "0"))
        height, width = pixels.shape[:2]
        if number:
            target = image.frames[number - 1].copy()
        elif base := int(keys.get("c", "0")):
            target = image.frames[base - 1].copy()
        else:
            target = np.zeros_like(image.frames[0])
        if y + height > target.shape[0] or x + width > target.shape[1]:
            return f"EINVAL: frame data of {width} x {height} at {x},{y}"
        target[y : y + height, x : x + width] = pixels
        if number:
            image.frames[number - 1] = target
        else:
            image.frames.append(target)
        return ""

    def _delete(self, keys: dict[str, str], image_id: int) -> str:
        kind = keys.get("d", "a")
        if kind in "iI":
            self.placements = [p for p in self.placements if p.image_id != image_id]
            if image_id in self.images:
                self.images[image_id].virtual = None
            if kind == "I":
                self.images.pop(image_id, None)
        elif kind in "aA":
            if kind == "A":
                for placed in self.placements:
                    self.images.pop(placed.image_id, None)
            self.placements.clear()
        return ""


def _pixels(keys: dict[str, str], parts: list[bytes]) -> Pixels:
    data = base64.b64decode(b"".join(parts), validate=True)
    if keys.get("f") == "100":
        return opened(data)
    channels = 3 if keys.get("f") == "24" else 4
    shape = (int(keys["v"]), int(keys["s"]), channels)
    return np.frombuffer(data, np.uint8).reshape(shape)[..., :3].copy()


def _stretch(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST))
