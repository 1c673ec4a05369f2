"""What was said of images that came back: in tables, in Image Marker's files, in the report."""

from __future__ import annotations

import csv
import json

import pytest

from tuiview.cli import main

ITEMS = """\
key,categories,note,replicate
a.fits,spiral,first,1
b.fits,spiral,,1
c.fits,merger,,1
a.fits,merger,second,2
b.fits,spiral,,2
"""
MARKS = """\
key,x,y,group,label,replicate
a.fits,10,20,star,,1
a.fits,13,24,star,,2
a.fits,30,40,knot,odd,2
"""


@pytest.fixture
def data(tmp_path, small_fits, capsys):
    folder = tmp_path / "data"
    for name in "abc":
        small_fits(f"{name}.fits", folder=folder)
    (folder / "tuiview.toml").write_text('[review]\nstore = "../store"\nreviewer = "me"\n')
    for name, text in (("i.csv", ITEMS), ("m.csv", MARKS)):
        (tmp_path / name).write_text(text)
        assert main(["import", str(folder), str(tmp_path / name)]) == 0
    capsys.readouterr()
    return folder


def exported(data, tmp_path, form, name):
    assert main(["export", str(data), "--format", form, "-o", str(tmp_path / name)]) == 0
    return tmp_path / name


def rows(path, *columns):
    with path.open(newline="") as stream:
        return sorted(tuple(row[c] for c in columns) for row in csv.DictReader(stream))


def said(data, tmp_path, name):
    items = exported(data, tmp_path, "csv", f"{name}.csv")
    marks = tmp_path / f"{name}_marks.csv"
    return (
        rows(items, "key", "categories", "note", "replicate"),
        rows(marks, "key", "x", "y", "group", "label", "replicate", "uuid"),
    )


@pytest.mark.parametrize("form", ["csv", "parquet", "ecsv", "votable"])
def test_tables_carry_the_replicate_out_and_back(data, tmp_path, form):
    before = said(data, tmp_path, "before")
    assert sorted(row[0] + row[3] for row in before[0]) == [
        "a.fits1", "a.fits2", "b.fits1", "b.fits2", "c.fits1",
    ]  # fmt: skip
    assert [row[5] for row in before[1]] == ["1", "2", "2"]
    ending = {"votable": "xml"}.get(form, form)
    exported(data, tmp_path, form, f"out.{ending}")
    (tmp_path / "store").rename(tmp_path / "old")
    for name in (f"out.{ending}", f"out_marks.{ending}"):
        assert main(["import", str(data), str(tmp_path / name)]) == 0
    assert said(data, tmp_path, "after") == before


def test_image_marker_calls_them_duplicates(data, tmp_path, capsys):
    folder = exported(data, tmp_path, "imgmarker", "marker")
    assert "of 2 images that came back only the marks" in capsys.readouterr().err
    labels = rows(folder / "me_marks.csv", "image", "group", "label", "x")
    assert labels == [
        ("a.fits", "knot", "odd, DUPLICATE", "30"), ("a.fits", "star", "DUPLICATE", "13"),
        ("a.fits", "star", "None", "10"), ("b.fits", "None", "None", "nan"),
        ("c.fits", "None", "None", "nan"),
    ]  # fmt: skip
    (tmp_path / "store").rename(tmp_path / "old")
    assert main(["import", str(data), str(folder), "--format", "imgmarker"]) == 0
    _, marks = said(data, tmp_path, "after")
    assert [row[:6] for row in marks] == [
        ("a.fits", "10.0", "20.0", "star", "", "1"), ("a.fits", "13.0", "24.0", "star", "", "2"),
        ("a.fits", "30.0", "40.0", "knot", "odd", "2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("regions", "all.reg"),
        ("geojson", "m.geojson"),
        ("notes-json", "n.json"),
        ("html", "p.html"),
    ],
)
def test_other_formats_leave_them_out_and_say_so(data, tmp_path, capsys, form, name):
    text = exported(data, tmp_path, form, name).read_text()
    assert "2 images that came back are left out" in capsys.readouterr().err
    assert "second" not in text
    assert "knot" not in text


def test_the_report_tells_how_far_one_agrees_with_oneself(data, capsys):
    assert main(["report", str(data)]) == 0
    words = capsys.readouterr().out
    assert "me: 3 items decided" in words
    assert "me with themself: 2 items decided twice, 50% the same, Cohen's kappa 0.000" in words
    assert "1 both times, 5 pixels" in words
    assert "1 only once" in words
    assert "a.fits: first spiral, then merger" in words
    assert main(["report", str(data), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["consistency"]
    assert found["disputed"] == {"a.fits": [["spiral"], ["merger"]]}
    assert found["pixels"] == 5
    assert main(["report", str(data), "--disputed"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["item\tme\tme again", "a.fits\tspiral\tmerger"]


def test_the_log_of_an_item_has_both(data, capsys):
    assert main(["log", str(data), "a.fits"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("a.fits  note: '' -> 'first'" in line for line in lines)
    assert any("a.fits (repeat)  note: '' -> 'second'" in line for line in lines)
    assert main(["log", str(data), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    notes = [e for e in events if e["what"] == "note"]
    assert [(e["item"], e["replicate"], e["new"]) for e in notes] == [
        ("a.fits", 1, "first"), ("a.fits", 2, "second"),
    ]  # fmt: skip
