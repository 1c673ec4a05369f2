"""Catalogues by keys and commands."""

from __future__ import annotations

from tuiview.imaging.overlay import Points


def sources(review):
    shown = review.session.viewer.shown
    return [s for s in shown.request.overlay if isinstance(s, Points)]


async def test_a_catalogue_is_opened_hidden_and_shown_by_keys(open_review, folder, tmp_path):
    stars = tmp_path / "stars.csv"
    stars.write_text("ra,dec\n150.1,2.2\n")
    async with open_review(folder) as review:
        await review.press("D")
        assert "no catalogue is open" in review.notices()
        await review.press("colon")
        await review.type(f"catalog {stars},color=red")
        await review.press("enter")
        assert "stars.csv: 1 entries" in review.notices()
        assert [s.color for s in sources(review)] == [0xFF0000]
        await review.press("D")
        assert sources(review) == []
        await review.press("D", "j")
        assert len(sources(review)) == 1
        await review.press("colon")
        await review.type("catalog 1")
        await review.press("enter")
        assert "stars.csv hidden" in review.notices()
        assert sources(review) == []
        await review.press("colon")
        await review.type("catalog nowhere.csv,color=ash")
        await review.press("enter")
        assert "ash is no colour" in review.notices()


async def test_a_menu_shows_and_hides_each_thing(open_review, folder, tmp_path):
    stars = tmp_path / "stars.csv"
    stars.write_text("ra,dec\n150.1,2.2\n")
    async with open_review(folder) as review:
        await review.press("colon")
        await review.type(f"catalog {stars}")
        await review.press("enter", "m", "1", "m")
        await review.press("M")
        assert "[x] 1 stars.csv" in review.text()
        await review.press("k", "enter")
        assert sources(review) == []
        assert len(review.session.viewer.shown.request.overlay) == 1
        await review.press("M")
        assert "[ ] 1 stars.csv" in review.text()
        await review.press("enter")
        assert review.session.viewer.shown.request.overlay == ()


async def test_own_marks_and_labels_are_hidden_and_shown(open_review, folder):
    async with open_review(folder) as review:
        await review.press("m", "1", "m")
        assert len(review.session.viewer.shown.request.overlay) == 1
        await review.press("S")
        assert review.session.viewer.shown.request.overlay == ()
        await review.press("S")
        assert len(review.session.viewer.shown.request.overlay) == 1
        await review.press("A")
        assert "labels hidden" in review.notices()
        assert not review.session.catalogues.labels
