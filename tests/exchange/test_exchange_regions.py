import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sky_images import place, tangent

from tuiview.errors import UnreadableError
from tuiview.exchange.ds9 import from_one, parse, pixel
from tuiview.exchange.options import CatalogueOptions
from tuiview.exchange.regions import Figures, open_regions
from tuiview.imaging.overlay import (
    Circle,
    Ellipse,
    Line,
    Points,
    Polygon,
    Rectangle,
    Segments,
    Text,
)

pytestmark = pytest.mark.filterwarnings("ignore:DS9 meta")
M51 = {"ra": 202.48, "dec": 47.1985, "shape": (700, 800), "arcsec": 0.25}
OPTIONS = CatalogueOptions.parse("x.reg")


def drawn_of(text, here=None):
    regions, _ = parse(text)
    return Figures(OPTIONS, regions).draw(here or place())


def read(path):
    return open_regions(CatalogueOptions.parse(str(path)))


def of(drawn, kind):
    return [shape for shape in drawn.marks if isinstance(shape, kind)]


def points(drawn):
    return np.concatenate(
        [np.frombuffer(shape.positions).reshape(-1, 2) for shape in of(drawn, Points)]
    )


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_positions_counted_from_one_come_back_to_the_last_digit(value):
    assert pixel(from_one(value)) == value


@pytest.mark.parametrize("name", ["ds9.fk5.reg", "ds9.fk5.hms.reg", "ds9.composite.reg"])
@pytest.mark.parametrize("turn", [0.0, 70.0])
def test_sky_regions_lie_where_the_regions_package_puts_them(shared_data, name, turn):
    from regions import Regions

    wcs = tangent(M51["ra"], M51["dec"], M51["shape"], arcsec=0.25, turn=turn)
    path = shared_data / "regions" / name
    theirs = [r.to_pixel(wcs) for r in Regions.read(path, format="ds9")]
    drawn = read(path).draw(place(shape=M51["shape"], wcs=wcs))
    by_kind = {}
    for region in theirs:
        by_kind.setdefault(type(region).__name__, []).append(region)
    (circle,) = by_kind["CirclePixelRegion"]
    mine = next(c for c in of(drawn, Circle) if c.width == 3)
    wanted = (circle.center.x, circle.center.y, circle.radius)
    assert (mine.x, mine.y, mine.radius) == pytest.approx(wanted, rel=1e-4)
    (ellipse,) = by_kind["EllipsePixelRegion"]
    mine = of(drawn, Ellipse)[0]
    wanted = (ellipse.center.x, ellipse.center.y, ellipse.width / 2, ellipse.height / 2)
    assert (mine.x, mine.y, mine.a, mine.b) == pytest.approx(wanted, rel=1e-4)
    assert _same_angle(mine.angle, ellipse.angle.to_value("deg"))
    (box,) = by_kind["RectanglePixelRegion"]
    mine = of(drawn, Rectangle)[0]
    wanted = (box.center.x, box.center.y, box.width, box.height)
    assert (mine.x, mine.y, mine.w, mine.h) == pytest.approx(wanted, rel=1e-4)
    assert _same_angle(mine.angle, box.angle.to_value("deg"))
    (polygon,) = by_kind["PolygonPixelRegion"]
    (mine,) = of(drawn, Polygon)
    wanted = np.stack([polygon.vertices.x, polygon.vertices.y], 1)
    assert np.allclose(mine.points, wanted, atol=1e-3)
    wanted = sorted((r.center.x, r.center.y) for r in by_kind["PointPixelRegion"])
    mine = sorted(set(map(tuple, points(drawn))))
    assert np.allclose(mine, wanted, atol=1e-3)


def _same_angle(one, other):
    return abs((one - other + 90) % 180 - 90) < 0.05


