import pytest

from tuiview.errors import UsageError
from tuiview.settings import Category, Group, find_project_file, load_settings


@pytest.fixture
def project(tmp_path):
    def write(text, folder="."):
        path = tmp_path / folder
        path.mkdir(parents=True, exist_ok=True)
        (path / "tuiview.toml").write_text(text, encoding="utf-8")
        return path

    return write


def load(folder, user_file=None):
    return load_settings(folder, user_file=user_file or folder / "no-such-file")


def test_defaults_have_nine_categories_and_groups(tmp_path):
    settings = load(tmp_path)
    assert len(settings.categories) == len(settings.groups) == 9
    assert settings.groups[0].color == "#ff0000"


def test_categories_are_names_or_tables(project):
    folder = project('[review]\ncategories = ["spiral", {name = "odd", color = "#ABCDEF"}]')
    assert load(folder).categories == (Category("spiral", "#5fafff"), Category("odd", "#abcdef"))


def test_groups_have_shape_and_maximum(project):
    folder = project('[marks]\ngroups = [{name = "core", shape = "cross", maximum = 1}]')
    assert load(folder).groups == (Group("core", "#ff0000", "cross", 1),)


def test_the_nearest_project_file_above_the_data_counts(project, tmp_path):
    project("[review]\nauto_advance = true")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_project_file(deep) == tmp_path / "tuiview.toml"
    assert load(deep).auto_advance


def test_the_project_goes_over_the_user(project, tmp_path):
    user = tmp_path / "user.toml"
    user.write_text('[display]\nstretch = "log"\ninterval = "minmax"\n[keys]\nquit = "Q"')
    folder = project('[display]\nstretch = "asinh"\n[display.fits]\ncolormap = "heat"', "p")
    settings = load(folder, user)
    assert settings.display == {"stretch": "asinh", "interval": "minmax"}
    assert settings.display_by_kind == {"fits": {"colormap": "heat"}}
    assert settings.keys == {"quit": "Q"}
    assert settings.files == (user, folder / "tuiview.toml")


def test_a_relative_store_is_beside_the_file(project):
    folder = project('[review]\nstore = "decisions"')
    assert load(folder).store == folder / "decisions"


def test_an_unknown_setting_is_said_with_the_likely_one(project):
    folder = project("[review]\nexklusive = true\n[revue]\n")
    notices = load(folder).notices
    assert "review.exklusive; did you mean review.exclusive?" in " ".join(notices)
    assert "revue" in " ".join(notices)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[review]\nexclusive = 1", "exclusive must be true or false"),
        ("[review]\ncategories = ['a', 'a']", "'a' twice"),
        ("[review]\ncategories = [{color = '#000000'}]", "number 1 has no name"),
        ("[review]\ncategories = [{name = 'a', color = 'red'}]", "no colour"),
        ("[marks]\ngroups = [{name = 'a', maximum = 0}]", "maximum must be 1 or more"),
        ("[marks]\ngroups = [{name = 'a', shape = 'star'}]", "shape must be one of"),
        ("[terminal]\ngraphics = 'vt100'", "graphics must be one of"),
        ("review = 3", "review must be a table"),
        ("[review", "Expected"),
    ],
)
def test_a_wrong_value_names_file_and_key(project, text, words):
    folder = project(text)
    with pytest.raises(UsageError) as error:
        load(folder)
    assert words in error.value.message
    assert "tuiview.toml" in error.value.message
