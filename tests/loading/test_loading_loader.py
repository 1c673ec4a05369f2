"""The loader without threads: what is read, what is kept, what is answered, and when."""

from __future__ import annotations

import numpy as np
import pytest
from loading_fakes import FakeFrame, World, failing, item, request, settings, value
from msgspec.structs import replace

from tuiview.errors import Cancelled, TuiviewError, UnreadableError
from tuiview.graphics.payload import Area, Protocol, Quality
from tuiview.imaging.display import Display
from tuiview.imaging.frame import Reduced, report
from tuiview.loading.loader import Loader
from tuiview.loading.request import Failed, ImageInfo, Request, Sheet, Shown
from tuiview.loading.synchronous import SynchronousLoader


@pytest.fixture
def world() -> World:
    return World()


class Desk:
    """A loader and what it said."""

    def __init__(self, world: World, **options) -> None:
        self.answers: list = []
        self.ready: list = []
        self.loader = Loader(
            answer=self.answers.append,
            ready=self.ready.append,
            settings=settings(**options),
            stages=world.stages(),
            clock=world.clock,
        )


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def test_a_demand_is_answered_later_and_then_at_once(desk, world):
    assert desk.loader.ask(request(7)) is None
    desk.loader.run_until_idle()
    (answer,) = desk.answers
    assert isinstance(answer, Shown)
    assert value(answer) == 7
    assert answer.limits == (0.0, 7.0)
    assert not answer.preview
    assert desk.loader.ask(request(7)) is answer
    assert desk.loader.counters().hits == 1
    assert desk.loader.counters().misses == 1


def test_only_the_last_demand_is_answered(desk, world):
    for number in range(20):
        desk.loader.ask(request(number))
    desk.loader.run_until_idle()
    assert [value(answer) for answer in desk.answers] == [19]
    assert sum(world.reads.values()) == 1


def test_a_display_change_renders_anew_without_reading(desk, world):
    for stretch in ("linear", "log", "asinh"):
        desk.loader.ask(request(3, stretch=stretch))
        desk.loader.run_until_idle()
    desk.loader.ask(request(3, colormap="viridis", interval="99%"))
    desk.loader.run_until_idle()
    assert world.renders == 4
    assert world.reads["3"] == 1
    assert world.samples["3"] == 1
    assert world.opens["3"] == 1


def test_manual_limits_need_no_sample(desk, world):
    desk.loader.ask(request(3, limits=(1.0, 2.0)))
    desk.loader.run_until_idle()
    assert desk.answers[0].limits == (1.0, 2.0)
    assert not world.samples


def test_neighbours_are_made_ready_nearest_first_and_told_of(desk, world):
    desk.loader.ask(request(1))
    desk.loader.ahead([request(n) for n in (2, 3, 0)])
    desk.loader.run_until_idle()
    assert [value(a) for a in desk.answers] == [1]
    assert [value(a) for a in desk.ready] == [2, 3, 0]
    assert value(desk.loader.ask(request(2))) == 2
    assert desk.loader.idle


def test_no_neighbour_is_begun_while_they_are_held(desk, world):
    desk.loader.ahead([request(n) for n in (2, 3)])
    desk.loader.hold(True)
    desk.loader.ask(request(1))
    desk.loader.ahead([request(n) for n in (3, 4)])
    desk.loader.run_until_idle()
    assert set(world.reads) == {"1"}
    desk.loader.hold(False)
    desk.loader.run_until_idle()
    assert [value(a) for a in desk.ready] == [3, 4]


def test_neighbours_no_longer_wished_are_dropped(desk, world):
    desk.loader.ahead([request(n) for n in range(5)])
    desk.loader.ahead([request(n) for n in (4, 9)])
    desk.loader.run_until_idle()
    assert set(world.reads) == {"4", "9"}


