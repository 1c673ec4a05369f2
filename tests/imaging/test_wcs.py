"""World coordinates held against astropy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from tuiview.errors import TuiviewError
from tuiview.imaging import avm, wcs
from tuiview.imaging.readers import open_image
from tuiview.source import FileSource


def header(ctype=("RA---TAN", "DEC--TAN"), crval=(83.6, 22.0), scale=1e-4, angle=20.0, **cards):
    cos, sin = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    found = fits.Header(
        {
            "NAXIS": 2, "NAXIS1": 200, "NAXIS2": 100,
            "CTYPE1": ctype[0], "CTYPE2": ctype[1], "CUNIT1": "deg", "CUNIT2": "deg",
            "CRVAL1": crval[0], "CRVAL2": crval[1], "CRPIX1": 90.5, "CRPIX2": 40.25,
            "CD1_1": -cos, "CD1_2": sin, "CD2_1": sin, "CD2_2": cos,
        }
    )  # fmt: skip
    found.update(cards)
    return found


PROJECTIONS = ["TAN", "SIN", "ZEA", "STG", "ARC", "SFL", "CAR", "AIT", "MOL", "CEA", "MER", "ZPN"]


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize(
    ("axes", "extra"),
    [
        (("RA--", "DEC-"), {"RADESYS": "ICRS"}),
        (("RA--", "DEC-"), {"RADESYS": "FK5", "EQUINOX": 2000.0}),
        (("RA--", "DEC-"), {"RADESYS": "FK5", "EQUINOX": 1975.0}),
        (("RA--", "DEC-"), {"RADESYS": "FK4", "EQUINOX": 1950.0}),
        (("DEC-", "RA--"), {}),
        (("GLON", "GLAT"), {}),
        (("ELON", "ELAT"), {}),
    ],
)
def test_positions_are_astropys(projection, axes, extra):
    crval = (22.0, 83.6) if axes[0] == "DEC-" else (83.6, 22.0)
    card = header(tuple(f"{axis}-{projection}" for axis in axes), crval, **extra)
    if projection == "ZPN":
        card["PV1_1" if axes[0] == "DEC-" else "PV2_1"] = 1.0
    found = wcs.wcs_of(card)
    x, y = np.meshgrid(np.linspace(-20, 220, 7), np.linspace(-9, 120, 5))
    ra, dec = wcs.sky(found, x, y)
    expected = WCS(card).pixel_to_world(x, y)
    expected = expected.icrs
    np.testing.assert_allclose((ra - expected.ra.deg + 180) % 360 - 180, 0, atol=1e-9)
    np.testing.assert_allclose(dec, expected.dec.deg, atol=1e-9)
    back = wcs.pixel(found, ra, dec)
    np.testing.assert_allclose(back, (x, y), atol=1e-6)


def tpv():
    card = header(("RA---TPV", "DEC--TPV"))
    card.update({"PV1_1": 1.0, "PV1_4": 0.02, "PV2_1": 1.0, "PV2_4": -0.03})
    return card


def sip():
    card = header(("RA---TAN-SIP", "DEC--TAN-SIP"))
    card.update(
        {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 2e-5, "A_1_1": 1e-5, "B_0_2": -3e-5, "B_2_0": 1e-5}
    )
    return card


def tnx():
    card = header(("RA---TNX", "DEC--TNX"))
    surface = "3. 2. 2. 2. -0.02 0.02 -0.02 0.02 1E-7 2E-4 3E-4 "
    card["WAT0_001"] = "system=image"
    for axis, kind, name in ((1, "ra", "lngcor"), (2, "dec", "latcor")):
        text = f'wtype=tnx axtype={kind} {name} = "{surface}"'
        for number, start in enumerate(range(0, len(text), 68), 1):
            card[f"WAT{axis}_{number:03d}"] = text[start : start + 68]
    return card


@pytest.mark.parametrize("made", [sip, tpv, tnx])
def test_distortions_are_astropys(made):
    card = made()
    found = wcs.wcs_of(card)
    expected = WCS(card).pixel_to_world(150.0, 20.0).icrs
    ra, dec = wcs.sky(found, 150.0, 20.0)
    assert (ra, dec) == pytest.approx((expected.ra.deg, expected.dec.deg), abs=1e-9)
    plain = wcs.sky(wcs.wcs_of(header()), 150.0, 20.0)
    assert math.dist((ra, dec), plain) > 1e-7
    assert wcs.pixel(found, ra, dec) == pytest.approx((150.0, 20.0), abs=1e-4)


def test_distortion_tables_are_applied(tmp_path):
    card = header()
    table = np.zeros((4, 4), np.float32)
    table[:] = 3.5
    for axis in (1, 2):
        card[f"CPDIS{axis}"] = "LOOKUP"
        for record in (f"EXTVER: {axis}.0", "NAXES: 2.0", "AXIS.1: 1.0", "AXIS.2: 2.0"):
            card.append(fits.Card.fromstring(f"DP{axis}     = '{record}'"))
    hdus = [fits.PrimaryHDU(np.zeros((100, 200), np.float32), card)]
    for axis in (1, 2):
        lookup = fits.ImageHDU(table, name="WCSDVARR", ver=axis)
        for n in (1, 2):
            lookup.header[f"CRPIX{n}"] = 1.0
            lookup.header[f"CRVAL{n}"] = 1.0
            lookup.header[f"CDELT{n}"] = 80.0
        hdus.append(lookup)
    path = tmp_path / "tables.fits"
    fits.HDUList(hdus).writeto(path)
    with open_image(FileSource(path)) as image:
        found = wcs.sky(image.frame("primary").wcs(), 50.0, 50.0)
    with fits.open(path) as file:
        whole = WCS(file[0].header, fobj=file)
        assert whole.cpdis1 is not None
        expected = whole.pixel_to_world(50.0, 50.0).icrs
    assert found == pytest.approx((expected.ra.deg, expected.dec.deg), abs=1e-9)


@pytest.mark.parametrize(
    "card",
    [
        fits.Header(),
        header(("LINEAR", "LINEAR")),
        header(("RA---TAN", "FREQ")),
        header(("RA---XXX", "DEC--XXX")),
    ],
)
def test_what_is_not_celestial_has_no_coordinates(card):
    assert wcs.wcs_of(card) is None


def test_planes_of_a_cube_keep_the_celestial_axes(tmp_path):
    card = header(CTYPE3="FREQ", CRVAL3=1.4e9, CRPIX3=1.0, CDELT3=1e6, CUNIT3="Hz")
    path = tmp_path / "cube.fits"
    fits.writeto(path, np.zeros((1, 4, 10, 20), np.float32), card)
    with open_image(FileSource(path)) as image:
        ra, dec = wcs.sky(image.frames[2].wcs(), 5.0, 6.0)
    expected = WCS(card).celestial.pixel_to_world(5.0, 6.0)
    assert (ra, dec) == pytest.approx((expected.ra.deg, expected.dec.deg), abs=1e-9)


def tabular(path):
    """A cube whose wavelengths stand in a table."""
    waves = np.array([1.0, 1.1, 1.5, 2.5])
    card = header(CTYPE3="WAVE-TAB", CUNIT3="um", CRPIX3=1.0, CRVAL3=1.0, CDELT3=1.0)
    card.update({"PS3_0": "WCS-TAB", "PS3_1": "WAVE", "PV3_1": 1, "PV3_2": 1, "PV3_3": 1})
    column = fits.Column("WAVE", "4D", "um", dim="(1,4)", array=waves.reshape(1, 4, 1))
    table = fits.BinTableHDU.from_columns([column], name="WCS-TAB")
    cube = fits.PrimaryHDU(np.zeros((4, 10, 20), np.float32), card)
    fits.HDUList([cube, table]).writeto(path)
    return waves


def test_tabular_axes_leave_the_sky_and_give_the_wavelengths(tmp_path):
    waves = tabular(tmp_path / "tab.fits")
    with open_image(FileSource(tmp_path / "tab.fits")) as image:
        frame = image.frames[2]
        found = wcs.sky(frame.wcs(), 5.0, 6.0)
        axis = frame.stack_axis()
    with fits.open(tmp_path / "tab.fits") as file:
        whole = WCS(file[0].header, fobj=file)
        expected = whole.all_pix2world([[5.0, 6.0, 2.0]], 0)[0]
    assert found == pytest.approx(tuple(expected[:2]), abs=1e-9)
    assert axis.values == pytest.approx(waves)
    assert axis.label == "WAVE / um"


@pytest.mark.parametrize(
    ("cards", "values", "label"),
    [
        ({"CTYPE3": "VRAD", "CRVAL3": 5.0, "CDELT3": 2.0, "CRPIX3": 2.0, "CUNIT3": "km/s"},
         [3.0, 5.0, 7.0], "VRAD / km/s"),
        ({"CTYPE3": "FREQ", "CRVAL3": 1e9, "CD3_3": 1e6, "CUNIT3": "Hz"},
         [1e9, 1.001e9, 1.002e9], "FREQ / Hz"),
        ({"CTYPE3": "WAVE-LOG", "CRVAL3": 1e-6, "CD3_3": 1e-7, "CRPIX3": 1.0, "CUNIT3": "m"},
         [1e-6 * math.exp(0.1 * n) for n in range(3)], "WAVE / m"),
        ({"CTYPE3": "VELO-LSR", "CRVAL3": 0.0, "CDELT3": 1.0, "CRPIX3": 1.0}, [0, 1, 2], "VELO"),
    ],
)  # fmt: skip
def test_planes_stand_for_the_values_of_their_axis(tmp_path, cards, values, label):
    path = tmp_path / "cube.fits"
    card = header()
    card.update(cards)
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(np.zeros((1, 3, 10, 20), np.float32), card, "SCI"),
            fits.ImageHDU(np.zeros((10, 20), np.float32), name="ERR")]  # fmt: skip
    fits.HDUList(hdus).writeto(path)
    with open_image(FileSource(path)) as image:
        axis = image.frames[1].stack_axis()
        stacks = [frame.stack for frame in image.frames]
    assert axis.values == pytest.approx(values)
    assert axis.label == label
    assert stacks[0] == stacks[1] == stacks[2] != stacks[3]


def test_a_slice_along_the_spectrum_has_no_celestial_coordinates(tmp_path):
    path = tmp_path / "slice.fits"
    fits.writeto(path, np.zeros((10, 1, 20), np.float32), header(CTYPE3="FREQ", CRVAL3=1.4e9))
    with open_image(FileSource(path)) as image:
        assert image.frames[0].shape == (10, 20)
        assert image.frames[0].wcs() is None


@settings(max_examples=40)
@given(
    ra=st.floats(0, 359.9), dec=st.floats(-89.5, 89.5), scale=st.floats(1e-5, 1e-3),
    angle=st.floats(-180, 180), mirrored=st.booleans(),
)  # fmt: skip
def test_scale_and_directions(ra, dec, scale, angle, mirrored):
    card = header(crval=(ra, dec), scale=scale, angle=angle, RADESYS="ICRS")
    if mirrored:
        card["CD1_1"], card["CD2_1"] = -card["CD1_1"], -card["CD2_1"]
    found = wcs.wcs_of(card)
    x, y = 89.5, 39.25
    assert wcs.pixel_scale(found, x, y) == pytest.approx(scale * 3600, rel=1e-5)
    north, east = wcs.compass(found, x, y)
    step = 20.0
    place = SkyCoord(*wcs.sky(found, x, y), unit="deg")
    for direction, expected in ((north, 0.0), (east, 90.0)):
        to = SkyCoord(*wcs.sky(found, x + step * direction[0], y + step * direction[1]), unit="deg")
        off = (place.position_angle(to).deg - expected + 180) % 360 - 180
        assert abs(off) < 0.05
    assert (north[0] * east[1] - north[1] * east[0] > 0) is not mirrored


def test_positions_beyond_the_projection_are_nan():
    found = wcs.wcs_of(header())
    assert all(math.isnan(value) for value in wcs.pixel(found, 263.6, -22.0))
    ra, dec = wcs.pixel(found, np.array([83.6, 263.6]), np.array([22.0, -22.0]))
    assert np.isfinite(ra[0])
    assert np.isnan(dec[1])


@settings(max_examples=40)
@given(ra=st.floats(0, 359.99), dec=st.floats(-90, 90))
def test_conversions_are_astropys(ra, dec):
    place = SkyCoord(ra, dec, unit="deg")
    galactic = SkyCoord(*wcs.convert(ra, dec, "galactic"), unit="deg", frame="galactic")
    ecliptic = place.transform_to(BarycentricMeanEcliptic())
    assert galactic.icrs.separation(place).deg < 1e-9
    lon, lat = wcs.convert(ra, dec, "ecliptic")
    found = SkyCoord(lon, lat, unit="deg", frame=BarycentricMeanEcliptic())
    assert found.separation(ecliptic).deg < 1e-9
    fk5 = SkyCoord(*wcs.convert(ra, dec, "fk5"), unit="deg", frame="fk5")
    assert fk5.icrs.separation(place).deg < 1e-9


@pytest.mark.parametrize(
    ("ra", "dec", "text"),
    [
        (0.0, 0.0, ("00:00:00.00", "+00:00:00.0")),
        (83.633083, 22.0145, ("05:34:31.94", "+22:00:52.2")),
        (359.9999999, -0.0000001, ("00:00:00.00", "-00:00:00.0")),
        (180.0, -89.9999999, ("12:00:00.00", "-90:00:00.0")),
        (15.0 - 1e-9, 59.99999999, ("01:00:00.00", "+60:00:00.0")),
        (math.nan, 1.0, ("--", "--")),
    ],
)
def test_sexagesimal(ra, dec, text):
    assert wcs.sexagesimal(ra, dec) == text


@settings(max_examples=60)
@given(ra=st.floats(0, 359.999), dec=st.floats(-89.999, 89.999), digits=st.integers(1, 4))
def test_sexagesimal_is_astropys(ra, dec, digits):
    place = SkyCoord(ra, dec, unit="deg")
    found = SkyCoord(*wcs.sexagesimal(ra, dec, digits=digits), unit=("hourangle", "deg"))
    assert found.separation(place).arcsec < 1.5 * 15 * 10.0**-digits


def test_texts_in_other_systems():
    centre = (266.40498829, -28.93617776)
    lon, lat = wcs.position_text(*centre, "galactic")
    assert abs((float(lon) + 180) % 360 - 180) < 1e-5
    assert abs(float(lat)) < 1e-5
    assert wcs.position_text(10.0, -5.0, degrees=True) == ("10.000000", "-5.000000")
    assert wcs.position_text(*centre) == ("17:45:37.20", "-28:56:10.2")


def test_fits_cards_in_a_tiff_are_turned_with_the_picture(shared_data):
    """The picture's row 0 is the last row of the FITS image that its cards speak of."""
    for path in sorted((shared_data / "imgmarker" / "test_images").glob("*.tif")):
        with open_image(FileSource(path)) as image:
            frame = image.frames[0]
            found = frame.wcs()
            height = frame.shape[0]
            text = frame._first.description
        original = WCS(fits.Header.fromstring(text))
        for x, row in ((0, 0), (100, 37), (511, 511)):
            expected = original.pixel_to_world(x, height - 1 - row).icrs
            assert wcs.sky(found, float(x), float(row)) == pytest.approx(
                (expected.ra.deg, expected.dec.deg), abs=1e-9
            )


