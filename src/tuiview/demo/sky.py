"""The sky of the sample set: galaxies, stars and faults, drawn by formula from a seed.

Signals are in electrons in the bands g, r and z: `(3, ny, nx)` float32, row 0 at the bottom.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Image = NDArray[np.float32]

SIZE = 256
"""Pixels across a cutout."""

_BLUE, _YELLOW, _RED = (0.95, 0.85, 0.75), (0.55, 0.9, 1.1), (0.3, 0.75, 1.25)


class Field(Struct, frozen=True):
    """One patch of sky.

    Attributes:
        name: Its designation.
        ra, dec: Its centre in degrees.
        bands: Its signal `(3, ny, nx)`, blurred by the atmosphere.
    """

    name: str
    ra: float
    dec: float
    bands: Image


def draw_field(
    rng: np.random.Generator, kind: str, *, ra: float = 212.0, size: int = SIZE
) -> Field:
    """One field with an object of `kind` in the middle and others around it."""
    dec = float(rng.uniform(-2.0, 2.0))
    bands = np.zeros((3, size, size), np.float32)
    middle = (size - 1) / 2 + rng.uniform(-2, 2, 2)
    draw_object(rng, kind, bands, float(middle[0]), float(middle[1]))
    for _ in range(int(rng.poisson(9 * (size / SIZE) ** 2))):
        draw_neighbour(rng, bands)
    return Field(_designation(ra, dec), ra, dec, blurred(bands, float(rng.uniform(2.2, 3.4))))


def _designation(ra: float, dec: float) -> str:
    """A short name in the IAU's manner, truncated, not rounded: `J140812+0123`."""
    seconds, minutes = int(ra / 15 * 3600), int(abs(dec) * 60)
    time = f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}"
    return f"J{time}{'-' if dec < 0 else '+'}{minutes // 60:02d}{minutes % 60:02d}"


def plane(bands: Image, x: float, y: float, q: float, angle: float) -> tuple[Image, Image]:
    """Radius and azimuth `(ny, nx)` in a plane seen with axis ratio `q`, long axis at `angle`."""
    ny, nx = bands.shape[1:]
    dx = (np.arange(nx, dtype=np.float32) - x)[None, :]
    dy = (np.arange(ny, dtype=np.float32) - y)[:, None]
    u = dx * np.cos(angle) + dy * np.sin(angle)
    v = (dy * np.cos(angle) - dx * np.sin(angle)) / q
    # Half a pixel of softening stands for the average over the central pixel.
    return np.sqrt(u * u + v * v + 0.25).astype(np.float32), np.arctan2(v, u).astype(np.float32)


def _sersic(radius: Image, half_light: float, index: float, level: float) -> Image:
    """Sersic's profile with surface brightness `level` at `half_light`.

    `b = 1.9992 n - 0.3271` (Capaccioli 1989).
    """
    b = 1.9992 * index - 0.3271
    power = (radius / np.float32(half_light)) ** np.float32(1 / index)
    return np.asarray(level * np.exp(-b * (power - 1)), np.float32)


def _add(bands: Image, signal: NDArray[Any], color: tuple[float, float, float]) -> None:
    bands += np.asarray(color, np.float32)[:, None, None] * signal