def test_a_neighbour_becomes_the_demand_without_a_second_read(desk, world):
    desk.loader.ahead([request(n) for n in (1, 2, 3)])
    assert desk.loader.ask(request(3)) is None
    desk.loader.run_until_idle()
    assert [value(a) for a in desk.answers] == [3]
    assert list(world.reads) == ["3", "1", "2"]
    assert set(world.reads.values()) == {1}


def test_more_neighbours_than_the_cache_holds_are_not_made(world):
    one = 10 * 2 * 5 * 4 + 3 + 503  # picture and payload
    desk = Desk(world, cache_bytes=int(4.5 * one / 0.4))
    desk.loader.ask(request(0))
    desk.loader.run_until_idle()
    desk.loader.ahead([request(n) for n in range(1, 12)])
    desk.loader.run_until_idle()
    assert len(desk.ready) == 3
    assert desk.loader.ask(request(0)) is not None
    assert desk.loader.ask(request(1)) is not None


def test_a_refinement_follows_and_is_given_up_with_the_next_demand(desk, world):
    coarse = Quality(levels=16)
    desk.loader.ask(request(1, quality=coarse))
    assert desk.loader.refine(request(1)) is None
    desk.loader.run_until_idle()
    assert [a.request.quality.levels for a in desk.answers] == [16, 256]
    assert world.reads["1"] == 1
    desk.loader.refine(request(1, stretch="log"))
    desk.loader.ask(request(2))
    desk.loader.run_until_idle()
    assert [value(a) for a in desk.answers] == [1, 1, 2]
    assert desk.loader.refine(request(1)) is desk.answers[1]


def test_percentiles_of_a_large_frame_are_a_samples_first_and_then_of_all_pixels(desk, world):
    world.cost = 100 << 20
    desk.loader.ask(request(1, interval="99%"))
    desk.loader.run_until_idle()
    assert [(a.limits, a.preview) for a in desk.answers] == [((0, 1), True), ((-1, 99), False)]
    assert (world.reads["1"], world.samples["1"]) == (1, 1)
    desk.loader.ask(request(1, interval="zscale"))
    desk.loader.ask(request(1, interval="99%", stretch="log"))
    desk.loader.run_until_idle()
    assert (desk.answers[-1].limits, desk.answers[-1].preview) == ((-1, 99), False)
    desk.loader.ahead([request(2, interval="minmax")])
    desk.loader.run_until_idle()
    assert desk.ready[-1].limits == (-1, 99)


def test_a_small_frame_has_the_limits_of_all_pixels_at_once(desk, world):
    world.cost = 1 << 20
    desk.loader.ask(request(1, interval="minmax"))
    desk.loader.run_until_idle()
    assert [(a.limits, a.preview) for a in desk.answers] == [((-1, 99), False)]


def test_questions_come_before_refinements_and_neighbours(desk, world):
    order = []
    world.in_reduce = lambda image, poll, preview: order.append(image.key)
    desk.loader.ahead([request(9)])
    desk.loader.refine(request(8))
    desk.loader.inspect(item(7), None, lambda frame: order.append("look"), lambda result: None)
    desk.loader.ask(request(6))
    desk.loader.refine(request(8))
    desk.loader.run_until_idle()
    assert order == ["6", "look", "8", "9"]


def test_inspecting_gives_the_result_or_the_error(desk, world):
    results = []
    desk.loader.inspect(
        item(5), "ERR", lambda f: (f.name, f.read(0, 0, 1, 1)[0, 0]), results.append
    )

    def wrong(frame):
        raise ZeroDivisionError("no slope")

    desk.loader.inspect(item(5), None, wrong, results.append)
    desk.loader.run_until_idle()
    assert results[0] == ("ERR", 5.0)
    assert isinstance(results[1], TuiviewError)
    assert "ZeroDivisionError" in results[1].message


def test_the_latest_question_of_a_kind_wins(desk, world):
    results = []
    for number in range(5):
        desk.loader.inspect(
            item(1), None, lambda frame, number=number: number, results.append, kind="value"
        )
    desk.loader.inspect(item(1), None, lambda frame: "other", results.append)
    desk.loader.run_until_idle()
    assert sorted(map(str, results)) == ["4", "other"]


