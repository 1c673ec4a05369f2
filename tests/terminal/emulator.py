"""A terminal that tests can look at: text by pyte, pictures as pixels, answers as real ones give.

It imitates what tuiview meets of kitty, xterm with sixel, iTerm2 and terminals without graphics:
their answers to questions, the cells they show, and the pictures that lie on these cells.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import numpy as np
import pyte
from cells import Cells
from decoders import decode_iterm2
from kitty_screen import KittyScreen
from numpy.typing import NDArray
from PIL import Image
from sixels import read_sixel

ESC = 0x1B

_CSI = re.compile(rb"\x1b\[([<=>?]?)([0-9:;]*)([ -/]*)([@-~])")
_SHORT = re.compile(rb"\x1b[ -/]*[0-~]")
_STRINGS = {ord("P"): "dcs", ord("_"): "apc", ord("]"): "osc", ord("^"): "pm", ord("X"): "sos"}
_CHUNK_END = re.compile(rb"\x1b\\|\x07")

# Sequences that pyte understands as real terminals do; everything else is kept from it.
_FOR_PYTE = frozenset(b"@ABCDEFGHJKLMPX`adefglmr")

_PLACEHOLDER_BYTES = "\U0010eeee".encode()


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of output: text, a control sequence, or a string with its payload."""

    kind: str
    data: bytes


