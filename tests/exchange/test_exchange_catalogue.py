import numpy as np
import pytest
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st
from sky_images import place, tangent

from tuiview.errors import TuiviewError, UnreadableError, UsageError
from tuiview.exchange import catalogue
from tuiview.exchange.catalogue import open_catalogue, sexagesimal
from tuiview.exchange.columns import recognise
from tuiview.exchange.options import CatalogueOptions
from tuiview.exchange.skyindex import SkyIndex, separation
from tuiview.imaging.overlay import Circle, Points


def positions(drawn):
    found = [
        np.frombuffer(shape.positions).reshape(-1, 2)
        for shape in drawn.marks
        if isinstance(shape, Points)
    ]
    found += [np.array([[s.x, s.y]]) for s in drawn.marks if isinstance(s, Circle)]
    return np.concatenate(found) if found else np.empty((0, 2))


def opened(path, text="", **groups):
    if text:
        path.write_text(text)
    return open_catalogue(CatalogueOptions.parse(str(path)))


def parsed(path, options):
    return open_catalogue(CatalogueOptions.parse(f"{path},{options}"))


@settings(max_examples=60)
@given(
    st.floats(0, 359.999), st.floats(-90, 90), st.floats(0.01, 179), st.integers(1, 400),
    st.integers(0, 1000),
)  # fmt: skip
def test_a_circle_on_the_sky_holds_what_a_plain_search_finds(ra, dec, radius, count, seed):
    rng = np.random.default_rng(seed)
    ras = rng.uniform(0, 360, count) % 360
    decs = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    decs[:2] = (90, -90)[: min(count, 2)]
    found = SkyIndex(ras, decs).within(ra, dec, radius)
    off = separation(ra, dec, ras, decs)
    clear = np.abs(off - radius) > 1e-6
    wanted = np.flatnonzero((off <= radius) & clear)
    assert np.array_equal(found[clear[found]], wanted)


def stars():
    wcs = tangent()
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 119, 30), rng.uniform(0, 99, 30)
    ra, dec = wcs.all_pix2world(x, y, 0)
    return wcs, x, y, ra, dec


@pytest.mark.parametrize(
    "name", ["c.csv", "c.tsv", "c.txt", "c.dat", "c.ecsv", "c.xml", "c.fits", "c.parquet", "c.cat"]
)
def test_every_kind_of_table_gives_the_same_positions(tmp_path, name):
    wcs, x, y, ra, dec = stars()
    path = tmp_path / name
    names = [f"s{n}" for n in range(len(ra))]
    table = Table({"RAJ2000": ra, "DEJ2000": dec, "label": names})
    rows = list(zip(ra.tolist(), dec.tolist(), names, strict=True))
    match path.suffix:
        case ".csv" | ".tsv" | ".txt":
            mark = {".csv": ",", ".tsv": "\t", ".txt": " | "}[path.suffix]
            lines = [mark.join(("RAJ2000", "DEJ2000", "label"))]
            lines += [mark.join(map(str, row)) for row in rows]
            end = " |\n" if path.suffix == ".txt" else "\n"
            path.write_text("".join(line + end for line in lines))
        case ".dat":
            path.write_text("# RAJ2000 DEJ2000 label\n")
            lines = ("  ".join(map(str, row)) + "\n" for row in rows)
            path.write_text("RAJ2000  DEJ2000  label\n" + "".join(lines))
        case ".cat":
            head = (
                "#   1 ALPHA_J2000  Right ascension [deg]\n#   2 DELTA_J2000  Declination [deg]\n"
            )
            lines = (f"  {a!r}   {d!r}\n" for a, d, _ in rows)
            path.write_text(head + "".join(lines))
        case ".ecsv":
            table["RAJ2000"].unit = table["DEJ2000"].unit = "deg"
            table.write(path, format="ascii.ecsv")
        case ".xml":
            table.write(path, format="votable")
        case ".fits":
            table.write(path)
        case ".parquet":
            import pyarrow.parquet as pq

            pq.write_table(
                __import__("pyarrow").table({n: table[n].tolist() for n in table.colnames}), path
            )
    drawn = opened(path).draw(place(wcs=wcs))
    found = positions(drawn)
    assert drawn.found == 30
    assert np.allclose(found, np.stack([x, y], 1), atol=1e-6)
    if path.suffix != ".cat":
        assert [t.text for t in drawn.labels] == names


