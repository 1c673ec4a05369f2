"""A sheet in the making: which tiles it has, and what of it is there so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tuiview.errors import TuiviewError
from tuiview.graphics.payload import Area
from tuiview.imaging.display import Display
from tuiview.imaging.sheet import Layout, TilePicture, assemble
from tuiview.imaging.viewport import Viewport
from tuiview.loading.request import ImageInfo, Rendered, Request, Tile

_UNREADABLE = ImageInfo("", ("",), "", (1, 1), "", "", 1, "upper")


class SheetInMaking:
    """The tiles of one request, put in one after another.

    Args:
        request: A request with a sheet.
        frames: Reads the names of the frames of the request's item, and of the one shown.
    """

    def __init__(self, request: Request, frames: Callable[[], tuple[Sequence[str], str]]) -> None:
        sheet, area = request.sheet, request.area
        assert sheet is not None
        self._request = request
        across, size = sheet.columns, (area.width, area.height)
        tiles = sheet.tiles
        if tiles is not None:
            self._layout = Layout(*size, across, sheet.rows, area.pixel_aspect)
            self._selected = sheet.selected
        else:
            names, shown = frames()
            self._layout = Layout.holding(len(names), *size, across, area.pixel_aspect)
            page, self._selected = divmod(list(names).index(shown), self._layout.count)
            here = names[page * self._layout.count :][: self._layout.count]
            tiles = tuple(_frame(request, name) for name in here)
        self._tiles = tiles[: self._layout.count]
        self._made: list[Rendered | TuiviewError | None] = [None] * len(self._tiles)
        self._known = [n for n, tile in enumerate(self._tiles) if tile is not None]

    @property
    def fraction(self) -> float:
        """The part of the tiles that are there."""
        return sum(self._made[n] is not None for n in self._known) / max(1, len(self._known))

    def missing(self) -> Iterator[tuple[int, Request]]:
        """The tiles to make as requests of their own, the selected one first."""
        for number in sorted(self._known, key=lambda n: (n != self._selected, n)):
            place, tile = self._layout.place(number), self._tiles[number]
            assert tile is not None
            area = Area(place.width, place.height, 1, 1, self._layout.pixel_aspect)
            yield (
                number,
                Request(tile.item, tile.display, area, self._request.protocol,
                        overlay=tile.overlay),
            )  # fmt: skip

    def put(self, number: int, made: Rendered | TuiviewError) -> None:
        """A tile is there, or cannot be."""
        self._made[number] = made

    def so_far(self) -> Rendered:
        """The sheet with the tiles that are there; a preview until all are."""
        assert self._request.sheet is not None
        missing = self._request.sheet.missing
        pictures = [_as_shown(t, m, missing) for t, m in zip(self._tiles, self._made, strict=True)]
        picture = assemble(self._layout, pictures, self._selected)
        unfinished = bool(self._known) and self.fraction < 1
        chosen = self._made[self._selected] if self._selected < len(self._made) else None
        if isinstance(chosen, Rendered):
            preview = unfinished or any(isinstance(m, Rendered) and m.preview for m in self._made)
            return Rendered(
                picture, chosen.viewport, chosen.info, chosen.limits, preview, chosen.remark
            )
        area = self._request.area
        return Rendered(
            picture, Viewport((1, 1), area.width, area.height), _UNREADABLE, None, unfinished
        )


def _frame(request: Request, name: str) -> Tile:
    display: Display = request.display.but(frame=name, composition=None)
    return Tile(request.item, display, caption=name)


def _as_shown(tile: Tile | None, made: Rendered | TuiviewError | None, missing: str) -> TilePicture:
    if tile is None:
        return TilePicture(None)
    if isinstance(made, TuiviewError):
        return TilePicture(None, tile.caption, tile.colors, missing=missing or made.message)
    return TilePicture(made.picture if made is not None else None, tile.caption, tile.colors)
