"""Deciding before it is known what was said of an item earlier: nothing is lost or turned round."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tuiview.errors import UsageError
from tuiview.imaging.display import Display
from tuiview.review.model import Decision, What
from tuiview.review.store import Store
from tuiview.session.decisions import Circumstances, Decisions
from tuiview.settings import Settings


class Desk:
    """Decisions on items of which the store has nothing in memory."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.key: str | None = "a"
        self.wanted: list[str] = []
        self.told: list[Decision] = []
        self.decisions = Decisions(
            store, Settings(), self._circumstances, self.wanted.append, lambda: None
        )

    def _circumstances(self) -> Circumstances:
        return Circumstances(self.key, "", None, Display(), None, {})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    path = tmp_path / "alice.sqlite"
    with Store.open(path, "alice") as store:
        store.record([Decision("a", What.FAVOURITE, old=False, new=True)])
    with Store.open(path, "alice") as store:
        yield Desk(store)


def test_a_decision_waits_for_the_state_and_turns_it_round(desk: Desk) -> None:
    desk.decisions.toggle_favourite()
    assert desk.decisions.waiting == 1
    assert desk.wanted == ["a"]
    assert desk.store.status.pending == 0
    desk.store.load(desk.wanted)
    desk.decisions.known()
    assert desk.decisions.waiting == 0
    state = desk.store.peek("a")
    assert state is not None
    assert not state.favourite


def test_what_depends_on_the_state_belongs_to_the_item_it_was_said_of(desk: Desk) -> None:
    desk.decisions.say_once_known(lambda state: [(What.NOTE, "", state.note, "bright")])
    desk.key = "b"
    desk.store.load(desk.wanted)
    desk.decisions.known()
    assert [state.note for state in desk.store.load(["a", "b"]).values()] == ["bright", ""]


def test_undo_takes_back_the_decision_that_waits_and_no_earlier_one(desk: Desk) -> None:
    desk.decisions.toggle_category(0)
    desk.decisions.undo(desk.told.extend)
    assert not desk.told
    desk.store.load(["a"])
    desk.decisions.known()
    assert [decision.what for decision in desk.told] == [What.CATEGORY]
    state = desk.store.peek("a")
    assert state is not None
    assert state.favourite
    assert not state.categories


def test_what_waits_at_the_end_is_made_and_kept(desk: Desk) -> None:
    desk.decisions.toggle_favourite()
    desk.key = "b"
    desk.decisions.toggle_category(1)
    assert desk.decisions.finish(60) == 0
    desk.store.close()
    with Store.open(desk.store.path, "alice") as again:
        states = again.load(["a", "b"])
    assert not states["a"].favourite
    assert states["b"].categories == {"class 2"}


def test_what_cannot_be_made_at_the_end_is_counted(desk: Desk) -> None:
    desk.decisions.toggle_favourite()
    desk.store._database.close()
    assert desk.decisions.finish(60) == 1


def test_without_an_item_a_decision_is_refused_aloud(desk: Desk) -> None:
    desk.key = None
    with pytest.raises(UsageError):
        desk.decisions.toggle_favourite()
