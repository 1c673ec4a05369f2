"""Sheets: many items, or the frames of one, answered as one picture."""

from __future__ import annotations

import pytest
from loading_fakes import World, item, request, settings
from msgspec.structs import replace

from tuiview.errors import Cancelled, UnreadableError
from tuiview.graphics.payload import Area
from tuiview.imaging.display import Display
from tuiview.imaging.frame import report
from tuiview.loading.loader import Loader
from tuiview.loading.request import Sheet, Shown, Tile

AREA = Area(40, 20, 10, 20)


class Desk:
    def __init__(self, world: World) -> None:
        self.answers: list = []
        self.loader = Loader(
            answer=self.answers.append,
            settings=settings(cache_bytes=1 << 24),
            stages=world.stages(),
            clock=world.clock,
        )  # fmt: skip

    def show(self, wanted):
        known = self.loader.ask(wanted)
        self.loader.run_until_idle()
        return known or self.answers[-1]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def desk(world) -> Desk:
    return Desk(world)


def sheet(numbers, selected=0, columns=4, **display):
    tiles = tuple(None if n is None else Tile(item(n), Display(**display)) for n in numbers)
    return replace(
        request(numbers[selected], AREA, **display), sheet=Sheet(columns, 2, tiles, selected)
    )


def test_all_items_of_a_sheet_are_read_once_and_answered_together(desk, world):
    shown = desk.show(sheet(range(8)))
    assert isinstance(shown, Shown)
    assert not shown.preview
    assert shown.picture.pixels.shape[:2] == (AREA.height, AREA.width)
    assert all(world.reads[str(n)] == 1 for n in range(8))


def test_moving_the_selection_reads_and_renders_nothing(desk, world):
    desk.show(sheet(range(8)))
    reads, renders = dict(world.reads), world.renders
    shown = desk.show(sheet(range(8), selected=5))
    assert shown.request.item.key == "5"
    assert (dict(world.reads), world.renders) == (reads, renders)


def test_an_item_that_cannot_be_read_keeps_its_place(desk, world):
    def fail(key):
        if key == "2":
            raise UnreadableError("2: damaged")

    world.in_open = fail
    shown = desk.show(sheet(range(4), selected=2))
    assert isinstance(shown, Shown)
    assert not shown.preview
    assert desk.show(sheet(range(4), selected=0)).info.kind == "FITS"


def test_items_that_are_not_known_yet_leave_a_gap(desk):
    shown = desk.show(sheet([0, 1, None, 3]))
    assert isinstance(shown, Shown)
    assert not shown.preview


@pytest.mark.parametrize("damaged", ["", "0"])
def test_what_is_there_is_shown_while_the_rest_is_read(desk, world, damaged):
    def slow(key):
        world.clock.now += 0.2
        if key == damaged:
            raise UnreadableError(f"{key}: damaged")

    world.in_open = slow
    shown = desk.show(sheet(range(8)))
    assert len(desk.answers) > 3
    assert [a.preview for a in desk.answers] == [True] * (len(desk.answers) - 1) + [False]
    assert {a.request.signature for a in desk.answers} == {shown.request.signature}


def test_tiles_of_large_images_are_rough_first_and_exact_in_the_end(desk, world):
    world.cost = 100_000_000

    def crawl(image, poll, preview):
        for step in range(1, 6 if preview else 101):
            world.clock.now += 0.02
            report(poll, step / 100)
            if poll():
                raise Cancelled

    def count():
        assert len(desk.answers) < 20

    world.in_reduce, world.in_encode = crawl, count
    desk.show(sheet([0, 1]))
    assert len(desk.answers) > 2
    assert [a.preview for a in desk.answers] == [True] * (len(desk.answers) - 1) + [False]
    assert (world.reads["0"], world.reads["1"]) == (3, 2)


def test_a_sheet_that_nobody_wants_any_more_is_given_up(desk, world):
    def leave(key):
        if key == "2":
            desk.loader.ask(request(30, AREA))

    world.in_open = leave
    desk.loader.ask(sheet(range(8)))
    desk.loader.run_until_idle()
    assert world.reads["30"] == 1
    assert not world.reads["7"]
    assert [a.request.item.key for a in desk.answers] == ["30"]
    world.in_open = lambda key: None
    desk.show(sheet(range(8)))
    assert world.reads["7"] == 1


def test_nothing_of_a_sheet_is_shown_after_the_end(desk, world):
    def end(key):
        world.clock.now += 0.3
        if key == "0":
            desk.loader.close()
            desk.loader.ask(sheet(range(8)))

    world.in_open = end
    desk.loader.ask(sheet(range(8)))
    desk.loader.run_until_idle()
    assert not desk.answers


def test_a_neighbour_is_not_shown_while_it_is_made(desk, world):
    def slow(key):
        world.clock.now += 0.2

    world.in_open = slow
    desk.loader.ahead([sheet(range(8))])
    desk.loader.run_until_idle()
    assert not desk.answers


def test_frames_of_one_item_stand_side_by_side(desk, world):
    wanted = replace(request(3, AREA, frame="ERR"), sheet=Sheet(4))
    shown = desk.show(wanted)
    assert shown.info.frame == "ERR"
    assert world.reads["3"] == 2
    assert not shown.preview


def test_no_sheet_shows_what_was_read_of_a_forgotten_item(desk, world):
    for selected in (0, 1):
        desk.show(sheet(range(4), selected))
    desk.loader.forget("1")
    desk.show(sheet(range(4), selected=0))
    assert (world.reads["1"], world.reads["2"]) == (2, 1)


def test_a_sheet_in_the_making_begins_anew_with_what_was_forgotten(desk, world):
    def forget(key):
        if key == "3" and world.reads["1"] == 1:
            desk.loader.forget("1")

    world.in_open = forget
    assert not desk.show(sheet(range(4))).preview
    assert world.reads["1"] == 2


def test_an_item_that_is_forgotten_is_read_anew(desk, world):
    desk.show(sheet(range(4)))
    desk.loader.forget("1")
    desk.loader.resize()
    desk.show(sheet(range(4), selected=1))
    assert (world.reads["1"], world.reads["2"]) == (2, 1)
