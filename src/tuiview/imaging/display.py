"""The display: how a frame is shown. Plain values, hashable, the key of every picture cache."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

INTERVALS = (
    "zscale", "minmax", "99.5%", "99%", "98%", "97%", "96%", "95%", "92.5%", "90%", "visiomatic",
)  # fmt: skip
STRETCHES = ("linear", "log", "sqrt", "squared", "pow", "asinh", "sinh", "histeq")
COLORMAPS = (
    "gray", "viridis", "magma", "inferno", "plasma", "cividis", "heat", "cool", "rainbow", "jet",
    "a", "b", "bb", "he", "i8", "sls", "hsv",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Display:
    """How a frame is shown.

    Attributes:
        frame: The frame's name; None is the image's first.
        interval: One of `INTERVALS`, which sets the limits from a sample of the data.
        limits: Manual limits `(low, high)` in data units; they go before `interval`.
        stretch: One of `STRETCHES`.
        colormap: One of `COLORMAPS`.
        invert: Turn the colour map round.
        gamma, contrast, bias: DS9's adjustments of the colour map's abscissa.
        blur: Sigma of a Gaussian on the data, in image pixels.
        scaled_color: Apply interval and stretch to colour frames too (not "as they are").
        zoom: Screen pixels for an image pixel; None fits the frame into the pane.
        center: `(x, y)` image position at the middle of the pane; None is the frame's middle.
        turns: Quarter turns anticlockwise, 0 to 3.
        flip: Mirror left and right before turning.
        north_up: Turn by the frame's world coordinates so that north is up and east left.
    """

    frame: str | None = None
    interval: str = "zscale"
    limits: tuple[float, float] | None = None
    stretch: str = "linear"
    colormap: str = "gray"
    invert: bool = False
    gamma: float = 1.0
    contrast: float = 1.0
    bias: float = 0.5
    blur: float = 0.0
    scaled_color: bool = False
    zoom: float | None = None
    center: tuple[float, float] | None = None
    turns: int = 0
    flip: bool = False
    north_up: bool = False

    def but(self, **changes: Any) -> Self:
        """A copy with some values changed."""
        return replace(self, **changes)
