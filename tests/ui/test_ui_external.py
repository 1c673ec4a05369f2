"""Notes in the reviewer's own editor."""

from __future__ import annotations

import pytest

from tuiview.ui.external import edit_text


def test_what_an_editor_leaves_cannot_move_the_cursor(tmp_path, monkeypatch: pytest.MonkeyPatch):
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nprintf ' b\\033[2J\\n\\tc\\n' >> \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    assert edit_text("a") == "a b\u241b[2J\n\tc"
