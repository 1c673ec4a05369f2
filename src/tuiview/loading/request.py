"""What is asked of the loader, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tuiview.collection.base import Item
from tuiview.graphics.payload import FINE, Area, Payload, Protocol, Quality
from tuiview.imaging.display import Display
from tuiview.imaging.frame import Card

if TYPE_CHECKING:
    from astropy.wcs import WCS

    from tuiview.imaging.viewport import Viewport
    from tuiview.picture import Picture


@dataclass(frozen=True, slots=True)
class Request:
    """One picture for one pane.

    Attributes:
        item: Which item (compared by identity of its key in `signature`).
        display: How to show it.
        area: The cells to fill.
        protocol, quality: How to encode it.
        overlay: What is drawn over it, hashable; its drawing is `imaging.overlay`'s.
    """

    item: Item
    display: Display
    area: Area
    protocol: Protocol
    quality: Quality = FINE
    overlay: tuple[object, ...] = ()

    @property
    def signature(self) -> tuple[object, ...]:
        """Two requests with one signature have one answer."""
        return (
            self.item.key, self.display, self.area, self.protocol, self.quality, self.overlay,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ImageInfo:
    """What is known of an opened item; independent of the display.

    Attributes:
        kind: `FITS`, `PNG`...
        frames: The names of its frames in order.
        shape, dtype, unit: Of the frame shown: `(ny, nx)`, native type, BUNIT.
        channels: 1 or 3.
        origin: `lower` or `upper`.
        cards: The header of the frame shown.
        facts: Path, size and the like of the file.
        skipped: Parts left out, in words.
        wcs: Celestial world coordinates of the frame shown, or None; filled when asked for.
    """

    kind: str
    frames: Sequence[str]
    frame: str
    shape: tuple[int, int]
    dtype: str
    unit: str
    channels: int
    origin: Literal["lower", "upper"]
    cards: Sequence[Card] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    skipped: Sequence[str] = ()
    wcs: WCS | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture ready for the terminal.

    Attributes:
        request: What was asked.
        picture: The rendered picture.
        payload: The same, encoded.
        viewport: The geometry between screen and image pixels.
        info: What is known of the item.
        limits: `(low, high)` in data units that were used, or None for pictures as they are.
        load_seconds: From the request's start to the payload, without waiting in the queue.
        preview: True if an exact one follows.
        remark: What is odd about the data (constant, no value at all), in words.
        lacks: Which annotations were left out, because it takes a while to find them out: `sky`,
            `map`.
    """

    request: Request
    picture: Picture
    payload: Payload
    viewport: Viewport
    info: ImageInfo
    limits: tuple[float, float] | None
    load_seconds: float
    preview: bool = False
    remark: str = ""
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """A request that cannot be answered; its words stand in the picture's place."""

    request: Request
    message: str
    hint: str = ""


Answer = Shown | Failed


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """How a demand that is not answered yet is getting on.

    Attributes:
        request: What was asked.
        seconds: Since it was asked.
        fraction: The part done, from 0 to 1; None where the reader cannot tell.
        what: In words.
    """

    request: Request
    seconds: float
    fraction: float | None
    what: str
