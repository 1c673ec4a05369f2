"""AVM: world coordinates in the XMP metadata of outreach pictures.

The spatial tags are those of the Astronomy Visualization Metadata standard 1.2, section 3.4; their
reference pixel follows FITS, counted from 1 at the lower left corner.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from tuiview.imaging.wcs import hush, turned

if TYPE_CHECKING:
    from astropy.wcs import WCS

_NAMESPACE = "{http://www.communicatingastronomy.org/avm/1.0/}"
_MOST_BYTES = 4 << 20
_AXES = {"GAL": ("GLON", "GLAT"), "ECL": ("ELON", "ELAT")}


def wcs_of(packet: str | bytes, shape: tuple[int, int]) -> WCS | None:
    """World coordinates from an XMP packet.

    Args:
        packet: The XMP, as it stands in the file.
        shape: `(ny, nx)` of the picture, which may have been resized since it was tagged; its row
            0 is the top.

    Returns:
        None where the tags are absent, incomplete or make no sense.
    """
    tags = spatial_tags(packet)
    try:
        value = [float(number) for number in tags["ReferenceValue"]]
        reference = [float(number) for number in tags["ReferencePixel"]]
        size = [float(number) for number in tags.get("ReferenceDimension", [])]
        matrix = _matrix(tags)
    except (KeyError, ValueError, IndexError):
        return None
    if len(value) != 2 or len(reference) != 2 or matrix is None:
        return None
    from astropy.wcs import WCS

    zoom = np.ones(2)
    if len(size) == 2 and min(size) > 0:
        zoom = np.array([shape[1] / size[0], shape[0] / size[1]])
    hush()
    found = WCS(naxis=2)
    frame = _first(tags, "CoordinateFrame", "ICRS").upper()
    projection = _first(tags, "CoordsystemProjection", "TAN").upper()
    axes = _AXES.get(frame[:3], ("RA", "DEC"))
    found.wcs.ctype = [f"{axis:-<4}-{projection}" for axis in axes]
    found.wcs.cunit = ["deg", "deg"]
    found.wcs.crval = value
    found.wcs.crpix = (np.array(reference) - 0.5) * zoom + 0.5
    found.wcs.cd = matrix / zoom
    if axes[0] == "RA":
        found.wcs.radesys = frame if frame in ("ICRS", "FK5", "FK4") else "ICRS"
        equinox = _first(tags, "Equinox", "").lstrip("JBjb")
        if frame in ("FK5", "FK4") and equinox:
            try:
                found.wcs.equinox = float(equinox)
            except ValueError:
                return None
    try:
        found.wcs.set()
    except Exception:  # wcslib has a class of exception for every way to make no sense
        return None
    return turned(found, shape[0])


def spatial_tags(packet: str | bytes) -> dict[str, list[str]]:
    """The `Spatial.*` tags of an XMP packet, without that prefix; empty if it has none."""
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else packet
    # Entities are never needed in XMP, and can be made to fill the memory.
    if len(text) > _MOST_BYTES or "Spatial." not in text or "<!ENTITY" in text:
        return {}
    start, end = text.find("<"), text.rfind(">")
    try:
        root = ElementTree.fromstring(text[start : end + 1])
    except ElementTree.ParseError:
        return {}
    tags: dict[str, list[str]] = {}
    prefix = _NAMESPACE + "Spatial."
    for element in root.iter():
        for key, value in element.attrib.items():
            if key.startswith(prefix):
                tags[key.removeprefix(prefix)] = [value.strip()]
        if element.tag.startswith(prefix):
            items = [item.text or "" for item in element.iter() if item.tag.endswith("}li")]
            tags[element.tag.removeprefix(prefix)] = [
                item.strip() for item in (items or [element.text or ""])
            ]
    return tags


def _matrix(tags: dict[str, list[str]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None:
    """The CD matrix, from the matrix itself or from scale and rotation."""
    if "CDMatrix" in tags and len(tags["CDMatrix"]) == 4:
        matrix = np.array([float(number) for number in tags["CDMatrix"]]).reshape(2, 2)
        return matrix if abs(np.linalg.det(matrix)) > 0 else None
    scale = [float(number) for number in tags["Scale"]]
    if len(scale) == 1:
        scale = [-abs(scale[0]), abs(scale[0])]
    angle = math.radians(float(_first(tags, "Rotation", "0")))
    if not all(scale):
        return None
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[scale[0] * cos, -scale[1] * sin], [scale[0] * sin, scale[1] * cos]])


def _first(tags: dict[str, list[str]], name: str, default: str) -> str:
    values = tags.get(name) or [default]
    return values[0] or default
