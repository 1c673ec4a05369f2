"""The loader with its threads: hanging reads, the way out, and nobody kept waiting."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from queue import Queue

import pytest
from loading_fakes import World, item, request, settings, value

from tuiview.errors import Cancelled
from tuiview.loading.loader import Loader
from tuiview.loading.request import Failed

PATIENCE = 20.0


class Desk:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.world = World()
        self.answers: Queue = Queue()
        self.ready: Queue = Queue()
        self.progress: Queue = Queue()
        self.loader = Loader(
            answer=self.answers.put,
            ready=self.ready.put,
            progress=self.progress.put,
            settings=settings(threads=2),
            stages=self.world.stages(),
            clock=clock,
        )

    def answer(self):
        return self.answers.get(timeout=PATIENCE)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.loader.close(PATIENCE)


class Hang:
    """Reads of some items that do not come back until they are let go."""

    def __init__(self, world: World, *numbers: int) -> None:
        self.keys = {str(number) for number in numbers}
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Event()
        world.in_open = self.hang

    def hang(self, key: str) -> None:
        if key in self.keys:
            self.begun.release()
            self.let_go.wait(10 * PATIENCE)  # a test that fails must not be helped

    def wait(self) -> None:
        assert self.begun.acquire(timeout=PATIENCE)


def loader_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("loader")]


def test_demands_and_neighbours_are_answered(desk):
    assert desk.loader.ask(request(1)) is None
    desk.loader.ahead([request(n) for n in range(2, 8)])
    assert value(desk.answer()) == 1
    assert {value(desk.ready.get(timeout=PATIENCE)) for _ in range(6)} == {2, 3, 4, 5, 6, 7}
    assert value(desk.loader.ask(request(5))) == 5
    assert set(desk.world.reads.values()) == {1}
    assert desk.loader.close(PATIENCE)
    assert desk.world.open == 0


def test_held_neighbours_are_gone_on_with(desk):
    desk.loader.hold(True)
    desk.loader.ahead([request(n) for n in range(2, 8)])
    desk.loader.ask(request(1))
    assert value(desk.answer()) == 1
    desk.loader.hold(False)
    assert {value(desk.ready.get(timeout=PATIENCE)) for _ in range(6)} == {2, 3, 4, 5, 6, 7}


def test_superseded_work_is_cancelled_inside_a_long_read(desk):
    begun, given_up = threading.Event(), threading.Event()

    def read(image, poll, preview):
        if image.key == "1":
            begun.set()
            while not poll():
                time.sleep(0)
            given_up.set()
            raise Cancelled

    desk.world.in_reduce = read
    desk.loader.ask(request(1))
    assert begun.wait(PATIENCE)
    desk.loader.ask(request(2))
    assert value(desk.answer()) == 2
    assert given_up.wait(PATIENCE)


def test_a_demand_given_up_and_wished_for_is_made_by_another_thread(desk):
    begun, given_up, wished = threading.Event(), threading.Event(), threading.Event()

    def read(image, poll, preview):
        if image.key == "1" and not given_up.is_set():
            begun.set()
            while not poll():
                time.sleep(0)
            given_up.set()
            assert wished.wait(PATIENCE)
            raise Cancelled

    desk.world.in_reduce = read
    desk.loader.ask(request(1))
    assert begun.wait(PATIENCE)
    desk.loader.ask(request(2))
    assert value(desk.answer()) == 2
    assert given_up.wait(PATIENCE)
    desk.loader.ahead([request(1)])
    wished.set()
    assert value(desk.ready.get(timeout=PATIENCE)) == 1


def test_hanging_reads_hold_up_neither_the_next_image_nor_the_exit(desk):
    hang = Hang(desk.world, *range(6))
    for number in range(6):  # more than there are threads
        desk.loader.ask(request(number))
        hang.wait()
    desk.loader.ahead([request(7), request(8)])
    desk.loader.ask(request(6))
    assert value(desk.answer()) == 6
    assert value(desk.ready.get(timeout=PATIENCE)) in (7, 8)
    counters = desk.loader.counters()
    assert counters.stuck == 6
    start = time.monotonic()
    assert not desk.loader.close(0.05)
    assert time.monotonic() - start < PATIENCE / 2
    hang.let_go.set()
    assert desk.loader.close(PATIENCE)
    assert desk.world.open == 0


@pytest.mark.parametrize("forgotten", [False, True])
def test_neighbours_that_hang_do_not_stop_prefetching(forgotten):
    desk = Desk(clock=lambda: 5 * time.monotonic())
    hang = Hang(desk.world, 1, 2)
    desk.loader.ahead([request(n) for n in (1, 2, 3)])
    hang.wait()
    hang.wait()
    desk.loader.ask(request(5))
    assert value(desk.answer()) == 5
    desk.loader.ahead([request(n) for n in (6, 7)])
    for key in "12" if forgotten else "":
        desk.loader.forget(key)
    assert {value(desk.ready.get(timeout=PATIENCE)) for _ in range(2)} == {6, 7}
    hang.let_go.set()
    assert desk.loader.close(PATIENCE)


def test_progress_is_told_and_a_hanging_item_can_be_retried():
    desk = Desk(clock=lambda: 5 * time.monotonic())
    hang = Hang(desk.world, 1)
    desk.loader.ask(request(1))
    hang.wait()
    told = desk.progress.get(timeout=PATIENCE)
    assert told.request.item.key == "1"
    assert told.seconds >= 0.3
    while "does not answer" not in told.what:
        told = desk.progress.get(timeout=PATIENCE)
    desk.world.in_open = lambda key: None
    desk.loader.forget("1")
    desk.loader.ask(request(1))
    assert value(desk.answer()) == 1
    hang.let_go.set()
    assert desk.loader.close(PATIENCE)
    assert desk.answers.empty()
    assert desk.world.open == 0


def test_a_question_that_hangs_leaves_the_item_usable(desk):
    begun, let_go = threading.Event(), threading.Event()

    def look(frame):
        begun.set()
        let_go.wait(PATIENCE)

    desk.loader.inspect(item(1), None, look, lambda result: None)
    assert begun.wait(PATIENCE)
    desk.loader.ask(request(1))
    assert value(desk.answer()) == 1
    assert desk.world.opens["1"] == 2
    let_go.set()


def test_a_reader_that_dies_kills_no_thread(desk):
    def die(image, poll, preview):
        if int(image.key) % 2:
            raise SystemExit(int(image.key))

    desk.world.in_reduce = die
    for number in range(20):
        desk.loader.ask(request(number))
        answer = desk.answer()
        assert isinstance(answer, Failed) == bool(number % 2)
    assert 1 <= desk.loader.counters().threads <= 4


def test_a_receiver_that_fails_kills_no_thread(desk):
    called = threading.Semaphore(0)

    def fail(answer):
        called.release()
        raise RuntimeError("the screen is gone")

    loader = Loader(answer=fail, settings=settings(threads=1), stages=desk.world.stages())
    for number in range(6):
        loader.ask(request(number))
        assert called.acquire(timeout=PATIENCE)
    assert loader.close(PATIENCE)


def test_what_a_receiver_lets_through_is_told(desk):
    told: Queue[Exception] = Queue()

    def fail(_):
        raise RuntimeError("a fault of the program")

    def tell(error):
        told.put(error)
        raise RuntimeError("and nobody is there to hear of it")

    stages = desk.world.stages()
    loader = Loader(answer=fail, failed=tell, settings=settings(threads=1), stages=stages)
    loader.ask(request(1))
    assert "a fault of the program" in str(told.get(timeout=PATIENCE))
    loader.inspect(item(1), None, lambda frame: None, fail)
    assert "a fault of the program" in str(told.get(timeout=PATIENCE))
    assert loader.close(PATIENCE)
    assert told.empty()


def test_closing_during_work_ends_all_threads(desk):
    before = set(loader_threads())
    begun = threading.Event()

    def read(image, poll, preview):
        begun.set()
        while not poll():
            time.sleep(0)
        raise Cancelled

    desk.world.in_reduce = read
    desk.loader.ask(request(1))
    desk.loader.ahead([request(n) for n in range(2, 9)])
    assert begun.wait(PATIENCE)
    assert desk.loader.close(PATIENCE)
    assert not set(loader_threads()) - before
    assert desk.world.open == 0
    assert desk.answers.empty()
    assert desk.loader.ask(request(2)) is None


def test_storms_end_with_the_last_picture(desk):
    for number in range(300):
        known = desk.loader.ask(request(number % 40))
        desk.loader.ahead([request((number + n) % 40) for n in range(1, 9)])
        desk.loader.inspect(item(number % 40), None, lambda f: f.name, lambda r: None, "value")
    last = known
    while last is None or last.request.item.key != "19":
        last = desk.answer()
    assert value(last) == 19


def test_threads_are_niced_and_few():
    code = """
