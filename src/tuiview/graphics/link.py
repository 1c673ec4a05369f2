"""Flow control: what is under way to the terminal, what was acknowledged, how fast the link is.

No input or output of its own: the owner hands in a clock, writes what it is told to and reports
acknowledgements. An acknowledgement is the terminal's answer to a question that follows the data,
so it says that the terminal has taken everything before it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from tuiview.graphics.payload import Area, Payload, Protocol, Quality

AHEAD_WINDOW = 16_384
"""Bytes that may queue up on the way while sending ahead: a key press waits for no more."""

COARSE_GOAL = 0.22
"""Seconds that a coarse picture may take on top of the round trip."""

SOON = 0.05
"""Seconds within which a picture counts as there at once."""

_SMOOTHING = 0.3
_FIRST_TIMEOUT = 2.0
_LEAST_TIMEOUT = 1.0
_LEAST_SLACK, _MOST_SLACK = 4.0, 64.0
_ASSUMED_RATE = 1_000_000.0
_MOST_AHEAD = 1 << 20
_QUEUE_GOAL = AHEAD_WINDOW / 2
_WIDENING = 0.125
_SMALLEST_SAMPLE = 2_048
_TRUSTED_SAMPLE = 8_192


class _Sent(Struct):
    token: int
    nbytes: int
    at: float
    before: int


class Link:
    """The state of the way to the terminal.

    Args:
        clock: Seconds that only grow.
        round_trip: Seconds from question to answer, as far as known from detection.
        answers: Whether the terminal answers at all; without answers, time alone sets the pace.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        round_trip: float | None = None,
        answers: bool = True,
    ) -> None:
        self._clock = clock
        self._sent: deque[_Sent] = deque()
        self._answers = answers
        self._round_trip = round_trip
        self._rate: float | None = None
        self._last_answer = -math.inf
        self._busy_until = -math.inf
        self._timeouts = 0
        self._token = 0
        self._arrived = 0
        self._slack = _LEAST_SLACK
        self._window: float = AHEAD_WINDOW
        self._narrowed = -math.inf
        self._real_cost = 1.0

    @property
    def round_trip(self) -> float | None:
        """Seconds from question to answer on the idle link, None before the first answer."""
        return self._round_trip

    @property
    def rate(self) -> float | None:
        """Bytes a second, None before there was enough to measure."""
        return self._rate

    @property
    def answering(self) -> bool:
        """Whether the terminal acknowledges; otherwise sending is paced by time."""
        return self._answers

    @property
    def in_flight(self) -> int:
        """Bytes that were sent and not acknowledged (or, paced by time, are not through yet)."""
        self._expire()
        if self._answers:
            return sum(sent.nbytes for sent in self._sent)
        left = max(0.0, self._busy_until - self._clock())
        return math.ceil(left * (self._rate or _ASSUMED_RATE))

    @property
    def idle(self) -> bool:
        """Whether a picture may be sent now: nothing is under way."""
        return self.in_flight == 0

    def under_way(self, token: int) -> bool:
        """Whether what was sent with that token has not arrived yet."""
        self._expire()
        if self._answers:
            return bool(self._sent) and self._sent[0].token <= token <= self._sent[-1].token
        return token <= self._token and self._clock() < self._busy_until

    def size_of(self, token: int) -> int:
        """Bytes that were sent with that token; 0 once they have arrived, or if nobody tells."""
        return next((sent.nbytes for sent in self._sent if sent.token == token), 0)

    def room_ahead(self) -> int:
        """Bytes that may be sent ahead now.

        What the way itself holds, from end to end, does not count: it delays nothing.
        """
        return max(0, int(self._window) - self.in_flight)

    def seconds_for(self, nbytes: int) -> float:
        """How long so many bytes take beyond the round trip; 0 while the speed is unknown."""
        return nbytes / self._rate if self._rate else 0.0

    @property
    def settles_in(self) -> float:
        """Seconds in which all that is under way and one more question should be answered."""
        round_trip = _FIRST_TIMEOUT if self._round_trip is None else self._round_trip
        return round_trip + self.seconds_for(self.in_flight)

    def encoded(self, payload: Payload) -> None:
        """Learn from a payload how well pictures such as these can be encoded."""
        area, protocol = payload.area, payload.protocol
        ladder = {quality: cost for cost, quality in _LADDERS.get(protocol, ())}
        cost = ladder.get(payload.quality, _FINE_COST.get(protocol))
        if cost is not None:
            real = payload.nbytes / (area.width * area.height * cost)
            self._real_cost += _SMOOTHING * (min(max(real, 0.1), 4.0) - self._real_cost)

    def sent(self, nbytes: int) -> int:
        """Note that so many bytes were written; return the token that their answer must carry."""
        now = self._clock()
        self._token += 1
        if self._answers:
            before = sum(sent.nbytes for sent in self._sent)
            self._sent.append(_Sent(self._token, nbytes, now, before))
        else:
            rate = self._rate or _ASSUMED_RATE
            self._busy_until = max(self._busy_until, now) + nbytes / rate
        return self._token

    def acknowledged(self, token: int) -> bool:
        """Note an answer; everything sent up to its token has arrived.

        Returns:
            Whether it is news. It may be of what was given up: the terminal answers after all.
        """
        now = self._clock()
        if not self._arrived < token <= self._token:
            return False
        self._arrived = token
        self._answers, self._timeouts = True, 0
        if not any(sent.token == token for sent in self._sent):
            # It was given up too early: the link is slower than it was taken for.
            self._slack = min(_MOST_SLACK, self._slack * 2)
            self._last_answer = now
            return True
        nbytes = 0
        while self._sent:
            sent = self._sent.popleft()
            nbytes += sent.nbytes
            if sent.token == token:
                self._measure(sent, nbytes, now)
                break
        self._last_answer = now
        return True

    def forget(self) -> None:
        """Forget what is under way: the terminal was suspended or is another one now."""
        self._sent.clear()
        self._busy_until = -math.inf

    def timeout(self) -> float:
        """Seconds until the owner should look again, though no answer came."""
        now = self._clock()
        if self._answers:
            return max(0.0, self._sent[0].at + self._patience() - now) if self._sent else math.inf
        left = self._busy_until - now
        return left if left > 0 else math.inf

    def coarse_quality(self, area: Area, protocol: Protocol) -> Quality | None:
        """How finely a first picture may be encoded to arrive soon on this link.

        Args:
            area: What it fills.
            protocol: How it is encoded.

        Returns:
            The finest quality of which the picture arrives within about `COARSE_GOAL`; None when
            the fine one does.
        """
        if self._rate is None or protocol is Protocol.BLOCKS:
            return None
        budget = self._rate * COARSE_GOAL
        pixels = area.width * area.height * self._real_cost
        if pixels * _FINE_COST[protocol] <= budget:
            return None
        for cost, quality in _LADDERS[protocol]:
            if pixels * cost <= budget:
                return quality
        return _LADDERS[protocol][-1][1]

    def _measure(self, sent: _Sent, nbytes: int, now: float) -> None:
        """Learn from the answer that `sent` got, which freed `nbytes` in all."""
        taken = max(now - sent.at, 1e-6)
        if self._round_trip is None or taken < self._round_trip:
            self._round_trip = taken
        elif sent.nbytes + sent.before < _SMALLEST_SAMPLE:
            self._round_trip += _SMOOTHING * (taken - self._round_trip)
        total = sent.before + sent.nbytes
        self._pace(total, nbytes, taken, now)
        if nbytes < _SMALLEST_SAMPLE:
            return
        sample = total / max(taken - self._round_trip, taken * 0.05, 1e-6)
        if sent.before and self._last_answer > sent.at:
            # The pipe was never empty: what came between two answers is the rate itself.
            span = now - self._last_answer
            # Answers that were held up on their way back come together, and prove no speed.
            sample = min(nbytes / max(span, 1e-6), sample)
        weight = _SMOOTHING * min(1.0, nbytes / _TRUSTED_SAMPLE)
        self._rate = sample if self._rate is None else self._rate + weight * (sample - self._rate)

    def _pace(self, total: int, nbytes: int, taken: float, now: float) -> None:
        """Fit the window to the way, so that no more than `AHEAD_WINDOW` queues up on it.

        What an answer was late, against the round trip of the idle link, tells how much of what was
        under way stood in a queue (TCP Vegas: Brakmo & Peterson 1995).

        Args:
            total: Bytes under way when the question was asked, its own included.
            nbytes: Bytes that the answer freed.
            taken: Seconds from question to answer.
            now: The time.
        """
        assert self._round_trip is not None
        queued = total * max(0.0, 1 - self._round_trip / taken)
        if queued <= _QUEUE_GOAL:
            if not self._window / 2 <= total <= self._window * 2:
                return  # too little or too much to learn of this window
            step = min(nbytes * _WIDENING, AHEAD_WINDOW / 8)
            self._window = min(_MOST_AHEAD, self._window + step * (1 - queued / _QUEUE_GOAL))
        elif now - self._narrowed > taken:
            self._window = max(AHEAD_WINDOW, self._window - (queued - _QUEUE_GOAL))
            self._narrowed = now

    def _patience(self) -> float:
        """Seconds after which an answer is not expected any more."""
        if not self._sent:
            return math.inf
        if self._round_trip is None or self._rate is None:
            nbytes = sum(sent.nbytes for sent in self._sent)
            return _FIRST_TIMEOUT + nbytes / _ASSUMED_RATE * 10
        nbytes = sum(sent.nbytes for sent in self._sent)
        return max(_LEAST_TIMEOUT, self._slack * (self._round_trip + nbytes / self._rate))

    def _expire(self) -> None:
        """Give up on answers that are overdue; after two such, go by time alone."""
        if not (self._answers and self._sent):
            return
        if self._clock() - self._sent[0].at < self._patience():
            return
        self._sent.clear()
        self._timeouts += 1
        if self._timeouts >= 2:
            self._answers = False


