"""The profile of a star: its centre, and its width by a Gaussian and a Moffat."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.imaging.frame import Frame
from tuiview.imaging.measure import MeasureError, centroid, stamp

Floats = NDArray[np.float64]

_GAUSS = 2.0 * math.sqrt(2.0 * math.log(2.0))  # FWHM of a Gaussian in sigmas
_MOST = 40.0  # the largest radius that is taken by itself


class Fit(Struct, frozen=True):
    """A round profile fitted to the pixels about a star.

    Attributes:
        x, y: Its centre in image pixels.
        fwhm: In pixels.
        amplitude: Above the background.
        background: For a pixel.
        beta: Of a Moffat, (1 + (r / alpha)^2)^-beta; None for a Gaussian.
        rms: Of the residuals.
    """

    x: float
    y: float
    fwhm: float
    amplitude: float
    background: float
    beta: float | None
    rms: float

    def at(self, r: Floats) -> Floats:
        """Its value at distances from the centre, in pixels."""
        shape = _shape(r**2, self.fwhm, self.beta)
        return np.asarray(self.background + self.amplitude * shape)


class RadialProfile(Struct, frozen=True, eq=False):
    """Pixel values by their distance from the centre of a star.

    Attributes:
        x, y: The centre that the distances are from.
        r, values: Of each pixel, sorted by distance.
        gaussian, moffat: The fits; None where one failed.
        ellipticity: 1 - b/a from the second moments; NaN if they have none.
        angle: Of the long axis, degrees from +x towards +y.
        unit: Of the values.
    """

    x: float
    y: float
    r: Floats
    values: Floats
    gaussian: Fit | None
    moffat: Fit | None
    ellipticity: float
    angle: float
    unit: str = ""

    def lines(self) -> list[str]:
        """For reading."""
        words = [f"centre {self.x:.3f} {self.y:.3f}"]
        if self.gaussian is not None:
            fit = self.gaussian
            words.append(
                f"Gaussian FWHM {fit.fwhm:.3f} px  peak {fit.amplitude:.6g}"
                f"  background {fit.background:.6g}  rms {fit.rms:.3g}"
            )
        if self.moffat is not None:
            fit = self.moffat
            words.append(
                f"Moffat FWHM {fit.fwhm:.3f} px  beta {fit.beta:.2f}  peak {fit.amplitude:.6g}"
                f"  background {fit.background:.6g}  rms {fit.rms:.3g}"
            )
        if self.gaussian is None and self.moffat is None:
            words.append("no profile could be fitted")
        if math.isfinite(self.ellipticity):
            words.append(f"ellipticity {self.ellipticity:.3f}  angle {self.angle:.1f}°")
        return words


def radial_profile(
    frame: Frame, x: float, y: float, *, radius: float | None = None, recentre: bool = True
) -> RadialProfile:
    """The radial profile of the star at a position, with both fits.

    The fits are to the pixels in two dimensions, centre included, so that a centre between pixels
    does not widen them; a pixel's value is taken for that of the profile at its middle, as IRAF
    does.

    Args:
        frame: To measure.
        x: Near the star.
        y: The same.
        radius: Of the pixels to take; None takes three times the FWHM that they show, up to 40,
            as long as the star stands out of what is left over.
        recentre: Start at the centroid rather than at the position.

    Raises:
        MeasureError: There is no star, or no pixel with a value.
    """
    if recentre:
        x, y = centroid(frame, x, y, min(radius, 5.0) if radius else 5.0)
    taken = radius or 8.0
    for _ in range(4):
        gaussian, moffat, pixels = _fit_both(frame, x, y, taken)
        best = moffat or gaussian
        if radius is not None or best is None or best.amplitude < 3.0 * best.rms:
            break
        wanted = min(max(3.0 * best.fwhm, 6.0), _MOST)
        if 0.8 * wanted < taken < 1.3 * wanted:
            break
        taken = wanted
    # The centre by the fit that leaves less over.
    fits = [fit for fit in (gaussian, moffat) if fit is not None]
    if fits:
        best = min(fits, key=lambda fit: fit.rms)
        x, y = best.x, best.y
    px, py, values = pixels
    r = np.hypot(px - x, py - y)
    order = np.argsort(r)
    level = fits[0].background if fits else float(np.median(values[order[-len(values) // 4 :]]))
    ellipticity, angle = _moments(px - x, py - y, values - level, taken)
    return RadialProfile(
        x, y, r[order], values[order], gaussian, moffat, ellipticity, angle, frame.unit
    )


def _fit_both(
    frame: Frame, x: float, y: float, radius: float
) -> tuple[Fit | None, Fit | None, tuple[Floats, Floats, Floats]]:
    piece = stamp(frame, x, y, radius)
    px, py = np.broadcast_arrays(*piece.positions())
    near = (np.hypot(px - x, py - y) <= radius) & np.isfinite(piece.data)
    px, py, values = px[near], py[near], piece.data[near]
    if values.size < 8:
        raise MeasureError("too few pixels here have a value")
    background = float(np.median(values[np.hypot(px - x, py - y) > 0.7 * radius]))
    peak = float(values.max()) - background
    if not peak > 0:
        raise MeasureError("nothing rises above the background here")
    above = float(np.count_nonzero(values > background + peak / 2))
    width = min(max(2.0 * math.sqrt(above / math.pi), 1.0), 2.0 * radius)
    gaussian = _fit(px, py, values, (x, y, math.log(width), peak, background), radius)
    start = (x, y, math.log(gaussian.fwhm if gaussian else width), peak, background, math.log(2.0))
    moffat = _fit(px, py, values, start, radius)
    return gaussian, moffat, (px, py, values)


def _shape(r2: Floats, fwhm: float, beta: float | None) -> Floats:
    """A profile of height 1 by the square of the distance."""
    if beta is None:
        return np.asarray(np.exp(-0.5 * r2 * (_GAUSS / fwhm) ** 2))
    alpha2 = fwhm**2 / (4.0 * (2.0 ** (1.0 / beta) - 1.0))
    return np.asarray((1.0 + r2 / alpha2) ** -beta)


def _fit(
    px: Floats, py: Floats, values: Floats, start: tuple[float, ...], radius: float
) -> Fit | None:
    """Least squares for x, y, log(FWHM), amplitude, background and, for a Moffat, log(beta - 0.5).

    Values are scaled to the amplitude, so that all parameters are of the order of 1.
    """
    from scipy.optimize import least_squares

    x, y, log_width, amplitude, background, *rest = start
    scaled = (values - background) / amplitude

    def beta_of(p: Floats) -> float | None:
        return 0.5 + math.exp(p[5]) if len(p) > 5 else None

    def off(p: Floats) -> Floats:
        r2 = (px - x - p[0]) ** 2 + (py - y - p[1]) ** 2
        return np.asarray(p[4] + p[3] * _shape(r2, math.exp(p[2]), beta_of(p)) - scaled)

    low = [-radius, -radius, math.log(0.3), 0.0, -np.inf, -3.0][: 5 + len(rest)]
    high = [radius, radius, math.log(6.0 * radius), np.inf, np.inf, 4.0][: 5 + len(rest)]
    try:
        found = least_squares(
            off, [0.0, 0.0, log_width, 1.0, 0.0, *rest], bounds=(low, high), max_nfev=80
        )
    except ValueError:  # a start outside the bounds, or residuals that are not finite
        return None
    p = found.x
    fwhm = math.exp(p[2])
    if not found.success or not 0.35 < fwhm < 5.0 * radius or not p[3] > 0:
        return None
    return Fit(
        x=x + float(p[0]),
        y=y + float(p[1]),
        fwhm=fwhm,
        amplitude=float(p[3]) * amplitude,
        background=background + float(p[4]) * amplitude,
        beta=beta_of(p),
        rms=float(np.sqrt(np.mean(found.fun**2))) * amplitude,
    )


def _moments(dx: Floats, dy: Floats, values: Floats, radius: float) -> tuple[float, float]:
    """Ellipticity and angle of the long axis by the second moments above the background.

    A Gaussian weight of a third of the radius keeps the noise of the outskirts out.
    """
    weight = values.clip(min=0.0) * np.exp(-4.5 * (dx**2 + dy**2) / radius**2)
    total = float(weight.sum())
    if total <= 0:
        return math.nan, math.nan
    xx, yy, xy = (float((weight * m).sum()) / total for m in (dx * dx, dy * dy, dx * dy))
    size = xx + yy
    spread = math.hypot(xx - yy, 2.0 * xy)
    if size <= 0 or spread > size:
        return math.nan, math.nan
    ratio = math.sqrt((size - spread) / (size + spread))
    return 1.0 - ratio, math.degrees(0.5 * math.atan2(2.0 * xy, xx - yy)) % 180.0
