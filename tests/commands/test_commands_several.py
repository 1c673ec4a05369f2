"""Commands on several files that are reviewed as one collection."""

from __future__ import annotations

import argparse
import csv
import io
import json

import h5py
import numpy as np
import pytest

from tuiview.cli import main
from tuiview.commands.options import choice_of
from tuiview.errors import UsageError
from tuiview.review.locations import store_path
from tuiview.review.model import Decision, What
from tuiview.review.store import Store
from tuiview.settings import Settings


@pytest.fixture
def night(tmp_path):
    """Two files of two pictures each, of which alice reviewed one in each."""
    paths = [tmp_path / "data" / name for name in ("a.h5", "b.h5")]
    paths[0].parent.mkdir()
    for path in paths:
        with h5py.File(path, "w") as file:
            file["images"] = np.zeros((2, 16, 16), "f4")
            file["snr"] = np.arange(2.0)
    with Store.open(store_path(paths[0].parent, "alice"), "alice") as store:
        for key, name in (("a.h5/images[1]", "spiral"), ("b.h5/images[0]", "merger")):
            store.record([Decision(key, What.CATEGORY, name, False, True)])
    return [str(path) for path in paths]


def test_export_report_and_locate_take_what_the_reviewer_took(night, tmp_path, capsys):
    assert main(["locate", *night]) == 0
    assert str(store_path(tmp_path / "data", "alice")) in capsys.readouterr().out
    assert main(["export", *night]) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert [row["key"] for row in rows] == ["a.h5/images[1]", "b.h5/images[0]"]
    assert main(["report", *night, "--json"]) == 0
    (done,) = json.loads(capsys.readouterr().out)["done"]
    assert done["categories"] == {"merger": 1, "spiral": 1}


def test_a_page_of_several_files_has_the_pictures_of_each(night, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["export", *night, "--format", "html", "--all", "-o", str(page)]) == 0
    assert page.read_text().count("<figure") == 4
    assert main(["export", *night, "--format", "html", "-o", str(page)]) == 0
    assert page.read_text().count("<figure") == 2


def test_one_of_several_files_has_decisions_of_its_own(night, capsys):
    assert main(["report", night[0]]) == 1
    assert "no decisions on" in capsys.readouterr().err


def test_paths_may_stand_before_and_behind_options(night, tmp_path, capsys):
    assert main(["export", night[0], "-o", str(tmp_path / "out.csv"), night[1]]) == 0
    assert (tmp_path / "out.csv").read_text().count("\n") == 3
    assert main(["locate", "--", "-odd.fits"]) == 1
    assert "-odd.fits does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--only", "foo"], ["--order", "random:x"]])
def test_a_choice_that_makes_no_sense_is_wrong_usage(words):
    args = argparse.Namespace(only=None, order=None, repeats=None)
    vars(args)[words[0][2:]] = words[1]
    with pytest.raises(UsageError):
        choice_of(args, Settings())
