"""The files of the sample set: what a camera makes of the sky, in the formats of the field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tuiview.demo.sky import Field, Image, blurred, draw_field, draw_neighbour, draw_object, plane

if TYPE_CHECKING:
    from astropy.io.fits import Header

SCALE = 0.262
"""Arcseconds across a pixel of the cutouts."""

_SKY = 150.0  # electrons a pixel and exposure
_READ_NOISE = 4.0


def _exposed(rng: np.random.Generator, signal: Image) -> Image:
    """The signal as a camera reads it: photons of object and sky, read noise, sky subtracted."""
    photons = rng.poisson(signal + _SKY).astype(np.float32)
    noise = rng.normal(0, _READ_NOISE, signal.shape).astype(np.float32)
    exposed: Image = np.minimum(photons + noise - np.float32(_SKY), np.float32(60000))
    return exposed


def _hit_by_cosmic_rays(rng: np.random.Generator, image: Image, count: int) -> NDArray[np.bool_]:
    """Add tracks of charged particles; returns which pixels they hit."""
    hit = np.zeros(image.shape, bool)
    for _ in range(count):
        length, angle = rng.gamma(2, 4), rng.uniform(0, np.pi)
        steps = np.arange(int(length) + 1)
        y = (rng.integers(0, image.shape[0]) + steps * np.sin(angle)).astype(int)
        x = (rng.integers(0, image.shape[1]) + steps * np.cos(angle)).astype(int)
        inside = (x >= 0) & (x < image.shape[1]) & (y < image.shape[0])
        image[y[inside], x[inside]] += np.float32(rng.gamma(2, 1500))
        hit[y[inside], x[inside]] = True
    return hit


def _header(field: Field, shape: tuple[int, int], band: str = "r", scale: float = SCALE) -> Header:
    """The cards of an image of `field`: a gnomonic projection with north up and east left."""
    from astropy.io.fits import Header

    ny, nx = shape
    header = Header()
    cards: tuple[tuple[str, Any, str], ...] = (
        ("OBJECT", field.name, "designation"), ("FILTER", band, "passband"),
        ("TELESCOP", "tuiview demo", "made by formula, not observed"),
        ("EXPTIME", 900.0, "[s] exposure time"), ("GAIN", 1.0, "[electron/adu]"),
        ("BUNIT", "electron", "unit of the pixels"), ("RADESYS", "ICRS", ""),
        ("CTYPE1", "RA---TAN", ""), ("CTYPE2", "DEC--TAN", ""),
        ("CUNIT1", "deg", ""), ("CUNIT2", "deg", ""),
        ("CRPIX1", (nx + 1) / 2, ""), ("CRPIX2", (ny + 1) / 2, ""),
        ("CRVAL1", round(field.ra, 7), ""), ("CRVAL2", round(field.dec, 7), ""),
        ("CD1_1", -scale / 3600, ""), ("CD1_2", 0.0, ""),
        ("CD2_1", 0.0, ""), ("CD2_2", scale / 3600, ""),
    )  # fmt: skip
    for keyword, value, comment in cards:
        header[keyword] = (value, comment)
    return header


def write_cutout(
    path: Path, rng: np.random.Generator, field: Field, kind: str, number: int
) -> None:
    """One band as FITS; `number` decides by turns about its faults and its type."""
    from astropy.io import fits

    image = _exposed(rng, field.bands[1])
    header = _header(field, image.shape)
    if kind == "artifact" or number % 5 == 0:
        _hit_by_cosmic_rays(rng, image, int(rng.integers(6, 16)))
    if number % 9 == 4:
        image[:, int(rng.integers(30, image.shape[1] - 30))] = 0
    if number % 6 == 1:
        _leave_border(rng, image)
    if number % 8 == 3:  # as cameras store it: 16 bits without sign
        header["BUNIT"] = ("adu", "unit of the pixels")
        counts = np.clip(np.nan_to_num(image) + _SKY, 0, 65535).astype(np.uint16)
        fits.PrimaryHDU(counts, header).writeto(path)
    else:
        fits.PrimaryHDU(image, header).writeto(path)


def _leave_border(rng: np.random.Generator, image: Image) -> None:
    """Empty the part of an image that lies beyond the edge of the survey."""
    ny, nx = image.shape
    slope, width = rng.uniform(-0.15, 0.15), rng.uniform(0.08, 0.3) * nx
    beyond = np.arange(nx)[None, :] < width + slope * np.arange(ny)[:, None]
    image[beyond if rng.random() < 0.5 else beyond[:, ::-1]] = np.nan


def _colours(rng: np.random.Generator, field: Field) -> NDArray[np.float64]:
    """A colour composite `(ny, nx, 3)` in 0 to 1, row 0 at the top.

    The intensity is stretched by asinh and all bands are scaled alike, so that colours hold up to
    the brightest pixel (Lupton et al. 2004).
    """
    red, green, blue = (_exposed(rng, field.bands[band]).astype(np.float64) for band in (2, 1, 0))
    intensity = (red + green + blue) / 3
    softening, black = 55.0, -8.0
    stretched = np.arcsinh(np.maximum(intensity - black, 0) / softening) / np.arcsinh(
        2600 / softening
    )
    factor = stretched / np.maximum(intensity - black, 1e-3)
    picture = np.stack([band - black for band in (red, green, blue)], axis=-1) * factor[..., None]
    brightest = np.maximum(picture.max(axis=-1, keepdims=True), 1.0)
    composite: NDArray[np.float64] = np.clip(picture / brightest, 0, 1)[::-1]
    return composite


def write_composite(path: Path, rng: np.random.Generator, field: Field) -> None:
    """All bands as PNG or JPEG."""
    from PIL import Image as pillow

    picture = pillow.fromarray((_colours(rng, field) * 255 + 0.5).astype(np.uint8))
    if path.suffix == ".jpg":
        picture.save(path, quality=92)
    else:
        picture.save(path)


def write_exposure(folder: Path, rng: np.random.Generator, field: Field) -> None:
    """Two chips of a camera, each with its errors and its data quality."""
    from astropy.io import fits

    hdus: list[Any] = [fits.PrimaryHDU()]
    hdus[0].header["OBJECT"] = field.name
    hdus[0].header["INSTRUME"] = ("demo camera", "two chips")
    for chip in (1, 2):
        bands = draw_field(rng, "merger" if chip == 1 else "elliptical", size=320).bands
        science = _exposed(rng, bands[1])
        error = np.sqrt(np.maximum(science + _SKY, 1) + _READ_NOISE**2).astype(np.float32)
        quality = np.zeros(science.shape, np.int16)
        quality[_hit_by_cosmic_rays(rng, science, 25)] |= 4096
        quality[:, 200 + chip] |= 4
        science[:, 200 + chip] = 0
        for name, data in (("SCI", science), ("ERR", error), ("DQ", quality)):
            header = _header(field, data.shape)
            header["BUNIT"] = ("electron" if name != "DQ" else "", "unit of the pixels")
            # The second chip lies north of the first, with a gap.
            header["CRPIX2"] = header["CRPIX2"] - (chip - 1) * 340
            hdus.append(fits.ImageHDU(data, header, name=name, ver=chip))
    fits.HDUList(hdus).writeto(folder / "exposure.fits")


def write_cube(folder: Path, rng: np.random.Generator, field: Field) -> None:
    """The 21 cm line of a rotating disc: 36 channels of 96 x 96 pixels."""
    from astropy.io import fits

    channels, size, step = 36, 96, 10_000.0  # m/s
    empty = np.zeros((1, size, size), np.float32)
    tilt = 1.05
    radius, azimuth = plane(empty, 47.5, 47.5, float(np.cos(tilt)), 0.6)
    velocity = 140e3 * np.tanh(radius / 9) * np.cos(azimuth) * np.sin(tilt)
    gas = 0.03 * np.exp(-radius / 13) * (1 - np.exp(-((radius / 6) ** 2)))
    axis = (np.arange(channels) - (channels - 1) / 2) * step
    line = np.exp(-0.5 * ((axis[:, None, None] - velocity) / 12e3) ** 2)
    beam = blurred((gas * line).astype(np.float32), 4.0)
    # The noise of an interferometer is smooth on the scale of the beam, and it is not positive.
    noise = blurred(rng.normal(0, 1, beam.shape).astype(np.float32) + 20, 4.0) - 20
    cube = beam + noise * np.float32(4e-4 / float(noise.std()))
    header = _header(field, (size, size), band="HI", scale=4.0)
    del header["GAIN"], header["EXPTIME"]
    header["BUNIT"] = ("Jy/beam", "unit of the pixels")
    header["CTYPE3"], header["CUNIT3"] = "VRAD", "m/s"
    header["CRPIX3"], header["CRVAL3"], header["CDELT3"] = (channels + 1) / 2, 1_250_000.0, step
    header["CD3_3"], header["RESTFRQ"] = step, 1.420405752e9
    del header["CDELT3"]
    header["BMAJ"], header["BMIN"], header["BPA"] = 16 / 3600, 16 / 3600, 0.0
    fits.PrimaryHDU(cube.astype(np.float32), header).writeto(folder / "cube.fits")


def write_mosaic(folder: Path, rng: np.random.Generator, field: Field) -> None:
    """A wide field, tile-compressed, with empty corners where no exposure reached."""
    from astropy.io import fits

    size = 1024
    bands = np.zeros((3, size, size), np.float32)
    for kind, x, y in (("spiral", 620.0, 560.0), ("star", 250.0, 760.0), ("edge-on", 400.0, 300.0)):
        left, top = int(x) - 128, int(y) - 128
        stamp = bands[:, top : top + 256, left : left + 256]
        draw_object(rng, kind, stamp, x - left, y - top)
    for _ in range(260):
        draw_neighbour(rng, bands)
    image = _exposed(rng, blurred(bands[1:2], 3.0))[0]
    y, x = np.mgrid[:size, :size]
    image[(x + 0.4 * y < 150) | (y - 0.2 * x > 930) | (x + y > 1890)] = np.nan
    header = _header(field, image.shape)
    compressed = fits.CompImageHDU(
        image, header, compression_type="RICE_1", quantize_level=8, dither_seed=1
    )
    fits.HDUList([fits.PrimaryHDU(), compressed]).writeto(folder / "mosaic.fits.fz")


def write_tiff(folder: Path, rng: np.random.Generator, field: Field) -> None:
    """A colour composite with 16 bits for each band."""
    import tifffile

    picture = (_colours(rng, field) * 65535 + 0.5).astype(np.uint16)
    path = folder / "composite.tif"
    tifffile.imwrite(path, picture, photometric="rgb", metadata=None, software=False)


def write_truncated(folder: Path, rng: np.random.Generator, field: Field) -> None:
    """A file whose transfer broke off."""
    path = folder / "truncated.fits"
    write_cutout(path, rng, field, "spiral", 0)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 5)
