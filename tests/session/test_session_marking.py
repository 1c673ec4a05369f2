"""Marks of a review without a screen."""

from __future__ import annotations

import pytest
from headless import Desk
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.errors import UsageError
from tuiview.review.store import Store
from tuiview.settings import Group, Settings

GROUPS = (Group("core", "#ff0000", maximum=1), Group("knot", "#00ff00"),
          Group("arc", "#0000ff", maximum=2))  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    import numpy as np
    from astropy.io import fits

    folder = tmp_path_factory.mktemp("marking")
    header = fits.Header({
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.1, "CRVAL2": 2.2,
        "CRPIX1": 16.0, "CRPIX2": 12.0, "CDELT1": -1e-4, "CDELT2": 1e-4,
    })  # fmt: skip
    (folder / "data").mkdir()
    values = np.arange(32 * 24, dtype="f4").reshape(24, 32)
    fits.writeto(folder / "data" / "one.fits", values, header)
    store = Store.open(folder / "store.sqlite", "me")
    opened = Desk(folder / "data", store, settings=Settings(reviewer="me", groups=GROUPS))
    opened.session.marking.enter()
    opened.session.viewer.read_metadata()
    opened.settle()
    yield opened
    opened.session.close()
    store.close()


moves = st.tuples(st.just("go"), st.integers(0, 31), st.integers(0, 23))
acts = st.sampled_from([("put", 0), ("put", 1), ("put", 1), ("put", 2), ("delete",),
                        ("clear", None), ("clear", "knot"), ("grab",), ("label", "a")])  # fmt: skip
steps = st.lists(moves | acts | acts | st.sampled_from([("undo",), ("redo",)]),
                 min_size=10, max_size=40)  # fmt: skip


def act(marking, step):
    match step:
        case ("go", x, y):
            marking.go_to(x, y)
        case ("put", group):
            marking.put(group)
        case ("delete",):
            marking.delete_nearest()
        case ("clear", group):
            marking.delete_all(group)
        case ("grab",):
            marking.grab()
        case ("label", text):
            if (mark := marking.nearest()) is not None:
                marking.label(mark, text)


@settings(max_examples=25)
@given(steps)
def test_undo_and_redo_return_the_exact_state(desk, steps):
    session = desk.session
    past, future = [session.state.marks], []
    for step in steps:
        if step == ("undo",):
            if len(past) > 1:
                session.decisions.undo(lambda steps: None)
                future.append(past.pop())
        elif step == ("redo",):
            if future:
                session.decisions.redo(lambda steps: None)
                past.append(future.pop())
        else:
            try:
                act(session.marking, step)
            except UsageError:
                continue
            desk.settle()
            if session.state.marks != past[-1]:
                past.append(session.state.marks)
                future.clear()
        desk.settle()
        assert session.state.marks == past[-1]
    for wanted in reversed(past[:-1]):
        session.decisions.undo(lambda steps: None)
        assert session.state.marks == wanted
    for wanted in past[1:]:
        session.decisions.redo(lambda steps: None)
        assert session.state.marks == wanted
    # From what is on the disk it is the same.
    assert session.store.load([session.item.key])[session.item.key].marks == past[-1]
