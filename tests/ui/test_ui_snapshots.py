"""What the screens look like; `make snapshots` writes them anew, look before you commit."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.asyncio
SIZE = (100, 30)


async def test_the_main_screen(open_review, folder, svg_snapshot):
    async with open_review(folder, size=SIZE) as review:
        await review.press("1", "f", "j")
        await review.press("2", "0")
        svg_snapshot(review.app, "main")


async def test_the_help(open_review, folder, svg_snapshot):
    async with open_review(folder, size=SIZE) as review:
        await review.press("question_mark")
        svg_snapshot(review.app, "help")


async def test_an_empty_folder(open_review, tmp_path, svg_snapshot):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "readme.txt").write_text("no image")
    async with open_review(tmp_path / "empty", size=SIZE) as review:
        svg_snapshot(review.app, "empty")


async def test_a_damaged_file(open_review, folder, svg_snapshot):
    (folder / "f0.fits").write_bytes((folder / "f0.fits").read_bytes()[:5000])
    async with open_review(folder, size=SIZE) as review:
        svg_snapshot(review.app, "damaged")


async def test_mark_mode(open_review, folder, svg_snapshot):
    async with open_review(folder, size=SIZE) as review:
        await review.press("m", "L", "1", "J", "2")
        svg_snapshot(review.app, "marks")


async def test_the_command_line(open_review, folder, svg_snapshot):
    async with open_review(folder, size=SIZE) as review:
        await review.press("colon")
        await review.type("limits 1")
        svg_snapshot(review.app, "command")


async def test_a_note(open_review, folder, svg_snapshot):
    async with open_review(folder, size=SIZE) as review:
        await review.press("enter")
        await review.type("two nuclei")
        svg_snapshot(review.app, "note")