def test_info_has_the_header_and_is_kept(desk, world):
    results: list[ImageInfo] = []
    assert desk.loader.info(item(4), "nonsense", results.append) is None
    desk.loader.run_until_idle()
    (info,) = results
    assert info.frame == "SCI"
    assert info.frames == ("SCI", "ERR")
    assert info.cards[0].value == 4.0
    assert desk.loader.info(item(4), "nonsense", results.append) is info
    assert len(results) == 1


def test_headers_of_neighbours_are_read_along_once_somebody_looks_at_headers(desk, world):
    desk.loader.info(item(0), None, lambda info: None)
    desk.loader.ahead([request(1)])
    desk.loader.run_until_idle()
    assert desk.loader.info(item(1), None, lambda info: None) is not None
    assert world.opens["1"] == 1


def test_a_frame_that_the_item_lacks_falls_back_to_the_first(desk, world):
    desk.loader.ask(request(1, frame="DQ"))
    desk.loader.run_until_idle()
    assert desk.answers[0].info.frame == "SCI"
    desk.loader.ask(request(1, frame="ERR"))
    desk.loader.run_until_idle()
    assert desk.answers[1].info.frame == "ERR"


def test_an_unreadable_item_is_answered_in_words_and_tried_again_later(desk, world):
    world.in_open = failing("truncated\x1b[2J")
    desk.loader.ask(request(1))
    desk.loader.run_until_idle()
    (answer,) = desk.answers
    assert isinstance(answer, Failed)
    assert answer.message == "1: truncated␛[2J"
    assert desk.loader.ask(request(1)) is answer
    world.clock.now += 60
    world.in_open = lambda key: None
    assert desk.loader.ask(request(1)) is None
    desk.loader.run_until_idle()
    assert value(desk.answers[-1]) == 1


@pytest.mark.parametrize(
    ("error", "foreseen"),
    [
        (ValueError("odd"), False), (MemoryError(), True), (OSError(116, "Stale file"), True),
        (RecursionError(), False), (KeyboardInterrupt(), False), (SystemExit(3), False),
        (AssertionError(), False), (Exception("\x9b31m"), False),
        (UnreadableError("1 is damaged"), True),
    ],
    ids=repr,
)  # fmt: skip
def test_whatever_a_reader_raises_becomes_words(desk, world, error, foreseen, caplog):
    def die(image, poll, preview):
        raise error

    world.in_reduce = die
    desk.loader.ask(request(1))
    desk.loader.run_until_idle()
    (answer,) = desk.answers
    assert isinstance(answer, Failed)
    assert answer.message.startswith("1")
    assert answer.message.isprintable()
    logged = [record.exc_info[1] for record in caplog.records]
    assert logged == ([] if foreseen else [error])
    world.in_reduce = lambda image, poll, preview: None
    desk.loader.ask(request(2))
    desk.loader.run_until_idle()
    assert value(desk.answers[-1]) == 2


def test_what_was_told_of_a_forgotten_file_is_told_anew(desk, world):
    told = []
    for revision in (0, 5000):
        world.revision["1"] = revision
        desk.loader.ask(request(1))
        desk.loader.run_until_idle()
        told += desk.answers[-1].info.skipped
        desk.loader.forget("1")
    assert told == ["what is beside 1.0", "what is beside 6.0"]


def test_forgetting_reads_anew(desk, world):
    desk.loader.ask(request(1))
    desk.loader.info(item(1), None, lambda info: None)
    desk.loader.run_until_idle()
    world.revision["1"] = 5000
    assert value(desk.loader.ask(request(1))) == 1
    desk.loader.forget("1")
    assert desk.loader.ask(request(1)) is None
    desk.loader.run_until_idle()
    assert value(desk.answers[-1]) == 6
    assert world.open == 1
    assert desk.loader.info(item(1), None, lambda info: None) is None


