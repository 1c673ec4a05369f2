"""The parts of the loader alone: bounded caches, open images, the order of work, the budget."""

from __future__ import annotations

import random
import threading
import weakref
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loading_fakes import Clock, FakeImage, World, item

from tuiview.errors import Cancelled, never
from tuiview.imaging.viewport import Viewport
from tuiview.loading.budget import available_memory, default_cache_bytes
from tuiview.loading.cache import Lru, OpenImages
from tuiview.loading.counters import Meter
from tuiview.loading.kept import Caches
from tuiview.loading.reading import Reader
from tuiview.loading.scheduler import Rank, Scheduler
from tuiview.loading.watch import Watch


class TestLru:
    @given(
        st.integers(0, 60),
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=60),
    )
    def test_the_newest_stay_and_the_bound_holds_but_for_one(self, bound, puts):
        cache: Lru[int, int] = Lru(bound)
        order: list[tuple[int, int]] = []
        for key, size in puts:
            cache.put(key, size, size)
            order = [entry for entry in order if entry[0] != key] + [(key, size)]
            while len(order) > 1 and sum(size for _, size in order) > bound:
                order.pop(0)
            assert cache.held == sum(size for _, size in order)
            assert cache.held <= max(bound, size)
        assert {key for key, _ in order} == {key for key in range(10) if cache.get(key) is not None}

    def test_getting_counts_as_use(self):
        cache: Lru[str, str] = Lru(30)
        for key in "abc":
            cache.put(key, key, 10)
        assert cache.get("a") == "a"
        cache.put("d", "d", 10)
        assert cache.get("b") is None
        assert cache.get("a") == "a"
        assert cache.typical == 10

    def test_discarding_and_clearing_give_the_bytes_back(self):
        cache: Lru[int, int] = Lru(100)
        for key in range(10):
            cache.put(key, key, 10)
        cache.discard(lambda key, value: key % 2 == 0)
        assert (len(cache), cache.held) == (5, 50)
        cache.clear()
        assert (len(cache), cache.held) == (0, 0)


class TestOpenImages:
    @pytest.fixture
    def world(self) -> World:
        return World()

    def lend(self, images, world, key, patience=0.0, cancelled=never):
        def open_image():
            world.open += 1
            return FakeImage(world, key)

        return images.borrow(key, open_image, patience=patience, cancelled=cancelled)

    def test_an_image_is_opened_once_and_kept(self, world):
        images = OpenImages(2, 1000)
        with self.lend(images, world, "1") as first:
            pass
        with self.lend(images, world, "1") as second:
            assert first is second
        assert world.open == 1

    def test_the_oldest_are_closed(self, world):
        images = OpenImages(2, 1000)
        for key in "1234":
            with self.lend(images, world, key):
                pass
        assert len(images) == 2
        assert world.open == 2

    def test_they_are_closed_by_what_they_hold(self, world):
        images = OpenImages(10, 1000)
        for key in "1234":
            with self.lend(images, world, key) as image:
                type(image).held = property(lambda self: 400)
        del FakeImage.held
        assert len(images) == 2

    def test_one_image_is_never_lent_twice(self, world):
        images = OpenImages(4, 1000)
        with self.lend(images, world, "1") as first, self.lend(images, world, "1") as second:
            assert first is not second
        assert world.open == 2

    def test_a_forgotten_image_is_closed_when_it_comes_back(self, world):
        images = OpenImages(4, 1000)
        with self.lend(images, world, "1") as first:
            images.forget("1")()
            with self.lend(images, world, "1") as second:
                assert second is not first
        assert first.closed
        assert not second.closed
        images.forget("1")()
        assert second.closed

    def test_an_image_that_will_not_close_hurts_nobody(self, world):
        images = OpenImages(0, 1000)

        def stuck():
            raise OSError("stale")

        with self.lend(images, world, "1") as image:
            image.close = stuck
        assert len(images) == 0

    def test_opening_that_fails_leaves_nothing_behind(self, world):
        images = OpenImages(4, 1000)

        def fail():
            raise OSError("gone")

        with pytest.raises(OSError, match="gone"), images.borrow("1", fail, patience=9.0):
            pass
        with self.lend(images, world, "1", patience=9.0, cancelled=lambda: True) as image:
            assert image.key == "1"

    def test_one_waits_for_an_image_that_is_lent(self, world):
        images = OpenImages(4, 1000)
        waiting = threading.Event()

        def poll():
            waiting.set()
            return False

        def wait_for_it():
            with self.lend(images, world, "1", patience=9.0, cancelled=poll):
                pass

        with self.lend(images, world, "1"):
            other = threading.Thread(target=wait_for_it)
            other.start()
            assert waiting.wait(20)
        other.join(20)
        assert world.open == 1

    def test_an_image_that_was_kept_is_lent_to_one(self, world):
        images = OpenImages(4, 1000)
        with self.lend(images, world, "1"):
            pass
        with self.lend(images, world, "1") as first, self.lend(images, world, "1") as second:
            assert first is not second
        assert world.open == 2

    def test_who_waits_for_nothing_any_more_stops_waiting(self, world):
        images = OpenImages(4, 1000)
        with (
            self.lend(images, world, "1"),
            pytest.raises(Cancelled),
            self.lend(images, world, "1", patience=9.0, cancelled=lambda: True),
        ):
            pass
        assert world.open == 1