def test_image_regions_count_from_one(shared_data):
    from regions import Regions

    path = shared_data / "regions" / "ds9.image.reg"
    drawn = read(path).draw(place(shape=(700, 800)))
    theirs = Regions.read(path, format="ds9")
    wanted = sorted((r.center.x, r.center.y) for r in theirs if type(r).__name__[:5] == "Point")
    assert sorted(set(map(tuple, points(drawn)))) == wanted
    circle = next(c for c in of(drawn, Circle) if c.radius == 20 and c.width == 3)
    assert (circle.x, circle.y) == (165, 545)
    (words,) = [t for t in drawn.labels if t.text == "Region"]
    assert (words.x, words.y, words.anchor, words.color) == (657, 520, "mm", 0xFF00FF)
    assert any(line.color == 0xFF0000 for line in of(drawn, Line))  # what is cut out is struck


def test_angles_turn_the_other_way_in_a_mirrored_image():
    text = 'icrs;ellipse(150,2,10",5",30)'
    normal = of(drawn_of(text, place(wcs=tangent())), Ellipse)[0]
    mirrored = of(drawn_of(text, place(wcs=tangent(mirrored=True))), Ellipse)[0]
    turned = of(drawn_of(text, place(wcs=tangent(turn=25))), Ellipse)[0]
    assert _same_angle(normal.angle, 30)
    assert _same_angle(mirrored.angle, 150)
    assert _same_angle(turned.angle, 55)


def test_colours_of_every_spelling(shared_data):
    wcs = tangent(202.469, 47.1958, (200, 200), arcsec=0.2)
    drawn = read(shared_data / "regions" / "ds9.color.reg").draw(place(shape=(200, 200), wcs=wcs))
    wanted = [0x0000FF, 0x880000, 0x00AA00, 0x880000, 0x00AA00, 0x880000, 0x00AA00]
    assert [c.color for c in of(drawn, Circle)] == wanted


def test_physical_coordinates_follow_the_header(shared_data):
    text = "physical;circle(101,201,10)"
    plain = of(drawn_of(text, place(shape=(500, 500))), Circle)[0]
    assert (plain.x, plain.y, plain.radius) == (100, 200, 10)
    ltm = {"LTV1": 10.0, "LTV2": 20.0, "LTM1_1": 0.5, "LTM2_2": 0.5}
    binned = of(drawn_of(text, place(shape=(500, 500), **ltm)), Circle)[0]
    assert (binned.x, binned.y, binned.radius) == (101 * 0.5 + 10 - 1, 201 * 0.5 + 20 - 1, 5)
    event = {"CRPIX1P": 0.5, "CRPIX2P": 0.5, "CRVAL1P": 51.0, "CRVAL2P": 1.0, "CDELT1P": 2.0,
             "CDELT2P": 2.0}  # fmt: skip
    sky = of(drawn_of(text, place(shape=(500, 500), **event)), Circle)[0]
    assert (sky.x, sky.y, sky.radius) == (24.5, 99.5, 5)
    layer = read(shared_data / "regions" / "a2142.reg")
    shift = {"LTV1": -3200.0, "LTV2": -3100.0}
    drawn = layer.draw(place(shape=(1700, 1100), **shift))
    assert layer.count == 540
    assert drawn.found > 530
    assert len(of(drawn, Segments)) == 1


def test_shapes_that_ds9_alone_has():
    text = """image
vector(50,50,20,90) # vector=1
# vector(50,50,20,0) vector=1 color=red
# ruler(10,10,40,10) ruler=pixels pixels
# segment(1,1,5,5,9,1)
panda(50,50,0,90,2,5,10,1)
line(1,1,9,9) # line=0 1
line(1,1,9,9) # line=1 0
# text(30,40) text={one; two} font="times 20 bold"
circle 10 20 3
box(10,10,6",4i)
"""
    drawn = drawn_of(text, place(wcs=tangent()))
    lines = of(drawn, Line)
    arrows = [line for line in lines if line.arrow]
    assert (arrows[0].x1, arrows[0].y1) == pytest.approx((49, 69))
    assert (arrows[1].x1, arrows[1].y1) == pytest.approx((69, 49))
    assert [(a.x1, a.y1) for a in arrows[2:]] == [(8, 8), (0, 0)]
    assert [t.text for t in drawn.labels] == ["one; two"]
    assert drawn.labels[0].size == 23
    assert len(of(drawn, Circle)) == 3
    assert len(lines) == 2 + 1 + 2 + 3 + 2


