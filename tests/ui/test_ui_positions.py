"""Marks against positions that others measured: Gaia's, on a photographic plate of 1951."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tuiview.exchange.options import CatalogueOptions
from tuiview.imaging.overlay import Points

pytestmark = pytest.mark.asyncio

# Gaia DR2 (epoch 2015.5): source_id, ra, dec in degrees, pmra, pmdec in mas a year, G.
STARS = (
    (2661015608930257920, 349.7086448902422, 5.4087729260160655, 6.636, -3.843, 16.77),
    (2661015810793360640, 349.7110402948439, 5.412381636738937, -1.388, -0.725, 18.05),
    (2661015707714189184, 349.7325640762333, 5.418079919788587, 0.491, -5.594, 18.65),
)
HD_219829 = (2661015540210781568, 349.72896715675495, 5.405115847648341, 483.417, -114.863, 8.01)
PLATE = 1951.605
"""The plate's epoch, from its DATE-OBS."""


def at_plate(star):
    _, ra, dec, pmra, pmdec, _ = star
    years = PLATE - 2015.5
    there = dec + pmdec * years / 3.6e6
    return ra + pmra * years / 3.6e6 / math.cos(math.radians(dec)), there


async def command(review, text):
    await review.press("colon")
    await review.type(text)
    await review.press("enter")


async def test_snapped_marks_lie_on_gaias_stars(open_review, shared_data, tmp_path):
    listed = tmp_path / "gaia.csv"
    places = [at_plate(star) for star in (*STARS, HD_219829)]
    listed.write_text("ra,dec\n" + "".join(f"{ra!r},{dec!r}\n" for ra, dec in places))
    async with open_review(shared_data / "catalogs" / "dss_hd219829.fits") as review:
        review.session.catalogues.add(CatalogueOptions.parse(str(listed)))
        await review.idle()
        (points,) = [
            s for s in review.session.viewer.shown.request.overlay if isinstance(s, Points)
        ]
        drawn = np.frombuffer(points.positions).reshape(-1, 2)
        await command(review, "zoom 6")
        off = []
        for (ra, dec), expected in zip(places[:3], drawn, strict=False):
            await command(review, f"goto {ra:.6f} {dec:.6f}")
            await review.press("l", "l", "l", "j", "j", "j", "s", "2")
            mark = review.session.state.marks[-1]
            off.append(math.hypot(mark.x - expected[0], mark.y - expected[1]))
            arcsec = math.hypot((mark.ra - ra) * math.cos(math.radians(dec)), mark.dec - dec)
            assert arcsec * 3600 < 0.5 * 1.71
        assert max(off) < 0.5
        # The bright star is burnt in over ten pixels: its middle is less certain.
        await command(review, "zoom 1.5")
        await command(review, "goto {:.6f} {:.6f}".format(*places[3]))
        await review.press("s", "1")
        mark = review.session.state.marks[-1]
        assert math.hypot(mark.x - drawn[3][0], mark.y - drawn[3][1]) < 0.75
        # In 64 years it has moved by 18 pixels.
        from tuiview.imaging.wcs import pixel

        later = pixel(review.session.viewer.info.wcs, HD_219829[1], HD_219829[2])
        assert math.hypot(mark.x - later[0], mark.y - later[1]) > 17


async def test_snapped_marks_lie_on_the_galaxies_of_a_catalogue(open_review, shared_data):
    """The brightest galaxies of two clusters; that of a third is burnt out in its picture."""
    import csv

    folder = shared_data / "imgmarker"
    with (folder / "mark_files" / "TEST_catalog.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    found = 0
    async with open_review(folder / "test_images") as review:
        for _ in range(2):
            await command(review, "zoom 4")
            for row in rows:
                ra, dec = float(row["ra"]), float(row["dec"])
                review.session.marking.leave()
                await command(review, f"goto {ra:.6f} {dec:.6f}")
                if review.session.marking.position is None:
                    continue  # it lies on another image
                there = review.session.marking.position
                await review.press("l", "l", "j", "j", "s", "2")
                mark = review.session.state.marks[-1]
                assert math.dist((mark.x, mark.y), there) < 0.5
                found += 1
            await command(review, "+1")
    assert found == 2
