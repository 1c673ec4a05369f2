"""World coordinates: celestial positions of pixels, and back, in the units people read.

Positions are `(x, y)` in 0-based pixels, directions in degrees, sky positions ICRS in degrees.
Everything that astropy brings is imported on first use.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from astropy.wcs import WCS

Floats = NDArray[np.float64]
System = Literal["icrs", "fk5", "galactic", "ecliptic"]
"""Sky systems that positions are shown in."""

_STEP = 0.5
_frames: dict[str, Floats] = {}


def hush() -> None:
    """Keep astropy's remarks about imperfect headers off the screen, in all threads."""
    import logging
    import warnings

    from astropy.utils.exceptions import AstropyWarning

    warnings.filterwarnings("ignore", category=AstropyWarning)
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"astropy\.")
    logging.getLogger("astropy").setLevel(logging.CRITICAL)


def wcs_of(
    header: Header,
    *,
    axes: tuple[int, int] = (1, 2),
    tables: Callable[[], Any] | None = None,
) -> WCS | None:
    """The celestial coordinates of a picture.

    All of astropy's projections and distortions: SIP, TPV, TNX and ZPX as far as wcslib reads
    them, -TAB axes, and the lookup tables of D2IM and CPDIS.

    Args:
        header: The header of the picture.
        axes: The FITS axes (from 1) that run along x and y.
        tables: Returns the file's HDUList, for tables that the header refers to.

    Returns:
        None where the axes are not celestial or the header is beyond repair.
    """
    if not any(key in header for key in ("CTYPE1", "CTYPE2", "PLTRAH")):
        return None
    from astropy import wcs

    hush()
    try:
        found = wcs.WCS(header, fobj=tables() if tables and _wants_tables(header) else None)
        x, y = axes[0] - 1, axes[1] - 1
        if {found.wcs.lng, found.wcs.lat} != {x, y}:
            return None
        if found.naxis != 2 or axes != (1, 2):
            found = found.sub(list(axes))
        probe = found.all_pix2world([[0.0, 0.0]], 0)
    except Exception:  # astropy and wcslib have many classes for a header that makes no sense
        return None
    return found if probe.shape == (1, 2) else None


def wcs_of_text(cards: str, shape: tuple[int, int]) -> WCS | None:
    """The celestial coordinates of FITS cards in one text, 80 characters each, as STIFF writes.

    Args:
        cards: The cards, with or without END.
        shape: `(ny, nx)` of the picture. Its row 0 is the top, where FITS has its last row, so
            the y axis is turned round.
    """
    from astropy.io import fits

    hush()
    try:
        header = fits.Header.fromstring(cards)
    except (ValueError, OSError):
        return None
    return turned(wcs_of(header), shape[0])


def turned(found: WCS | None, height: int) -> WCS | None:
    """The coordinates of a picture whose rows run from the top, for those of its FITS original.

    Distortions cannot be turned round; a picture with them has no coordinates.
    """
    if found is None or found.has_distortion:
        return None
    result = found.deepcopy()
    result.wcs.crpix[1] = height + 1 - found.wcs.crpix[1]
    if found.wcs.has_cd():
        result.wcs.cd[:, 1] *= -1
    else:
        # The scale stays positive; the sign goes into the matrix.
        matrix = np.array(found.wcs.get_pc())
        scale = np.array(found.wcs.get_cdelt())
        if found.wcs.has_crota():
            matrix = found.pixel_scale_matrix / scale[:, np.newaxis]
            result.wcs.crota = [0.0, 0.0]
        matrix[:, 1] *= -1
        result.wcs.pc = matrix
        result.wcs.cdelt = scale
    result.wcs.set()
    return result


