"""A review on a screen without a terminal, that tells exactly when it is idle."""

from __future__ import annotations

import asyncio
import contextlib
import unicodedata
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.pilot import Pilot

from tuiview.collection.open import CollectionOptions, open_collection
from tuiview.graphics.payload import Protocol
from tuiview.graphics.terminal import Terminal
from tuiview.imaging.kinds import IMAGES, SUFFIXES, sniff
from tuiview.loading.loader import LoaderSettings
from tuiview.loading.synchronous import SynchronousLoader
from tuiview.review.store import Store
from tuiview.review.writer import Status
from tuiview.session import changes
from tuiview.session.choice import EVERYTHING, Choice
from tuiview.session.session import Session
from tuiview.settings import Category, Settings
from tuiview.ui.app import TuiviewApp
from tuiview.ui.screens.review import ReviewScreen

CATEGORIES = (Category("spiral", "#5fafff"), Category("merger", "#ffaf5f"))


class Review:
    """An open review and its pilot."""

    def __init__(self, app: TuiviewApp, pilot: Pilot[None], told: list[Status]) -> None:
        self.app = app
        self.pilot = pilot
        self.told = told
        """States of the store that the session was told of, the last one last."""
        self.faults: list[Exception] = []
        """Faults that the review outlived; a test that expects some clears them."""
        report = app.review.report

        def reported(error: Exception) -> None:
            self.faults.append(error)
            report(error)

        app.review.report = reported

    @property
    def session(self) -> Session:
        return self.app.session

    @property
    def screen(self) -> ReviewScreen:
        return self.app.review

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.app.post_message(_key_event(key))
            await self.idle()

    async def type(self, text: str) -> None:
        for character in text:
            self.app.post_message(_key_event(character))
        await self.idle()

    async def idle(self) -> None:
        """Wait until the session has what it asked for, and all of it is handled and painted.

        A thread hands over what it found before it says that it is idle, so that nothing is left
        when the event loop, looked at after that, has nothing to run.
        """
        loop: Any = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0)
            status = self.session.store.status
            durable = status.error or (status.saved and status == self.told[-1])
            if not (durable and self.session.idle):
                await asyncio.sleep(0 if loop._ready else 0.001)
            elif not (loop._ready or self._painted()):
                return

    def _painted(self) -> bool:
        """Paint what is to be painted at Textual's next tick; returns whether there was any."""
        screen = self.app.screen
        if waits := screen._layout_required or screen._repaint_required or screen._dirty_widgets:
            screen._on_timer_update()
        return bool(waits)

    def text(self) -> str:
        """What the screen shows, as lines of text."""
        compositor = self.app.screen._compositor
        return "\n".join(
            "".join(segment.text for segment in strip) for strip in compositor.render_strips()
        )

    def status(self) -> str:
        return self.screen.query_one("#status").render_line(0).text

    def notices(self) -> str:
        return " | ".join(str(n.message) for n in self.app._notifications)


def _key_event(key: str) -> Key:
    """What Textual's parser makes of a key: a character, or a name."""
    name = _character_to_key(key) if len(key) == 1 else key
    try:
        character = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(name, name)))
    except KeyError:
        character = key if len(key) == 1 else None
    return Key(name, character)


@pytest.fixture
def open_review(tmp_path: Path) -> Callable[..., Any]:
    """Opens a review of paths; decisions are in `tmp_path/store.sqlite`."""

    @contextlib.asynccontextmanager
    async def opened(
        *paths: Path,
        size: tuple[int, int] = (160, 45),
        store: Path | None = None,
        choice: Choice = EVERYTHING,
        settled: bool = True,
        **settings: Any,
    ) -> AsyncIterator[Review]:
        settings.setdefault("categories", CATEGORIES)
        options = CollectionOptions(suffixes=SUFFIXES, sniff=sniff, kinds=IMAGES)
        collection = open_collection(list(paths), options)
        tell: list[Callable[[changes.Change], None]] = []

        def notify(change: changes.Change) -> None:
            for listener in tell:
                listener(change)

        def store_changed() -> None:
            status = opened_store.status
            notify(changes.StoreChanged())
            told.append(status)

        opened_store = Store.open(
            store or tmp_path / "store" / "reviewer.sqlite", "reviewer", on_change=store_changed
        )
        told = [opened_store.status]
        loader = SynchronousLoader(
            ready=lambda answer: notify(changes.NeighbourReady(answer)),
            failed=lambda error: notify(changes.Faulted(error)),
            settings=LoaderSettings(cache_bytes=100_000_000),
            clock=lambda: 0.0,
        )

        def make_session(listener: Callable[[changes.Change], None]) -> Session:
            tell.append(listener)
            made = Settings(reviewer="reviewer", **settings)
            return Session(collection, opened_store, loader, made, notify=listener, choice=choice)

        terminal = Terminal(Protocol.BLOCKS, "a test")
        app = TuiviewApp(make_session, terminal, Settings(reviewer="reviewer", **settings))
        try:
            async with app.run_test(size=size) as pilot:
                review = Review(app, pilot, told)
                if settled:
                    await review.idle()
                yield review
                if review.faults:
                    raise review.faults[0]
        finally:
            app.session.close()
            opened_store.close()

    return opened


@pytest.fixture
def folder(tmp_path: Path, small_fits: Any, small_png: Any) -> Path:
    """Six images: three FITS files with world coordinates, two PNGs, one in a subfolder."""
    data = tmp_path / "data"
    for n in range(3):
        small_fits(f"f{n}.fits", folder=data, seed=n)
    for n in range(2):
        small_png(f"p{n}.png", folder=data, seed=n)
    small_fits("deep.fits", folder=data / "sub", seed=9)
    return data