@pytest.mark.parametrize("stage", ["in_reduce", "in_sample", "in_cards", "in_render", "in_encode"])
def test_what_was_read_of_a_forgotten_file_is_not_kept(desk, world, stage):
    def change(*_) -> None:
        setattr(world, stage, lambda *_: None)
        world.revision["1"] = 5000
        desk.loader.forget("1")
        desk.loader.ahead([])

    desk.loader.info(item(0), None, lambda info: None)  # so that headers are read along
    desk.loader.run_until_idle()
    setattr(world, stage, change)
    desk.loader.ahead([request(1)])
    desk.loader.run_until_idle()
    assert desk.loader.ask(request(1)) is None
    desk.loader.run_until_idle()
    assert value(desk.answers[-1]) == 6
    assert desk.answers[-1].limits == (0.0, 6.0)
    told: list = []
    known = desk.loader.info(item(1), None, told.append)
    desk.loader.run_until_idle()
    assert (known or told[0]).cards[0].value == 6.0


def test_a_new_size_drops_payloads_and_neighbours(desk, world):
    desk.loader.ask(request(1))
    desk.loader.run_until_idle()
    desk.loader.ahead([request(2)])
    desk.loader.resize()
    assert desk.loader.counters().held["payloads"] == 0
    assert desk.loader.ask(request(1, area=Area(20, 10, 2, 4))) is None
    desk.loader.run_until_idle()
    assert set(world.reads) == {"1"}


