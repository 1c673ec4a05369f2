"""What can go wrong with the store, in words for the reviewer."""

from __future__ import annotations

from tuiview.errors import TuiviewError


class StoreError(TuiviewError):
    """The store cannot be opened or written."""


class StoreLockedError(StoreError):
    """Another program holds the store."""


class StoreNewerError(StoreError):
    """A later tuiview wrote the store."""


class UnreadableStoreError(StoreError):
    """The file is damaged or no store at all."""
