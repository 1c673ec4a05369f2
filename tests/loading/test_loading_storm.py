"""Storms of demands, resizes, display changes and broken files, in every order of completion."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from loading_fakes import AREA, World, item, request, settings, value

from tuiview.errors import Cancelled, UnreadableError
from tuiview.graphics.payload import FINE, Area, Quality
from tuiview.imaging.frame import report
from tuiview.loading.loader import Loader
from tuiview.loading.request import Failed, Shown

BROKEN = 5
DEADLY = 6
LARGE = 1 << 20
WHERE = ["reading", "read", "rendering", "encoding"]
NUMBERS = st.integers(0, DEADLY)
STRETCHES = st.sampled_from(["linear", "log", "asinh"])
SECONDS = st.sampled_from([0.0, 0.01, 0.1, 20.0])
WORK = st.lists(st.integers(0, 3), max_size=8)
COLORMAPS = st.sampled_from(["gray", "viridis"])


class Storm(RuleBasedStateMachine):
    """Jobs are taken and worked as threads would, in an order that hypothesis chooses."""

    @initialize(slow=st.booleans(), cache=st.sampled_from([3_000, 30_000, LARGE]), seconds=SECONDS)
    def start(self, slow: bool, cache: int, seconds: float) -> None:
        self.world = World()
        self.world.cost = 100_000_000 if slow else 1000
        self.world.in_reduce = self.read
        self.answers: list = []
        self.faults: list[AssertionError] = []
        self.asked: dict[int, list] = {}
        self.area = AREA
        self.wanted = None
        self.wished: list = []
        self.gone: set = set()
        self.large = cache == LARGE
        self.at_hand: list = []
        self.world.in_render = lambda: self.interrupt("rendering")
        self.world.in_encode = lambda: self.interrupt("encoding")
        self.interruption = None
        self.back_to = None
        self.step_seconds = seconds
        self.loader = Loader(
            answer=self.answered,
            ready=self.made_ready,
            settings=settings(cache_bytes=cache, open_images=4),
            stages=self.world.stages(),
            clock=self.world.clock,
        )

    def read(self, image, poll, preview) -> None:
        if image.key == str(BROKEN):
            raise UnreadableError("broken")
        if image.key == str(DEADLY):
            raise SystemExit("died")
        for step in range(4):
            self.world.clock.now += self.step_seconds
            report(poll, (step + 1) / 4)
            if step == 2:
                self.interrupt("reading")
            given_up = poll()
            if not given_up and image.key not in self.wanted_items():
                self.faults.append(AssertionError(f"{image.key} is read for nobody"))
            if given_up:
                # Back again before the loader hears that the job gave up.
                if self.back_to is not None:
                    self.ask(self.back_to)
                    self.back_to = None
                raise Cancelled
        self.interrupt("read")

    def wanted_items(self) -> set[str]:
        asked = [] if self.wanted is None else [self.wanted]
        return {each.item.key for each in (*asked, *self.wished)}

    def interrupt(self, where: str) -> None:
        if self.interruption is not None and self.interruption[0] == where:
            happen, self.interruption = self.interruption[1], None
            happen()

    def check(self, answer) -> None:
        """An answer shows what it says that it shows."""
        asked = answer.request
        if asked.item.key in (str(BROKEN), str(DEADLY)):
            assert isinstance(answer, Failed)
            return
        assert isinstance(answer, Shown)
        display = asked.display
        assert list(answer.picture.palette[0, 1:]) == [
            len(display.stretch),
            len(display.colormap),
        ]
        assert (answer.picture.width, answer.picture.height) == (
            asked.area.width,
            asked.area.height,
        )
        assert answer.payload.quality == asked.quality
        key = asked.item.key
        assert value(answer) == (int(key) + self.world.revision[key] // 1000) % 251

    def answered(self, answer) -> None:
        # The loader lets nothing through that a receiver raises.
        try:
            self.check(answer)
            assert answer.request.signature == self.wanted.signature
        except AssertionError as error:
            self.faults.append(error)
        self.answers.append(answer)

    def made_ready(self, answer) -> None:
        try:
            self.check(answer)
        except AssertionError as error:
            self.faults.append(error)

    def ask(self, wanted) -> None:
        self.wanted = wanted
        self.answers.clear()
        known = self.loader.ask(wanted)
        if known is not None:
            self.answered(known)

    @rule(number=NUMBERS, stretch=STRETCHES, colormap=COLORMAPS, coarse=st.booleans(), work=WORK)
    def go(
        self, number: int, stretch: str, colormap: str, coarse: bool, work: list[int] | None = None
    ) -> None:
        self.work(work or [])
        quality = Quality(levels=16) if coarse else FINE
        self.ask(request(number, self.area, quality, stretch=stretch, colormap=colormap))

    @rule(first=NUMBERS, step=st.sampled_from([1, -1]), stretch=STRETCHES, work=WORK)
    def look_ahead(
        self, first: int, step: int, stretch: str, work: list[int] | None = None
    ) -> None:
        self.work(work or [])
        numbers = [n for n in range(first, first + 6 * step, step) if 0 <= n <= DEADLY]
        self.wished = [request(n, self.area, stretch=stretch) for n in numbers]
        self.gone.clear()
        self.loader.ahead(self.wished)

    @rule(columns=st.integers(1, 6), rows=st.integers(1, 4), work=WORK)
    def resize(self, columns: int, rows: int, work: list[int] | None = None) -> None:
        self.work(work or [])
        self.area = Area(columns, rows, 2, 4)
        self.wished = []
        self.loader.resize()
        if self.wanted is not None:
            shown = self.wanted.display
            number = int(self.wanted.item.key)
            self.ask(request(number, self.area, stretch=shown.stretch, colormap=shown.colormap))

    @rule(number=NUMBERS, kind=st.sampled_from([None, "value", "fit"]), work=WORK)
    def question(self, number: int, kind: str | None, work: list[int] | None = None) -> None:
        self.work(work or [])
        results: list = []
        self.asked[len(self.asked)] = [kind, results]
        self.loader.inspect(item(number), None, lambda frame: number, results.append, kind)

    @rule(number=NUMBERS)
    def header(self, number: int) -> None:
        self.loader.info(item(number), None, lambda info: None)

    @rule(number=NUMBERS, work=WORK)
    def change_file(self, number: int, work: list[int] | None = None) -> None:
        self.work(work or [])
        self.world.revision[str(number)] += 20_000
        self.loader.forget(str(number))
        # What was made is not made again by itself.
        self.gone.update(w.signature for w in self.wished if w.item.key == str(number))
        if self.wanted is not None and self.wanted.item.key == str(number):
            self.ask(self.wanted)

    @rule(seconds=SECONDS)
    def storage(self, seconds: float) -> None:
        self.step_seconds = seconds

    @rule(
        number=NUMBERS,
        what=st.sampled_from(["go", "change", "resize"]),
        where=st.sampled_from(WHERE),
        back=st.booleans(),
    )
    def meanwhile(self, number: int, what: str, where: str, back: bool) -> None:
        """Something happens while the next image is being worked."""

        def happen() -> None:
            self.back_to = self.wanted if back else None
            if what == "go":
                self.ask(request(number, self.area))
            elif what == "change":
                self.change_file(number)
            else:
                self.resize(number + 1, 2)

        self.interruption = (where, happen)

    @rule(choice=WORK)
    def work(self, choice: list[int]) -> None:
        """Threads take and finish some jobs: 0 takes any, 1 no neighbour, above finishes one."""
        for what in choice:
            if what > 1:
                if self.at_hand:
                    self.loader._run(self.at_hand.pop(what % len(self.at_hand)))
            elif len(self.at_hand) < 3:
                with self.loader._lock:
                    job = self.loader._take(what == 0)
                if job is not None:
                    self.at_hand.append(job)

    @invariant()
    def caches_are_bounded(self) -> None:
        if not hasattr(self, "loader"):
            return
        counters = self.loader.counters()
        for name, held in counters.held.items():
            assert held <= counters.bounds[name] + 5_000, name
        assert len(self.loader._caches.images) <= 4

    @invariant()
    def each_picture_is_made_once(self) -> None:
        keys = [job.key for job in getattr(self, "at_hand", []) if not job.abandoned]
        assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        if not hasattr(self, "loader"):
            return
        assert not self.faults
        self.interruption = None
        while self.at_hand:
            self.loader._run(self.at_hand.pop())
        self.loader.run_until_idle()
        assert self.loader.idle
        assert not self.faults
        if self.wanted is not None:
            last = self.answers[-1]
            assert last.request.signature == self.wanted.signature
            if isinstance(last, Shown):
                key = last.request.item.key
                assert not last.preview
                assert value(last) == (int(key) + self.world.revision[key] // 1000) % 251
        if self.large:
            for each in self.wished:
                made = self.loader._kept.cache.get(each.signature) is not None
                assert made or each.signature in self.gone
        latest: dict = {}
        for number, (kind, results) in self.asked.items():
            assert len(results) <= 1
            latest[number if kind is None else kind] = results
        assert all(len(results) == 1 for results in latest.values())
        assert self.loader.close()
        assert self.world.open == 0


TestStorm = Storm.TestCase
TestStorm.settings = hypothesis_settings(max_examples=100, stateful_step_count=40, print_blob=True)


@pytest.mark.parametrize("seed", range(40))
def test_long_storms(seed):
    """The same machine over hundreds of steps, which shrinks badly but finds the rare orders."""
    dice = random.Random(seed)
    storm = Storm()
    storm.start(
        dice.random() < 0.5, dice.choice([3_000, 30_000, LARGE]), dice.choice([0.0, 0.01, 0.1])
    )

    def number() -> int:
        return dice.randint(0, DEADLY)

    def stretch() -> str:
        return dice.choice(["linear", "log"])

    steps = [
        lambda: storm.go(number(), stretch(), "gray", dice.random() < 0.3),
        lambda: storm.look_ahead(number(), dice.choice([1, -1]), stretch()),
        lambda: storm.resize(dice.randint(1, 3), dice.randint(1, 2)),
        lambda: storm.question(number(), dice.choice([None, "value", "fit"])),
        lambda: storm.header(number()),
        lambda: storm.change_file(number()),
        lambda: storm.storage(dice.choice([0.0, 0.01, 0.1])),
        lambda: storm.meanwhile(
            number(),
            dice.choice(["go", "change", "resize"]),
            dice.choice(WHERE),
            dice.random() < 0.5,
        ),
        lambda: storm.work([dice.randint(0, 3) for _ in range(dice.randint(0, 30))]),
    ]
    for step in dice.choices(steps, [8, 6, 1, 2, 2, 1, 1, 6, 20], k=250):
        step()
        storm.caches_are_bounded()
    storm.teardown()