import os, threading, time
from pathlib import Path
import sys
sys.path.insert(0, sys.argv[1])
from loading_fakes import World, request, settings
from tuiview.loading.loader import Loader
from queue import Queue
answers = Queue()
loader = Loader(answer=answers.put, ready=answers.put, settings=settings(threads=2),
                stages=World().stages())
assert not [t for t in threading.enumerate() if t.name.startswith("loader")]
loader.ask(request(1))
loader.ahead([request(n) for n in range(2, 9)])
for _ in range(8):
    answers.get(timeout=20)
own = os.getpriority(os.PRIO_PROCESS, 0)
nice = {}
for thread in threading.enumerate():
    if thread.name.startswith("loader-") and thread.name != "loader-watch":
        nice[thread.name] = os.getpriority(os.PRIO_PROCESS, thread.native_id) - own
assert len(nice) <= 4, nice
assert nice["loader-back-0"] == min(10, 19 - own), nice
assert nice["loader-front-0"] == min(4, 19 - own), nice
assert os.getpriority(os.PRIO_PROCESS, 0) == own
"""
    here = str(__import__("pathlib").Path(__file__).parent)
    subprocess.run([sys.executable, "-c", code, here], check=True, timeout=60)


def test_a_hanging_read_does_not_hold_up_the_end_of_the_process():
    code = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from loading_fakes import World, request, settings
from tuiview.loading.loader import Loader
world = World()
begun = threading.Event()
def hang(key):
    begun.set()
    threading.Event().wait()
world.in_open = hang
loader = Loader(answer=print, settings=settings(threads=2), stages=world.stages())
loader.ask(request(1))
begun.wait(20)
loader.close(0.05)
print("left")
"""
    here = str(__import__("pathlib").Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", code, here], check=True, timeout=60, capture_output=True, text=True
    )
    assert done.stdout == "left\n"


def test_importing_the_loader_imports_nothing_heavy():
    code = """
import sys, tuiview.loading.loader, tuiview.loading.synchronous
heavy = {"astropy", "PIL", "h5py", "pandas", "tifffile", "scipy", "textual"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.soak
def test_ten_thousand_items_in_flat_memory():
    import psutil

    desk = Desk()
    process = psutil.Process()
    seen = []
    for number in range(10_000):
        if desk.loader.ask(request(number)) is None:
            desk.answer()
        desk.loader.ahead([request(number + n) for n in range(1, 9)])
        desk.loader.inspect(item(number), None, lambda frame: frame.name, lambda name: None)
        while not desk.ready.empty():
            desk.ready.get()
        if number % 1000 == 999:
            seen.append(process.memory_info().rss)
    assert desk.loader.close(PATIENCE)
    assert seen[-1] - seen[1] < 8 << 20