@pytest.mark.parametrize("crota", [False, True])
def test_turning_round_works_for_all_kinds_of_matrices(crota):
    card = header()
    for key in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        del card[key]
    card["CDELT1"], card["CDELT2"] = -2e-4, 3e-4
    if crota:
        card["CROTA2"] = 30.0
    else:
        card["PC1_1"], card["PC1_2"], card["PC2_1"], card["PC2_2"] = 0.8, 0.6, -0.6, 0.8
    turned = wcs.turned(wcs.wcs_of(card), 100)
    assert wcs.sky(turned, 12.0, 30.0) == pytest.approx(
        wcs.sky(wcs.wcs_of(card), 12.0, 69.0), abs=1e-10
    )


def xmp(**tags):
    lines = []
    for key, value in tags.items():
        if isinstance(value, tuple):
            items = "".join(f"<rdf:li>{item}</rdf:li>" for item in value)
            lines.append(f"<avm:Spatial.{key}><rdf:Seq>{items}</rdf:Seq></avm:Spatial.{key}>")
    plain = " ".join(f'avm:Spatial.{k}="{v}"' for k, v in tags.items() if not isinstance(v, tuple))
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:avm="http://www.communicatingastronomy.org/avm/1.0/" {plain}>{"".join(lines)}'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


TAGS = {
    "CoordinateFrame": "ICRS",
    "CoordsystemProjection": "TAN",
    "ReferenceValue": (83.6, 22.0),
    "ReferenceDimension": (400, 200),
    "ReferencePixel": (181.0, 80.0),
    "Scale": (-1e-4, 1e-4),
    "Rotation": "20",
}


