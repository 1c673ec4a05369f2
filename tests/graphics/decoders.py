"""Reference decoders: terminals that look at the pictures in a stream of bytes.

They know the protocols from their descriptions and share no code with the encoders. All are
tolerant: what they do not know is passed over, as in a terminal. Feed them the whole output of a
program, or one sequence.
"""

from __future__ import annotations

import ast
import base64
import importlib.util
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

PLACEHOLDER = "\U0010eeee"

_TMUX = re.compile(rb"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", re.DOTALL)
_PIECE = re.compile(
    rb"\x1bP(?P<dcs>.*?)\x1b\\"
    rb"|\x1b_(?P<apc>.*?)\x1b\\"
    rb"|\x1b\](?P<osc>.*?)(?:\x07|\x1b\\)"
    rb"|\x1b\[(?P<csi>[0-?]*[ -/]*[@-~])"
    rb"|\x1b(?P<esc>[ -/]*[0-OQ-Z\\`-~])"
    rb"|(?P<control>[\x00-\x1a\x1c-\x1f])"
    rb"|(?P<text>[^\x00-\x1f]+)",
    re.DOTALL,
)


def unwrap_tmux(stream: bytes) -> bytes:
    """What reaches the outer terminal of tmux's passthrough sequences; the rest as it is."""
    return _TMUX.sub(lambda found: found[1].replace(b"\x1b\x1b", b"\x1b"), stream)


@dataclass(frozen=True)
class Piece:
    """One control sequence or stretch of text.

    Attributes:
        kind: `dcs`, `apc`, `osc`, `csi`, `esc`, `control` or `text`.
        data: Its content, without introducer and terminator.
        row, column: Where the cursor was before it, 0-based.
    """

    kind: str
    data: bytes
    row: int
    column: int


@dataclass
class Cursor:
    """The cursor as far as it can be known without the terminal's size."""

    row: int = 0
    column: int = 0
    saved: tuple[int, int] = (0, 0)

    def csi(self, data: bytes) -> None:
        if not re.fullmatch(rb"[0-9;]*[A-Za-z`]", data):
            return
        numbers = [int(part or 0) for part in data[:-1].split(b";")]
        first = max(1, numbers[0])
        match data[-1:]:
            case b"H" | b"f":
                self.row = first - 1
                self.column = max(1, numbers[1] if len(numbers) > 1 else 1) - 1
            case b"A":
                self.row = max(0, self.row - first)
            case b"B" | b"e":
                self.row += first
            case b"C" | b"a" | b"b":
                self.column += first
            case b"D":
                self.column = max(0, self.column - first)
            case b"E":
                self.row, self.column = self.row + first, 0
            case b"F":
                self.row, self.column = max(0, self.row - first), 0
            case b"G" | b"`":
                self.column = first - 1
            case b"d":
                self.row = first - 1
            case b"s":
                self.saved = (self.row, self.column)
            case b"u":
                self.row, self.column = self.saved

    def esc(self, data: bytes) -> None:
        if data == b"7":
            self.saved = (self.row, self.column)
        elif data == b"8":
            self.row, self.column = self.saved

    def control(self, data: bytes) -> None:
        if data == b"\r":
            self.column = 0
        elif data in (b"\n", b"\x0b", b"\x0c"):
            self.row += 1
        elif data == b"\b":
            self.column = max(0, self.column - 1)


def pieces(stream: bytes, cursor: Cursor | None = None) -> Iterator[Piece]:
    """Take a stream of output apart; tmux's passthrough is unwrapped first."""
    cursor = cursor or Cursor()
    stream = unwrap_tmux(stream)
    at = 0
    while at < len(stream):
        found = _PIECE.match(stream, at)
        if found is None:
            at += 1
            continue
        at = found.end()
        kind = str(found.lastgroup)
        data = found[kind]
        yield Piece(kind, data, cursor.row, cursor.column)
        match kind:
            case "csi":
                cursor.csi(data)
            case "esc":
                cursor.esc(data)
            case "control":
                cursor.control(data)
            case "text":
                cursor.column += sum(map(_is_base, data.decode("utf-8", "replace")))


def _is_base(character: str) -> bool:
    return character not in _DIACRITICS


# Sixel

_SIXEL_TOKEN = re.compile(
    rb'"(?P<raster>[0-9;]*)|#(?P<color>[0-9;]*)|!(?P<count>[0-9]+)(?P<sixel>[?-~])'
    rb"|(?P<sixels>[?-~]+)|(?P<control>[$-])"
)
_SIXEL_HEAD = re.compile(rb"[0-9;]*q")


def decode_sixel(data: bytes, background: tuple[int, int, int] = (0, 0, 0)) -> Pixels:
    """The first sixel picture in a stream as `(h, w, 3)`; what it does not paint is `background`.

    The size is that of the raster attributes, enlarged by what is drawn outside of them.
    """
    for piece in pieces(data):
        if piece.kind == "dcs" and _SIXEL_HEAD.match(piece.data):
            return _draw_sixel(piece.data, background)
    raise ValueError("no sixel picture")


