"""Lines that may be too short for what they tell: what goes, what stays, what is broken."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.notifications import Notification
from textual.widget import Widget

from tuiview.ui.widgets.hint_line import HintLine
from tuiview.ui.widgets.metadata_table import MetadataTable
from tuiview.ui.widgets.notice_line import NoticeLine
from tuiview.ui.widgets.status_line import StatusLine

pytestmark = pytest.mark.asyncio

PLAIN, DIM, GREEN = Style(), Style(dim=True), Style(color="green")


class Bench(App[None]):
    """An application around one widget."""

    CSS = "MetadataTable { width: 100%; height: 100%; } NoticeLine { layer: default; }"

    def __init__(self, make: Callable[[], Widget]) -> None:
        super().__init__()
        self.make = make

    def compose(self) -> ComposeResult:
        yield self.make()


def lines(widget: Widget) -> list[str]:
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


async def test_a_hint_is_told_whole_or_not_at_all():
    app = Bench(lambda: HintLine(["? help", "q quit", "j next", "k back"]))
    async with app.run_test(size=(21, 3)):
        assert lines(app.query_one(HintLine)) == ["? help  q quit"]


@pytest.mark.parametrize(
    ("width", "wanted"),
    [
        (40, " 1/9 a-long-name  linear gray 9 ms saved"),
        (36, " 1/9 a-long-name   linear gray saved"),
        (30, " 1/9 a-long-name         saved"),
        (18, " 1/9 a-lon… saved"),
    ],
)
async def test_what_matters_least_leaves_the_status_line_first(width: int, wanted: str):
    app = Bench(StatusLine)
    async with app.run_test(size=(width, 3)):
        status = app.query_one(StatusLine)
        status.show(
            [(" 1/9", PLAIN), ("a-long-name", PLAIN)],
            [("linear gray", PLAIN), ("9 ms", DIM), ("saved", GREEN)],
        )
        assert lines(status)[0].split() == wanted.split()


async def test_long_metadata_goes_on_in_the_next_line():
    app = Bench(MetadataTable)
    async with app.run_test(size=(24, 10)) as pilot:
        table = app.query_one(MetadataTable)
        table.show([
            ("Item", "", ""), ("file", "/a/long/path/that/is/in/two/pieces", ""),
            ("shape", "5 x 5", "width by height"), ("dtype", "uint8", "")
        ])  # fmt: skip
        assert [line for line in lines(table) if line] == [
            "Item",
            "file  /a/long/path/that/",
            "      is/in/two/pieces",
            "shape 5 x 5  width by",
            "      height",
            "dtype uint8",
        ]
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        assert "file  /a/long/path/that/is/in/two/pieces" in lines(table)
        assert table.search("HEIGHT")


async def test_the_newest_notice_is_shown_then_the_one_before():
    app = Bench(NoticeLine)
    async with app.run_test(size=(40, 10)):
        line = app.query_one(NoticeLine)
        long, short = Notification("stays", timeout=3600), Notification("passes", timeout=3600)
        line.show([long, short])
        assert line.visual.plain == "passes"
        short.timeout = 0
        line.show([long, short])
        assert line.visual.plain == "stays"
        line.show([])
        assert not line.display


async def test_a_notice_whose_time_ran_out_while_the_program_was_stopped_goes_at_once(monkeypatch):
    class Stopped(Notification):
        has_expired = False  # as it was asked just before
        time_left = -6.4

    app = Bench(NoticeLine)
    async with app.run_test(size=(40, 10)):
        line, asked = app.query_one(NoticeLine), []
        monkeypatch.setattr(line, "set_timer", lambda *given: asked.append(given))
        line.show([Stopped("passed")])
        ((seconds, over),) = asked
        assert seconds > 0, "such a timer would never end"
        over()
        assert not line.display