def test_avm_of_a_resized_picture(tmp_path):
    path = tmp_path / "outreach.png"
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp(**TAGS))
    Image.fromarray(np.zeros((100, 200), np.uint8)).save(path, pnginfo=info)
    with open_image(FileSource(path)) as image:
        found = image.frames[0].wcs()
    whole = WCS(naxis=2)
    whole.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    whole.wcs.crval, whole.wcs.crpix = (83.6, 22.0), (181.0, 80.0)
    whole.wcs.cdelt, whole.wcs.crota = (-1e-4, 1e-4), (0, 20)
    # The corners of the picture lie where they did before it was made half as large.
    for x, row in ((-0.5, -0.5), (199.5, 99.5), (50.0, 20.0)):
        fx, fy = (x + 0.5) * 2 - 0.5, 199.5 - (row + 0.5) * 2
        expected = whole.wcs_pix2world([[fx, fy]], 0)[0]
        assert wcs.sky(found, x, row) == pytest.approx(tuple(expected), abs=1e-9)


def test_avm_in_a_jpeg(tmp_path):
    path = tmp_path / "outreach.jpg"
    Image.fromarray(np.zeros((100, 200, 3), np.uint8)).save(path, xmp=xmp(**TAGS).encode())
    with open_image(FileSource(path)) as image:
        assert image.frames[0].wcs() is not None