def sixel_pictures(stream: bytes) -> list[tuple[int, int, Pixels]]:
    """All sixel pictures of a stream: row and column of the cursor, 0-based, and the pixels."""
    return [
        (piece.row, piece.column, _draw_sixel(piece.data, (0, 0, 0)))
        for piece in pieces(stream)
        if piece.kind == "dcs" and _SIXEL_HEAD.match(piece.data)
    ]


def _draw_sixel(data: bytes, background: tuple[int, int, int]) -> Pixels:
    body = data[_SIXEL_HEAD.match(data).end() :]  # type: ignore[union-attr]
    raster = re.match(rb'"\d+;\d+;(\d+);(\d+)', body)
    width, height = (int(raster[1]), int(raster[2])) if raster else (0, 0)
    registers: dict[int, tuple[int, int, int]] = {}
    canvas = np.empty((max(6, height + 5), max(1, width), 3), np.uint8)
    canvas[:] = background
    x = y = right = bottom = 0
    color = (0, 0, 0)
    bits = np.arange(6)[:, None]
    for token in _SIXEL_TOKEN.finditer(body):
        match token.lastgroup:
            case "color":
                number, *values = (int(part) for part in token["color"].split(b";"))
                if values:
                    assert values[0] == 2, "only RGB palettes are understood"
                    registers[number] = tuple(round(v * 255 / 100) for v in values[1:])  # type: ignore[assignment]
                else:
                    color = registers[number]
            case "control":
                x = 0
                y += 6 * (token["control"] == b"-")
            case "sixel" | "sixels":
                text = token["sixels"] or token["sixel"] * int(token["count"])
                sixels = np.frombuffer(text, np.uint8) - 63
                grow_down = max(0, y + 6 - canvas.shape[0])
                grow_right = max(0, x + len(sixels) - canvas.shape[1])
                if grow_down or grow_right:
                    larger = np.empty(
                        (canvas.shape[0] + grow_down, canvas.shape[1] + grow_right, 3), np.uint8
                    )
                    larger[:] = background
                    larger[: canvas.shape[0], : canvas.shape[1]] = canvas
                    canvas = larger
                drawn = sixels >> bits & 1 == 1
                canvas[y : y + 6, x : x + len(sixels)][drawn] = color
                x += len(sixels)
                if drawn.any():
                    right = max(right, x)
                    bottom = max(bottom, y + 1 + int(np.flatnonzero(drawn.any(axis=1)).max()))
    return canvas[: max(height, bottom), : max(width, right)]


# iTerm2


def decode_iterm2(data: bytes) -> tuple[Pixels, dict[str, str]]:
    """The first iTerm2 picture in a stream as `(h, w, 3)`, and its arguments."""
    return next((pixels, arguments) for _, _, pixels, arguments in iterm2_pictures(data))


def iterm2_pictures(stream: bytes) -> Iterator[tuple[int, int, Pixels, dict[str, str]]]:
    """All iTerm2 pictures, whole or in parts: row and column, pixels, arguments."""
    parts: list[bytes] | None = None
    arguments: dict[str, str] = {}
    for piece in pieces(stream):
        if piece.kind != "osc" or not piece.data.startswith(b"1337;"):
            continue
        name, _, value = piece.data[5:].partition(b"=")
        if name in (b"File", b"MultipartFile"):
            listed, _, content = value.partition(b":")
            arguments = dict(
                pair.split("=", 1) for pair in listed.decode().split(";") if "=" in pair
            )
            parts = [content]
        elif name == b"FilePart" and parts is not None:
            parts.append(value)
        if name in (b"File", b"FileEnd") and parts is not None:
            file = b"".join(base64.b64decode(part, validate=True) for part in parts)
            assert int(arguments.get("size", len(file))) == len(file)
            yield piece.row, piece.column, _open(file), arguments
            parts = None


def _open(file: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))


# kitty


def _diacritics() -> dict[str, int]:
    """The table of row and column diacritics, read from textual-image without running it."""
    spec = importlib.util.find_spec("textual_image")
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse((Path(spec.origin).parent / "renderable" / "tgp.py").read_text())
    table = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "_NUMBER_TO_DIACRITIC"
    )
    return {chr(code): number for number, code in enumerate(table)}


_DIACRITICS = _diacritics()


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
    """

    images: dict[int, KittyImage] = field(default_factory=dict)
    cells: dict[tuple[int, int], PlaceholderCell] = field(default_factory=dict)
    placements: list[DirectPlacement] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
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
            if character in _DIACRITICS:
                marks.append(_DIACRITICS[character])
                continue
            if base:
                self._cell(base, marks, row, column)
                column += 1
            base, marks = character, []
        bases = [character for character in text if character not in _DIACRITICS]
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
            if set(keys) - {"m", "q"} - ({"a"} if keys.get("a") == "f" else set()):
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
        problem = self._execute(first, parts, piece)
        if problem:
            self.errors.append(problem)
        quiet = int(first.get("q", "0"))
        if "i" in first and (quiet == 0 or (problem and quiet == 1)):
            self.answers.append(f"\x1b_Gi={first['i']};{problem or 'OK'}\x1b\\")

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
        return _open(data)
    channels = 3 if keys.get("f") == "24" else 4
    shape = (int(keys["v"]), int(keys["s"]), channels)
    return np.frombuffer(data, np.uint8).reshape(shape)[..., :3].copy()


def _stretch(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST))
