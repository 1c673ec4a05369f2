"""What is said of an image that comes back, in the store: apart, counted apart, and merged."""

from __future__ import annotations

from pathlib import Path

from deciding import category, keys_where, mark, note

from tuiview.collection.replicates import repeat_key
from tuiview.review.check import check
from tuiview.review.merge import merge
from tuiview.review.store import Store
from tuiview.review.wanted import Wanted

AGAIN = repeat_key("a", 2)


def test_repeats_are_said_and_counted_apart(tmp_path: Path) -> None:
    path = tmp_path / "alice.sqlite"
    with Store.open(path, "alice") as store:
        store.record([category("a", "spiral"), mark("a", "m1"), note("a", "first")])
        store.record([category(AGAIN, "merger"), mark(AGAIN, "m2")])
        store.record([category("b", "spiral")])
        for saved in (False, True):
            if saved:
                store.flush()
            states = store.load(["a", AGAIN, "b"])
            assert states["a"].categories == {"spiral"}
            assert states[AGAIN].categories == {"merger"}
            assert states[AGAIN].note == ""
            counts = store.counts()
            assert (counts["decided"], counts["repeated-decided"]) == (2, 1)
            assert (counts["marks"], counts["repeated-marks"]) == (1, 1)
            assert "category:merger" not in counts
        assert set(keys_where(store, Wanted(decided=True))) == {"a", AGAIN, "b"}
        assert {r.key for r in store.export_rows()} == {"a", "b"}
        assert [(m.key, m.mark.uuid, m.replicate) for m in store.export_marks(repeats=True)] == [
            ("a", "m1", 1), ("a", "m2", 2),
        ]  # fmt: skip
        assert len(list(store.history("a"))) == 5
        store.undo()
        store.undo()
        store.flush()
        assert "repeated-decided" not in store.totals("alice")
        assert store.reviewed_count == 1
    assert check(path).sound
    merge([path], tmp_path / "all.sqlite")
    assert check(tmp_path / "all.sqlite").sound
    with Store.open(tmp_path / "all.sqlite", "alice") as store:
        store.redo()
        store.flush()
        assert [r.replicate for r in store.export_rows(repeats=True)] == [1, 2]
    assert check(tmp_path / "all.sqlite").sound
