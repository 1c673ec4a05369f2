"""The display: how a frame is shown. Plain values, hashable, the key of every picture cache."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from msgspec import Struct
from msgspec.structs import replace

INTERVALS = (
    "zscale", "minmax", "99.5%", "99%", "98%", "97%", "96%", "95%", "92.5%", "90%", "visiomatic",
)  # fmt: skip
STRETCHES = ("linear", "log", "sqrt", "squared", "pow", "asinh", "sinh", "histeq")
COLORMAPS = (
    "gray", "viridis", "magma", "inferno", "plasma", "cividis", "heat", "cool", "rainbow", "jet",
    "a", "b", "bb", "he", "i8", "sls", "hsv",
)  # fmt: skip

RANGES: dict[str, tuple[float, float]] = {
    "gamma": (0.05, 20.0), "contrast": (0.0, 10.0), "bias": (0.0, 1.0), "blur": (0.0, 100.0),
    "zoom": (1 / 256, 256.0),
}  # fmt: skip
"""What the numbers of a display may be."""
COMPOSITIONS = ("lupton", "simple", "mix", "difference", "residual")


class Composition(Struct, frozen=True):
    """How several frames of one size make one picture.

    Attributes:
        frames: Their names: red, green and blue; for `mix` any number, the longest wavelength
            first; for `difference` and `residual` what is taken from, and what is taken away.
        how: One of `COMPOSITIONS`.
        q: Lupton's softening.
        stretch: Lupton's linear range in data units; None chooses it from the data.
        saturation: Of a mix: 0 is gray, 1 the channels' own colours.
    """

    frames: tuple[str, ...]
    how: str = "lupton"
    q: float = 8.0
    stretch: float | None = None
    saturation: float = 1.0

    @property
    def colored(self) -> bool:
        """Whether it gives colour; a difference has values of its own."""
        return self.how in ("lupton", "simple", "mix")

    @property
    def words(self) -> str:
        """In a few words: `lupton i r g`, `a - b`."""
        if self.how == "difference":
            return " - ".join(self.frames)
        return " ".join((self.how, *self.frames))


class SkyView(NamedTuple):
    """What part of the sky a pane shows.

    Attributes:
        ra, dec: ICRS position in the middle, in degrees.
        arcsec: Arcseconds for a screen pixel.
    """

    ra: float
    dec: float
    arcsec: float


class Display(Struct, frozen=True):
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
        composition: Show several frames as one picture; None shows `frame` alone.
        sky: The part of the sky to show, in place of zoom and centre where the frame has world
            coordinates.
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
    composition: Composition | None = None
    sky: SkyView | None = None

    @property
    def leading(self) -> str | None:
        """The frame whose geometry and header count: `frame`, or one of the composition's."""
        if self.composition is None or self.frame in self.composition.frames:
            return self.frame
        return self.composition.frames[0] if self.composition.frames else None

    def but(self, **changes: Any) -> Self:
        """A copy with some values changed."""
        return replace(self, **changes)