def test_numbers_from_one_are_known_by_their_columns(tmp_path):
    path = tmp_path / "c.csv"
    drawn = opened(path, "X_IMAGE,Y_IMAGE\n1,1\n").draw(place())
    assert positions(drawn).tolist() == [[0, 0]]
    drawn = opened(path, "x,y\n1,1\n").draw(place())
    assert positions(drawn).tolist() == [[1, 1]]
    drawn = parsed(path, "origin=1").draw(place())
    assert positions(drawn).tolist() == [[0, 0]]
    drawn = parsed(path, "origin=top").draw(place())
    assert positions(drawn).tolist() == [[1, 98]]
    drawn = parsed(path, "origin=top").draw(place(origin="upper"))
    assert positions(drawn).tolist() == [[1, 1]]


def test_rows_with_an_image_belong_to_it_alone(tmp_path):
    text = "image,x,y,label\na.fits,1,2,one\nsub/b.fits,3,4,two\nNone,5,6,all\n,7,8,all\n"
    sources = opened(tmp_path / "c.csv", text)

    def seen(*names):
        return [t.text for t in sources.draw(place(names)).labels]

    assert seen("a.fits") == ["one", "all", "all"]
    assert seen("deep/sub/b.fits", "sub/b.fits", "b.fits") == ["two", "all", "all"]
    assert seen("b.fits") == ["two", "all", "all"]
    assert seen("c.fits") == ["all", "all"]


def test_a_name_that_two_images_share_is_no_match_by_its_end(tmp_path):
    sources = opened(tmp_path / "c.csv", "image,x,y\na/i.fits,1,1\nb/i.fits,2,2\n")
    assert sources.draw(place(["i.fits"])).found == 0
    assert sources.draw(place(["x/b/i.fits", "b/i.fits", "i.fits"])).found == 1


def test_a_named_row_with_sky_and_pixel_is_drawn_at_its_pixel(tmp_path):
    wcs = tangent()
    path = tmp_path / "c.csv"
    sources = opened(path, "image,x,y,ra,dec\nimage.fits,5,6,150.0,2.0\n")
    assert positions(sources.draw(place(wcs=wcs))).tolist() == [[5, 6]]
    by_sky = positions(parsed(path, "by=sky").draw(place(wcs=wcs)))
    assert np.allclose(by_sky, [[59.5, 49.5]], atol=1e-6)


def test_coordinates_in_sixties_hours_and_galactic(tmp_path):
    wcs = tangent()
    text = 'ra,dec\n10:00:00,+02:00:00\n"10 00 00","2 0 0"\n10h00m00s,2d00m00s\n'
    sources = opened(tmp_path / "c.csv", text)
    assert np.allclose(positions(sources.draw(place(wcs=wcs))), 3 * [[59.5, 49.5]], atol=1e-6)
    galactic = "glon,glat\n236.02655,42.32265\n"
    found = positions(opened(tmp_path / "g.csv", galactic).draw(place(wcs=wcs)))
    from astropy.coordinates import SkyCoord

    there = SkyCoord(236.02655, 42.32265, unit="deg", frame="galactic").icrs
    wanted = wcs.all_world2pix([[there.ra.deg, there.dec.deg]], 0)
    assert np.allclose(found, wanted, atol=1e-4)
    hours = (
        parsed(tmp_path / "h.csv", "unit=hour")
        if ((tmp_path / "h.csv").write_text("ra,dec\n10.0,2.0\n"))
        else None
    )
    assert np.allclose(positions(hours.draw(place(wcs=wcs))), [[59.5, 49.5]], atol=1e-6)