class TestPreviews:
    @pytest.fixture
    def slow(self, world):
        """Storage of 50 MB a second for images of 100 MB."""
        world.cost = 100_000_000

        def crawl(image, poll, preview):
            steps = 5 if preview else 100
            for step in range(steps):
                world.clock.now += 0.02
                report(poll, (step + 1) / steps, "reading")
                if poll():
                    raise Cancelled

        world.in_reduce = crawl
        return world

    def test_slow_storage_shows_sampled_rows_first(self, slow, desk):
        desk.loader.ask(request(1))
        desk.loader.run_until_idle()
        first, second = desk.answers
        assert first.preview
        assert not second.preview
        assert first.load_seconds < 0.5
        assert desk.loader.counters().previews == 1
        assert desk.loader.ask(request(1)) is second

    def test_a_reader_that_does_not_tell_how_far_it_is_gets_one_too(self, slow, desk):
        def crawl(image, poll, preview):
            for _ in range(5 if preview else 100):
                slow.clock.now += 0.02
                if poll():
                    raise Cancelled

        slow.in_reduce = crawl
        desk.loader.ask(request(1))
        desk.loader.run_until_idle()
        assert [a.preview for a in desk.answers] == [True, False]

    def test_what_was_measured_counts_for_the_next_image(self, slow, desk):
        desk.loader.ask(request(1))
        desk.loader.run_until_idle()
        desk.loader.ask(request(2))
        desk.loader.run_until_idle()
        assert desk.answers[2].preview
        assert desk.answers[2].load_seconds == pytest.approx(0.1)

    def test_fast_storage_shows_no_preview(self, world, desk):
        world.cost = 100_000_000
        desk.loader.ask(request(1))
        desk.loader.run_until_idle()
        assert [a.preview for a in desk.answers] == [False]
        assert world.reads["1"] == 1

    def test_what_is_at_hand_is_shown_while_the_exact_picture_is_made(
        self, world, desk, monkeypatch
    ):
        def at_hand(frame, box, size):
            return Reduced(np.full(size, 90.0, np.float32), preview=True)

        monkeypatch.setattr(FakeFrame, "at_hand", at_hand)
        desk.loader.ask(request(1))
        desk.loader.run_until_idle()
        assert [(value(a), a.preview) for a in desk.answers] == [(90, True), (1, False)]
        desk.loader.ahead([request(2)])
        desk.loader.run_until_idle()
        assert [(value(a), a.preview) for a in desk.ready] == [(2, False)]

    def test_what_is_about_done_shows_no_preview(self, slow, desk):
        def saunter(image, poll, preview):
            for step in range(100):
                slow.clock.now += 0.003
                report(poll, (step + 1) / 100)
                if poll():
                    raise Cancelled

        slow.in_reduce = saunter
        desk.loader.ask(request(1))
        desk.loader.run_until_idle()
        assert [a.preview for a in desk.answers] == [False]

    def test_neighbours_and_tests_get_none(self, slow, desk):
        desk.loader.ahead([request(1)])
        desk.loader.run_until_idle()
        assert [a.preview for a in desk.ready] == [False]
        synchronous = SynchronousLoader(settings=settings(), stages=slow.stages(), clock=slow.clock)
        assert not synchronous.ask(request(1)).preview

    def test_the_exact_picture_follows_a_preview_from_the_cache(self, slow, desk):
        desk.loader.ask(request(1))
        calm = slow.in_reduce

        def leave(image, poll, preview):
            if slow.reads["1"] == 3:  # the exact one, after the preview was shown
                slow.in_reduce = calm
                desk.loader.ask(request(2, limits=(0.0, 1.0)))
            calm(image, poll, preview)

        slow.in_reduce = leave
        desk.loader.run_until_idle()
        assert [(value(a), a.preview) for a in desk.answers] == [
            (1, True), (2, True), (2, False),
        ]  # fmt: skip
        again = desk.loader.ask(request(1))
        assert again.preview
        wanted = [request(2, limits=(0.0, 1.0)), request(1), request(3)]
        assert desk.loader.known(wanted) == [desk.answers[2]]
        desk.loader.run_until_idle()
        assert (value(desk.answers[-1]), desk.answers[-1].preview) == (1, False)
        assert desk.loader.known(wanted) == desk.answers[2:]

    def test_a_preview_is_neither_a_ready_neighbour_nor_a_refinement(self, slow, desk):
        def leave(image, poll, preview):
            if image.key != "2" and not preview and desk.answers:
                desk.loader.ask(request(2))
            crawl(image, poll, preview)

        crawl, slow.in_reduce = slow.in_reduce, leave
        for number in (1, 3):
            desk.answers.clear()
            desk.loader.ask(request(number))
            desk.loader.run_until_idle()
            assert (value(desk.answers[0]), desk.answers[0].preview) == (number, True)
        slow.in_reduce = crawl
        desk.loader.ahead([request(1)])
        assert desk.loader.refine(request(3)) is None
        desk.loader.run_until_idle()
        assert [(value(a), a.preview) for a in desk.ready] == [(1, False)]
        assert (value(desk.answers[-1]), desk.answers[-1].preview) == (3, False)

    def test_no_preview_has_the_name_of_what_follows_it(self, slow, desk):
        for _ in range(2):
            desk.loader.ask(request(1))
            desk.loader.run_until_idle()
            desk.loader.forget("1")
        assert [a.preview for a in desk.answers] == [True, False] * 2
        preview, exact, another, again = (answer.name for answer in desk.answers)
        assert exact == again == request(1).signature
        assert len({preview, exact, another}) == 3

    def test_a_neighbour_being_read_turns_into_a_preview_when_demanded(self, slow, desk):
        desk.loader.ahead([request(1)])
        calm = slow.in_reduce

        def demand(image, poll, preview):
            slow.in_reduce = calm
            slow.clock.now += 0.3
            report(poll, 0.1)
            desk.loader.ask(request(1))
            calm(image, poll, preview)

        slow.in_reduce = demand
        desk.loader.run_until_idle()
        assert [a.preview for a in desk.answers] == [True, False]

    def test_a_frame_that_gives_no_preview_is_not_asked_again(self, slow, desk, monkeypatch):
        exact = FakeFrame.reduce
        monkeypatch.setattr(
            FakeFrame, "reduce", lambda self, *a, preview=False, **k: exact(self, *a, **k)
        )
        for number in (1, 2):
            desk.loader.ask(request(number))
            desk.loader.run_until_idle()
            slow.cost = 9_000_000  # which storage of that speed would be done with soon enough
        assert [a.preview for a in desk.answers] == [False, False]
        assert slow.reads == {"1": 2, "2": 1}

    def test_a_small_frame_is_read_once(self, slow, desk):
        slow.cost = 1_000_000
        desk.loader.ask(request(1))
        desk.loader.run_until_idle()
        assert [a.preview for a in desk.answers] == [False]
        assert slow.reads["1"] == 1

    def test_what_was_left_meanwhile_gets_none(self, slow, desk):
        def leave(image, poll, preview):
            if image.key == "1":
                slow.clock.now += 1
                report(poll, 0.01)
                assert poll()
                desk.loader.ask(request(2))
                raise Cancelled

        slow.in_reduce = leave
        desk.loader.ask(request(1))
        desk.loader.run_until_idle()
        assert slow.reads == {"1": 1, "2": 1}


