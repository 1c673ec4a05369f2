"""What `--profile` writes at the end of a review: the loader's counters and the loop's delays."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from msgspec import to_builtins

import tuiview
from tuiview.errors import TuiviewError
from tuiview.loading.counters import Counters
from tuiview.ui.pulse import Pulse
from tuiview.ui.screens.counters import counter_lines

STANDARD_ERROR = Path("-")


def write_profile(path: Path, counters: Counters, pulse: Pulse) -> None:
    """Write the figures: JSON if the file's name ends so, else text; `-` is standard error.

    Raises:
        TuiviewError: The file cannot be written.
    """
    text = _json(counters, pulse) if path.suffix == ".json" else _text(counters, pulse)
    if path == STANDARD_ERROR:
        sys.stderr.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TuiviewError(f"{path} cannot be written: {error.strerror}", "--profile -") from error


def _json(counters: Counters, pulse: Pulse) -> str:
    loop = {
        "count": pulse.count, "p50": pulse.percentile(50), "p99": pulse.percentile(99),
        "worst": pulse.worst,
    }  # fmt: skip
    figures = {"tuiview": tuiview.__version__, "loop": loop, "loader": to_builtins(counters)}
    return json.dumps(figures, indent=2) + "\n"


def _text(counters: Counters, pulse: Pulse) -> str:
    p50, p99 = (1e3 * pulse.percentile(percent) for percent in (50, 99))
    loop = (
        f"event loop late by    p50 {p50:.1f}, p99 {p99:.1f},"
        f" at most {1e3 * pulse.worst:.1f} ms of {pulse.count:,} looks"
    )
    return "\n".join([*counter_lines(counters), "", loop, ""])
