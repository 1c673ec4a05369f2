"""Flow control: what is under way to the terminal, what was acknowledged, how fast the link is.

No input or output of its own: the owner hands in a clock, writes what it is told to and reports
acknowledgements. An acknowledgement is the terminal's answer to a question that follows the data,
so it says that the terminal has taken everything before it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tuiview.graphics.payload import Area, Protocol, Quality

AHEAD_WINDOW = 16_384
"""Bytes that may be under way while sending ahead: a key press waits for no more."""

COARSE_GOAL = 0.3
"""Seconds that a coarse picture may take on top of the round trip."""

_SMOOTHING = 0.3
_FIRST_TIMEOUT = 2.0
_LEAST_TIMEOUT = 1.0
_LEAST_SLACK, _MOST_SLACK = 4.0, 64.0
_ASSUMED_RATE = 1_000_000.0
_SMALLEST_SAMPLE = 2_048
_TRUSTED_SAMPLE = 8_192


@dataclass(slots=True)
class _Sent:
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

    def room_ahead(self) -> int:
        """Bytes that may be sent ahead now."""
        return max(0, AHEAD_WINDOW - self.in_flight)

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
        pixels = area.width * area.height
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
        if nbytes < _SMALLEST_SAMPLE:
            return
        if sent.before and self._last_answer > sent.at:
            # The pipe was never empty: what came between two answers is the rate itself.
            span = now - self._last_answer
            sample = nbytes / max(span, 1e-6)
        else:
            sample = total / max(taken - self._round_trip, taken * 0.05, 1e-6)
        weight = _SMOOTHING * min(1.0, nbytes / _TRUSTED_SAMPLE)
        self._rate = sample if self._rate is None else self._rate + weight * (sample - self._rate)

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


# Bytes a pixel, measured on noisy gray pictures (photographs take less), by protocol and quality.
_FINE_COST = {
    Protocol.KITTY: 1.08,
    Protocol.KITTY_DIRECT: 1.08,
    Protocol.SIXEL: 1.9,
    Protocol.ITERM2: 1.08,
}
_PNG_LADDER = (
    (0.79, Quality(levels=64)),
    (0.40, Quality(levels=16)),
    (0.20, Quality(levels=64, scale=2)),
    (0.10, Quality(levels=16, scale=2)),
    (0.045, Quality(levels=16, scale=3)),
)
_LADDERS = {
    Protocol.KITTY: _PNG_LADDER,
    Protocol.KITTY_DIRECT: _PNG_LADDER,
    Protocol.SIXEL: (
        (1.08, Quality(levels=32)),
        (0.55, Quality(levels=16)),
        (0.40, Quality(levels=8)),
        (0.22, Quality(levels=16, scale=2)),
        (0.10, Quality(levels=8, scale=3)),
    ),
    Protocol.ITERM2: (
        (0.79, Quality(levels=64)),
        (0.35, Quality(lossy=True)),
        (0.05, Quality(scale=2, lossy=True)),
        (0.03, Quality(scale=3, lossy=True)),
    ),
}
