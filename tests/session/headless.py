"""A session without a screen."""

from __future__ import annotations

import threading
import time

from tuiview.collection.open import CollectionOptions, open_collection
from tuiview.exchange.options import CatalogueOptions
from tuiview.graphics.payload import Area, Protocol
from tuiview.imaging.kinds import IMAGES, SUFFIXES, sniff
from tuiview.imaging.overlay import Points
from tuiview.loading.loader import Loader, LoaderSettings
from tuiview.session import changes
from tuiview.session.session import Session
from tuiview.settings import Settings


class Desk:
    """A session and, in place of a screen, a list of what it was told."""

    def __init__(self, folder, store, catalogues=(), settings=None):
        self.inbox = []
        self.told = threading.Condition()
        self.notices = []
        options = CollectionOptions(suffixes=SUFFIXES, sniff=sniff, kinds=IMAGES)
        self.loader = Loader(
            answer=lambda answer: self.tell(changes.PictureAnswered(answer)),
            ready=lambda answer: self.tell(changes.NeighbourReady(answer)),
            settings=LoaderSettings(threads=0, cache_bytes=100_000_000),
        )
        self.ready = []
        self.session = Session(
            open_collection([folder], options), store, self.loader,
            settings or Settings(reviewer="me"),
            notify=self.tell, catalogues=[CatalogueOptions.parse(str(c)) for c in catalogues],
        )  # fmt: skip
        self.session.viewer.use_pane(Area(64, 48, 1, 1), Protocol.KITTY)
        self.session.start()
        self.settle()

    def tell(self, change):
        with self.told:
            self.inbox.append(change)
            self.told.notify_all()

    def settle(self):
        """Handle changes until nothing is left to do."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.loader.run_until_idle()
            with self.told:
                if not self.inbox:
                    if self.session.idle:
                        return
                    self.told.wait(0.01)
                told, self.inbox = self.inbox, []
            for change in told:
                self.handle(change)
        raise AssertionError("the session never came to rest")

    def handle(self, change):
        match change:
            case changes.ToRun(job):
                job()
            case changes.PictureAnswered(answer):
                self.session.viewer.answered(answer)
            case changes.NeighbourReady(answer):
                self.ready.append(answer)
            case changes.CollectionGrew():
                self.session.grown()
            case changes.MetadataRead(item, info, _):
                self.session.viewer.take_info(item, info)
            case changes.RowsLoaded():
                self.session.rows_loaded()
            case changes.Noticed(words, severity):
                self.notices.append((severity, words))

    def drawn(self, kind=Points):
        shown = self.session.viewer.shown
        return [s for s in shown.request.overlay if isinstance(s, kind)] if shown else None