class Tokens:
    """Takes output apart, over any splitting of it."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[Token]:
        """Take output; return the tokens that are complete."""
        held = self._held
        held += data
        tokens: list[Token] = []
        at = 0
        while at < len(held):
            start = held.find(ESC, at)
            if start < 0:
                tokens.append(Token("text", bytes(held[at:])))
                at = len(held)
                break
            if start > at:
                tokens.append(Token("text", bytes(held[at:start])))
            at = start
            token = self._sequence(start)
            if token is None:
                break
            tokens.append(token)
            at = start + len(token.data)
            self._searched = 0
        del held[:at]
        return tokens

    def _sequence(self, start: int) -> Token | None:
        held = self._held
        if len(held) < start + 2:
            return None
        kind = _STRINGS.get(held[start + 1])
        if kind is not None:
            # A long payload comes in many reads: search only what is new of it.
            end = _CHUNK_END.search(held, start + max(2, self._searched - 1))
            while end and end.group() == b"\x07" and kind != "osc":
                end = _CHUNK_END.search(held, end.end())
            if end is None:
                self._searched = len(held) - start
                return None
            return Token(kind, bytes(held[start : end.end()]))
        pattern = _CSI if held[start + 1] == ord("[") else _SHORT
        found = pattern.match(held, start)
        if found:
            return Token("csi" if pattern is _CSI else "esc", found.group())
        # Real terminals give up on a sequence that cannot be one; so long ones are text.
        return Token("text", bytes(held[start : start + 1])) if len(held) > start + 64 else None


@dataclass(frozen=True, slots=True)
class Painted:
    """A sixel or iTerm2 picture as it arrived."""

    clock: int
    row: int
    column: int
    data: bytes


KINDS = ("kitty", "sixel", "iterm2", "none", "silent")
_VERSIONS = {"kitty": "kitty(0.41.0)", "sixel": "XTerm(379)", "iterm2": "iTerm2 3.5.4"}
_ATTRIBUTES = {
    "kitty": "?62;c",
    "sixel": "?63;1;2;4;6;9;15;16;22;28c",
    "iterm2": "?62;4c",
    "none": "?1;2c",
}


class Emulator:
    """What the terminal shows and says.

    Args:
        kind: One of `KINDS`.
        size: `(columns, rows)`.
        cell: `(width, height)` of a cell in pixels.
    """

    def __init__(self, kind: str, size: tuple[int, int], cell: tuple[int, int]) -> None:
        if kind not in KINDS:
            raise ValueError(f"{kind} is none of {KINDS}")
        self.kind = kind
        self.cell = cell
        self.cells = Cells(*size)
        self.modes: dict[str, bool] = {}
        self.keyboard: list[str] = []
        self.copied: list[bytes] = []
        self.painted: list[Painted] = []
        self.kitty = KittyScreen()
        self.questions: list[bytes] = []
        self.changes = 0
        """Counts whole pictures, switches between pictures and placeholders drawn."""
        self._kitty_commands: list[tuple[int, int, bytes]] = []
        self._held_images: set[str] = set()
        self._parts = b""
        self._images: dict[Painted, NDArray[np.uint8]] = {}
        self._canvas: tuple[object, NDArray[np.uint8], NDArray[np.bool_]] | None = None
        self._stream = pyte.Stream(self.cells)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._tokens = Tokens()

    # --- output ---------------------------------------------------------------------------

    def feed(self, data: bytes) -> list[bytes]:
        """Take output of the program; return the answers that it asked for."""
        answers: list[bytes] = []
        for token in self._tokens.feed(data):
            answer = getattr(self, f"_on_{token.kind}")(token.data)
            if answer:
                self.questions.append(token.data)
                if self.kind != "silent":
                    answers.append(answer)
        return answers

    def resize(self, size: tuple[int, int], cell: tuple[int, int]) -> None:
        """The window has another size now."""
        self.cell = cell
        self.cells.resize(size[1], size[0])

    def _on_text(self, data: bytes) -> None:
        self.changes += _PLACEHOLDER_BYTES in data
        self._stream.feed(self._decode(data))

    def _on_esc(self, data: bytes) -> None:
        if data in (b"\x1b7", b"\x1b8", b"\x1bD", b"\x1bM", b"\x1bE"):
            self._stream.feed(data.decode())
        elif data == b"\x1bc":
            self.cells.reset()
            self.modes.clear()

    def _on_csi(self, data: bytes) -> bytes | None:
        found = _CSI.fullmatch(data)
        assert found is not None
        private, parameters, between, final = (part.decode() for part in found.groups())
        if final in "hl" and private == "?" and not between:
            for mode in parameters.split(";"):
                self.modes[mode] = final == "h"
            if "1049" in parameters.split(";"):
                self.cells.erase_in_display(2)
            return None
        if final == "u" and private in (">", "<"):
            self.keyboard = [*self.keyboard, parameters] if private == ">" else self.keyboard[:-1]
            return None
        if final == "b" and not private:
            self.cells.repeat(int(parameters or 1))
            return None
        answer = self._answer(private + parameters + between + final)
        if answer is None and not private and not between and ord(final) in _FOR_PYTE:
            self._stream.feed(data.decode().replace(":", ";"))
        return answer

    def _on_osc(self, data: bytes) -> bytes | None:
        body = re.sub(rb"(?:\x07|\x1b\\)\Z", b"", data[2:])
        if body.startswith(b"52;"):
            self.copied.append(body.split(b";", 2)[2])
        elif body.startswith(b"1337;File=") and self.kind == "iterm2":
            self._paint(data)
        elif body.startswith((b"1337;MultipartFile=", b"1337;FilePart=", b"1337;FileEnd")):
            self._parts = data if body.startswith(b"1337;M") else self._parts + data
            if body.startswith(b"1337;FileEnd") and self.kind == "iterm2":
                self._paint(self._parts)
        return None

    def _on_dcs(self, data: bytes) -> bytes | None:
        if re.match(rb"\x1bP[0-9;]*q", data) and self.kind in ("sixel", "iterm2"):
            self._paint(data)
        return None

    def _on_apc(self, data: bytes) -> bytes | None:
        if self.kind != "kitty" or not data.startswith(b"\x1b_G"):
            return None
        control = data[3:-2].split(b";")[0].decode()
        keys = dict(pair.split("=", 1) for pair in control.split(",") if "=" in pair)
        number, quiet = keys.get("i", ""), keys.get("q", "0")
        if keys.get("a") == "q":
            return f"\x1b_Gi={number};OK\x1b\\".encode()
        cursor = self.cells.cursor
        self._kitty_commands.append((cursor.y, cursor.x, data))
        self.changes += keys.get("m") != "1"
        if keys.get("a") == "d":
            self._held_images.discard(number)
            return None
        if number and keys.get("a", "t") in "tT":
            self._held_images.add(number)
        if number and number not in self._held_images and quiet != "2":
            return f"\x1b_Gi={number};ENOENT:no such image\x1b\\".encode()
        edits = keys.get("a") == "f" and keys.get("m") != "1"
        if number and edits and self.kitty.cache_full and quiet != "2":
            frame = keys.get("r", "2")
            return f"\x1b_Gi={number},r={frame};EINVAL:No data of that frame\x1b\\".encode()
        if number and quiet == "0" and keys.get("m") != "1":
            return f"\x1b_Gi={number};OK\x1b\\".encode()
        return None

    def forget_images(self) -> None:
        """Lose everything that was sent, as a terminal does that was attached anew."""
        self._run_kitty_commands()
        self.kitty = KittyScreen()
        self._held_images.clear()
        self.painted.clear()
        self.changes += 1

    def fill_cache(self) -> None:
        """Be a kitty whose cache file cannot grow: it shows images, and cannot edit them."""
        self._run_kitty_commands()
        self.kitty.cache_full = True

    def _on_pm(self, data: bytes) -> None:
        pass

    def _on_sos(self, data: bytes) -> None:
        pass

    def _paint(self, data: bytes) -> None:
        self.cells.clock += 1
        cursor = self.cells.cursor
        self.changes += 1
        self.painted.append(Painted(self.cells.clock, cursor.y, cursor.x, data))

    # --- answers --------------------------------------------------------------------------

    def _answer(self, question: str) -> bytes | None:
        rows, columns = self.cells.lines, self.cells.columns
        width, height = self.cell
        graphic = self.kind != "none"
        if question in ("c", "0c"):
            return f"\x1b[{_ATTRIBUTES.get(self.kind, '?1;2c')}".encode()
        if question == "6n":
            cursor = self.cells.cursor
            return f"\x1b[{cursor.y + 1};{min(cursor.x, columns - 1) + 1}R".encode()
        if question == "5n":
            return b"\x1b[0n"
        if question in (">q", ">0q") and self.kind in (*_VERSIONS, "silent"):
            return f"\x1bP>|{_VERSIONS.get(self.kind, '')}\x1b\\".encode()
        if question == "14t" and graphic:
            return f"\x1b[4;{rows * height};{columns * width}t".encode()
        if question == "16t" and graphic:
            return f"\x1b[6;{height};{width}t".encode()
        if question == "18t":
            return f"\x1b[8;{rows};{columns}t".encode()
        if question.startswith("?") and question.endswith("S") and self.kind == "sixel":
            item = question[1:].split(";")[0]
            return b"\x1b[?1;0;256S" if item == "1" else b"\x1b[?2;0;2000;2000S"
        if (found := re.fullmatch(r"\?(\d+)\$p", question)) and graphic:
            known = found[1] in ("2026", "2004", "1004") and self.kind != "sixel"
            state = (1 if self.modes.get(found[1]) else 2) if known else 0
            return f"\x1b[?{found[1]};{state}$y".encode()
        if question == "?u" and self.kind in ("kitty", "iterm2", "silent"):
            return b"\x1b[?0u"
        return None

    # --- pictures -------------------------------------------------------------------------

    def canvas(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The pictures on the screen.

        Returns:
            Pixels `(rows * cell height, columns * cell width, 3)`, black where no picture is, and
            a mask `(rows, columns)` of the cells that show one.
        """
        state = (self.cells.clock, self.changes, self.cell)
        if self._canvas is None or self._canvas[0] != state:
            self._canvas = (state, *self._composed())
        return self._canvas[1], self._canvas[2]

    def _composed(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        width, height = self.cell
        rows, columns = self.cells.lines, self.cells.columns
        pixels = np.zeros((rows * height, columns * width, 3), np.uint8)
        mask = np.zeros((rows, columns), bool)
        for painted in reversed(self.painted):
            if not mask[painted.row, painted.column]:
                image = self._decoded(painted)
                self._lay(image, painted.row, painted.column, painted.clock, pixels, mask)
        self._run_kitty_commands()
        for placed in self.kitty.placements:
            size = (placed.columns * width, placed.rows * height)
            image = _resized(self.kitty.picture(placed.image_id), size)
            self._lay(image, placed.row, placed.column, 1 << 60, pixels, mask)
        self._show_placeholders(pixels, mask)
        return pixels, mask

    def _decoded(self, painted: Painted) -> NDArray[np.uint8]:
        if painted not in self._images:
            self._images = {p: i for p, i in self._images.items() if p in self.painted[-40:]}
            self._images[painted] = self._decode_painted(painted)
        return self._images[painted]

    def _decode_painted(self, painted: Painted) -> NDArray[np.uint8]:
        if painted.data.startswith(b"\x1bP"):
            return read_sixel(painted.data)
        image, arguments = decode_iterm2(painted.data)
        size = []
        for key, cell, native in zip(
            ("width", "height"), self.cell, image.shape[1::-1], strict=True
        ):
            value = arguments.get(key, "auto")
            pixels = int(value[:-2]) if value.endswith("px") else 0
            size.append(pixels or (int(value) * cell if value.isdigit() else native))
        return _resized(image, (size[0], size[1]))

    def _lay(
        self,
        image: NDArray[np.uint8],
        top: int,
        left: int,
        clock: int,
        pixels: NDArray[np.uint8],
        mask: NDArray[np.bool_],
    ) -> None:
        """Lay an image on cells that show none yet and were not written since it came."""
        width, height = self.cell
        rows = min(-(-image.shape[0] // height), mask.shape[0] - top)
        columns = min(-(-image.shape[1] // width), mask.shape[1] - left)
        here = np.s_[top : top + rows, left : left + columns]
        seen = ~mask[here] & (self.cells.written[here] <= clock)
        mask[here] |= seen
        fine = np.repeat(np.repeat(seen, height, axis=0), width, axis=1)
        fine = fine[: image.shape[0], : image.shape[1]]
        image = image[: fine.shape[0], : fine.shape[1]]
        part = pixels[top * height :, left * width :][: fine.shape[0], : fine.shape[1]]
        part[fine] = image[fine]

    def _run_kitty_commands(self) -> None:
        for row, column, command in self._kitty_commands:
            self.kitty.cursor.row, self.kitty.cursor.column = row, column
            loading = self.kitty._loading
            between = loading is not None and re.search(rb"[G,]a=[pd]", command.split(b";")[0])
            if between:
                # kitty does what it is told; the protocol asks for whole transfers all the same.
                self.kitty.errors.append(f"{command[:60]!r} within a transfer in chunks")
                self.kitty._loading = None
            try:
                self.kitty.feed(command)
            except (OSError, ValueError, KeyError) as error:
                # A last chunk without data gives a transfer up: nothing is shown of it.
                if not re.fullmatch(rb"\x1b_Gm=0[^;]*;?\x1b\\", command):
                    self.kitty.errors.append(f"{command[:60]!r}: {error}")
            if between:
                self.kitty._loading = loading
        self._kitty_commands.clear()

    def _show_placeholders(self, pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> None:
        width, height = self.cell
        cells = self.cells
        scaled: dict[int, NDArray[np.uint8]] = {}
        for row, column in np.argwhere(cells.image >= 0):
            number = int(cells.image[row, column])
            image = self.kitty.images.get(number)
            if image is None or image.virtual is None:
                continue
            if number not in scaled:
                size = (image.virtual[0] * width, image.virtual[1] * height)
                scaled[number] = _resized(self.kitty.picture(number), size)
            top = int(cells.image_row[row, column]) * height
            left = int(cells.image_column[row, column]) * width
            part = scaled[number][top : top + height, left : left + width]
            if part.shape[:2] == (height, width):
                pixels[row * height :, column * width :][:height, :width] = part
                mask[row, column] = True


def _resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if image.shape[1::-1] == size:
        return image
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.NEAREST))
