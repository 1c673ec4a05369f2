"""Known items of a table against what was decided: the report's --truth."""

from __future__ import annotations

import json

import pytest

from tuiview.cli import main
from tuiview.review.locations import store_path
from tuiview.review.model import Decision, What
from tuiview.review.store import Store


@pytest.fixture
def data(tmp_path, small_fits, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    folder = tmp_path / "data"
    for name in "abcd":
        small_fits(f"{name}.fits", folder=folder)
    (folder / "tuiview.toml").write_text(
        '[review]\nreviewer = "me"\n[[category]]\nname = "spiral"\n[[category]]\nname = "merger"\n'
    )
    with Store.open(store_path(folder, "me"), "me") as store:
        for key, name in (("a.fits", "merger"), ("c.fits", "merger")):
            store.record([Decision(key, What.CATEGORY, name, False, True)])
        store.record([Decision("b.fits", What.SEEN, "", False, True)])
    return folder


TABLE = "item,category\na.fits,merger\nb,spiral\nc.fits,none\nd.fits,merger\nzzz,Merger\n"


def test_the_report_tells_completeness_and_purity(data, tmp_path, capsys):
    table = tmp_path / "known.csv"
    table.write_text(TABLE)
    assert main(["report", str(data), "--truth", str(table)]) == 0
    told = capsys.readouterr()
    assert "me: 2 items decided" in told.out
    assert "me on 4 known items, 3 of them seen:" in told.out
    assert "purity        0.500" in told.out
    assert "known \\ said  merger  none" in told.out
    assert "b.fits: known spiral, said none" in told.out
    assert "belong to no item or to several: zzz" in told.err
    assert main(["report", str(data), "--truth", str(table), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["truth"]
    assert found["wrong"] == {"b.fits": [["spiral"], []], "c.fits": [[], ["merger"]]}
    assert found["by_category"]["spiral"]["purity"]["value"] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("item,score\na.fits,1\n", "no column of categories"),
        ("where,category\na.fits,merger\n", "no column of items"),
        ("item,category\nzzz,merger\n", "names no item"),
    ],
)
def test_a_table_that_says_nothing_is_told(data, tmp_path, capsys, text, words):
    table = tmp_path / "known.csv"
    table.write_text(text)
    assert main(["report", str(data), "--truth", str(table)]) == 1
    assert words in capsys.readouterr().err
