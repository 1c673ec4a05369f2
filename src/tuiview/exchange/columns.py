"""The columns of a catalogue: what each means, by what was told and by its name."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tuiview.errors import UnreadableError, UsageError
from tuiview.exchange.options import CatalogueOptions
from tuiview.text import printable

_SKY = (
    ("_raj2000", "_dej2000"), ("ra", "dec"), ("raj2000", "dej2000"), ("ra_icrs", "de_icrs"),
    ("ra", "de"), ("ra_icrs", "dec_icrs"), ("ra_deg", "dec_deg"), ("radeg", "dedeg"),
    ("radeg", "decdeg"), ("ra", "decl"), ("ra", "declination"), ("right_ascension", "declination"),
    ("alpha_j2000", "delta_j2000"), ("alphawin_j2000", "deltawin_j2000"),
    ("alphapeak_j2000", "deltapeak_j2000"), ("ra_j2000", "dec_j2000"), ("raj", "decj"),
    ("s_ra", "s_dec"), ("ra1", "dec1"), ("ra_1", "dec_1"), ("ramean", "decmean"),
    ("_ra", "_de"), ("_ra.icrs", "_de.icrs"), ("alpha", "delta"),
)  # fmt: skip
_GALACTIC = (("l", "b"), ("glon", "glat"), ("_glon", "_glat"), ("gal_lon", "gal_lat"))
_PIXEL = (
    ("x", "y"), ("x_image", "y_image"), ("xwin_image", "ywin_image"), ("xcentroid", "ycentroid"),
    ("xcenter", "ycenter"), ("x_fit", "y_fit"), ("x_pix", "y_pix"), ("xpos", "ypos"),
    ("x_peak", "y_peak"),
)  # fmt: skip
_FROM_ONE = ("x_image", "xwin_image")
_SIZES = ("size(arcsec)", "size(px)", "size", "diameter")
_LABELS = ("label", "name", "main_id")
_IMAGES = (
    "image", "key", "filename", "file", "image_name", "img", "filepath", "path", "file_path",
)  # fmt: skip
_IMAGE_MARKER = {"date", "image", "group", "label", "x", "y"}


class Columns(Struct, frozen=True):
    """Which columns say what; None where there is none."""

    sky: tuple[str, str] | None = None
    galactic: bool = False
    pixel: tuple[str, str] | None = None
    origin: str = "0"
    size: str | None = None
    label: str | None = None
    group: str | None = None
    image: str | None = None
    frame: str | None = None

    def numbers(self) -> list[str]:
        """Those that are read as numbers."""
        return [*(self.sky or ()), *(self.pixel or ()), *filter(None, [self.size])]

    def words(self) -> list[str]:
        """Those that are read as text."""
        return list(filter(None, [self.label, self.group, self.image, self.frame]))


def recognise(names: Sequence[str], options: CatalogueOptions) -> Columns:
    """Tell what columns mean, by what was told and by their names in any case.

    Raises:
        TuiviewError: None of them are positions; lists the columns.
        UsageError: A column that was told is not there.
    """
    lower = {name.lower(): name for name in reversed(names)}
    told = dict(options.columns)
    for meaning, name in told.items():
        found = name if name in names else lower.get(name.lower())
        if found is None:
            raise UsageError(
                f"{options.title} has no column {printable(name)} ({meaning}=)", _listed(names)
            )
        told[meaning] = found

    def pair(first: str, second: str, known: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
        if first in told or second in told:
            if not (first in told and second in told):
                raise UsageError(f"{first}= and {second}= go together")
            return told[first], told[second]
        found = next((p for p in known if p[0] in lower and p[1] in lower), None)
        return None if found is None else (lower[found[0]], lower[found[1]])

    def one(meaning: str, known: Sequence[str]) -> str | None:
        if meaning in told:
            return told[meaning]
        return next((lower[name] for name in known if name in lower), None)

    pixel = pair("x", "y", _PIXEL)
    sky = pair("ra", "dec", _SKY)
    galactic = pair("l", "b", _GALACTIC) if sky is None or "l" in told else None
    sky = galactic or sky
    if sky is None and pixel is None:
        raise UnreadableError(
            f"{options.title} has no columns with positions: {_listed(names)}",
            "name them: FILE,ra=COLUMN,dec=COLUMN or FILE,x=COLUMN,y=COLUMN",
        )
    origin = options.origin
    if not origin and pixel is not None:
        origin = "1" if pixel[0].lower() in _FROM_ONE else "0"
        if set(lower) >= _IMAGE_MARKER:
            origin = "top"
    return Columns(
        sky, galactic is not None, pixel, origin or "0", one("size", _SIZES), one("label", _LABELS),
        one("group", ("group",)), one("image", _IMAGES), one("frame", ("frame",)),
    )  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:25])
    return f"it has {shown}" + (", ..." if len(names) > 25 else "") if names else "it has none"
