"""The veil: what is kept from the reviewer, so that names and scores cannot bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from tuiview.errors import UsageError
from tuiview.source import FileSource
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.collection.base import Item
    from tuiview.loading.request import ImageInfo
    from tuiview.settings import Settings


def name_of(position: int) -> str:
    """What an item is called whose name is hidden, by its position in the view."""
    return f"image {position + 1:,}"


class Veil(Struct, frozen=True):
    """What is hidden.

    Attributes:
        names: Whether names, keys and paths are, and which folder or group an item is of.
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
        parts = ["names"] if self.names else []
        parts += ["metadata"] if self.everything else sorted(self.columns)
        return f"blind: {' and '.join(parts)} hidden"

    def over(self, item: Item, position: int) -> Item:
        """The item without what is hidden of it."""
        name = name_of(position) if self.names else item.name
        return replace(item, name=name, facts=self.left(item.facts))

    def left(self, columns: Mapping[str, object]) -> Mapping[str, object]:
        """The columns that may be seen."""
        if self.everything:
            return {}
        return {name: value for name, value in columns.items() if name.lower() not in self.columns}

    def left_of(self, info: ImageInfo | None) -> ImageInfo | None:
        """What may be seen of a file and its header."""
        if info is None:
            return None
        cards = () if self.everything else info.cards
        cards = tuple(card for card in cards if card.key.lower() not in self.columns)
        return replace(info, cards=cards, facts={} if self.names else info.facts)

    def said(self, words: str, item: Item) -> str:
        """Words about an item without its name."""
        if not self.names:
            return words
        source = item.source
        names = [item.own_key, source.name]
        if isinstance(source, FileSource):
            names.append(str(source.path))
        for name in sorted(filter(None, names), key=len, reverse=True):
            words = words.replace(printable(name), item.name)
        return words

    def refuse_names(self) -> None:
        """Raise UsageError where what is asked for would tell a name."""
        if self.names:
            raise UsageError("names are hidden in a blind review")
