import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuiview.exchange import geojson, regionmarks, tables
from tuiview.exchange.given import read_given
from tuiview.review.model import Mark
from tuiview.review.reading import MarkRow
from tuiview.settings import Group

GROUPS = (Group("star", "#ff0000"), Group("galaxy", "#00ff00", "square"))

plain = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12)
words = plain.map(str.strip)
anything = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)
positions = st.floats(-1e6, 1e6) | st.sampled_from([0.1, 1 / 3, -0.5, 1e-17, 12345.678901234567])


def marks_of(texts):
    sky = st.none() | st.tuples(st.floats(0, 360, exclude_max=True), st.floats(-90, 90))
    mark = st.builds(
        lambda frame, group, label, x, y, place: (frame, group, label, x, y, place),
        texts.filter(bool), texts.filter(bool), texts, positions, positions, sky,
    )  # fmt: skip
    return st.lists(st.tuples(st.sampled_from(["a.fits", "sub/ä b,c.fits"]), mark), max_size=6).map(
        lambda found: [
            MarkRow(
                key, "reviewer",
                Mark(f"{n:08d}-uuid", frame, group, x, y, label, *(sky or (None, None))), "2026",
            )
            for n, (key, (frame, group, label, x, y, sky)) in enumerate(found)
        ]
    )  # fmt: skip


def back(path, form=None):
    return {
        given.uuid: (
            given.image,
            Mark(
                given.uuid, given.frame, given.group, given.x, given.y, given.label,
                given.ra, given.dec,
            ),
            given.reviewer,
        )
        for given in read_given(path, form, ())
    }  # fmt: skip


def wanted(rows):
    return {row.mark.uuid: (row.key, row.mark, row.reviewer) for row in rows}


def table(rows):
    found = [
        (
            r.key, r.key, r.reviewer, r.mark.frame, r.mark.group, r.mark.label, r.mark.x, r.mark.y,
            r.mark.ra, r.mark.dec, r.made, r.mark.uuid, r.replicate,
        )
        for r in rows
    ]  # fmt: skip
    return tables.MARK_COLUMNS, found


common = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@common
@given(marks_of(anything))
def test_marks_come_back_from_csv_to_the_last_bit(tmp_path, rows):
    tables.write_table(table(rows), tmp_path / "m.csv", "csv")
    assert back(tmp_path / "m.csv") == wanted(rows)


@settings(common, max_examples=12)
@given(marks_of(words))
@pytest.mark.parametrize(
    ("form", "suffix"), [("parquet", "pq"), ("ecsv", "ecsv"), ("votable", "x")]
)
def test_marks_come_back_from_tables_to_the_last_bit(tmp_path, form, suffix, rows):
    path = tmp_path / f"m.{suffix}"
    tables.write_table(table(rows), path, form)
    assert back(path) == wanted(rows)


@common
@given(marks_of(anything))
def test_marks_come_back_from_image_regions_to_the_last_bit(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("regions")
    found = {}
    for path in regionmarks.write_images(rows, folder, GROUPS):
        found |= back(path)
    assert found == wanted(rows)


@common
@given(marks_of(anything))
def test_marks_come_back_from_sky_regions_and_geojson_to_the_last_bit(tmp_path, rows):
    with (tmp_path / "m.reg").open("wb") as stream:
        written, left = regionmarks.write_sky(rows, stream, GROUPS)
    on_sky = [row for row in rows if row.mark.ra is not None]
    assert (written, left) == (len(on_sky), len(rows) - len(on_sky))
    assert back(tmp_path / "m.reg") == wanted(on_sky)
    with (tmp_path / "m.geojson").open("wb") as stream:
        geojson.write_marks(rows, stream)
    assert back(tmp_path / "m.geojson") == wanted(rows)


@settings(common, max_examples=20)
@given(marks_of(words))
def test_region_files_read_the_same_with_the_regions_package(tmp_path_factory, rows):
    from regions import Regions

    folder = tmp_path_factory.mktemp("regions")
    for path in regionmarks.write_images(rows, folder, GROUPS):
        mine = list(back(path).values())
        theirs = Regions.read(path, format="ds9")
        assert len(theirs) == len(mine)
        for region, (_, mark, _) in zip(theirs, mine, strict=True):
            assert math.isclose(region.center.x, mark.x, rel_tol=1e-12, abs_tol=1e-9)
            assert math.isclose(region.center.y, mark.y, rel_tol=1e-12, abs_tol=1e-9)
    with (folder / "all.reg").open("wb") as stream:
        regionmarks.write_sky(rows, stream, GROUPS)
    theirs = Regions.read(folder / "all.reg", format="ds9")
    on_sky = [row.mark for row in rows if row.mark.ra is not None]
    assert [(r.center.ra.deg, r.center.dec.deg) for r in theirs] == [(m.ra, m.dec) for m in on_sky]


def test_texts_tags_and_symbols_are_ds9s_own(tmp_path):
    from regions import Regions

    rows = [
        MarkRow("a.fits", "me", Mark("u1", "SCI", "star", 9.0, 19.5, "the one", 1.5, 2.5), ""),
        MarkRow("a.fits", "me", Mark("u2", "SCI", "galaxy", 1.0, 2.0), ""),
        MarkRow("a.fits", "me", Mark("u3", "ERR", "else", 1.0, 2.0, 'a {b} "c"'), ""),
    ]
    files = regionmarks.write_images(rows, tmp_path, GROUPS)
    assert [path.name for path in files] == ["a.fits.SCI.reg", "a.fits.ERR.reg"]
    text = files[0].read_text()
    assert "point(10,20.5) # point=circle color=#ff0000 text={the one} tag={star} " in text.replace(
        "10.0", "10"
    )
    first, second = Regions.read(files[0], format="ds9")
    assert first.meta["text"] == "the one"
    assert first.meta["tag"][0] == "star"
    assert second.visual["marker"] == "s"
    assert [given.label for given in regionmarks.read_marks(files[1])] == ['a {b} "c"']


def test_a_point_that_was_moved_in_ds9_counts_where_it_is_now(tmp_path):
    row = MarkRow("a.fits", "me", Mark("u1", "SCI", "star", 9.0, 19.5, "", 1.5, 2.5), "")
    (path,) = regionmarks.write_images([row], tmp_path, GROUPS)
    path.write_text(path.read_text().replace("point(10.0,", "point(12.25,"))
    (moved,) = regionmarks.read_marks(path)
    assert (moved.x, moved.y, moved.ra, moved.dec) == (11.25, 19.5, None, None)
    with (tmp_path / "s.reg").open("wb") as stream:
        regionmarks.write_sky([row], stream, GROUPS)
    text = (tmp_path / "s.reg").read_text()
    (tmp_path / "s.reg").write_text(text.replace("point(1.5,", "point(1.75,"))
    (moved,) = regionmarks.read_marks(tmp_path / "s.reg")
    assert (moved.x, moved.y, moved.ra, moved.dec) == (None, None, 1.75, 2.5)
    assert moved.uuid == "u1"


def test_names_of_items_never_leave_the_folder(tmp_path):
    keys = ["../x.fits", "/abs/x.fits", "x.fits", "a:b*.fits", ".."]
    rows = [MarkRow(key, "me", Mark(key, "P", "star", 1.0, 1.0), "") for key in keys]
    files = regionmarks.write_images(rows, tmp_path / "out", GROUPS)
    assert len(set(files)) == len(keys)
    assert all((tmp_path / "out") in path.parents for path in files)
    assert {given.image for path in files for given in regionmarks.read_marks(path)} == set(keys)