@given(st.booleans(), st.integers(0, 89), st.integers(0, 59), st.floats(0, 59.99))
@settings(max_examples=50)
def test_sexagesimal_text_reads_as_its_number(negative, degrees, minutes, seconds):
    sign = "-" if negative else "+"
    value = (degrees + minutes / 60 + seconds / 3600) * (-1 if negative else 1)
    texts = [f"{sign}{degrees}:{minutes}:{seconds!r}", f"{sign}{degrees} {minutes} {seconds!r}"]
    assert np.allclose(sexagesimal(texts), value, rtol=1e-14)


def test_what_a_catalogue_lacks_is_said_with_its_columns(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("alpha1,beta\n1,2\n")
    with pytest.raises(UnreadableError, match="alpha1, beta"):
        open_catalogue(CatalogueOptions(path))
    with pytest.raises(UsageError, match="no column zeta"):
        parsed(path, "ra=zeta,dec=beta")
    with pytest.raises(UsageError, match="together"):
        parsed(path, "ra=beta")
    assert parsed(path, "ra=ALPHA1,dec=BETA").count == 1


def test_rows_without_a_position_are_counted(tmp_path):
    text = "ra,dec,label\n1,2,a\nnan,3,b\n4,,c\n5,95,d\nNone,6,e\n"
    sources = opened(tmp_path / "c.csv", text)
    assert sources.count == 1
    assert sources.problems == ("4 of 5 rows have no position",)
    empty = opened(tmp_path / "e.csv", "ra,dec\n")
    assert empty.problems == ("it has no rows",)
    assert empty.draw(place(wcs=tangent())).found == 0


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"SIMPLE  = nonsense", b"PAR1nonsense"])
def test_what_is_no_table_is_refused_in_words(tmp_path, content):
    path = tmp_path / "c.bin"
    path.write_bytes(content)
    with pytest.raises(TuiviewError, match=r"c\.bin"):
        open_catalogue(CatalogueOptions(path))
    with pytest.raises(TuiviewError, match="absent"):
        open_catalogue(CatalogueOptions(tmp_path / "absent.csv"))


def test_a_picture_without_a_sky_says_so(tmp_path):
    drawn = opened(tmp_path / "c.csv", "ra,dec\n1,2\n").draw(place())
    assert drawn.found == 0
    assert "no world coordinates" in drawn.note


def test_world_coordinates_that_fail_are_said(tmp_path):
    wcs = tangent()
    wcs.wcs.crpix = [np.nan, np.nan]
    with pytest.raises(UnreadableError, match="world coordinates"):
        opened(tmp_path / "c.csv", "ra,dec\n1,2\n").draw(place(wcs=wcs))


def test_a_million_marks_on_one_image_are_thinned_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "MOST", 100)
    text = "x,y\n" + "".join(f"{n % 100},{n % 90}\n" for n in range(5000))
    drawn = opened(tmp_path / "c.csv", text).draw(place())
    assert drawn.found == 5000
    assert len(positions(drawn)) == 100
    assert "100 of 5,000" in drawn.note


def test_sizes_in_arcseconds_and_pixels(tmp_path):
    wcs = tangent(arcsec=0.5)
    drawn = opened(tmp_path / "c.csv", "ra,dec,size(arcsec)\n150,2,5\n").draw(place(wcs=wcs))
    assert drawn.marks[0].radius == pytest.approx(5.0, rel=1e-6)
    assert drawn.marks[0].unit == "image"
    drawn = opened(tmp_path / "p.csv", "x,y,size(px)\n5,5,8\n6,6,nan\n").draw(place())
    assert [s.radius for s in drawn.marks if isinstance(s, Circle)] == [4.0]
    assert drawn.found == 2