def _draw_spiral(rng: np.random.Generator, bands: Image, x: float, y: float) -> None:
    q, angle, size = rng.uniform(0.45, 0.95), rng.uniform(0, np.pi), rng.uniform(24, 38)
    radius, azimuth = plane(bands, x, y, q, angle)
    arms, pitch = int(rng.choice([2, 2, 3, 4])), rng.uniform(0.22, 0.4) * rng.choice([-1, 1])
    phase = arms * (azimuth - np.log(radius) / np.tan(pitch))
    contrast = 1 - np.exp(-((radius / (0.35 * size)) ** 2))
    wave = np.exp(2.2 * (np.cos(phase) - 1)) * contrast
    disc = _sersic(radius, size, 1.0, 55)
    _add(bands, disc * (0.45 + 0.4 * (1 - contrast)), _YELLOW)
    _add(bands, disc * 1.9 * wave, _BLUE)
    _add(bands, _sersic(radius, 0.14 * size, 2.0, 420), _RED)
    if rng.random() < 0.4:
        along, _ = plane(bands, x, y, 0.25, angle + rng.uniform(0, np.pi))
        _add(bands, _sersic(along, 0.35 * size, 0.5, 130), _YELLOW)
    brightness = rng.gamma(2, 260, 45)
    # Star-forming knots sit on the arms: drawn by lot from the arms' own light.
    weight = (disc * wave).ravel().astype(np.float64)
    rows, columns = np.divmod(rng.choice(weight.size, 45, p=weight / weight.sum()), bands.shape[2])
    for band, color in zip(bands, (1.0, 0.8, 0.6), strict=True):
        band[rows, columns] += (color * brightness).astype(np.float32)


def _draw_elliptical(rng: np.random.Generator, bands: Image, x: float, y: float) -> None:
    radius, _ = plane(bands, x, y, rng.uniform(0.55, 1.0), rng.uniform(0, np.pi))
    _add(bands, _sersic(radius, rng.uniform(12, 24), rng.uniform(3, 5), 90), _RED)


def _draw_edge_on(rng: np.random.Generator, bands: Image, x: float, y: float) -> None:
    angle, size = rng.uniform(0, np.pi), rng.uniform(34, 52)
    along, _ = plane(bands, x, y, rng.uniform(0.09, 0.16), angle)
    _add(bands, _sersic(along, size, 0.9, 70), _YELLOW)
    radius, _ = plane(bands, x, y, 0.7, angle)
    _add(bands, _sersic(radius, 0.16 * size, 2.0, 260), _RED)
    lane, _ = plane(bands, x, y + 1.5, 0.05, angle)
    depth = 0.85 * np.exp(-((lane / (0.9 * size)) ** 2))
    bands *= 1 - np.asarray((1.0, 0.8, 0.6), np.float32)[:, None, None] * depth.astype(np.float32)


def _draw_merger(rng: np.random.Generator, bands: Image, x: float, y: float) -> None:
    angle, apart = rng.uniform(0, 2 * np.pi), rng.uniform(9, 17)
    for side in (-1, 1):
        cx, cy = x + side * apart * np.cos(angle), y + side * apart * np.sin(angle)
        radius, azimuth = plane(bands, cx, cy, rng.uniform(0.5, 0.9), rng.uniform(0, np.pi))
        _add(bands, _sersic(radius, rng.uniform(9, 14), 1.5, 130), _YELLOW)
        _add(bands, _sersic(radius, 2.5, 2.0, 700), _RED)
        # A tidal tail: a ridge along a logarithmic spiral, open to one side.
        turned = np.mod(side * (azimuth - angle) + (side < 0) * np.pi, 2 * np.pi)
        ridge = 14 + 17 * turned
        tail = 60 * np.exp(-0.5 * ((radius - ridge) / (3 + 1.2 * turned)) ** 2 - turned / 1.6)
        _add(bands, tail.astype(np.float32), _BLUE)


def _draw_lens(rng: np.random.Generator, bands: Image, x: float, y: float) -> None:
    radius, _ = plane(bands, x, y, 0.8, rng.uniform(0, np.pi))
    _add(bands, _sersic(radius, 10, 4.0, 150), _RED)
    ring, azimuth = plane(bands, x, y, 0.96, rng.uniform(0, np.pi))
    einstein, where = rng.uniform(13, 18), rng.uniform(0, 2 * np.pi)
    arc = np.exp(2.5 * (np.cos(azimuth - where) - 1)) + 0.7 * np.exp(
        14 * (np.cos(azimuth - where - np.pi) - 1)
    )
    _add(bands, (330 * arc * np.exp(-0.5 * ((ring - einstein) / 1.3) ** 2)), _BLUE)