# Bytes a pixel, measured on a noisy gray picture (photographs take less), by protocol and quality.
_FINE_COST = {
    Protocol.KITTY: 1.0,
    Protocol.KITTY_DIRECT: 1.0,
    Protocol.SIXEL: 2.3,
    Protocol.ITERM2: 1.0,
}
_PNG_LADDER = (
    (0.85, Quality(levels=64)),
    (0.52, Quality(levels=16)),
    (0.20, Quality(levels=64, scale=2)),
    (0.12, Quality(levels=16, scale=2)),
    (0.05, Quality(levels=16, scale=3)),
)
_LADDERS = {
    Protocol.KITTY: _PNG_LADDER,
    Protocol.KITTY_DIRECT: _PNG_LADDER,
    # Averaged over 4 x 4 pixels, as the eye does, half the resolution in 32 levels is as good as
    # the full one in 24, for half the bytes.
    Protocol.SIXEL: (
        (1.9, Quality(levels=32)),
        (1.14, Quality(levels=16)),
        (0.79, Quality(levels=32, scale=2)),
        (0.56, Quality(levels=16, scale=2)),
        (0.28, Quality(levels=8, scale=2)),
        (0.20, Quality(levels=16, scale=4)),
        (0.09, Quality(levels=8, scale=4)),
    ),
    Protocol.ITERM2: (
        (0.85, Quality(levels=64)),
        (0.32, Quality(lossy=True)),
        (0.05, Quality(scale=2, lossy=True)),
        (0.02, Quality(scale=3, lossy=True)),
    ),
}