@pytest.mark.parametrize("missing", ["ReferenceValue", "ReferencePixel", "Scale"])
def test_incomplete_avm_is_none(missing):
    tags = {key: value for key, value in TAGS.items() if key != missing}
    assert avm.wcs_of(xmp(**tags), (100, 200)) is None


@pytest.mark.parametrize(
    "packet",
    [
        "",
        "no xml Spatial.",
        b"\xff\xfe",
        "<a>Spatial.</b>",
        '<!DOCTYPE a [<!ENTITY b "Spatial.">]><a/>',
    ],
)
def test_broken_avm_is_none(packet):
    assert avm.wcs_of(packet, (10, 10)) is None


def test_marks_of_a_catalogue_land_on_its_sources(shared_data):
    path = shared_data / "catalogs" / "dss_hd219829.fits"
    with open_image(FileSource(path)) as image, fits.open(path) as file:
        found = image.frames[0].wcs()
        expected = WCS(file[0].header)
        x, y = np.meshgrid(np.arange(0, 141, 20.0), np.arange(0, 141, 20.0))
        place = expected.pixel_to_world(x, y).icrs
        np.testing.assert_allclose(wcs.pixel(found, place.ra.deg, place.dec.deg), (x, y), atol=1e-5)


def test_coordinates_of_every_sample_are_astropys(shared_data):
    count = 0
    for path in sorted(shared_data.rglob("*.fits*")):
        try:
            image = open_image(FileSource(path))
        except TuiviewError:
            continue
        with image, fits.open(path) as file:
            frame = image.frames[0]
            found = frame.wcs()
            if found is None:
                continue
            whole = WCS(file[frame.part.number].header, fobj=file).celestial
            ny, nx = frame.shape
            for x, y in ((0.0, 0.0), (nx * 0.3, ny * 0.8)):
                expected = whole.pixel_to_world(x, y).icrs
                ra, dec = wcs.sky(found, x, y)
                if math.isnan(ra):
                    assert math.isnan(expected.ra.deg)
                    continue
                assert abs((ra - expected.ra.deg + 180) % 360 - 180) < 1e-9
                assert abs(dec - expected.dec.deg) < 1e-9
                assert wcs.pixel(found, ra, dec) == pytest.approx((x, y), abs=1e-3)
            count += 1
    assert count > 35
