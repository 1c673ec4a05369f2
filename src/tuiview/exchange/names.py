"""Items by what files call them: keys, paths, names with and without their suffix."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuiview.collection.base import Collection, Item


class Names:
    """Finds the items of a collection.

    Args:
        collection: Started and complete.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._found: dict[str, str | None] = {}

    def has(self, key: str) -> bool:
        """Whether an item has this key."""
        return self._collection.row_of(key) is not None

    def item(self, key: str) -> Item | None:
        """The item of a key."""
        row = self._collection.row_of(key)
        return None if row is None else self._collection.item(row)

    def keys(self) -> Iterator[str]:
        """All keys, in the collection's order."""
        for row in range(len(self._collection)):
            yield self._collection.item(row).key

    def key_of(self, name: str) -> str | None:
        """The key of the item that a file calls `name`; the name itself if no item is it.

        Returns:
            None if several items are called so.
        """
        if name not in self._found:
            self._found[name] = self._key_of(name)
        return self._found[name]

    def _key_of(self, name: str) -> str | None:
        if self.has(name):
            return name
        path = Path(name)
        if path.is_absolute():
            root = self._collection.root
            for start in (root, root.parent):
                relative = os.path.relpath(path, start).replace(os.sep, "/")
                if self.has(relative):
                    return relative
        for table in (self._by_name, self._by_stem):
            keys = table.get(path.name)
            if keys is not None:
                return self._nearest(path, keys)
        return name

    def _nearest(self, path: PurePath, keys: list[str]) -> str | None:
        """Of several items of one name, the one that shares most of the path's end."""
        if len(keys) == 1:
            return keys[0]

        def shared(key: str) -> int:
            pairs = zip(reversed(path.parts), reversed(PurePath(key).parts), strict=False)
            count = 0
            for one, other in pairs:
                if one != other:
                    break
                count += 1
            return count

        ranked = sorted(keys, key=shared, reverse=True)
        best, second = shared(ranked[0]), shared(ranked[1])
        return ranked[0] if best > second else None

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key in self.keys():
            found.setdefault(PurePath(key).name, []).append(key)
        return found

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for keys in self._by_name.values():
            for key in keys:
                stem = PurePath(key).name
                while (shorter := PurePath(stem).stem) != stem:
                    found.setdefault(shorter, []).append(key)
                    stem = shorter
        return found