class TestScheduler:
    @pytest.fixture
    def scheduler(self):
        return Scheduler(Clock(), ahead_limit=2, rest_limit=3)

    def take_all(self, scheduler):
        taken = []
        while (job := scheduler.take()) is not None:
            taken.append(job.key)
            scheduler.done(job, finished=True)
        return taken

    def test_the_order(self, scheduler):
        scheduler.wish([(f"n{n}", f"n{n}", None) for n in range(3)])
        scheduler.demand("old", "old", None)
        scheduler.aside("kind", "q", None)
        scheduler.demand("d", "d", None)
        scheduler.refine("r", "r", None)
        taken = self.take_all(scheduler)
        assert taken[0] == "d"
        assert taken[1][0] == "aside"
        assert taken[2:] == ["r", "n0", "n1", "n2"]
        assert scheduler.idle

    def test_neighbours_leave_room_and_spare_busy_items(self, scheduler):
        scheduler.wish([(n, str(n // 2), None) for n in range(6)])
        first, second = scheduler.take(), scheduler.take()
        assert (first.key, second.key) == (0, 2)
        assert scheduler.take() is None
        scheduler.demand("d", "0", None)
        assert scheduler.take().key == "d"
        scheduler.done(first, finished=True)
        assert scheduler.take().key == 4

    def test_some_threads_leave_neighbours_alone(self, scheduler):
        scheduler.wish([(1, "1", None)])
        assert scheduler.take(ahead=False) is None
        assert scheduler.waiting() == (0, 1)
        assert scheduler.take(ahead=True).key == 1

    def test_a_demand_finds_a_thread_beside_all_else(self, scheduler):
        for number in range(4):
            scheduler.aside(number, str(number), None)
        assert [scheduler.take() is None for _ in range(4)] == [False, False, False, True]
        scheduler.demand("d", "d", None)
        assert scheduler.take().key == "d"

    def test_what_was_made_is_wished_for_no_more(self, scheduler):
        scheduler.wish([("a", "a", None)])
        scheduler.done(scheduler.take(), finished=True)
        scheduler.demand("a", "a", None)
        scheduler.demand("b", "b", None)
        assert self.take_all(scheduler) == ["b"]

    def test_nothing_is_left_of_a_question_that_was_answered(self, scheduler):
        class Kind:
            pass

        kind = Kind()
        gone = weakref.ref(kind)
        scheduler.aside(kind, "a", None)
        scheduler.done(scheduler.take(), finished=True)
        del kind
        assert gone() is None

    def test_a_job_wanted_again_goes_on(self, scheduler):
        scheduler.demand("a", "a", None)
        job = scheduler.take()
        scheduler.demand("b", "b", None)
        assert not job.wanted
        assert scheduler.stuck == 1
        scheduler.wish([("a", "a", None)])
        assert job.rank is Rank.AHEAD
        assert scheduler.done(job, finished=True) is Rank.AHEAD

    def test_a_job_given_up_and_wanted_again_is_queued_anew(self, scheduler):
        scheduler.demand("a", "a", None)
        job = scheduler.take()
        scheduler.demand("b", "b", None)
        scheduler.demand("a", "a", None)
        assert scheduler.done(job, finished=False) is None
        assert scheduler.take() is job

    def test_what_is_to_be_read_anew_is_left_to_itself(self, scheduler):
        scheduler.demand("a", "a", "stale")
        stray = scheduler.take()
        scheduler.demand("b", "b", "other")
        scheduler.wish([("a", "a", "stale")])
        scheduler.abandon(lambda work: work == "stale")
        assert (stray.wanted, stray.abandoned) == (False, True)
        assert self.take_all(scheduler) == ["b", "a"]
        assert (scheduler.stuck, scheduler.running, scheduler.idle) == (1, 0, False)
        assert scheduler.unwanted_since(stray.started + 1) == 1
        assert scheduler.done(stray, finished=True) is None
        assert (scheduler.stuck, scheduler.idle) == (0, True)

    @given(st.integers(0, 10_000))
    def test_nothing_is_lost_and_nothing_is_done_twice(self, seed):
        dice = random.Random(seed)
        scheduler = Scheduler(Clock(), 2, 3)
        running = []
        for _ in range(60):
            key = dice.randint(0, 5)
            what = dice.randint(0, 6)
            if what == 0:
                scheduler.demand(key, str(key), key, needed=dice.random() < 0.8)
            elif what == 1:
                scheduler.refine(key, str(key), key)
            elif what == 2:
                scheduler.wish([(k, str(k), k) for k in dice.sample(range(6), 3)])
            elif what == 3:
                scheduler.aside(dice.choice("ab"), str(key), key)
            elif what == 4:
                scheduler.abandon(lambda work, key=key: work == key)
            elif (job := scheduler.take(ahead=dice.random() < 0.7)) is not None:
                running.append(job)
            if running and dice.random() < 0.4:
                job = running.pop(dice.randrange(len(running)))
                scheduler.done(job, finished=dice.random() < 0.7 or job.wanted)
            alive = [job.key for job in running if not job.abandoned]
            assert len(alive) == len(set(alive))
        while running:
            scheduler.done(running.pop(), finished=True)
        self.take_all(scheduler)
        assert scheduler.idle


def test_of_a_file_that_is_to_be_read_anew_nothing_is_kept():
    world = World()
    caches, clock = Caches.of(1 << 20, 4), world.clock
    reader = Reader(world.stages(), caches, Meter(clock), clock)
    for kept in (False, True):
        with reader.read(item(1), Watch(lambda: True, lambda kept=kept: kept, clock)) as reading:
            reading.reduced(reading.sketch(None), Viewport((40, 50), 9, 9).box_and_size())
            reading.info(None)
            reading.samples("SCI")
            reading.together(("SCI", "ERR"))
        entries = [
            len(getattr(caches, name)) for name in ("sketches", "infos", "reduced", "samples")
        ]
        assert entries == ([1, 2, 1, 2] if kept else [0] * 4)


class TestBudget:
    def test_it_is_an_eighth_of_what_there_is(self):
        assert 0 < default_cache_bytes() == available_memory() // 8

    def limit(self, tmp_path: Path, lines: str, files: dict[str, str], **environ: str) -> int:
        for name, text in files.items():
            path = tmp_path / "fs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        groups = tmp_path / "cgroup"
        groups.write_text(lines)
        return available_memory(environ, groups=groups, hierarchy=tmp_path / "fs")

    def test_slurm_tells_by_node_or_by_processor(self, tmp_path):
        assert self.limit(tmp_path, "", {}, SLURM_MEM_PER_NODE="100") == 100 << 20
        by_cpu = {"SLURM_MEM_PER_CPU": "20", "SLURM_CPUS_ON_NODE": "4"}
        assert self.limit(tmp_path, "", {}, **by_cpu) == 80 << 20
        assert self.limit(tmp_path, "", {}, SLURM_MEM_PER_NODE="0") == available_memory({})

    def test_version_2_counts_every_group_around(self, tmp_path):
        files = {
            "user/job/memory.max": "max\n",
            "user/memory.max": "300000000\n",
        }
        assert self.limit(tmp_path, "0::/user/job\n", files) == 300_000_000

    def test_version_1_has_a_hierarchy_of_its_own(self, tmp_path):
        lines = "5:cpu,cpuacct:/x\n4:memory:/slurm/job_1\n0::/\n"
        files = {
            "memory/memory.limit_in_bytes": "9223372036854771712\n",
            "memory/slurm/job_1/memory.limit_in_bytes": "200000000\n",
        }
        assert self.limit(tmp_path, lines, files) == 200_000_000

    def test_in_a_container_only_the_top_is_there(self, tmp_path):
        lines = "0::/../../host/path\n"
        assert self.limit(tmp_path, lines, {"memory.max": "250000000"}) == 250_000_000

    def test_a_system_without_groups_has_its_memory(self, tmp_path):
        nowhere = tmp_path / "nothing"
        assert available_memory({}, groups=nowhere, hierarchy=nowhere) > 1 << 20


def test_times_of_stages():
    clock = Clock()
    meter = Meter(clock)
    for seconds in range(10):
        with meter.timing("open"):
            clock.now += seconds
    spread = meter.times()["open"]
    assert (spread.count, spread.p50, spread.p90, spread.worst) == (10, 5, 9, 9)
    assert spread.total == 45
    assert set(meter.times()) == {"open"}