def test_progress_of_a_demand_and_silence_of_the_storage(desk, world):
    told = []

    def crawl(image, poll, preview):
        told.append(desk.loader.slow())
        world.clock.now += 0.5
        report(poll, 0.25, "inflating")
        told.append(desk.loader.slow())
        world.clock.now += 5
        told.append(desk.loader.slow())

    world.in_reduce = crawl
    desk.loader.ask(request(1))
    desk.loader.run_until_idle()
    assert told[0] is None
    assert told[1].what == "inflating, 25%"
    assert told[1].seconds == 0.5
    assert told[2].what == "still reading; storage does not answer; f5 reads it again"
    assert desk.loader.slow() is None


@pytest.mark.parametrize("sign", [lambda poll: poll(), lambda poll: report(poll, 0.5)])
def test_storage_that_gives_a_sign_of_life_is_not_said_to_be_silent(desk, world, sign):
    told = []

    def crawl(image, poll, preview):
        for _ in range(5):
            world.clock.now += 1.5
            sign(poll)
            told.append(desk.loader.slow())

    world.in_reduce = crawl
    desk.loader.ask(request(1))
    desk.loader.run_until_idle()
    assert not any("does not answer" in progress.what for progress in told)


def test_what_nobody_wants_any_more_is_not_encoded(desk, world):
    encoded = []
    world.in_encode = lambda: encoded.append(len(desk.answers))

    def leave():
        world.in_render = lambda: None
        desk.loader.ask(request(2))

    world.in_render = leave
    desk.loader.ask(request(1))
    desk.loader.run_until_idle()
    assert [value(answer) for answer in desk.answers] == [2]
    assert len(encoded) == 1


def test_caches_stay_within_their_bounds(world):
    desk = Desk(world, cache_bytes=20_000, open_images=3)
    for number in range(200):
        desk.loader.ask(request(number % 50, stretch=("log", "sqrt")[number % 2]))
        desk.loader.ahead([request((number + n) % 50) for n in range(1, 8)])
        desk.loader.run_until_idle()
        counters = desk.loader.counters()
        for name, held in counters.held.items():
            assert held <= counters.bounds[name] + 10_000, name
        assert world.open <= 3
    assert desk.loader.counters().held["payloads"] <= counters.bounds["payloads"]


def test_closing_closes_the_files_and_answers_nothing_more(desk, world):
    desk.loader.ask(request(1))
    desk.loader.run_until_idle()
    desk.loader.ask(request(2))
    assert desk.loader.close()
    desk.loader.run_until_idle()
    desk.loader.ask(request(3))
    desk.loader.run_until_idle()
    assert len(desk.answers) == 1
    assert world.reads == {"1": 1}
    assert world.open == 0


@pytest.mark.parametrize(
    ("stage", "cache"),
    [("in_reduce", "reduced"), ("in_sample", "samples"), ("in_encode", "payloads")],
)
def test_what_is_ready_after_the_end_is_neither_handed_out_nor_kept(desk, world, stage, cache):
    def end(*_) -> None:
        assert desk.loader.close()
        desk.loader.ask(request(1))

    setattr(world, stage, end)
    desk.loader.ask(request(1))
    desk.loader.run_until_idle()
    assert not desk.answers
    assert desk.loader.counters().held[cache] == 0
    assert world.open == 0


