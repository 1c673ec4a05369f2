"""Review images: folders, files, lookup tables, HDF5 files; `-` reads names from standard input."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tuiview.commands.channels import add_channels, chosen
from tuiview.commands.options import (
    add_catalogues,
    add_collection,
    add_display,
    add_store,
    add_terminal,
    beside,
    catalogues_of,
    choice_of,
    collection_options,
    images_of,
    settings_of,
    store_path_of,
)
from tuiview.errors import TuiviewError, UsageError
from tuiview.settings import BLOCKS
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.collection.base import Collection
    from tuiview.exchange.options import CatalogueOptions
    from tuiview.graphics.terminal import Terminal
    from tuiview.session.changes import Change
    from tuiview.session.choice import Choice
    from tuiview.session.session import Session
    from tuiview.settings import Settings
    from tuiview.ui.milestones import Milestones

_LAST_READ = 0.3
"""Seconds for states that decisions still wait for after a signal."""
_PATIENT = 5.0
"""The same, and for the backup, where the reviewer quits; decisions are waited for in any case."""
_HURRIED = 1.2
"""Seconds for the last decisions and the backup after a signal, which is obeyed within two."""
_YOUNG = 10_000
"""New objects after which Python looks for garbage: half a millisecond, and not at every frame."""
_SAID = 4000
"""Bytes of what libraries wrote to standard error that are shown at the end."""

EPILOG = """\
examples:
  tuiview data/
  tuiview --only unreviewed --order random:7 data/
  tuiview --order random --repeats 10% --blind data/
  tuiview --order random --blind data/ known/     known items among the others, for report --truth
  find . -name '*.fits' -print0 | tuiview -
  tuiview lookup.parquet --where 'snr > 5' --order snr:desc
  tuiview --rgb _i _r _g bands/
  tuiview data/ --catalog gaia.fits,color=#0ff --catalog regions.reg
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("paths", metavar="PATH", nargs="*", help="folder, file, table, or -")
    add_collection(parser)
    parser.add_argument(
        "--only", metavar="FILTER",
        help="unreviewed, reviewed, favourite, a category, not ...; with --repeats, images that"
        " have not come back yet are unreviewed, and else what was said of them first",
    )  # fmt: skip
    parser.add_argument(
        "--repeats", metavar="N",
        help="so many images come back once more, unannounced and without what was said of them"
        " (10%%, 25, 10%%:SEED): best with --order random or --blind, or names tell them;"
        " `tuiview report` says how far one agrees with oneself",
    )  # fmt: skip
    parser.add_argument(
        "--blind", action="store_true",
        help="hide names, positions on the sky and metadata, so that they cannot bias; pixels and"
        " sizes stay; recorded with every decision",
    )  # fmt: skip
    parser.add_argument(
        "--hide", metavar="COLUMN[,COLUMN...]",
        help="columns and header cards to hide; with --blind instead of all of them, and of those"
        " that tell what an object is or where it lies",
    )  # fmt: skip
    add_store(parser)
    add_terminal(parser)
    add_display(parser)
    add_channels(parser)
    add_catalogues(parser)
    parser.add_argument(
        "--take-over", action="store_true",
        help="take a lock over that another machine or a dead process left",
    )  # fmt: skip
    parser.add_argument(
        "--profile", metavar="FILE", type=Path,
        help="at the end, write what was counted and timed: the start, how many pictures were"
        " ready, reading and waiting, queues, caches, the event loop's delay, the link to the"
        " terminal; JSON if FILE ends in .json, else text; - for standard error",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Open everything, review, close everything."""
    milestones = None
    if args.profile is not None:
        from tuiview.ui.milestones import IMPORTED, STARTED, Milestones

        milestones = Milestones()
        milestones.reach(STARTED)
    if not sys.stdout.isatty():
        raise TuiviewError(
            "the reviewer needs a terminal, and standard output is none",
            "without one: tuiview snapshot PATH -o out.png, or tuiview export PATH",
        )
    paths, channels, composition = chosen(args, args.paths)
    from_stdin = paths == ["-"]
    if from_stdin and sys.stdin.isatty():
        raise UsageError(
            "- reads names from standard input, which is the keyboard",
            "find . -name '*.fits' | tuiview -",
        )
    settings = settings_of(args, beside(paths))
    if composition is not None:
        settings = replace(settings, display={**settings.display, "composition": composition})

    # The terminal answers while Python imports: over a link that is a round trip less.
    with ThreadPoolExecutor(1, thread_name_prefix="terminal") as aside, _importing():
        from tuiview.graphics.terminal import detect

        asked = aside.submit(detect, settings.graphics, timeout=settings.query_timeout)
        from tuiview.collection.folder import FolderCollection
        from tuiview.collection.open import open_collection

        catalogues = catalogues_of(args)
        collection = open_collection(paths, replace(collection_options(args), channels=channels))
        if isinstance(collection, FolderCollection):
            collection.start(lambda: None)  # on a network's disk the list of a folder takes long
        _import_rooms()
        terminal = asked.result()
    if milestones is not None:
        milestones.reach(IMPORTED)
    blocks = "shade" if os.environ.get("NO_COLOR") else settings.blocks
    terminal = replace(terminal, grid=BLOCKS[blocks])
    if terminal.colors > 256:
        os.environ.setdefault("COLORTERM", "truecolor")  # Textual looks there, and nowhere else
    else:
        os.environ.pop("COLORTERM", None)
    return review(
        collection, settings, terminal,
        choice=choice_of(args, settings), catalogues=catalogues, take_over=args.take_over,
        profile=args.profile, milestones=milestones,
    )  # fmt: skip


def review(
    collection: Collection,
    settings: Settings,
    terminal: Terminal,
    *,
    choice: Choice | None = None,
    catalogues: Sequence[CatalogueOptions] = (),
    take_over: bool = False,
    profile: Path | None = None,
    milestones: Milestones | None = None,
) -> int:
    """Review a collection until the reviewer quits; says where the decisions are."""
    from tuiview.commands.leaving import Leaving
    from tuiview.loading.loader import Loader, LoaderSettings
    from tuiview.review.hanging import within
    from tuiview.review.locations import remember_images
    from tuiview.review.store import Store
    from tuiview.session import changes
    from tuiview.session.choice import EVERYTHING
    from tuiview.session.look import check_settings
    from tuiview.session.session import Session
    from tuiview.ui.app import TuiviewApp
    from tuiview.ui.faults import log_path, written_down
    from tuiview.ui.pulse import Pulse

    check_settings(settings)
    path = store_path_of(collection, settings)
    tell: list[Callable[[Change], None]] = []

    def notify(change: Change) -> None:
        for listener in tell:
            listener(change)

    store = Store.open(
        path, settings.reviewer,
        collection=str(collection.root), take_over=take_over,
        on_change=lambda: notify(changes.StoreChanged()),
    )  # fmt: skip
    remember_images(path, images_of(collection))
    try:
        loader = Loader(
            answer=lambda answer: notify(changes.PictureAnswered(answer)),
            ready=lambda answer: notify(changes.NeighbourReady(answer)),
            progress=lambda progress: notify(changes.Progressed(progress)),
            failed=lambda error: notify(changes.Faulted(error)),
            settings=LoaderSettings(
                cache_bytes=settings.cache_megabytes * 1_000_000,
                threads=settings.threads,
                ahead=settings.ahead + 2,
            ),
        )

        def make_session(listener: Callable[[Change], None]) -> Session:
            tell.append(listener)
            return Session(
                collection, store, loader, settings,
                notify=listener, choice=choice or EVERYTHING, catalogues=catalogues,
            )  # fmt: skip

        pulse = Pulse() if profile is not None else None
        app = TuiviewApp(make_session, terminal, settings, log_path(), pulse, milestones)
        _quicken()
        ended = False
        unmade = 0
        try:
            with _aside_from_screen(), written_down(log_path()):
                app.run()
            counted = loader.counters()
        finally:
            leaving = Leaving(app.hurried)
            # Decisions come first: images on broken storage may use up the rest of the time.
            app.session.viewer.leave()
            patience = _LAST_READ if app.hurried else _PATIENT
            unmade = app.session.decisions.finish(patience, lambda: leaving.cut_short)
            if app.hurried:
                store.close(_HURRIED)
            else:
                store.close(_PATIENT, leaving.wait_on)
            ended = app.session.close()
            with contextlib.suppress(TimeoutError):
                within(_LAST_READ, lambda: remember_images(path, images_of(collection)))
    finally:
        left = store.close()
    print(f"decisions: {path}", file=sys.stderr)
    if app.fault is not None:
        saved = "" if left.unsaved or unmade else "every decision is saved; "
        print(
            f"tuiview: a bug ended the review: {printable(app.fault)}\n"
            f"  {saved}what happened is written to {log_path()}",
            file=sys.stderr,
        )
    if left.unsaved or unmade:
        raise TuiviewError(f"{left.unsaved + unmade} decisions could not be saved", left.hint)
    if profile is not None and pulse is not None and milestones is not None:
        from tuiview.commands.profile import write_profile

        write_profile(profile, counted, pulse, milestones, app.review.link)
    if not ended:
        # Python would wait at its end for the thread that hangs in a read.
        sys.stderr.flush()
        os._exit(app.return_code or 0)
    return app.return_code or 0


@contextlib.contextmanager
def _aside_from_screen() -> Iterator[None]:
    """Keep what libraries write to standard error off the screen; the end of it is shown after."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            said = aside.seek(0, os.SEEK_END)
            aside.seek(max(0, said - _SAID))
            sys.stderr.write(printable(aside.read().decode("utf-8", "replace"), lines=True))


@contextlib.contextmanager
def _importing() -> Iterator[None]:
    """Import without what that does for nothing: look for garbage, start threads for algebra."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _import_rooms() -> None:
    import tuiview.loading.loader
    import tuiview.review.store
    import tuiview.session.session
    import tuiview.ui.app  # noqa: F401


def _quicken() -> None:
    """Keep the event loop's turns short while loader threads work."""
    sys.setswitchinterval(0.0005)
    gc.freeze()
    gc.set_threshold(_YOUNG)
