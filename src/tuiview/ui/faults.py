"""What nobody foresaw: written down in full in a file, told to the reviewer in a line.

An exception that is no `TuiviewError` is a fault of the program. One in what a key or a change of
the session does ends nothing: decisions are made by the store, which knows nothing of the screen.
One in drawing the screen ends the review, as it would come back with every frame.
"""

from __future__ import annotations

import contextlib
import logging
import platform
from collections.abc import Iterator
from pathlib import Path

import textual

from tuiview import __version__

_MOST = 1_000_000
_log = logging.getLogger(__name__)


def log_path() -> Path:
    """Where faults are written down."""
    from platformdirs import user_state_path

    return user_state_path("tuiview", appauthor=False) / "faults.log"


@contextlib.contextmanager
def written_down(path: Path) -> Iterator[None]:
    """Keep what any part of tuiview logs as a warning or worse; the file is made when needed."""
    handler = _LateFile(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    # asyncio's logger tells of exceptions in what nobody waits for.
    loggers = [logging.getLogger(name) for name in ("tuiview", "asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()


def write_down(error: BaseException, what: str) -> str:
    """Log an error with its traceback; return it in a line.

    Args:
        error: The exception, with its traceback.
        what: What it kept from being done.
    """
    line = _line(error)
    versions = f"tuiview {__version__}, textual {textual.__version__}"
    _log.error(
        "%s: %s\n%s, Python %s on %s", what, line, versions, platform.python_version(),
        platform.platform(), exc_info=error,
    )  # fmt: skip
    return line


def in_short(path: Path) -> str:
    """A path as one would type it: `~/.local/state/tuiview/faults.log`."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _line(error: BaseException) -> str:
    words = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {words[:200]}" if words else name


class _LateFile(logging.Handler):
    """A log file that is made with its first line, as its folder is, and which two files bound."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        try:
            if self._file is None:
                self._file = self._made()
            self._file.emit(record)
        except OSError:
            self.handleError(record)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
        super().close()

    def _made(self) -> logging.Handler:
        from logging.handlers import RotatingFileHandler

        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(
            self._path, maxBytes=_MOST, backupCount=1, encoding="utf-8", delay=True
        )
        file.setFormatter(self.formatter)
        return file
