import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiview.errors import UsageError
from tuiview.session.positions import PixelPosition, SkyPosition, parse_position


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("10,20.5", PixelPosition(10, 20.5)),
        (" -0.5 , 3e2", PixelPosition(-0.5, 300)),
        ("10.5 -41.25", SkyPosition(10.5, -41.25)),
        ("01:00:00 -00:30:00", SkyPosition(15.0, -0.5)),
        ("1h0m36s +10d30m0s", SkyPosition(15.15, 10.5)),
        ("01 00 00 -10 30 00", SkyPosition(15.0, -10.5)),
        ("gal 120.5 -3", SkyPosition(120.5, -3, "galactic")),
    ],
)
def test_what_people_type(text, position):
    found = parse_position(text)
    assert type(found) is type(position)
    if isinstance(found, SkyPosition):
        assert (found.lon, found.lat) == pytest.approx((position.lon, position.lat))
        assert found.system == position.system
    else:
        assert found == position


@pytest.mark.parametrize("text", ["", "m31", "10", "10 20 30", "400 0", "10 95", "01:61:00 0"])
def test_what_is_no_position_says_how_to_write_one(text):
    with pytest.raises(UsageError, match="RA DEC"):
        parse_position(text)


@given(st.floats(0, 359.999), st.floats(-89.99, 89.99))
def test_degrees_come_back(lon, lat):
    assert parse_position(f"{lon!r} {lat!r}") == SkyPosition(lon, lat)
