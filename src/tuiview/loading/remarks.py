"""What is odd about a picture that shows nothing, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tuiview.imaging.frame import Reduced


def remark(reduced: Reduced) -> str:
    """Say that no pixel has a value, or that all have the same; empty for ordinary pictures."""
    data = reduced.data
    if data.ndim == 3 or not data.size:
        return ""
    middle = data[data.shape[0] // 2]
    some = middle[np.isfinite(middle)]
    if some.size and some.min() != some.max():
        return ""
    finite = data[np.isfinite(data)]
    if not finite.size:
        return "no pixel has a value"
    low = float(finite.min())
    return f"constant: every pixel is {low:g}" if low == float(finite.max()) else ""
