"""The veil: what is kept from the reviewer, so that names and scores cannot bias."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from tuiview.errors import TuiviewError, UsageError
from tuiview.source import ArraySource, BlobSource, CompositeSource, FileSource
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.collection.base import Item
    from tuiview.loading.request import ImageInfo
    from tuiview.settings import Settings

_FILE = re.compile(
    r"[^\s'\"]*\w\.(?:fits?|fts|fz|png|jpe?g|tiff?|webp|gif|bmp|jp2|np[yz]|h5|hdf5|nxs|zarr"
    r"|datastack|parquet|csv|tsv|ecsv|xml|vot)(?:\.(?:gz|bz2|xz|fz))?(?!\w)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z]+")
_TELLING = frozenset((
    "object", "objname", "target", "targname", "targetid", "name", "label", "rootname",
    "id", "uuid", "key", "image", "img", "file", "filename", "filepath", "path",
    "ra", "dec", "de", "decl", "declination", "raj", "dej", "decj", "radeg", "dedeg", "decdeg",
    "ramean", "decmean", "objra", "objdec", "alpha", "delta", "glon", "glat", "crval",
))  # fmt: skip
"""Words in the names of columns and header cards that say what an object is or where it lies."""


def name_of(position: int) -> str:
    """What an item is called whose name is hidden, by its position in the view."""
    return f"image {position + 1:,}"


class Veil(Struct, frozen=True):
    """What is hidden.

    Attributes:
        names: Whether names, keys and paths are, which folder or group an item is of, and where
            it lies on the sky: that names it to who knows the sky, or has a catalogue.
        columns: Columns and header cards that are, in lower case.
        everything: Whether all of them are.
    """

    names: bool = False
    columns: frozenset[str] = frozenset()
    everything: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Veil | None:
        """What the settings hide: `blind` alone every column, else those that `hide` names."""
        if not (settings.blind or settings.hide):
            return None
        columns = frozenset(name.strip().lower() for name in settings.hide)
        return cls(settings.blind, columns, settings.blind and not columns)

    @property
    def context(self) -> dict[str, Any]:
        """What goes into every event."""
        hidden = {"hidden": sorted(self.columns)} if self.columns else {}
        return {"blind": True, **hidden} if self.names else hidden

    @property
    def label(self) -> Callable[[int], str] | None:
        """What items are called by their positions, if their names are hidden."""
        return name_of if self.names else None

    @property
    def words(self) -> str:
        """What is hidden, for the help."""
        parts = ["names, positions on the sky"] if self.names else []
        parts += ["metadata"] if self.everything else sorted(self.columns)
        return f"blind: {', '.join(parts)} hidden"

    def over(self, item: Item, position: int) -> Item:
        """The item without what is hidden of it."""
        name = name_of(position) if self.names else item.name
        return replace(item, name=name, facts=self.left(item.facts, item))

    def left(self, columns: Mapping[str, object], item: Item) -> Mapping[str, object]:
        """The columns of an item that may be seen."""
        if self.everything:
            return {}
        return {
            name: value for name, value in columns.items() if not self._hides(name, value, item)
        }

    def left_of(self, info: ImageInfo | None, item: Item) -> ImageInfo | None:
        """What may be seen of an item's file and its header."""
        if info is None:
            return None
        cards = () if self.everything else info.cards
        return replace(
            info,
            cards=tuple(card for card in cards if not self._hides(card.key, card.value, item)),
            facts={} if self.names else info.facts,
            skipped=tuple(self.reason(words, item) for words in info.skipped),
        )

    def _hides(self, name: str, value: object, item: Item) -> bool:
        """Whether a column or a header card is hidden, by its name or as it tells the item's."""
        if name.lower() in self.columns:
            return True
        if not self.names:
            return False
        told = not _TELLING.isdisjoint(_WORD.findall(name.lower()))
        return told or (isinstance(value, str) and self.reason(value, item) != value)

    def said(self, words: str, item: Item | None) -> str:
        """Words without the name of an item."""
        if not self.names or item is None:
            return words
        for name in sorted(set(_names(item)), key=len, reverse=True):
            words = re.sub(rf"(?<!\w){re.escape(printable(name))}(?!\w)", item.name, words)
        return words

    def reason(self, words: str, item: Item | None) -> str:
        """Why an item cannot be read, without its name and that of any file."""
        if not self.names:
            return words
        return _FILE.sub("its file" if item is None else item.name, self.said(words, item))

    def failure(self, error: TuiviewError, item: Item | None) -> TuiviewError:
        """An error in reading an item, without its name."""
        return TuiviewError(self.reason(error.message, item), self.reason(error.hint, item))

    def refuse_names(self) -> None:
        """Raise UsageError where what is asked for would tell a name."""
        if self.names:
            raise UsageError("names are hidden in a blind review")

    def refuse_sky(self) -> None:
        """Raise UsageError where what is asked for would tell a position on the sky."""
        if self.names:
            raise UsageError(
                "positions on the sky are hidden in a blind review", "those in pixels are not"
            )


def _names(item: Item) -> Iterator[str]:
    """What an item may be called in messages."""
    source = item.source
    sources = [source]
    if isinstance(source, CompositeSource):
        sources += (part for _, part in source.parts)
    yield item.own_key
    for each in sources:
        yield each.name
        if isinstance(each, FileSource):
            yield str(each.path)
        elif isinstance(each, BlobSource | ArraySource) and each.origin is not None:
            yield from (str(each.origin), each.origin.name)
