"""What `--catalog` takes: tables of sources and files of regions, by what a file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tuiview.errors import UnreadableError
from tuiview.exchange.options import CatalogueOptions
from tuiview.exchange.places import Drawn, Place
from tuiview.text import printable

_REGION_SUFFIXES = (".reg", ".crtf", ".geojson", ".json")
_REGION_STARTS = (b"# Region file", b"#CRTF", b"{")


class Layer(Protocol):
    """What is drawn over frames from a file."""

    @property
    def title(self) -> str:
        """What it is called."""
        ...

    @property
    def count(self) -> int:
        """Sources or regions that have a position."""
        ...

    @property
    def problems(self) -> Sequence[str]:
        """What is odd about it, in words."""
        ...

    def draw(self, place: Place) -> Drawn:
        """What lies in a frame; raises UnreadableError where its world coordinates fail."""
        ...


def open_layer(
    options: CatalogueOptions, number: int = 0, groups: Mapping[str, int] | None = None
) -> Layer:
    """Read a catalogue or a file of regions; may take seconds.

    Args:
        options: The file and how to read it.
        number: The how many-th layer it is, for its colour.
        groups: Colours by group, for catalogues whose rows name one.

    Raises:
        TuiviewError: It cannot be read, or has nothing to draw.
    """
    if _holds_regions(options.path):
        from tuiview.exchange.regions import open_regions

        return open_regions(options, number)
    from tuiview.exchange.catalogue import open_catalogue

    return open_catalogue(options, number, groups)


def _holds_regions(path: Path) -> bool:
    if path.name.lower().endswith(_REGION_SUFFIXES):
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(64).lstrip().startswith(_REGION_STARTS)
    except OSError as error:
        name = printable(str(path))
        raise UnreadableError(f"{name} cannot be read: {error.strerror or error}") from None
