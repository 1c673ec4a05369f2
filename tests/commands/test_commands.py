"""The command line: statuses, messages, and what each command writes."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from tuiview.cli import COMMANDS, main
from tuiview.review.locations import store_path
from tuiview.review.model import Decision, What
from tuiview.review.store import Store


@pytest.fixture
def reviewed(tmp_path, small_fits):
    """A folder with two images, of which alice reviewed one."""
    folder = tmp_path / "data"
    small_fits("a.fits", folder=folder)
    small_fits("b.fits", folder=folder, seed=1)
    with Store.open(store_path(folder, "alice"), "alice") as store:
        store.record([Decision("b.fits", What.CATEGORY, "spiral", False, True, reaction=0.5)])
        store.record([Decision("b.fits", What.NOTE, "", "", 'two, "nuclei"\nand a tail')])
    return folder


def test_every_command_has_help_with_examples(capsys):
    for name in COMMANDS:
        assert main([name, "--help"]) == 0
        shown = capsys.readouterr().out
        assert "examples:" in shown, name


def test_help_and_version_and_nothing(capsys):
    assert main(["--help"]) == 0
    assert "commands:" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert main([]) == 2


def test_wrong_usage_is_status_2(capsys):
    assert main(["snapshot"]) == 2
    assert main(["export", "x", "--format", "nope"]) == 2


def test_a_path_that_does_not_exist_hints_at_one_that_does(reviewed, capsys):
    assert main(["snapshot", str(reviewed / "a.fit"), "-o", "x.png"]) == 1
    assert "a.fits" in capsys.readouterr().err


def test_the_reviewer_without_a_terminal_says_so(reviewed, capsys):
    assert main([str(reviewed)]) == 1
    assert "needs a terminal" in capsys.readouterr().err


def test_a_snapshot_is_the_picture_at_its_size(reviewed, tmp_path):
    out = tmp_path / "out.png"
    assert main(["snapshot", str(reviewed), "b.fits", "-o", str(out), "--size", "200,100"]) == 0
    pixels = np.asarray(Image.open(out))
    assert pixels.shape == (100, 200, 3)
    assert len(np.unique(pixels)) > 20


def test_display_options_change_the_snapshot(reviewed, tmp_path):
    pictures = []
    for options in ([], ["--colormap", "viridis"], ["--limits", "0,1e6"], ["--zoom", "8"]):
        out = tmp_path / "out.png"
        assert main(["snapshot", str(reviewed), "-o", str(out), *options]) == 0
        pictures.append(np.asarray(Image.open(out)))
    assert all(not np.array_equal(pictures[0], p) for p in pictures[1:])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--stretch", "cubic"], "no stretch is called cubic"),
        (["--frame", "ERR"], "no frame ERR"),
        (["--size", "0,5"], "--size goes"),
        (["--limits", "five"], "two numbers"),
    ],
)
def test_a_wrong_display_option_says_what_there_is(reviewed, tmp_path, capsys, options, words):
    assert main(["snapshot", str(reviewed), "-o", str(tmp_path / "x.png"), *options]) == 2
    assert words in capsys.readouterr().err


def test_export_writes_one_row_for_each_reviewed_item(reviewed, capsys):
    assert main(["export", str(reviewed)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["key"] for row in rows] == ["b.fits"]
    assert rows[0]["categories"] == "spiral"
    assert rows[0]["note"] == 'two, "nuclei"\nand a tail'
    assert rows[0]["reviewer"] == "alice"


@pytest.mark.parametrize("form", ["csv", "parquet", "ecsv", "votable"])
def test_export_to_files_of_each_kind(reviewed, tmp_path, form):
    out = tmp_path / f"decisions.{form}"
    assert main(["export", str(reviewed), "--format", form, "-o", str(out)]) == 0
    assert out.stat().st_size
    assert (tmp_path / f"decisions_marks.{form}").exists()
    if form == "parquet":
        import pyarrow.parquet as pq

        assert pq.read_table(out).to_pylist()[0]["categories"] == "spiral"
    if form == "ecsv":
        from astropy.table import Table

        assert Table.read(out, format="ascii.ecsv")["key"][0] == "b.fits"


def test_exporting_what_was_never_reviewed_says_so(tmp_path, small_fits, capsys):
    small_fits("a.fits", folder=tmp_path / "new")
    assert main(["export", str(tmp_path / "new")]) == 1
    assert "review something first" in capsys.readouterr().err


def test_the_log_tells_who_decided_what(reviewed, capsys):
    assert main(["log", str(reviewed), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["what"] for e in events] == ["category", "note"]
    assert events[0]["reviewer"] == "alice"
    assert events[0]["reaction"] == 0.5
    assert main(["log", str(reviewed), "a.fits"]) == 0
    assert capsys.readouterr().out == ""


def test_merge_unites_two_stores(reviewed, tmp_path, capsys):
    mine = store_path(reviewed, "alice")
    with Store.open(tmp_path / "bob.sqlite", "bob") as store:
        store.record([Decision("a.fits", What.FAVOURITE, "", False, True)])
    out = tmp_path / "all.sqlite"
    assert main(["merge", str(mine), str(tmp_path / "bob.sqlite"), "-o", str(out)]) == 0
    assert "alice, bob" in capsys.readouterr().err
    assert main(["doctor", "--store", str(out)]) == 0
    assert "verdict    sound" in capsys.readouterr().out


def test_doctor_looks_at_the_store_of_reviewed_data(reviewed, capsys):
    assert main(["doctor", "--store", str(reviewed)]) == 0
    shown = capsys.readouterr().out
    assert "2 events" in shown
    assert "sound" in shown


def test_doctor_without_a_terminal_reports_blocks(capsys, monkeypatch):
    assert main(["doctor"]) == 0
    assert "blocks" in capsys.readouterr().out


def test_doctor_shows_pictures_beside_what_it_says(capsys):
    assert main(["doctor", "--show"]) == 0
    shown = capsys.readouterr().out
    assert shown.index("\u2580") < shown.index("updates in one piece")


def test_keys_lists_every_action(capsys):
    from tuiview.ui.actions import ACTIONS

    assert main(["keys"]) == 0
    shown = capsys.readouterr().out
    assert all(action.id in shown for action in ACTIONS)


def test_init_writes_settings_that_load_and_never_overwrites(tmp_path, capsys):
    from tuiview.settings import load_settings

    assert main(["init", str(tmp_path), "spiral", 'odd "one"']) == 0
    settings = load_settings(tmp_path)
    assert [c.name for c in settings.categories] == ["spiral", 'odd "one"']
    assert settings.notices == ()
    assert main(["init", str(tmp_path)]) == 1
    assert "exists already" in capsys.readouterr().err


def test_locate_says_where_decisions_are(reviewed, capsys):
    assert main(["locate", str(reviewed)]) == 0
    assert str(store_path(reviewed, "alice")) in capsys.readouterr().out


def test_locate_prints_nothing_but_paths_for_scripts(tmp_path, capsys):
    assert main(["locate", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    places = dict(line.split("\t") for line in printed.out.splitlines())
    assert places["decisions"] == str(store_path(tmp_path, "alice"))
    assert "nothing has been decided there yet" in printed.err


def test_importing_the_command_line_is_light():
    import subprocess
    import sys

    code = (
        "import sys, tuiview.cli, tuiview.commands.review\n"
        "print([m for m in ('numpy', 'textual', 'astropy', 'PIL', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_report_compares_reviewers_side_by_side(reviewed, capsys):
    with Store.open(store_path(reviewed, "bob"), "bob") as store:
        store.record([Decision("b.fits", What.CATEGORY, "merger", False, True)])
        store.record([Decision("a.fits", What.CATEGORY, "spiral", False, True)])
    assert main(["report", str(reviewed)]) == 0
    shown = capsys.readouterr().out
    assert "bob: 2 items decided" in shown
    assert "alice, bob: 1 items, 0% the same" in shown
    assert main(["report", str(reviewed), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["disputed"] == {"b.fits": {"alice": ["spiral"], "bob": ["merger"]}}
    assert main(["report", str(reviewed), "--disputed"]) == 0
    assert capsys.readouterr().out.splitlines() == ["item\talice\tbob", "b.fits\tspiral\tmerger"]


def test_a_report_without_decisions_says_where_they_would_be(tmp_path, small_fits, capsys):
    small_fits("a.fits", folder=tmp_path / "new")
    assert main(["report", str(tmp_path / "new")]) == 1
    assert ".sqlite" in capsys.readouterr().err


def test_a_page_holds_pictures_and_decisions_and_nothing_of_a_files_text_runs(reviewed, capsys):
    with Store.open(store_path(reviewed, "alice"), "alice") as store:
        bad = "</script><script>alert(1)</script>"
        store.record([Decision("a.fits", What.CATEGORY, bad, False, True)])
    page = reviewed.parent / "page.html"
    assert main(["export", str(reviewed), "--format", "html", "-o", str(page)]) == 0
    html = page.read_text()
    assert html.count("<figure") == 2
    assert html.count("data:image/webp;base64,") == 2
    assert "spiral" in html
    assert "two, &quot;nuclei&quot;" in html
    assert html.count("<script>") == 1
    assert "http" not in html.replace("http-equiv", "")


def test_a_page_of_frames_in_step_needs_no_decision(tmp_path, capsys):
    from astropy.io import fits

    cube = tmp_path / "cube.fits"
    fits.writeto(cube, np.arange(3 * 20 * 20, dtype="f4").reshape(3, 20, 20))
    page = tmp_path / "page.html"
    line = ["export", str(cube), "--format", "html", "--all", "--frames", "--in-step"]
    assert main([*line, "--stretch", "histeq", "-o", str(page)]) == 0
    assert page.read_text().count("<figure") == 3
    assert "id=step checked" in page.read_text()


def test_a_damaged_file_has_its_words_on_the_page(reviewed, capsys):
    (reviewed / "c.fits").write_bytes(b"SIMPLE  =  T but nothing more".ljust(2880))
    page = reviewed.parent / "page.html"
    assert main(["export", str(reviewed), "--format", "html", "--all", "-o", str(page)]) == 0
    html = page.read_text()
    assert html.count("<figure") == 3
    assert html.count("data:image/webp;base64,") == 2
