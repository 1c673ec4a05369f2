"""Which HDUs of a FITS file hold pictures, in which order they are shown, and under what names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from tuiview.errors import NotAnImageError, UnreadableError
from tuiview.imaging.readers.content import Content
from tuiview.imaging.readers.fits_plain import Hdu, scaling
from tuiview.imaging.readers.lazy import unique
from tuiview.text import printable


class Part(Struct, frozen=True):
    """An HDU that holds pictures.

    Attributes:
        number: The HDU's number.
        name: EXTNAME, or empty.
        version: EXTVER, or 1.
        axes: NAXIS1, NAXIS2...
        plain: Its structure where its pixels are read straight from the content.
        detsec, datasec: Where it lies on the detector and its useful part, as the header says.
    """

    number: int
    name: str
    version: int
    axes: tuple[int, ...]
    plain: Hdu | None
    detsec: str = ""
    datasec: str = ""

    @property
    def layout(self) -> tuple[int | None, int | None, tuple[int, ...]]:
        """Indices into `axes`: of x, of y (None where there is no such axis), and the planes'.

        Axes of length 1 are dropped as long as two others remain.
        """
        long = [axis for axis, size in enumerate(self.axes) if size > 1]
        if len(long) >= 2:
            return long[0], long[1], tuple(long[2:])
        if long and long[0] > 1:
            return long[0], None, ()
        return 0, (1 if len(self.axes) > 1 else None), ()

    @property
    def shape(self) -> tuple[int, int]:
        """`(ny, nx)` of each plane."""
        x, y, _ = self.layout
        return (1 if y is None else self.axes[y], 1 if x is None else self.axes[x])

    @property
    def planes(self) -> tuple[int, ...]:
        """The lengths of the axes that count planes, in FITS order."""
        return tuple(self.axes[axis] for axis in self.layout[2])

    @property
    def count(self) -> int:
        """The number of planes."""
        count = 1
        for size in self.planes:
            count *= size
        return count

    def plane_name(self, plane: int) -> str:
        """`plane 3` or `plane 3,1`, counted from 1 as FITS does; empty where there is one."""
        if self.count == 1:
            return ""
        numbers = []
        for size in self.planes:
            plane, index = divmod(plane, size)
            numbers.append(str(index + 1))
        return "plane " + ",".join(numbers)


def plain_parts(content: Content, hdus: Sequence[Hdu]) -> tuple[list[Part], list[str]]:
    """The pictures and what was left out, by the structure that is read without astropy.

    Raises:
        Unusual: Something that only astropy should judge.
        UnreadableError: It is damaged, or holds no picture.
    """
    parts: list[Part] = []
    skipped: Counter[str] = Counter()
    cut: list[tuple[str, int]] = []
    for hdu in hdus:
        name = printable(hdu.text("EXTNAME")).strip()
        label = name or ("the primary" if hdu.number == 0 else f"HDU {hdu.number}")
        end = sum(hdu.data)
        if hdu.kind in ("image", "compressed"):
            if not hdu.axes:
                continue
            if 0 in hdu.axes:
                skipped[f"{label} is {_by(hdu.axes)}, empty"] += 1
            elif content.size is not None and end > content.size:
                cut.append((label, end - content.size))
            else:
                plain = hdu if hdu.kind == "image" else None
                if plain is not None:
                    scaling(plain)
                parts.append(_part(hdu, name, plain))
        else:
            skipped[{"table": "table", "groups": "random groups"}.get(hdu.kind, "other")] += 1
    if content.sequential and hdus[0].data[1] > 0:
        skipped["what may follow the primary in a compressed file of this size"] += 1
    if not parts and cut:
        raise content.cut_short(cut[0][1])
    words = _words(skipped) + [
        f"{label} is truncated: {lost} bytes are missing" for label, lost in cut
    ]
    if not parts:
        raise _no_image(content.name, skipped)
    return parts, words


def _part(hdu: Hdu, name: str, plain: Hdu | None) -> Part:
    version = hdu.values.get("EXTVER", 1)
    return Part(
        hdu.number,
        name,
        version if isinstance(version, int) else 1,
        hdu.axes,
        plain,
        hdu.text("DETSEC"),
        hdu.text("DATASEC"),
    )


def astropy_parts(name_of_file: str, hdus: Any) -> tuple[list[Part], list[str]]:
    """The pictures of astropy's HDUList and what was left out.

    Raises:
        NotAnImageError: There is no picture.
    """
    from astropy.io import fits

    parts: list[Part] = []
    skipped: Counter[str] = Counter()
    for number, hdu in enumerate(hdus):
        name = printable(hdu.name).strip() if number else ""
        label = name or ("the primary" if number == 0 else f"HDU {number}")
        if isinstance(hdu, fits.GroupsHDU):
            skipped["random groups"] += 1
        elif isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not isinstance(
            hdu, fits.CompImageHDU
        ):
            skipped["table"] += 1
        elif getattr(hdu, "is_image", False):
            axes = tuple(reversed(hdu.shape))
            if 0 in axes:
                skipped[f"{label} is {_by(axes)}, empty"] += 1
            elif axes:
                sections = [str(hdu.header.get(key, "")) for key in ("DETSEC", "DATASEC")]
                parts.append(Part(number, name, hdu.ver, axes, None, *sections))
        else:
            skipped["other"] += 1
    if not parts:
        raise _no_image(name_of_file, skipped)
    return parts, _words(skipped)


def _words(skipped: Counter[str]) -> list[str]:
    names = {
        "table": ("1 table", "{} tables"),
        "other": ("1 extension of another kind", "{} extensions of other kinds"),
    }
    return [
        (names[what][0] if count == 1 else names[what][1].format(count)) if what in names else what
        for what, count in skipped.items()
    ]


def _no_image(name: str, skipped: Counter[str]) -> NotAnImageError:
    words = _words(skipped)
    if "random groups" in skipped:
        return NotAnImageError(
            f"{name} holds random groups (visibilities) and no image",
            "make an image of them with AIPS or CASA first",
        )
    if not words:
        return NotAnImageError(f"{name} holds headers only and no image")
    empty = [word for word in words if word.endswith("empty")]
    rest = [word for word in words if word not in empty]
    if empty:
        inside = f", and it holds {' and '.join(rest)} beside" if rest else ""
        return NotAnImageError(f"{name} holds no pixels: {'; '.join(empty)}{inside}")
    return NotAnImageError(f"{name} holds {' and '.join(rest)} and no image")


def _by(axes: Sequence[int]) -> str:
    return " x ".join(str(axis) for axis in axes)


def choose(parts: list[Part], wanted: str | int, name: str) -> list[Part]:
    """The one HDU that is wanted, by its number, its name or `NAME,VERSION`.

    Raises:
        UnreadableError: There is no such image; the hint names those that there are.
    """
    if isinstance(wanted, int):
        found = [part for part in parts if part.number == wanted]
    else:
        name_wanted = wanted.upper()
        found = [part for part in parts if part.name.upper() == name_wanted]
        if not found:
            bare, _, version = name_wanted.rpartition(",")
            found = [
                part for part in parts if part.name.upper() == bare and str(part.version) == version
            ]
    if not found:
        raise UnreadableError(
            f"{name} has no image in HDU {printable(str(wanted))}",
            "it has " + ", ".join(names(parts)[:20]),
        )
    return found


def in_order(parts: list[Part]) -> list[Part]:
    """SCI before ERR, DQ and the rest; else the order in the file."""
    if any(part.name.upper() == "SCI" for part in parts):
        order = {"SCI": 0, "ERR": 1, "DQ": 2}
        return sorted(parts, key=lambda part: order.get(part.name.upper(), 3))
    return sorted(parts, key=lambda part: part.name.upper() in ("ERR", "DQ"))


def names(parts: Sequence[Part]) -> list[str]:
    """The frames' names: EXTNAME, EXTVER from 2 on, HDU number, plane."""
    bases = unique([_base(part, len(parts)) for part in parts])
    names = []
    for part, base in zip(parts, bases, strict=True):
        for plane in range(part.count):
            plane_name = part.plane_name(plane)
            if part.number == 0 and plane_name and not part.name:
                names.append(plane_name)
            else:
                names.append(f"{base} {plane_name}".strip())
    return unique(names)


def _base(part: Part, count: int) -> str:
    if part.name and part.name != "COMPRESSED_IMAGE":  # the name that packers give, not the maker
        return part.name if part.version == 1 else f"{part.name},{part.version}"
    return "primary" if part.number == 0 else f"HDU {part.number}"
