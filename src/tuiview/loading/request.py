"""What is asked of the loader, and what it answers."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from tuiview.collection.base import Item
from tuiview.graphics.payload import FINE, Area, Payload, Protocol, Quality
from tuiview.imaging.display import Display
from tuiview.imaging.frame import Card

if TYPE_CHECKING:
    from astropy.wcs import WCS

    from tuiview.imaging.viewport import Viewport
    from tuiview.picture import Picture


class Tile(Struct, frozen=True):
    """One of the small pictures of a sheet.

    Attributes:
        item: What it shows (compared by its key in `signature`).
        display: How.
        overlay: What is drawn over it.
        caption: What stands under it.
        colors: What is said of it, as colours 0xRRGGBB.
    """

    item: Item
    display: Display
    overlay: tuple[object, ...] = ()
    caption: str = ""
    colors: tuple[int, ...] = ()

    @property
    def signature(self) -> tuple[object, ...]:
        """What makes it look as it does."""
        return (self.item.key, self.display, self.overlay, self.caption, self.colors)


class Sheet(Struct, frozen=True):
    """Many small pictures side by side in the place of one.

    Attributes:
        columns, rows: How many across and down; of frames the most across, as many as there are.
        tiles: The items that are shown, None for those not known yet; None for all shows the
            frames of the request's own item instead, in step.
        selected: Which tile is framed; of frames it is the one that is shown.
        missing: What stands in the place of one that cannot be shown; empty for the reason.
    """

    columns: int
    rows: int = 0
    tiles: tuple[Tile | None, ...] | None = None
    selected: int = 0
    missing: str = ""

    @property
    def signature(self) -> tuple[object, ...]:
        """What makes it look as it does."""
        tiles = None if self.tiles is None else tuple(t and t.signature for t in self.tiles)
        return (self.columns, self.rows, tiles, self.selected)


class Request(Struct, frozen=True):
    """One picture for one pane.

    Attributes:
        item: Which item (compared by identity of its key in `signature`).
        display: How to show it.
        area: The cells to fill.
        protocol, quality: How to encode it.
        overlay: What is drawn over it, hashable; its drawing is `imaging.overlay`'s.
        sheet: Small pictures to show in its place; the item is then the selected one.
    """

    item: Item
    display: Display
    area: Area
    protocol: Protocol
    quality: Quality = FINE
    overlay: tuple[object, ...] = ()
    sheet: Sheet | None = None

    @property
    def items(self) -> frozenset[str]:
        """The keys of all items that are read for it."""
        tiles = () if self.sheet is None else self.sheet.tiles or ()
        return frozenset([self.item.key, *(tile.item.key for tile in tiles if tile is not None)])

    @property
    def signature(self) -> tuple[object, ...]:
        """Two requests with one signature have one answer."""
        return (*self.signature_but_quality, self.quality)

    @property
    def signature_but_quality(self) -> tuple[object, ...]:
        """Two requests with one such signature show the same, finer or coarser."""
        return (
            self.item.key, self.display, self.area, self.protocol, self.overlay,
            self.sheet and self.sheet.signature,
        )  # fmt: skip


class ImageInfo(Struct, frozen=True, eq=False):
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


class Rendered(Struct, frozen=True, eq=False):
    """A picture before it is encoded; the attributes are those of `Shown`."""

    picture: Picture
    viewport: Viewport
    info: ImageInfo
    limits: tuple[float, float] | None
    preview: bool = False
    remark: str = ""
    lacks: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.picture.nbytes + 500


class Shown(Struct, frozen=True, eq=False):
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
        serial: A number of its own.
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
    serial: int = field(default_factory=itertools.count().__next__)

    @property
    def name(self) -> Hashable:
        """What a terminal may keep the picture under; no preview has that of what follows it."""
        signature = self.request.signature
        return (signature, self.serial) if self.preview else signature


class Failed(Struct, frozen=True, eq=False):
    """A request that cannot be answered; its words stand in the picture's place."""

    request: Request
    message: str
    hint: str = ""


Answer = Shown | Failed


class Progress(Struct, frozen=True, eq=False):
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