def test_groups_have_their_colours(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("x,y,group\n1,1,star\n2,2,galaxy\n3,3,star\n")
    options = CatalogueOptions.parse(f"{path},color=#010203,shape=square,width=7")
    drawn = open_catalogue(options, 0, {"star": 0xFF0000}).draw(place())
    assert {shape.color for shape in drawn.marks} == {0xFF0000, 0x010203}
    assert {(shape.symbol, shape.size) for shape in drawn.marks} == {("square", 7)}


@pytest.mark.parametrize("turn", [0, 37, 180])
@pytest.mark.parametrize(("ra", "dec"), [(0.001, 0.0), (359.999, 89.99), (10, -90), (180, 45)])
def test_sources_fall_on_their_pixels_at_every_pole_and_turn(tmp_path, ra, dec, turn):
    wcs = tangent(ra, dec, turn=turn)
    x, y = (v.ravel() for v in np.meshgrid([-0.4, 0, 60, 119.4], [-0.4, 50, 99.4]))
    lon, lat = wcs.all_pix2world(x, y, 0)
    text = "ra,dec\n" + "".join(
        f"{a!r},{d!r}\n" for a, d in zip(lon.tolist(), lat.tolist(), strict=True)
    )
    drawn = opened(tmp_path / "c.csv", text).draw(place(wcs=wcs))
    assert np.allclose(positions(drawn), np.stack([x, y], 1), atol=1e-5)


def test_only_the_near_side_of_the_sky_is_projected(tmp_path):
    sources = opened(tmp_path / "c.csv", "ra,dec\n150,2\n330,-2\n")
    assert sources.draw(place(wcs=tangent())).found == 1


def test_options_are_read_and_refused():
    options = CatalogueOptions.parse("a,b.csv,ra=A,dec=D,color=red,shape=plus,name=Gaia DR3")
    assert str(options.path) == "a,b.csv"
    assert (options.color, options.shape, options.title) == (0xFF0000, "plus", "Gaia DR3")
    for text in (
        "a.csv,colour=red",
        "a.csv,color=reddish",
        "a.csv,shape=star",
        "a.csv,width=x",
        "",
    ):
        with pytest.raises(UsageError):
            CatalogueOptions.parse(text)


def test_vizier_degrees_go_before_other_columns():
    names = ["RAJ2000", "DEJ2000", "_RAJ2000", "_DEJ2000", "Name"]
    assert recognise(names, CatalogueOptions.parse("x.csv")).sky == ("_RAJ2000", "_DEJ2000")


def test_mark_files_of_image_marker_are_read(shared_data):
    folder = shared_data / "imgmarker" / "mark_files"
    counts = {path.name: opened(path).count for path in folder.iterdir()}
    assert len(counts) == 7
    assert set(counts.values()) == {3, 5}
    for era in ("0.9.2/alice_marks.txt", "1.0.4/alice_marks.csv", "1.2.0/alice_marks.csv"):
        sources = opened(shared_data / "imgmarker" / "fixtures" / era)
        drawn = sources.draw(place(["no wcs, comma.png"], (512, 512), origin="upper"))
        assert positions(drawn).tolist() == [[60, 50]]


def test_a_field_is_marked_where_its_catalogue_says(shared_data):
    from tuiview.collection.base import Item
    from tuiview.exchange.marks import opened_place
    from tuiview.source import FileSource

    path = shared_data / "imgmarker" / "test_images" / "SPT-CLJ2359-5051_4.92_sigma_grz_cont.tif"
    here = opened_place(Item(path.name, path.name, FileSource(path)), None)
    listed = shared_data / "imgmarker" / "mark_files" / "TEST_catalog.csv"
    drawn = opened(listed).draw(here)
    assert [t.text for t in drawn.labels] == ["BCG prob. 0.99"]
    (circle,) = drawn.marks
    wanted = here.wcs.all_world2pix([[359.941980551841, -50.8430768126452]], 0)[0]
    assert (circle.x, circle.y) == pytest.approx(tuple(wanted), abs=1e-4)
