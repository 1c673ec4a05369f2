import csv
import json
import re
import sqlite3

import pytest

from tuiview.cli import main
from tuiview.exchange.marks import opened_place


@pytest.fixture
def data(tmp_path, small_fits, small_png):
    folder = tmp_path / "data"
    small_fits("a.fits", folder=folder)
    small_png("sub/p.png", folder=folder)
    (folder / "tuiview.toml").write_text('[review]\nstore = "../store"\nreviewer = "me"\n')
    return folder


def marks_csv(path, rows):
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "x", "y", "group", "label"])
        writer.writerows(rows)


def exported(data, tmp_path, form, name):
    out = tmp_path / name
    assert main(["export", str(data), "--format", form, "-o", str(out)]) == 0
    return out


def all_marks(data, tmp_path, name="check.csv"):
    out = exported(data, tmp_path, "csv", name)
    with out.with_name(f"{out.stem}_marks.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        del row["made"]
    return rows


@pytest.mark.parametrize(
    ("form", "name", "files"),
    [
        ("csv", "m.csv", ["m_marks.csv"]), ("ecsv", "m.ecsv", ["m_marks.ecsv"]),
        ("votable", "m.xml", ["m_marks.xml"]), ("parquet", "m.parquet", ["m_marks.parquet"]),
        ("regions", "regs", ["regs/a.fits.reg", "regs/sub/p.png.reg"]),
        ("geojson", "m.geojson", ["m.geojson"]),
    ],
)  # fmt: skip
def test_marks_go_out_and_come_back_the_same(data, tmp_path, capsys, form, name, files):
    rows = [("a.fits", 0.1, 1 / 3, "star", "one"), ("a.fits", 5, 6, "new group", "")]
    marks_csv(tmp_path / "given.csv", [*rows, ("p.png", 3, 4, "star", "ü")])
    assert main(["import", str(data), str(tmp_path / "given.csv")]) == 0
    before = all_marks(data, tmp_path)
    assert [row["group"] for row in before] == ["star", "new group", "star"]
    assert float(before[0]["x"]) == 0.1
    exported(data, tmp_path, form, name)
    (tmp_path / "store").rename(tmp_path / "old")
    assert main(["import", str(data), *(str(tmp_path / file) for file in files)]) == 0
    assert all_marks(data, tmp_path) == before
    capsys.readouterr()
    assert main(["import", str(data), *(str(tmp_path / file) for file in files)]) == 0
    words = capsys.readouterr().err
    assert "0 marks and 0 other decisions are new" in words
    assert all_marks(data, tmp_path) == before


def test_decisions_of_items_come_back_too(data, tmp_path):
    given = tmp_path / "items.csv"
    given.write_text('key,categories,unsure,favourite,note\na.fits,odd+even,1,0,"two\nlines"\n')
    assert main(["import", str(data), str(given)]) == 0
    first = exported(data, tmp_path, "csv", "one.csv").read_text()
    (tmp_path / "store").rename(tmp_path / "old")
    assert main(["import", str(data), str(tmp_path / "one.csv")]) == 0
    second = exported(data, tmp_path, "csv", "two.csv").read_text()
    assert [r[:7] for r in csv.reader(second.splitlines())] == [
        r[:7] for r in csv.reader(first.splitlines())
    ]
    assert "even+odd" in second


def test_sky_regions_in_one_file(data, tmp_path, capsys):
    marks_csv(tmp_path / "given.csv", [("a.fits", 1, 2, "g", ""), ("p.png", 3, 4, "g", "")])
    main(["import", str(data), str(tmp_path / "given.csv")])
    out = exported(data, tmp_path, "regions", "all.reg")
    assert "1 marks have no sky position" in capsys.readouterr().err
    assert out.read_text().count("point(") == 1


def test_notes_and_image_markers_files_go_out(data, tmp_path):
    (tmp_path / "notes.json").write_text('{"a.fits": "hm", "p.png": ""}')
    assert main(["import", str(data), str(tmp_path / "notes.json")]) == 0
    out = exported(data, tmp_path, "notes-json", "back.json")
    assert json.loads(out.read_text()) == {"a.fits": "hm", "p.png": ""}
    folder = exported(data, tmp_path, "imgmarker", "marker")
    assert sorted(path.name for path in folder.iterdir()) == [
        "me_config.txt", "me_favorites.csv", "me_images.csv", "me_marks.csv",
    ]  # fmt: skip
    assert (folder / "me_favorites.csv").read_bytes() == b""


def test_a_large_import_ends_durable_or_says_what_is_not(data, tmp_path, capsys, monkeypatch):
    """Also where writing fails in the middle, and what was kept comes back at the next start."""
    from tuiview.review.database import Database

    monkeypatch.setattr("tuiview.commands.import_._PATIENCE", 0.05)
    write, fails = Database.write, []

    def failing(self, change):
        if fails and self.commits > 14:
            raise sqlite3.OperationalError("disk I/O error")
        return write(self, change)

    monkeypatch.setattr(Database, "write", failing)
    with (tmp_path / "given.csv").open("w") as stream:
        stream.write("image,x,y,group,label\n")
        stream.writelines(f"gone{n // 4}.fits,{n},1,star,\n" for n in range(4_000))
    fails.append(True)
    assert main(["import", str(data), str(tmp_path / "given.csv")]) == 1
    said = capsys.readouterr().err
    count = int(
        re.search(r"([\d,]+) decisions could not be saved: .*error", said)[1].replace(",", "")
    )
    assert 0 < count < 4_000
    fails.clear()
    assert main(["import", str(data), str(tmp_path / "given.csv")]) == 0
    assert "0 marks and 0 other decisions are new" in capsys.readouterr().err
    assert len(all_marks(data, tmp_path)) == 4_000


def test_what_cannot_be_imported_is_said(data, tmp_path, capsys):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert main(["import", str(data), str(tmp_path / "x.csv")]) == 1
    assert "it has a, b" in capsys.readouterr().err
    assert main(["import", str(data), str(tmp_path / "absent.csv")]) == 1
    assert "absent.csv" in capsys.readouterr().err


def test_a_snapshot_shows_catalogues(data, tmp_path, capsys):
    from PIL import Image

    from tuiview.collection.base import Item
    from tuiview.source import FileSource

    path = data / "a.fits"
    here = opened_place(Item("a.fits", "a.fits", FileSource(path)), None)
    ra, dec = here.wcs.all_pix2world([[32, 24]], 0)[0]
    (tmp_path / "c.csv").write_text(f"ra,dec\n{ra},{dec}\n")
    out = tmp_path / "out.png"
    words = ["snapshot", str(path), "-o", str(out), "--size", "640,480"]
    assert main([*words, "--catalog", f"{tmp_path / 'c.csv'},color=#ff0000,shape=dot"]) == 0
    assert "c.csv: 1 of 1 in the image" in capsys.readouterr().err
    # Row 24 from the bottom of 48 rows, ten screen pixels each.
    assert Image.open(out).convert("RGB").getpixel((325, 235)) == (255, 0, 0)
    assert main([*words, "--catalog", f"{tmp_path / 'c.csv'},colour=red"]) == 2
    assert "no option colour" in capsys.readouterr().err


@pytest.mark.parametrize("number", range(3))
def test_marks_on_the_three_tiffs_have_astropys_sky(shared_data, tmp_path, number):
    import tifffile
    from astropy.io import fits
    from astropy.wcs import WCS

    folder = shared_data / "imgmarker" / "test_images"
    path = sorted(folder.glob("*.tif"))[number]
    marks_csv(
        tmp_path / "m.csv", [(path.name, 200.25, 300.5, "g", ""), (path.name, 0, 511, "g", "")]
    )
    store = ["--store", str(tmp_path / "store"), "--reviewer", "me"]
    assert main(["import", str(folder), str(tmp_path / "m.csv"), *store]) == 0
    out = tmp_path / "o.csv"
    assert main(["export", str(folder), "-o", str(out), *store]) == 0
    with tifffile.TiffFile(path) as file:
        cards = file.pages[0].tags[270].value
        height = file.pages[0].shape[0]
    wcs = WCS(fits.Header.fromstring(cards))
    with (tmp_path / "o_marks.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2
    for row in rows:
        # FITS has the first row at the bottom, a TIFF at the top.
        x, y = float(row["x"]), height - 1 - float(row["y"])
        ra, dec = wcs.all_pix2world([[x, y]], 0)[0]
        assert float(row["ra"]) == pytest.approx(ra, abs=1e-9)
        assert float(row["dec"]) == pytest.approx(dec, abs=1e-9)
