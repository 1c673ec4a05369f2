"""What `--profile` writes at the end of a review: start, loader, event loop and link in figures."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from msgspec import to_builtins

import tuiview
from tuiview.errors import TuiviewError
from tuiview.graphics.link import Link
from tuiview.loading.counters import Counters
from tuiview.ui.milestones import Milestones
from tuiview.ui.pulse import Pulse
from tuiview.ui.screens.counters import counter_lines, link_lines

STANDARD_ERROR = Path("-")


def write_profile(
    path: Path, counters: Counters, pulse: Pulse, start: Milestones, link: Link | None
) -> None:
    """Write the figures: JSON if the file's name ends so, else text; `-` is standard error.

    Raises:
        TuiviewError: The file cannot be written.
    """
    write = _json if path.suffix == ".json" else _text
    text = write(counters, pulse, start, link)
    if path == STANDARD_ERROR:
        sys.stderr.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TuiviewError(f"{path} cannot be written: {error.strerror}", "--profile -") from error


def _json(counters: Counters, pulse: Pulse, start: Milestones, link: Link | None) -> str:
    loop = {
        "count": pulse.count, "p50": pulse.percentile(50), "p99": pulse.percentile(99),
        "worst": pulse.worst,
    }  # fmt: skip
    figures = {
        "tuiview": tuiview.__version__, "start": start.reached, "loop": loop,
        "loader": to_builtins(counters),
    }  # fmt: skip
    if link is not None:
        figures["link"] = {
            "round_trip": link.round_trip, "rate": link.rate, "answering": link.answering,
        }  # fmt: skip
    return json.dumps(figures, indent=2) + "\n"


def _text(counters: Counters, pulse: Pulse, start: Milestones, link: Link | None) -> str:
    p50, p99 = (1e3 * pulse.percentile(percent) for percent in (50, 99))
    loop = (
        f"event loop late by    p50 {p50:.1f}, p99 {p99:.1f},"
        f" at most {1e3 * pulse.worst:.1f} ms of {pulse.count:,} looks"
    )
    reached = [f"{name:<22}{1e3 * after:>8.0f}" for name, after in start.reached.items()]
    measured = link_lines(link) if link is not None else []
    return "\n".join([
        f"{'ms after the start':<22}", *reached, "", *counter_lines(counters), "", loop,
        "", *measured, "",
    ])  # fmt: skip
