"""Flow control under a fake clock: what may be sent when, and what is learnt of the link."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.graphics.link import AHEAD_WINDOW, Link
from tuiview.graphics.payload import Area, Payload, Protocol

AREA = Area(125, 50, 8, 16)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Wire:
    """A link of a certain speed with a terminal at its end that answers every question."""

    def __init__(self, clock: Clock, rate: float, round_trip: float) -> None:
        self.clock, self.rate, self.round_trip = clock, rate, round_trip
        self.free = 0.0
        self.answers: list[tuple[float, int]] = []

    def send(self, nbytes: int, token: int) -> None:
        self.free = max(self.free, self.clock.now) + nbytes / self.rate
        self.answers.append((self.free + self.round_trip, token))

    def next_answer(self, link: Link) -> None:
        at, token = self.answers.pop(0)
        self.clock.now = max(self.clock.now, at)
        link.acknowledged(token)


def test_one_picture_is_in_flight_until_it_is_acknowledged() -> None:
    clock = Clock()
    link = Link(clock)
    assert link.idle
    token = link.sent(500_000)
    assert not link.idle
    assert link.under_way(token)
    assert link.room_ahead() == 0
    clock.now += 0.5
    assert link.acknowledged(token)
    assert link.idle
    assert not link.under_way(token)
    assert not link.acknowledged(token)


def test_an_answer_covers_everything_before_it() -> None:
    link = Link(Clock())
    first, second, third = link.sent(100), link.sent(200), link.sent(300)
    link.acknowledged(second)
    assert not link.under_way(first)
    assert link.in_flight == 300
    link.acknowledged(third)
    assert link.idle


@given(
    rate=st.floats(2e4, 2e8),
    round_trip=st.floats(0.001, 0.4),
    sizes=st.lists(st.integers(10_000, 2_000_000), min_size=8, max_size=14),
)
@settings(max_examples=60)
def test_the_rate_is_measured_within_a_factor_of_two(
    rate: float, round_trip: float, sizes: list[int]
) -> None:
    clock = Clock()
    link, wire = Link(clock, round_trip=round_trip), Wire(clock, rate, round_trip)
    for nbytes in sizes:
        wire.send(nbytes, link.sent(nbytes))
        wire.next_answer(link)
    assert link.rate is not None
    assert link.round_trip is not None
    assert link.round_trip == pytest.approx(round_trip, rel=0.5)
    # What takes far less than the round trip cannot be told from noise.
    if min(sizes) / rate > round_trip * 0.1:
        assert rate / 2 < link.rate < rate * 2


@given(
    rate=st.floats(2e4, 2e7),
    round_trip=st.floats(0.0005, 0.4),
    total=st.integers(1, 400),
    jitter=st.floats(0, 0.004),
)
@settings(max_examples=60)
def test_what_is_sent_ahead_never_holds_a_key_up_for_more_than_the_window(
    rate: float, round_trip: float, total: int, jitter: float
) -> None:
    clock = Clock()
    link, wire = Link(clock, round_trip=round_trip), Wire(clock, rate, round_trip)
    left = total
    most = max(AHEAD_WINDOW + 4096, rate * 0.01)
    for turn in range(10_000):
        while left and link.room_ahead() > 0:
            wire.send(4096, link.sent(4096))
            left -= 1
            assert (wire.free - clock.now) * rate <= most + 1  # a byte for rounding
        if not wire.answers:
            break
        at, token = wire.answers[0]
        wire.answers[0] = (at + jitter * (turn % 3) / 2, token)
        wire.next_answer(link)
    assert left == 0
    assert link.idle


def test_a_long_way_is_filled() -> None:
    clock = Clock()
    link, wire = Link(clock, round_trip=0.05), Wire(clock, 1_250_000, 0.05)
    began, left = clock.now, 3_000_000
    while left > 0 or wire.answers:
        while left > 0 and link.room_ahead() > 0:
            wire.send(4096, link.sent(4096))
            left -= 4096
        wire.next_answer(link)
    assert 3_000_000 / (clock.now - began) > 0.7 * 1_250_000


def test_without_answers_no_more_than_the_window_is_sent() -> None:
    link = Link(Clock(), round_trip=0.3)
    while link.room_ahead() > 0:
        link.sent(4096)
    assert link.in_flight <= AHEAD_WINDOW


def test_a_silent_terminal_is_paced_by_time() -> None:
    clock = Clock()
    link = Link(clock)
    for _ in range(2):
        token = link.sent(1000)
        assert link.under_way(token)
        clock.now += link.timeout() + 0.01
        assert not link.under_way(token)
        assert link.idle
    assert not link.answering
    link.sent(2_000_000)
    assert not link.idle
    assert 0 < link.timeout() < math.inf
    clock.now += link.timeout() + 0.001
    assert link.idle


def test_a_terminal_that_answers_again_is_trusted_again() -> None:
    link = Link(Clock(), answers=False)
    token = link.sent(1000)
    link.acknowledged(token)
    assert link.answering


def test_an_answer_that_comes_too_late_still_counts_and_teaches_patience() -> None:
    clock = Clock()
    link = Link(clock, round_trip=0.001)
    for _ in range(4):  # a fast beginning
        token = link.sent(100_000)
        clock.now += 0.002
        link.acknowledged(token)
    token = link.sent(100_000)
    first_wait = link.timeout()
    clock.now += first_wait + 0.5
    assert link.idle
    assert link.acknowledged(token)
    assert link.answering
    assert not link.acknowledged(token)
    link.sent(50_000_000)
    assert link.timeout() > first_wait


def test_the_last_answer_is_expected_behind_all_that_is_under_way() -> None:
    clock = Clock()
    link = Link(clock, round_trip=0.2)
    wire = Wire(clock, 1e6, 0.2)
    assert link.settles_in == pytest.approx(0.2)
    wire.send(100_000, link.sent(100_000))
    wire.next_answer(link)
    link.sent(500_000)
    assert link.settles_in == pytest.approx(0.7, rel=0.2)


def test_an_answer_that_nobody_asked_for_changes_nothing() -> None:
    link = Link(Clock())
    link.sent(1000)
    assert not link.acknowledged(99)
    assert link.in_flight == 1000


def measured(rate: float, round_trip: float = 0.05) -> Link:
    clock = Clock()
    link, wire = Link(clock, round_trip=round_trip), Wire(clock, rate, round_trip)
    for _ in range(12):
        wire.send(300_000, link.sent(300_000))
        wire.next_answer(link)
    return link


@pytest.mark.parametrize("protocol", [Protocol.KITTY, Protocol.SIXEL, Protocol.ITERM2])
def test_coarse_pictures_get_coarser_with_the_link(protocol: Protocol) -> None:
    assert Link(Clock()).coarse_quality(AREA, protocol) is None
    assert measured(1e8).coarse_quality(AREA, protocol) is None
    qualities = [measured(bits / 8).coarse_quality(AREA, protocol) for bits in (2e7, 1e7, 3e6, 1e6)]
    assert all(quality is not None for quality in qualities)
    finenesses = [(not q.lossy, -q.scale, q.levels) for q in qualities if q is not None]
    assert finenesses == sorted(finenesses, reverse=True)


def test_pictures_that_are_easy_to_encode_come_finer() -> None:
    link = measured(1e7 / 8)
    before = link.coarse_quality(AREA, Protocol.SIXEL)
    assert before is not None
    for _ in range(8):
        pixels = AREA.width * AREA.height
        link.encoded(Payload(Protocol.SIXEL, AREA, chunks=(bytes(pixels // 5),)))
    after = link.coarse_quality(AREA, Protocol.SIXEL)
    assert after is None or (-after.scale, after.levels) > (-before.scale, before.levels)


def test_blocks_are_never_coarse() -> None:
    assert measured(1e4).coarse_quality(AREA, Protocol.BLOCKS) is None
