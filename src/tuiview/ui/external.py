"""Text in the reviewer's own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from tuiview.errors import TuiviewError
from tuiview.text import printable


def edit_text(text: str) -> str:
    """Open `text` in `$VISUAL` or `$EDITOR`; returns what was saved, without a final newline.

    Raises:
        TuiviewError: No editor is set, it cannot be started or it failed; the text is unchanged.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not command:
        raise TuiviewError("no editor is set", "export EDITOR=vim")
    with tempfile.TemporaryDirectory(prefix="tuiview-") as folder:
        path = Path(folder) / "note.txt"
        path.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(command), str(path)], check=False)
        except OSError as error:
            raise TuiviewError(f"{command} cannot be started: {error.strerror}") from error
        if done.returncode:
            raise TuiviewError(
                f"{command} ended with status {done.returncode}; the note is as it was"
            )
        saved = path.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
    lines = (line.split("\t") for line in saved.split("\n"))
    return "\n".join("\t".join(map(printable, line)) for line in lines)