def _draw_star(rng: np.random.Generator, bands: Image, x: float, y: float) -> None:
    """A bright star with halo, the spikes of the secondary mirror's vanes and a bleeding trail."""
    radius, _ = plane(bands, x, y, 1.0, 0.0)
    flux = rng.uniform(4e5, 4e6)
    _add(bands, flux * 0.012 / (1 + (radius / 2.0) ** 2) ** 1.6, (0.9, 1.0, 0.95))
    turn = rng.uniform(0, np.pi / 2)
    for angle in (turn, turn + np.pi / 2):
        spike, _ = plane(bands, x, y, 0.012, angle)
        _add(bands, flux * 4e-4 * np.exp(-spike / 30), (0.9, 1.0, 0.95))
    half = int(np.log10(flux / 1e5) * 22)
    column, row = round(x), round(y)
    bands[:, max(0, row - half) : row + half, column - 1 : column + 2] += 9000


def _draw_artifact(rng: np.random.Generator, bands: Image, x: float, y: float) -> None:
    """A satellite's trail or the ghost of a bright star over an ordinary faint galaxy."""
    _draw_elliptical(rng, bands, x, y)
    bands *= 0.3
    if rng.random() < 0.5:
        angle = rng.uniform(0, np.pi)
        trail, _ = plane(bands, x, y + rng.uniform(-30, 30), 0.002, angle)
        bands += 260 * np.exp(-((trail / 900) ** 2)).astype(np.float32)
    else:
        radius, _ = plane(bands, x + rng.uniform(-40, 40), y + rng.uniform(-40, 40), 0.9, 0.4)
        outer, inner = rng.uniform(45, 80), rng.uniform(10, 25)
        # A ring with soft edges: the pupil of the telescope, out of focus.
        ghost = np.tanh((outer - radius) / 3) - np.tanh((inner - radius) / 3)
        bands += 28 * ghost.astype(np.float32)


_DRAWERS: dict[str, Callable[[np.random.Generator, Image, float, float], None]] = {
    "spiral": _draw_spiral, "elliptical": _draw_elliptical, "edge-on": _draw_edge_on,
    "merger": _draw_merger, "star": _draw_star, "artifact": _draw_artifact, "lens": _draw_lens,
}  # fmt: skip


def draw_object(rng: np.random.Generator, kind: str, bands: Image, x: float, y: float) -> None:
    """Add an object of `kind` with its centre at `(x, y)`."""
    _DRAWERS[kind](rng, bands, x, y)


def draw_neighbour(rng: np.random.Generator, bands: Image) -> None:
    """A faint star or a distant galaxy anywhere, drawn on a stamp of its own."""
    ny, nx = bands.shape[1:]
    x, y = int(rng.integers(0, nx)), int(rng.integers(0, ny))
    top, left = max(0, y - 24), max(0, x - 24)
    stamp = bands[:, top : y + 25, left : x + 25]
    if rng.random() < 0.4:
        stamp[:, y - top, x - left] += rng.pareto(1.2) * 900 * np.asarray((0.8, 1.0, 1.05))
        return
    radius, _ = plane(stamp, x - left, y - top, rng.uniform(0.35, 1.0), rng.uniform(0, np.pi))
    color = (_BLUE, _YELLOW, _RED)[int(rng.integers(3))]
    signal = _sersic(radius, rng.uniform(1.5, 4), rng.uniform(1, 2.5), rng.uniform(15, 120))
    _add(stamp, np.where(radius < 24, signal, 0).astype(np.float32), color)


def blurred(bands: Image, fwhm: float) -> Image:
    """The bands seen through the atmosphere: a Moffat profile with beta = 3."""
    ny, nx = bands.shape[1:]
    y, x = np.fft.fftfreq(ny, 1 / ny)[:, None], np.fft.fftfreq(nx, 1 / nx)[None, :]
    width = fwhm / (2 * np.sqrt(2 ** (1 / 3) - 1))
    psf = (1 + (x * x + y * y) / width**2) ** -3.0
    product = np.fft.rfft2(bands) * np.fft.rfft2(psf / psf.sum())
    return np.maximum(np.fft.irfft2(product, (ny, nx)), 0).astype(np.float32)