def test_what_is_not_understood_is_counted():
    regions, problems = parse("image\ncircle(1,2)\ncircle(a,b,c)\nblob(1,2,3)\ncircle(5,5,5)\n")
    assert len(regions) == 1
    assert problems == ["2 of circle left out", "1 of blob left out"]


@given(st.text(max_size=200))
@settings(max_examples=150)
def test_no_text_stops_the_reader(text):
    parse("image\n" + text)
    parse(f"fk5;circle({text})\n# text(1,2) {text}")


def test_regions_on_the_far_side_and_off_the_image_are_left_out():
    here = place(wcs=tangent())
    drawn = drawn_of('icrs\ncircle(330,-2,5")\ncircle(150,2,5")\ncircle(151,2,5")', here)
    assert drawn.found == 1
    assert drawn_of("icrs\ncircle(150,2,1)", here).found == 1
    assert "no world coordinates" in drawn_of("icrs\ncircle(150,2,1)").note


def test_crtf_is_read_by_the_regions_package(shared_data):
    layer = read(shared_data / "regions" / "CRTFgeneral.crtf")
    assert layer.count == 7
    wcs = tangent(32.1423, 12.1412)
    drawn = layer.draw(place(wcs=wcs))
    assert np.allclose(points(drawn), [[59.5, 49.5]], atol=0.05)
    assert [t.text for t in drawn.labels] == ["my text"]


def test_geojson_on_the_sky(tmp_path):
    wcs = tangent()
    corners = wcs.all_pix2world([[10, 10], [30, 10], [30, 30], [10, 10]], 0).tolist()
    feature = {
        "type": "Feature", "properties": {"description": "arc"},
        "geometry": {"type": "Polygon", "coordinates": [corners]},
    }  # fmt: skip
    line = {"type": "Feature", "geometry": {"type": "LineString", "coordinates": corners[:2]}}
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": corners[2]}}
    void = {"type": "Feature", "geometry": None}
    path = tmp_path / "v.geojson"
    features = [feature, line, point, void]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    drawn = read(path).draw(place(wcs=wcs))
    (polygon,) = of(drawn, Polygon)
    assert np.allclose(polygon.points, [[10, 10], [30, 10], [30, 30]], atol=1e-6)
    (segment,) = of(drawn, Line)
    assert (segment.x1, segment.y1) == pytest.approx((30, 10), abs=1e-6)
    assert np.allclose(points(drawn), [[30, 30]], atol=1e-6)
    assert [t.text for t in drawn.labels] == ["arc"]
    path.write_text('{"a": 1}')
    with pytest.raises(UnreadableError, match="GeoJSON"):
        read(path)
    path.write_text("{")
    with pytest.raises(UnreadableError):
        read(path)


def test_sizes_follow_the_scale_and_words_stand_above():
    wcs = tangent(arcsec=0.5)
    text = 'icrs\ncircle(150,2,10") # text={c}'
    drawn = drawn_of(text, place(wcs=wcs))
    (circle,) = of(drawn, Circle)
    assert circle.radius == pytest.approx(20, rel=1e-5)
    (words,) = drawn.labels
    assert isinstance(words, Text)
    assert words.y == pytest.approx(circle.y + 20, rel=1e-5)
    upper = drawn_of(text, place(wcs=wcs, origin="upper")).labels[0]
    assert upper.y == pytest.approx(circle.y - 20, rel=1e-5)
    assert math.isfinite(words.dy)
