"""Decisions on images that several lookup tables name."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tuiview.cli import main
from tuiview.review.locations import remember_images, store_path
from tuiview.review.model import Decision, What
from tuiview.review.store import Store

UUIDS = ("00a1", "00b2", "00c3")


@pytest.fixture
def survey(tmp_path):
    """A folder with shards in two folders below it, and a table of relative prefixes."""
    folder = tmp_path / "survey"
    for place in ("east", "west"):
        (folder / place).mkdir(parents=True)
        with h5py.File(folder / place / "data_1_images.h5", "w") as file:
            for uuid in UUIDS:
                file[f"images/{place}-{uuid}"] = np.frombuffer(b"\x89PNG\r\n\x1a\n", np.uint8)
    rows = [f"{place}-{uuid},{place}/data_1" for place in ("east", "west") for uuid in UUIDS]
    table(folder / "lookup.csv", rows)
    return folder


def table(path: Path, rows: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["uuid,filepath", *rows]) + "\n")
    return path


def note(path: Path, uuid: str, words: str) -> None:
    """Say something of an image through a table."""
    notes = path.parent / "notes.json"
    notes.write_text(json.dumps({uuid: words}))
    assert main(["import", str(path), str(notes)]) == 0
    notes.unlink()


def log(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    main(["log", str(path)])
    return capsys.readouterr().out


def test_a_decision_through_one_table_shows_in_another_elsewhere(survey, tmp_path, capsys):
    note(survey / "lookup.csv", "east-00b2", "two nuclei")
    absolute = table(tmp_path / "mine" / "few.csv", [f"east-00b2,{survey}/east/data_1"])
    assert "two nuclei" in log(absolute, capsys)
    note(absolute, "east-00b2", "three nuclei")
    assert "three nuclei" in log(survey / "lookup.csv", capsys)
    # The other folder that the first table names is known as well.
    other = table(tmp_path / "others" / "west.csv", [f"west-00c3,{survey}/west/data_1"])
    assert "nuclei" in log(other, capsys)


def test_the_small_table_may_come_first_and_lead_through_a_link(survey, tmp_path, capsys):
    (tmp_path / "linked").symlink_to(survey / "east")
    few = table(tmp_path / "mine" / "few.csv", [f"east-00b2,{tmp_path}/linked/data_1"])
    note(few, "east-00b2", "a ring")
    assert "a ring" in log(survey / "lookup.csv", capsys)


def test_tables_of_other_images_keep_their_decisions_apart(survey, tmp_path, capsys):
    note(survey / "lookup.csv", "east-00b2", "two nuclei")
    copy = tmp_path / "copy"
    copy.mkdir()
    (survey / "east" / "data_1_images.h5").rename(copy / "data_1_images.h5")
    assert "nuclei" not in log(table(copy / "t.csv", ["east-00b2,data_1"]), capsys)
    # A number in a column of ids says nothing of the same number in another table.
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
    (survey / "x.png").touch()
    ids = [table(tmp_path / place / "t.csv", [f"7,{survey}/x.png"]) for place in ("a", "b")]
    note(ids[0], "7", "mine")
    assert "mine" in log(ids[0], capsys)
    assert "mine" not in log(ids[1], capsys)


def test_decisions_that_are_there_under_the_tables_own_name_are_kept_to(survey, tmp_path, capsys):
    few = table(tmp_path / "mine" / "few.csv", [f"east-00b2,{survey}/east/data_1"])
    old = store_path(few.parent, "alice")
    with Store.open(old, "alice") as store:
        store.record([Decision("east-00b2", What.NOTE, "", "", "from before")])
    note(survey / "lookup.csv", "east-00b2", "elsewhere")
    assert "from before" in log(few, capsys)
    assert main(["locate", str(few)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"decisions\t{old}"
    assert str(store_path(survey, "alice")) in told[1]


def test_a_note_of_images_that_was_cut_off_is_passed_over(tmp_path):
    path = store_path(tmp_path, "alice")
    path.parent.mkdir(parents=True)
    remember_images(path, [tmp_path / "a\nb", tmp_path / "c"])
    with (path.parent / "images.jsonl").open("a") as stream:
        stream.write('"/cut')
    elsewhere = tmp_path / "elsewhere"
    assert store_path(elsewhere, "alice", images=[tmp_path / "a\nb"]) == path
    assert store_path(elsewhere, "alice", images=[tmp_path / "d"]).parent != path.parent


def test_rows_without_keys_belong_to_their_table_alone(tmp_path, capsys):
    for name in ("a", "b", "c"):
        cells = pa.table({"png": [b"\x89PNG\r\n\x1a\n"] * 3})
        pq.write_table(cells, tmp_path / f"{name}.parquet")
    note(tmp_path / "a.parquet", "row:1", "mine")
    assert "mine" in log(tmp_path / "a.parquet", capsys)
    assert "mine" not in log(tmp_path / "b.parquet", capsys)
    # A store of the folder is taken only if it has decisions on rows.
    folder = store_path(tmp_path, "alice")
    with Store.open(folder, "alice") as store:
        store.record([Decision("x.fits", What.NOTE, "", "", "a file")])
    assert "a file" not in log(tmp_path / "b.parquet", capsys)
    with Store.open(folder, "alice") as store:
        store.record([Decision("row:2", What.NOTE, "", "", "from before")])
    assert "from before" in log(tmp_path / "c.parquet", capsys)
    assert "from before" not in log(tmp_path / "a.parquet", capsys)
