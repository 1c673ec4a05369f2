"""Seeking: the next item that is unreviewed or bears a text, and views by order and filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tuiview.collection.view import View
from tuiview.errors import UsageError
from tuiview.review.model import UNTOUCHED
from tuiview.session.changes import Change, Noticed

if TYPE_CHECKING:
    from tuiview.review.model import ItemState
    from tuiview.session.session import Session

_CHUNK = 512

ItemTest = Callable[[str, "ItemState"], bool]


@dataclass(frozen=True, slots=True)
class Sought(Change):
    """What was sought is at `position`; None tells that there is none."""

    position: int | None
    words: str


@dataclass(frozen=True, slots=True)
class ViewMade(Change):
    """A view that was asked for is ready to be shown."""

    view: View
    words: str
    context: dict[str, object]


class Seeking:
    """Searches over the session's view; each runs behind and comes back as a change.

    Args:
        session: The session whose view is searched.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._text = ""

    def unreviewed(self, step: int) -> None:
        """Seek the next (1) or previous (-1) item of which nothing was said, going round."""
        self._seek(lambda key, state: not state.decided, step, "unreviewed item")

    def text(self, text: str, step: int = 1) -> None:
        """Seek the next item whose key contains `text`; capitals matter only if it has some.

        Raises:
            UsageError: There is nothing to search for.
        """
        self._text = text or self._text
        if not self._text:
            raise UsageError("nothing to search for", "type / and a part of a name")
        flags = 0 if any(c.isupper() for c in self._text) else re.IGNORECASE
        pattern = re.compile(re.escape(self._text), flags)
        exact = self._session.collection.row_of(self._text) if len(self._text) > 8 else None
        if exact is not None and (p := self._session.view.position_of(exact)) is not None:
            self._session.notify(Sought(p, f"'{self._text}'"))
            return
        self._seek(lambda key, state: bool(pattern.search(key)), step, f"'{self._text}'", False)

    def note(self, text: str, step: int = 1) -> None:
        """Seek the next item whose note has all the words."""
        keys: set[str] | None = None

        def noted(key: str, state: ItemState) -> bool:
            nonlocal keys
            if keys is None:
                store = self._session.store
                keys = {found for found, _ in store.find_notes(text, store.reviewer)}
            return key in keys

        self._seek(noted, step, f"note with '{text}'", False)

    def filter(self, words: str) -> None:
        """Show only some items: see `item_test` for the words; `all` ends the filter.

        Raises:
            UsageError: The words are not understood.
        """
        words = words.strip()
        names = tuple(c.name for c in self._session.settings.categories)
        test = item_test(words, names)
        if test is None:
            self._session.show_view(View.all(self._session.collection))
            return
        session = self._session

        def make() -> None:
            superseded = session.background.superseded("view")
            rows: list[int] = []
            for chunk in _chunks(0, len(session.collection)):
                if superseded():
                    return
                keys = [session.collection.item(row).key for row in chunk]
                states = session.store.load(keys)
                rows += [r for r, k in zip(chunk, keys, strict=True) if test(k, states[k])]
            view = View.of(np.asarray(rows, dtype=np.int64))
            if rows:
                session.notify(ViewMade(view, f"{words}: {len(rows):,} items", {"filter": words}))
            else:
                session.notify(Noticed(f"no item is {words}", "warning"))

        session.background.run(make, name="view")

    def order(self, words: str) -> None:
        """Take another order: `name`, or `random` with an optional `:SEED`.

        Raises:
            UsageError: The order is unknown.
        """
        name, _, seed_text = words.strip().partition(":")
        session = self._session
        if name in ("", "name"):
            session.show_view(View.all(session.collection))
        elif name == "random":
            if not session.collection.complete:
                raise UsageError("the folder is still being read", "try again in a moment")
            seed = int(seed_text) if seed_text.isdecimal() else 0
            view = View.shuffled(len(session.collection), seed)
            session.show_view(view, context={"order": "random", "seed": seed})
        else:
            raise UsageError(f"no order is called {name}", "name or random[:SEED]")

    def _seek(self, test: ItemTest, step: int, words: str, with_state: bool = True) -> None:
        session = self._session
        start, count = session.position, session.count

        def seek() -> None:
            superseded = session.background.superseded("seek")
            for positions in _round(start, count, step):
                if superseded():
                    return
                keys = [session.collection.item(session.view.row(p)).key for p in positions]
                states = session.store.load(keys) if with_state else {}
                for position, key in zip(positions, keys, strict=True):
                    if test(key, states.get(key, UNTOUCHED)):
                        session.notify(Sought(position, words))
                        return
            session.notify(Sought(None, words))

        session.background.run(seek, name="seek", urgency=0)


def item_test(words: str, categories: tuple[str, ...]) -> ItemTest | None:
    """The test that words of a filter stand for; None for `all`.

    Known are `all`, `unreviewed`, `reviewed`, `favourite`, `unsure`, `noted`, `marked`,
    `unclassified`, the name or number of a category, and `name:TEXT`; `not` before any of them
    turns it round.

    Raises:
        UsageError: The words are none of these.
    """
    if words in ("", "all"):
        return None
    if words.startswith("not "):
        inner = item_test(words[4:].strip(), categories)
        return None if inner is None else lambda key, state: not inner(key, state)
    flags: dict[str, ItemTest] = {
        "unreviewed": lambda key, state: not state.decided,
        "reviewed": lambda key, state: state.decided,
        "favourite": lambda key, state: state.favourite,
        "unsure": lambda key, state: state.unsure,
        "noted": lambda key, state: bool(state.note),
        "marked": lambda key, state: bool(state.marks),
        "unclassified": lambda key, state: not state.categories,
    }
    if words in flags:
        return flags[words]
    if words.startswith("name:"):
        part = words[5:].lower()
        return lambda key, state: part in key.lower()
    if words.isdecimal() and 1 <= int(words) <= len(categories):
        words = categories[int(words) - 1]
    if words in categories:
        return lambda key, state: words in state.categories
    raise UsageError(
        f"no filter is called {words}",
        f"all, {', '.join(flags)}, name:TEXT, a category, or not and one of these",
    )


def _round(start: int, count: int, step: int) -> Iterator[list[int]]:
    """Positions after `start` in the direction of `step`, once round, in chunks."""
    order = [(start + step * n) % count for n in range(1, min(count, _CHUNK) + 1)] if count else []
    done = 0
    while order:
        yield order
        done += len(order)
        order = [(start + step * n) % count for n in range(done + 1, min(count, done + _CHUNK) + 1)]


def _chunks(first: int, end: int) -> Iterator[range]:
    for at in range(first, end, _CHUNK):
        yield range(at, min(at + _CHUNK, end))
