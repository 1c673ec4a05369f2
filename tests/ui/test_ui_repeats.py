"""Images that come back: nothing tells them, and what is said of them is kept apart."""

from __future__ import annotations

import pytest

from tuiview.collection.replicates import repeat_key
from tuiview.imaging.overlay import Circle, Points
from tuiview.session.choice import Choice

pytestmark = pytest.mark.asyncio

CHOICE = Choice(order="random", repeats="50%")


def sequence(review):
    view = review.session.view
    return [(view.row(p), view.replicate(p)) for p in range(len(view))]


def first_repeat(review):
    """The positions of the first image that comes back, and of its repeat."""
    view = review.session.view
    again = next(p for p in range(len(view)) if view.replicate(p) == 2)
    return view.position_of(view.row(again)), again


async def to(review, position):
    await review.press("colon")
    await review.type(str(position + 1))
    await review.press("enter")


async def test_a_repeat_looks_like_an_image_never_seen(open_review, folder):
    async with open_review(folder, choice=CHOICE, size=(220, 45)) as review:
        assert "1/9" in review.status()
        once, again = first_repeat(review)
        await to(review, once)
        item = review.session.item
        await review.press("1", "f", "enter")
        await review.type("an arc")
        await review.press("ctrl+s", "m", "2", "q")
        said = review.session.state
        assert said.categories == {"spiral"}
        assert len(said.marks) == 1
        await to(review, again)
        repeat, screen = review.session.item, review.text()
        assert (repeat.name, repeat.own_key) == (item.name, item.key)
        assert review.session.state.categories == frozenset()
        drawn = review.session.viewer.shown.request.overlay
        assert not any(isinstance(shape, Circle | Points) for shape in drawn)
        assert "an arc" not in screen
        assert "repeat" not in review.status()
        assert "\\x1f" not in screen
        assert "spiral" not in review.status()


async def test_what_is_said_of_a_repeat_leaves_the_first_alone(open_review, folder):
    async with open_review(folder, choice=CHOICE) as review:
        once, again = first_repeat(review)
        await to(review, once)
        key = review.session.item.key
        await review.press("1")
        await to(review, again)
        await review.press("2")
        assert review.session.state.categories == {"merger"}
        await to(review, once)
        assert review.session.state.categories == {"spiral"}
        assert "2 reviewed" in review.text()
        await review.press("u")
        assert review.session.position == again
        assert review.session.state.categories == frozenset()
        await review.press("ctrl+r")
        history = [e.decision for e in review.session.store.history(key) if e.decision.name]
        assert [d.context.get("replicate", 1) for d in history] == [1, 2, 2, 2]
        assert all(d.context["repeats"] and d.context["seed"] >= 0 for d in history)
        (one,) = review.session.store.export_rows()
        assert (one.key, one.state.categories, one.replicate) == (key, {"spiral"}, 1)
        both = list(review.session.store.export_rows(repeats=True))
        assert [(r.key, r.state.categories) for r in both] == [
            (key, {"spiral"}), (key, {"merger"}),
        ]  # fmt: skip
        assert review.session.store.reviewed_count == 1


async def test_the_next_start_goes_on_in_the_same_sequence(open_review, folder):
    async with open_review(folder, choice=CHOICE) as review:
        shown = sequence(review)
        _, again = first_repeat(review)
        await to(review, again)
    async with open_review(folder, choice=CHOICE) as review:
        assert sequence(review) == shown
        assert review.session.position == again
        await review.press("1")
        await review.press("colon")
        await review.type("filter unreviewed")
        await review.press("enter")
        left = [one for one in shown if one != shown[again]]
        assert sequence(review) == left
        await review.press("colon")
        await review.type("filter spiral")
        await review.press("enter")
        assert sequence(review) == [shown[again]]
    async with open_review(folder) as review:
        assert len(sequence(review)) == 6
        assert "0 reviewed" in review.text()


async def test_unreviewed_ones_are_sought_among_repeats_too(open_review, folder):
    async with open_review(folder, choice=CHOICE, auto_advance=True) as review:
        await review.press(*"111111111")
        await review.press("u", "u")
        await review.press("g", "right_square_bracket")
        assert review.session.position == 7


async def test_it_is_told_if_the_settings_say_so(open_review, folder):
    async with open_review(folder, choice=CHOICE, tell_repeats=True) as review:
        once, again = first_repeat(review)
        await to(review, again)
        assert "repeat" in review.status()
        assert review.session.item.key == repeat_key(review.session.item.own_key, 2)
        await to(review, once)
        assert "repeat" not in review.status()


async def test_what_is_chosen_by_a_category_comes_back_too(open_review, folder):
    async with open_review(folder, choice=CHOICE) as review:
        once, again = first_repeat(review)
        chosen, row = {once, 0, 1}, review.session.view.row(again)
        for position in chosen:
            await to(review, position)
            await review.press("1")
        left = [one for p, one in enumerate(sequence(review)) if p in chosen]
    spirals = Choice(order="random", repeats="50%", only="spiral")
    async with open_review(folder, choice=spirals) as review:
        assert [one for one in sequence(review) if one[1] == 1] == left
        assert (row, 2) in sequence(review)
        await to(review, review.session.view.position_of(row, 2))
        await review.press("2")
    async with open_review(folder, choice=spirals) as review:
        assert (row, 2) not in sequence(review)
