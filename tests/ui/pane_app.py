"""A small application around the image pane, run by the tests on a pseudo-terminal."""

from __future__ import annotations

import math
import sys
from typing import ClassVar

import numpy as np
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tuiview.graphics.encode import encode
from tuiview.graphics.payload import FINE, Area, Payload, Quality
from tuiview.graphics.terminal import detect
from tuiview.picture import Picture
from tuiview.ui.driver import TerminalDriver
from tuiview.ui.widgets import canvas
from tuiview.ui.widgets.image_pane import ImagePane


def shade(number: int) -> int:
    """The gray of picture `number`."""
    return 40 + 30 * (number % 7)


def drawn(number: int, area: Area, noise: bool, cross: int = 0) -> Picture:
    """Picture `number`, white at the top, with a cross of bright lines at pixel `cross` if any."""
    pixels = np.full((area.height, area.width), shade(number), np.uint8)
    if noise:
        rng = np.random.default_rng(abs(number))
        pixels += rng.integers(0, 3, pixels.shape, np.uint8)
        below = pixels[area.height * 3 // 4 :]
        below += rng.integers(0, 30, below.shape, np.uint8)
    pixels[: area.cell_height] = 255
    if cross:
        pixels[cross] = pixels[:, cross] = 204
    gray = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    return Picture(pixels, gray)


class Dialog(ModalScreen[None]):
    CSS = "Dialog { align: center middle; } #d { width: 20; height: 4; background: $surface; }"
    BINDINGS: ClassVar = [("x", "dismiss", "close")]

    def compose(self) -> ComposeResult:
        yield Static("a dialog", id="d")


class Help(Screen[None]):
    BINDINGS: ClassVar = [("x", "dismiss", "close")]

    def compose(self) -> ComposeResult:
        yield Static("all of it is help")


class PaneApp(App[None]):
    CSS = "#left { width: 12; } #status { height: 1; }"
    ALLOW_SELECT = False
    BINDINGS: ClassVar = [
        (key, f"do('{key}')", key)
        for key in ("n", "p", "a", "e", "t", "m", "h", "l", "w", "b", "c", "q", "d", "g", "f")
    ]

    def __init__(self, choice: str, noise: bool) -> None:
        self.terminal = detect(choice)
        super().__init__(driver_class=TerminalDriver)
        self.animation_level = "none"
        self.number, self.noise = 0, noise
        self.cross = 0
        self.painted: list[int] = []
        self.lost = 0
        self.keys = ""
        self.writing: list[bool] = []

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("left", id="left")
            yield ImagePane(self.terminal, id="pane")
        yield Static(id="status", markup=False)

    @property
    def pane(self) -> ImagePane:
        return self.query_one(ImagePane)

    def on_mount(self) -> None:
        self.pane.focus()
        self.pane.writing = self.note_writing

    def note_writing(self, on: bool) -> None:
        self.writing.append(on)
        self.tell()

    def pixels(self, number: int) -> Picture:
        return drawn(number, self.pane.area, self.noise, self.cross)

    def payload(self, number: int, quality: Quality = FINE) -> Payload:
        return encode(self.pixels(number), self.pane.area, self.pane.protocol, quality)

    def show(self, quality: Quality = FINE) -> None:
        name = (self.number, self.cross, quality) if self.cross or quality != FINE else self.number
        self.pane.show(self.payload(self.number, quality), name, self.pixels(self.number))

    def tell(self) -> None:
        painted = self.painted[-1] if self.painted else "nothing"
        writing = "".join("+" if on else "-" for on in self.writing)
        words = f"painted {painted} times {len(self.painted)} lost {self.lost} keys {self.keys}|"
        words = f"{words} writing {writing}|"
        self.query_one("#status", Static).update(words)

    def on_image_pane_resized(self) -> None:
        self.show()

    def on_image_pane_painted(self, message: ImagePane.Painted) -> None:
        self.painted.append(message.name)
        self.tell()

    def on_image_pane_lost(self) -> None:
        self.lost += 1
        self.tell()

    def action_do(self, key: str) -> None:
        self.keys += key
        match key:
            case "n" | "p":
                self.cross = 0
                self.number += 1 if key == "n" else -1
                self.show()
            case "a" | "e":
                wanted = range(self.number + 1, self.number + (4 if key == "a" else 7))
                self.pane.send_ahead([(n, self.payload(n)) for n in wanted])
            case "t":
                self.notify("a notice", timeout=0.6)
            case "m":
                self.push_screen(Dialog())
            case "h":
                self.push_screen(Help())
            case "l":
                left = self.query_one("#left")
                left.display = not left.display
            case "w":
                self.pane.say("cannot be read", "try another")
            case "b":
                with self.suspend():
                    print("elsewhere", flush=True)
                    sys.stdin.readline()
            case "c":
                raise RuntimeError("as if something were wrong")
            case "d":
                self.cross = self.cross + 1 if self.cross else 70
                self.show()
            case "g":
                self.number, self.cross = self.number + 1, 0
                self.show(Quality(levels=2))
            case "f":
                self.show()
            case "q":
                self.exit()

    def on_key(self, event: object) -> None:
        key = getattr(event, "key", "")
        if key not in {binding[0] for binding in self.BINDINGS} and key != "x":
            self.keys += f"<{key}>"
            self.tell()


if __name__ == "__main__":
    for word in sys.argv:
        if word.startswith("mended="):
            # After how long a patched picture is drawn whole, however long that takes.
            canvas._MENDED, canvas._QUICK = float(word.removeprefix("mended=")), math.inf
    app = PaneApp(sys.argv[1], "noise" in sys.argv)
    app.run()
    sys.exit(app.return_code or 0)
