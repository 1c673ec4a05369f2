"""The pulse of the event loop."""

from __future__ import annotations

import pytest

from tuiview.ui.pulse import Pulse


def test_percentiles_are_those_of_the_delays_to_a_tenth_of_a_millisecond() -> None:
    pulse = Pulse()
    assert pulse.percentile(99) == 0
    for late in range(100):
        pulse.add(late / 1000)
    assert pulse.count == 100
    assert pulse.percentile(50) == pytest.approx(0.049, abs=2e-4)
    assert pulse.percentile(99) == pytest.approx(0.098, abs=2e-4)
    assert pulse.percentile(100) == pulse.worst == 0.099
