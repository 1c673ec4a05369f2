"""Coordinates: in which form positions are told, and from which number pixels count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuiview.errors import UsageError
from tuiview.settings import COORDINATES, Settings

if TYPE_CHECKING:
    from astropy.wcs import WCS

    from tuiview.imaging.wcs import System

_PREFIXES = {"galactic": "gal ", "ecliptic": "ecl "}


class Coordinates:
    """How positions read, from the settings on.

    Args:
        settings: Give the form and the first pixel's number to begin with.

    Attributes:
        form: One of `settings.COORDINATES`.
        first: The number of the first pixel: 0, or 1 as in FITS.
        on_sky: Whether positions on the sky are told, which a blind review keeps from one.
    """

    def __init__(self, settings: Settings) -> None:
        self.form = settings.coordinates
        self.first = 1 if settings.one_based else 0
        self.on_sky = not settings.blind

    def cycle(self, step: int) -> None:
        """Take the next (or previous) form."""
        self.form = COORDINATES[(COORDINATES.index(self.form) + step) % len(COORDINATES)]

    def choose(self, text: str) -> None:
        """Take a form by name, or `0` or `1` for the first pixel's number.

        Raises:
            UsageError: It is neither.
        """
        wanted = text.strip()
        if wanted in ("0", "1"):
            self.first = int(wanted)
        elif wanted in COORDINATES:
            self.form = wanted
        else:
            raise UsageError(
                f"no form of coordinates is called {wanted or 'nothing'}",
                ", ".join(COORDINATES) + "; 0 or 1 for the first pixel's number",
            )

    @property
    def words(self) -> str:
        """How positions read, in a few words."""
        return f"{self.form}, pixels from {self.first}"

    def pixel(self, x: float, y: float) -> str:
        """A 0-based position of pixels in words."""
        return f"{x + self.first:.2f}, {y + self.first:.2f}"

    def sky(self, wcs: WCS, x: float, y: float) -> str:
        """The sky at a 0-based position of pixels in words; `:goto` understands them."""
        from tuiview.imaging.wcs import sky

        lon, lat = self.angles(*sky(wcs, x, y))
        return f"{_PREFIXES.get(self.form, '')}{lon} {lat}"

    def angles(self, ra: float, dec: float) -> tuple[str, str]:
        """A position of ICRS in degrees as two words, without the name of its system."""
        from tuiview.imaging.wcs import position_text

        system: System = "icrs"
        if self.form == "galactic":
            system = "galactic"
        elif self.form == "ecliptic":
            system = "ecliptic"
        return position_text(ra, dec, system, degrees=self.form == "degrees")
