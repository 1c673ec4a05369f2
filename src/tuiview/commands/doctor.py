"""Say what the terminal can do, or whether a store or a file system can be trusted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tuiview.commands.options import add_terminal, open_paths, settings_of, store_path_of
from tuiview.errors import TuiviewError
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.graphics.payload import Area, Payload, Protocol, Quality
    from tuiview.review.check import Checked

EPILOG = """\
examples:
  tuiview doctor                      the terminal, tmux, colours, the link's speed
  tuiview doctor --show               and a test picture in each protocol that it claims
  tuiview doctor --store data/        the decisions on data/: integrity, counts, backups
  tuiview doctor --store x.sqlite --repair
  tuiview doctor --filesystem /scratch/me
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--show", action="store_true", help="draw a test picture in each protocol")
    what.add_argument("--store", metavar="PATH", type=Path, help="a database, or reviewed data")
    what.add_argument("--filesystem", metavar="DIR", type=Path, help="try a file system out")
    parser.add_argument("--repair", action="store_true", help="with --store: make it sound again")
    parser.add_argument("--take-over", action="store_true", help="with --repair: a stale lock too")
    parser.add_argument("--answers", action="store_true", help="what the terminal said, raw")
    parser.add_argument("--reviewer", metavar="NAME", help="with --store and reviewed data")
    add_terminal(parser)


def run(args: argparse.Namespace) -> int:
    """Look, and print what was found with what to do about it."""
    if args.store is not None:
        return _store(args)
    if args.filesystem is not None:
        return _filesystem(args.filesystem)
    return _terminal(args)


def _terminal(args: argparse.Namespace) -> int:
    from tuiview.graphics import report, speed
    from tuiview.graphics.terminal import detect

    settings = settings_of(args, Path.cwd())
    terminal = detect(settings.graphics, timeout=settings.query_timeout)
    if args.show:
        report.show_test_pictures(terminal, _test_picture, _write)
    findings = report.describe(terminal)
    findings += report.link(terminal, lambda through_tmux: speed.measure(through_tmux=through_tmux))
    width = max(len(what) for what, _, _ in findings)
    for what, found, advice in findings:
        print(f"{what:<{width}}  {printable(found)}")
        if advice:
            print(f"{'':<{width}}  -> {printable(advice)}")
    if args.answers:
        print("\n".join(report.raw_answers(terminal)))
    return 0


def _test_picture(area: Area, protocol: Protocol, quality: Quality) -> Payload:
    """A gray ramp beside a colour ramp, to be looked at."""
    import numpy as np

    from tuiview.graphics.encode import encode
    from tuiview.picture import Picture

    x = np.linspace(0, 1, area.width)[None, :]
    y = np.linspace(0, 1, area.height)[:, None]
    gray = np.broadcast_to(x, (area.height, area.width))
    color = np.stack([x + 0 * y, y + 0 * x, 1 - x + 0 * y], axis=2)
    rgb = np.where((y < 0.5)[..., None], gray[..., None], color)
    return encode(Picture((255 * rgb).astype(np.uint8)), area, protocol, quality)


def _write(data: str) -> None:
    sys.stdout.write(data)
    sys.stdout.flush()


def _store(args: argparse.Namespace) -> int:
    from tuiview.review import check

    path = args.store
    if path.suffix != ".sqlite":
        given, args.store = args.store, None
        settings = settings_of(args, given)
        path = store_path_of(open_paths([str(given)], args), settings)
    found = check.check(path)
    if args.repair and not found.sound:
        repaired = check.repair(path, take_over=args.take_over)
        print(f"repaired: {repaired.events:,} events are kept")
        if repaired.aside is not None:
            print(f"the damaged file is now {repaired.aside}")
        found = repaired.after
    _print_store(found)
    return 0 if found.sound else 1


def _print_store(found: Checked) -> None:
    mount = found.mount
    shared = ", shared over the network" if mount.network else ""
    kind = f"{mount.kind or 'unknown'} file system{shared}"
    print(f"store      {found.path} ({found.size:,} bytes, {kind})")
    counts = ", ".join(f"{n:,} {name}" for name, n in found.counts.items())
    print(f"holds      {counts}")
    print(f"open       {'by ' + found.holder.words if found.holder else 'by nobody'}")
    last = f", last {found.backups[0]}" if found.backups else ""
    print(f"backups    {len(found.backups)}{last}")
    for notice in found.notices:
        print(f"notice     {printable(notice)}")
    for damage in found.damage:
        print(f"DAMAGED    {printable(damage)}")
    wrong = len(found.difference.states) + len(found.difference.totals)
    if wrong:
        print(f"DIFFERENT  {wrong:,} states are not what their events say")
    print("verdict    sound" if found.sound else "verdict    NOT sound: run again with --repair")


def _filesystem(folder: Path) -> int:
    from tuiview.review.trial import trial

    if not folder.is_dir():
        raise TuiviewError(f"{folder} is no folder")
    result = trial(folder, progress=lambda name: print(f"trying {name} ...", file=sys.stderr))
    for finding in result.findings:
        print(f"{'ok  ' if finding.good else 'FAIL'}  {finding.name}: {printable(finding.words)}")
    print(f"verdict: {result.verdict}")
    return 0 if result.safe else 1