@overload
def sky(wcs: WCS, x: float, y: float) -> tuple[float, float]: ...
@overload
def sky(wcs: WCS, x: Floats, y: Floats) -> tuple[Floats, Floats]: ...
def sky(wcs: WCS, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
    """ICRS right ascension and declination in degrees of pixel positions; NaN off the sky."""
    scalar = np.ndim(x) == 0 and np.ndim(y) == 0
    xs, ys = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    world = wcs.all_pix2world(np.column_stack([xs.ravel(), ys.ravel()]), 0)
    lon, lat = _to_icrs(wcs, world[:, wcs.wcs.lng], world[:, wcs.wcs.lat])
    if scalar:
        return float(lon[0]), float(lat[0])
    return lon.reshape(xs.shape), lat.reshape(xs.shape)


@overload
def pixel(wcs: WCS, ra: float, dec: float) -> tuple[float, float]: ...
@overload
def pixel(wcs: WCS, ra: Floats, dec: Floats) -> tuple[Floats, Floats]: ...
def pixel(wcs: WCS, ra: ArrayLike, dec: ArrayLike) -> tuple[Any, Any]:
    """Pixel positions of ICRS positions in degrees; NaN where the projection does not reach."""
    scalar = np.ndim(ra) == 0 and np.ndim(dec) == 0
    lons, lats = np.broadcast_arrays(np.asarray(ra, np.float64), np.asarray(dec, np.float64))
    lon, lat = _from_icrs(wcs, lons.ravel(), lats.ravel())
    world = np.empty((lon.size, 2))
    world[:, wcs.wcs.lng], world[:, wcs.wcs.lat] = lon, lat
    found = np.full((lon.size, 2), np.nan)
    good = np.isfinite(world).all(axis=1)
    if good.any():
        found[good] = _invert(wcs, world[good])
    if scalar:
        return float(found[0, 0]), float(found[0, 1])
    return found[:, 0].reshape(lons.shape), found[:, 1].reshape(lons.shape)


def pixel_scale(wcs: WCS, x: float, y: float) -> float:
    """Arcseconds along the side of a pixel of the same area, at a position; NaN off the sky."""
    east, north = _gradient(wcs, x, y)
    return 3600.0 * math.sqrt(abs(east[0] * north[1] - east[1] * north[0]))


def compass(wcs: WCS, x: float, y: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """The directions to north and to east in pixels at a position, of length 1.

    Returns:
        `((x, y), (x, y))`; NaN off the sky.
    """
    east, north = _gradient(wcs, x, y)
    matrix = np.array([east, north])
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-300:
        return (math.nan, math.nan), (math.nan, math.nan)
    inverse = np.linalg.inv(matrix)
    to_north = inverse @ [0.0, 1.0]
    to_east = inverse @ [1.0, 0.0]
    to_north /= np.hypot(*to_north)
    to_east /= np.hypot(*to_east)
    return (float(to_north[0]), float(to_north[1])), (float(to_east[0]), float(to_east[1]))


def convert(ra: ArrayLike, dec: ArrayLike, system: System) -> tuple[Any, Any]:
    """ICRS positions in another system, in degrees.

    Args:
        ra: ICRS right ascension in degrees.
        dec: ICRS declination in degrees.
        system: `icrs`, `fk5` (J2000), `galactic`, or `ecliptic` (mean of J2000).
    """
    if system == "icrs":
        return ra, dec
    scalar = np.ndim(ra) == 0
    lon, lat = _turn(_matrix(system), np.atleast_1d(ra), np.atleast_1d(dec))
    return (float(lon[0]), float(lat[0])) if scalar else (lon, lat)


def to_icrs(lon: float, lat: float, system: System) -> tuple[float, float]:
    """The ICRS position in degrees of one in another system; the inverse of `convert`."""
    if system == "icrs":
        return lon, lat
    ra, dec = _turn(_matrix(system).T, [lon], [lat])
    return float(ra[0]), float(dec[0])


def sexagesimal(ra: float, dec: float, *, hours: bool = True, digits: int = 2) -> tuple[str, str]:
    """`("05:40:59.10", "-02:27:30.0")` for degrees; `--` for NaN.

    Args:
        ra: In degrees.
        dec: In degrees.
        hours: Write the first in hours (right ascension), else in degrees.
        digits: Decimals of seconds of time; seconds of arc have one less.
    """
    if not (math.isfinite(ra) and math.isfinite(dec)):
        return "--", "--"
    if not hours:
        return _sixty(ra % 360.0, digits - 1, 3, 360), _signed(dec, digits - 1)
    return _sixty(ra % 360.0 / 15.0, digits, 2, 24), _signed(dec, digits - 1)


def position_text(
    ra: float, dec: float, system: System = "icrs", *, degrees: bool = False
) -> tuple[str, str]:
    """An ICRS position as it is shown: sexagesimal for equatorial systems, else degrees."""
    if not (math.isfinite(ra) and math.isfinite(dec)):
        return "--", "--"
    lon, lat = convert(ra, dec, system)
    if degrees or system in ("galactic", "ecliptic"):
        return f"{lon:.6f}", f"{lat:+.6f}"
    return sexagesimal(lon, lat)


def _wants_tables(header: Header) -> bool:
    keys = ("CPDIS1", "CPDIS2", "D2IMDIS1", "D2IMDIS2", "D2IMEXT", "AXISCORR")
    if any(key in header for key in keys):
        return True
    return any("-TAB" in str(header.get(f"CTYPE{axis}", "")) for axis in range(1, 6))


def _invert(wcs: WCS, world: Floats) -> Floats:
    """Pixels of native world positions; what does not converge or project is NaN."""
    from astropy.wcs import NoConvergence

    try:
        return np.asarray(wcs.all_world2pix(world, 0, tolerance=1e-6, maxiter=50, quiet=True))
    except (NoConvergence, ValueError):
        pass
    found = np.full_like(world, np.nan)
    for row, position in enumerate(world):
        try:
            found[row] = wcs.all_world2pix([position], 0, tolerance=1e-6, maxiter=50)[0]
        except (NoConvergence, ValueError):
            continue
    return found


def _gradient(wcs: WCS, x: float, y: float) -> tuple[Floats, Floats]:
    """Degrees towards east and north for a step of one pixel in x and in y."""
    xs = np.array([x - _STEP, x + _STEP, x, x])
    ys = np.array([y, y, y - _STEP, y + _STEP])
    ra, dec = sky(wcs, xs, ys)
    centre_ra, centre_dec = sky(wcs, float(x), float(y))
    # Offsets in the plane that touches the sky at the position (gnomonic), exact at the poles too.
    dra = np.radians(ra - centre_ra)
    d, d0 = np.radians(dec), math.radians(centre_dec)
    depth = np.sin(d) * math.sin(d0) + np.cos(d) * math.cos(d0) * np.cos(dra)
    east = np.degrees(np.cos(d) * np.sin(dra) / depth)
    north = np.degrees((np.sin(d) * math.cos(d0) - np.cos(d) * math.sin(d0) * np.cos(dra)) / depth)
    return np.diff(east)[::2] / (2 * _STEP), np.diff(north)[::2] / (2 * _STEP)


def _to_icrs(wcs: WCS, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    matrix = _native(wcs)
    if matrix is None:
        return lon % 360.0, lat
    if isinstance(matrix, np.ndarray):
        return _turn(matrix.T, lon, lat)
    from astropy.coordinates import SkyCoord

    place = SkyCoord(lon, lat, unit="deg", frame=matrix).icrs
    return np.asarray(place.ra.deg), np.asarray(place.dec.deg)


def _from_icrs(wcs: WCS, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
    matrix = _native(wcs)
    if matrix is None:
        return ra, dec
    if isinstance(matrix, np.ndarray):
        return _turn(matrix, ra, dec)
    from astropy.coordinates import SkyCoord

    place = SkyCoord(ra, dec, unit="deg", frame="icrs").transform_to(matrix).spherical
    return np.asarray(place.lon.deg), np.asarray(place.lat.deg)


def _native(wcs: WCS) -> Any:
    """How ICRS turns into the system of the header: None for not at all, a matrix, or a frame."""
    if hasattr(wcs, "_tuiview_native"):
        return wcs._tuiview_native
    kind = str(wcs.wcs.ctype[wcs.wcs.lng])[:4]
    system = str(wcs.wcs.radesys).strip().upper()
    native: Any
    if kind.startswith("RA--") and system == "ICRS":
        native = None
    else:
        from astropy.wcs.utils import wcs_to_celestial_frame

        try:
            frame = wcs_to_celestial_frame(wcs)
        except ValueError:
            frame = None
        native = None if frame is None or frame.name == "icrs" else _rotation(frame)
    wcs._tuiview_native = native
    return native


def _rotation(frame: Any) -> Any:
    """The matrix from ICRS to a frame, or the frame itself where it is not a mere rotation."""
    from astropy.coordinates import SkyCoord

    if frame.name in ("fk5", "galactic", "barycentricmeanecliptic"):
        axes = SkyCoord([0.0, 90.0, 0.0], [0.0, 0.0, 90.0], unit="deg", frame="icrs")
        matrix: Floats = np.asarray(
            axes.transform_to(frame).represent_as("unitspherical").to_cartesian().xyz.value
        )
        if np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-13):
            return matrix
    return frame


def _matrix(system: System) -> Floats:
    if system not in _frames:
        from astropy import coordinates

        frame = {
            "fk5": coordinates.FK5,
            "galactic": coordinates.Galactic,
            "ecliptic": coordinates.BarycentricMeanEcliptic,
        }[system]()
        _frames[system] = _rotation(frame)
    return _frames[system]


def _turn(matrix: Floats, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Rotate positions on the sphere, in degrees."""
    a, d = np.radians(np.asarray(lon, np.float64)), np.radians(np.asarray(lat, np.float64))
    x, y, z = matrix @ np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def _sixty(value: float, digits: int, width: int, full: int) -> str:
    digits = max(digits, 0)
    unit = 10**digits
    whole = round(value * 3600 * unit) % (full * 3600 * unit)
    seconds, part = divmod(whole, unit)
    minutes, second = divmod(seconds, 60)
    degree, minute = divmod(minutes, 60)
    tail = f".{part:0{digits}d}" if digits else ""
    return f"{degree:0{width}d}:{minute:02d}:{second:02d}{tail}"


def _signed(value: float, digits: int) -> str:
    return ("-" if value < 0 else "+") + _sixty(abs(value), digits, 2, 1 << 20)


__all__: Sequence[str] = (
    "System", "compass", "convert", "hush", "pixel", "pixel_scale",
    "position_text", "sexagesimal", "sky", "turned", "wcs_of", "wcs_of_text",
)  # fmt: skip
