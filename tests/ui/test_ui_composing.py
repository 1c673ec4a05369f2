"""Several frames as one picture, and annotations, by keys and commands."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from tuiview.errors import UsageError
from tuiview.imaging.display import Composition
from tuiview.ui.composing import frame_names

pytestmark = pytest.mark.asyncio


@pytest.fixture
def cubes(tmp_path):
    """Two cubes of four planes and one plain image, `z.fits`."""
    dice = np.random.default_rng(0)
    folder = tmp_path / "cubes"
    folder.mkdir()
    for name in ("a", "b"):
        fits.writeto(folder / f"{name}.fits", dice.normal(5, 1, (4, 20, 30)).astype("f4"))
    fits.writeto(folder / "z.fits", dice.normal(5, 1, (20, 30)).astype("f4"))
    return folder


async def command(review, line):
    await review.press("colon")
    await review.type(line)
    await review.press("enter")


def composition(review):
    return review.session.look.current.composition


async def test_a_key_shows_the_first_three_frames_as_colour_and_back(open_review, cubes):
    async with open_review(cubes) as review:
        await review.press("p")
        frames = review.session.viewer.shown.info.frames[:3]
        assert composition(review) == Composition(tuple(frames))
        assert review.session.viewer.shown.picture.palette is None
        assert "lupton" in review.status()
        await review.press("p")
        assert composition(review) is None
        assert review.session.viewer.shown.picture.palette is not None


async def test_it_is_kept_for_the_next_item_and_told_where_it_cannot_be(open_review, cubes):
    async with open_review(cubes) as review:
        await command(review, "rgb 4 2 1")
        await review.press("j")
        assert composition(review).frames[0] == review.session.viewer.shown.info.frames[3]
        assert review.session.viewer.shown.picture.palette is None
        await review.press("j")
        assert review.session.item.key == "z.fits"
        assert review.session.viewer.failed is None
        assert review.session.viewer.shown.picture.palette is not None


async def test_the_key_brings_the_last_composition_back(open_review, cubes):
    async with open_review(cubes) as review:
        await command(review, "rgb 4 2 1")
        before = composition(review)
        await review.press("p", "p")
        assert composition(review) == before


async def test_a_plain_image_has_too_few_frames(open_review, cubes):
    async with open_review(cubes / "z.fits") as review:
        await review.press("p")
        assert composition(review) is None
        assert "red, green and blue are three" in review.notices()


async def test_stepping_leads_from_the_composition_to_a_frame(open_review, cubes):
    async with open_review(cubes) as review:
        await command(review, "rgb 3 2 1")
        await review.press("full_stop")
        assert composition(review) is None
        frames = review.session.viewer.shown.info.frames
        assert review.session.viewer.shown.info.frame == frames[2]
        await review.press("full_stop")
        assert review.session.viewer.shown.info.frame == frames[3]


async def test_mix_difference_and_residual(open_review, cubes):
    async with open_review(cubes) as review:
        await command(review, "mix")
        assert len(composition(review).frames) == 4
        await command(review, "saturation 2.5")
        assert composition(review).saturation == 2.5
        await command(review, "lupton 4 2.5")
        assert "three frames, not 4" in review.notices()
        await command(review, "difference 2")
        frames = review.session.viewer.shown.info.frames
        assert composition(review) == Composition((frames[0], frames[1]), "difference")
        assert review.session.viewer.shown.limits is not None
        await command(review, "residual 3 2")
        assert composition(review) == Composition((frames[2], frames[1]), "residual")
        await command(review, "difference off")
        assert composition(review) is None


async def test_limits_keys_act_on_lupton_and_what_does_not_says_so(open_review, cubes):
    async with open_review(cubes) as review:
        await review.press("p")
        before = review.session.viewer.shown
        await review.press("less_than_sign")
        low, high = review.session.look.current.limits
        assert low == pytest.approx(before.limits[0])
        assert high == pytest.approx(before.limits[1] - 0.05 * (high - low) / 0.95)
        assert review.session.viewer.shown.picture.rgb().mean() > before.picture.rgb().mean()
        assert "limits" in review.session.look.describe()
        await command(review, "lupton 8 auto")
        assert review.session.look.current.limits is None
        now = review.session.look.current
        for key, words in (("t", "no stretch"), ("v", "no interval"), ("c", "no colour map")):
            await review.press(key)
            assert words in review.notices()
        await command(review, "stretch log")
        assert review.session.look.current == now
        await command(review, "mix")
        await review.press("v")
        await review.press("t")
        assert "a mix has no stretch" in review.notices()
        assert review.session.look.current.stretch == now.stretch
        assert review.session.look.current.interval != now.interval


async def test_lupton_is_set_by_numbers(open_review, cubes):
    async with open_review(cubes) as review:
        await review.press("p")
        await command(review, "lupton 4 2.5")
        assert (composition(review).q, composition(review).stretch) == (4.0, 2.5)
        await command(review, "lupton 3 auto")
        assert (composition(review).q, composition(review).stretch) == (3.0, None)
        await command(review, "lupton none")
        assert "numbers" in review.notices()
        await command(review, "rgb simple")
        assert composition(review).how == "simple"
        await command(review, "rgb off")
        assert composition(review) is None


async def test_frames_are_named_with_spaces_in_quotes_or_by_number():
    frames = ["SCI", "plane 1", "plane 10", "SCI,2"]
    assert frame_names("plane 10 SCI plane 1", frames) == ("plane 10", "SCI", "plane 1")
    assert frame_names("'plane 1' SCI,2 1", frames) == ("plane 1", "SCI,2", "SCI")
    with pytest.raises(UsageError, match="no frame plane"):
        frame_names("plane 3", frames)
    with pytest.raises(UsageError):
        frame_names("'plane 1", frames)


async def test_a_small_pane_has_no_annotations(open_review, cubes):
    async with open_review(cubes) as review:
        assert review.session.viewer.shown.request.overlay == ()