OTHER = {
    "item": item(8),
    "display": Display(stretch="log"),
    "area": Area(10, 5, 2, 5),
    "protocol": Protocol.SIXEL,
    "quality": Quality(levels=16),
    "overlay": ("a crosshair",),
    "sheet": Sheet(2, 2),
}


@pytest.mark.parametrize("name", Request.__struct_fields__)
def test_whatever_makes_a_picture_look_otherwise_is_in_its_signature(name):
    assert request(7).signature == request(7).signature
    assert request(7).signature != replace(request(7), **{name: OTHER[name]}).signature


def test_counters_tell_of_stages(desk, world):
    desk.loader.ask(request(1))
    desk.loader.run_until_idle()
    desk.loader.ask(request(1, stretch="log"))
    desk.loader.run_until_idle()
    times = desk.loader.counters().times
    assert {stage: times[stage].count for stage in times} == {
        "wait": 2, "open": 1, "reduce": 1, "sample": 1, "limits": 1, "render": 2, "encode": 2,
    }  # fmt: skip


class TestSynchronous:
    @pytest.fixture
    def loader(self, world):
        self.answers, self.ready = [], []
        return SynchronousLoader(
            answer=self.answers.append,
            ready=self.ready.append,
            settings=settings(),
            stages=world.stages(),
            clock=world.clock,
        )

    def test_it_answers_in_the_call(self, loader, world):
        assert value(loader.ask(request(1))) == 1
        assert loader.refine(request(1, quality=Quality(levels=8))).request.quality.levels == 8
        loader.ahead([request(2), request(3)])
        assert [value(a) for a in self.ready] == [2, 3]
        infos = []
        loader.info(item(2), None, infos.append)
        loader.inspect(item(2), None, lambda frame: frame.name, infos.append)
        assert infos[0].cards[0].value == 2
        assert infos[1] == "SCI"
        loader.forget("1")
        assert value(loader.ask(request(1))) == 1
        assert world.opens["1"] == 2
        assert not self.answers

    def test_it_fails_in_the_call(self, loader, world):
        world.in_open = failing("gone")
        assert isinstance(loader.ask(request(1)), Failed)
        errors = []
        loader.info(item(2), None, errors.append)
        assert isinstance(errors[0], UnreadableError)


def test_north_up_asks_for_the_header_first(world):
    asked = []
    stages = world.stages()
    from msgspec.structs import replace

    loader = SynchronousLoader(
        settings=settings(),
        stages=replace(stages, north=lambda info: asked.append(info.cards) or (30.0, False)),
        clock=world.clock,
    )
    shown = loader.ask(request(1, north_up=True))
    assert asked[0][0].key == "VALUE"
    assert shown.viewport.angle == pytest.approx(330.0)
    assert shown.info.cards


def test_pixels_are_shown_as_they_are_until_scaling_is_asked_for():
    from tuiview.imaging.display import Display
    from tuiview.loading.pipeline import as_they_are

    def info(dtype="uint8", channels=1, kind="PNG"):
        return ImageInfo(kind, ("image",), "image", (9, 9), dtype, "", channels, "upper")

    plain = Display()
    assert as_they_are(info(), plain)
    assert as_they_are(info(channels=3, kind="HDF5"), plain)
    assert not as_they_are(info(kind="FITS"), plain)
    assert not as_they_are(info(dtype="uint16"), plain)
    assert not as_they_are(info(), plain.but(stretch="asinh"))
    assert as_they_are(info(channels=3), plain.but(stretch="asinh"))
    assert not as_they_are(info(channels=3), plain.but(scaled_color=True))
    assert not as_they_are(info(), plain.but(limits=(3.0, 90.0)))
