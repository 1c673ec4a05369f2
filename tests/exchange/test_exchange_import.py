import json

import pytest

from tuiview.collection.open import CollectionOptions, open_collection
from tuiview.exchange.given import form_of, read_given
from tuiview.exchange.imgmarker import write_imgmarker
from tuiview.exchange.marks import GivenItem, GivenMark, Importer, opened_place, split_categories
from tuiview.exchange.names import Names
from tuiview.imaging.kinds import IMAGES, SUFFIXES, sniff
from tuiview.review.store import Store
from tuiview.settings import Category, Group, Settings

ERAS = ("0.9.2", "1.0.4", "1.2.0")
SPT = "SPT-CLJ0000-5141_4.80_sigma_grz_cont.tif"


def collection_of(folder):
    collection = open_collection(
        [folder], CollectionOptions(suffixes=SUFFIXES, sniff=sniff, kinds=IMAGES)
    )
    collection.start(lambda: None)
    assert collection.wait(30)
    return collection


@pytest.fixture
def data(tmp_path, small_fits, small_png):
    folder = tmp_path / "data"
    small_fits("a.fits", folder=folder)
    small_fits("twin.fits", folder=folder / "one")
    small_fits("twin.fits", folder=folder / "two")
    small_png("p.png", folder=folder)
    return folder


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "store.sqlite", "alice") as opened:
        yield opened


@pytest.fixture
def importing(data, store):
    def take(*given, group="first"):
        return Importer(store, Names(collection_of(data)), group, {"import": {}}).take(given)

    return take


def state(store, key):
    return store.load([key])[key]


def test_a_mark_that_names_only_its_image_and_pixel_gets_frame_and_sky(data, store, importing):
    result = importing(GivenMark("a.fits", x=10.0, y=20.0))
    assert (result.marks, result.known) == (1, 0)
    (mark,) = state(store, "a.fits").marks
    here = opened_place(Names(collection_of(data)).item("a.fits"), None)
    assert (mark.x, mark.y, mark.frame, mark.group) == (10.0, 20.0, here.frame, "first")
    ra, dec = here.wcs.all_pix2world([[10, 20]], 0)[0]
    assert (mark.ra, mark.dec) == pytest.approx((ra, dec), abs=1e-9)


def test_a_mark_by_sky_gets_its_pixel(data, store, importing):
    here = opened_place(Names(collection_of(data)).item("a.fits"), None)
    ra, dec = here.wcs.all_pix2world([[12.25, 30.5]], 0)[0]
    importing(GivenMark("a.fits", ra=float(ra), dec=float(dec), group="new", label="x"))
    (mark,) = state(store, "a.fits").marks
    assert (mark.x, mark.y) == pytest.approx((12.25, 30.5), abs=1e-5)
    assert (mark.group, mark.label) == ("new", "x")


def test_importing_twice_adds_nothing(data, store, importing):
    given = [GivenMark("a.fits", x=1.0, y=2.0)] * 2
    given += [GivenItem("p.png", ("odd",), favourite=True, note="hm")]
    given += [GivenMark("p.png", frame="PNG", x=1.0, y=2.0, uuid="u")]
    first = importing(*given)
    assert (first.marks, first.decisions) == (3, 3)
    second = importing(*given)
    assert (second.marks, second.decisions, second.known) == (0, 0, 4)
    assert len(state(store, "a.fits").marks) == 2
    said = state(store, "p.png")
    assert (said.categories, said.favourite, said.note) == (frozenset({"odd"}), True, "hm")


def test_names_are_found_by_key_path_name_and_stem(data):
    names = Names(collection_of(data))
    assert names.key_of("a.fits") == "a.fits"
    assert names.key_of(str(data / "one" / "twin.fits")) == "one/twin.fits"
    assert names.key_of("/elsewhere/two/twin.fits") == "two/twin.fits"
    assert names.key_of("p") == "p.png"
    assert names.key_of("twin.fits") is None
    assert names.key_of("nowhere.fits") == "nowhere.fits"


def test_unknown_names_are_kept_and_ambiguous_ones_left_out(store, importing):
    result = importing(
        GivenItem("gone.fits", note="was here"), GivenItem("twin.fits", note="which?"),
        GivenMark("gone.fits"), GivenMark("p.png", ra=1.0, dec=2.0),
        GivenItem("a.fits", note="hers", reviewer="bea"),
    )  # fmt: skip
    assert result.unknown == ["gone.fits"]
    assert result.ambiguous == ["twin.fits"]
    assert result.unplaced == 2
    assert result.others == {"bea": 1}
    assert state(store, "gone.fits").note == "was here"
    assert not state(store, "a.fits").decided


def test_what_is_imported_knows_where_it_came_from_and_can_be_undone(store, importing):
    importing(GivenMark("a.fits", x=1.0, y=2.0, made="2020-01-01"))
    store.flush()
    (event,) = store.history("a.fits")
    assert event.decision.context == {"import": {}, "made": "2020-01-01"}
    store.undo()
    assert state(store, "a.fits").marks == ()


def test_categories_are_split_after_known_names():
    assert split_categories("Good+Merger", []) == ("Good", "Merger")
    assert split_categories("E+A+Good", ["E+A"]) == ("E+A", "Good")
    assert split_categories("Good+E+A", ["E+A"]) == ("Good", "E+A")
    assert split_categories("", []) == ()
    assert split_categories("Good,Bad seeing", [], ",") == ("Good", "Bad seeing")


# Notes


def test_notes_come_in_by_names_and_an_empty_one_means_reviewed(tmp_path, store, importing):
    path = tmp_path / "notes.json"
    path.write_text(json.dumps({"p.png": "caf\u00e9", "a.fits": "", "old.png": "kept"}, indent=4))
    assert form_of(path) == "notes-json"
    result = importing(*read_given(path, None, ()))
    assert result.unknown == ["old.png"]
    assert state(store, "p.png").note == "caf\u00e9"
    assert state(store, "a.fits").decided
    assert importing(*read_given(path, None, ())).known == 3
    store.flush()
    from tuiview.exchange.notes import write_notes

    with (tmp_path / "back.json").open("wb") as stream:
        assert write_notes(store.export_rows(), stream) == []
    written = (tmp_path / "back.json").read_text("ascii")
    assert json.loads(written) == json.loads(path.read_text())
    assert "caf\\u00e9" in written
    assert written.startswith("{\n    ")


# Image Marker


@pytest.mark.parametrize("era", ERAS)
def test_image_markers_files_of_three_eras_say_the_same(shared_data, era):
    folder = shared_data / "imgmarker" / "fixtures" / era
    found = [g for g in read_given(folder, None, ()) if g.image]
    marks = [g for g in found if isinstance(g, GivenMark)]
    assert [(m.group, m.label, m.x, m.y) for m in marks] == [
        ("BCG", "", 200, 300), ("Star", 'star, bright "A"', 210, 40), ("Artifact", "", 10, 500),
        ("Star", "", 60, 50),
    ]  # fmt: skip
    items = [g for g in found if isinstance(g, GivenItem)]
    first = next(g for g in items if g.note and "arcs" in g.note)
    assert first.categories == ("Good", "Merger")
    assert first.note == 'Nice arcs, "lens" | candidate'
    assert {g.image for g in items if g.favourite} == {SPT, "no wcs, comma.png"}
    assert len({g.image for g in items if g.seen}) == 4
    assert any(g.categories == ("Bad seeing",) for g in items)


@pytest.mark.parametrize("era", ERAS)
def test_image_markers_decisions_come_in_with_right_positions(shared_data, tmp_path, store, era):
    images = shared_data / "imgmarker" / "test_images"
    names = Names(collection_of(images))
    folder = shared_data / "imgmarker" / "fixtures" / era
    result = Importer(store, names, "1", {}).take(read_given(folder, None, ()))
    assert result.marks == 4
    assert result.unknown == ["no wcs, comma.png"]
    bcg, star = state(store, SPT).marks
    wcs = opened_place(names.item(SPT), None).wcs
    ra, dec = wcs.all_pix2world([[200, 300]], 0)[0]
    # Image Marker's own declination is a pixel off.
    assert (bcg.x, bcg.y, bcg.ra, bcg.dec) == pytest.approx((200, 300, ra, dec), abs=1e-9)
    assert abs(bcg.dec - -51.69715565307162) > 1e-5
    assert star.group == "Star"
    quiet = state(store, "SPT-CLJ2347-5101_4.39_sigma_grz_cont.tif")
    assert quiet.seen
    assert not quiet.decided
    again = Importer(store, names, "1", {}).take(read_given(folder, None, ()))
    assert (again.marks, again.decisions) == (0, 0)


def test_image_markers_own_files_come_out_again(shared_data, tmp_path, store):
    names = Names(collection_of(shared_data / "imgmarker" / "test_images"))
    given = shared_data / "imgmarker" / "fixtures" / "1.2.0"
    Importer(store, names, "1", {}).take(read_given(given, None, ()))
    store.flush()
    settings = Settings(
        categories=tuple(Category(n, "#ffffff") for n in ("Good", "Merger", "Bad seeing")),
        groups=(
            Group("BCG", "#ff0000", maximum=1), Group("Star", "#ff8000"),
            Group("Artifact", "#ffff00", maximum=5),
        ),
    )  # fmt: skip
    root = shared_data / "imgmarker" / "test_images"
    written = write_imgmarker(store, names, root, tmp_path / "out", "alice", settings)
    assert written.notices == []

    def rows(folder, kind):
        lines = (folder / f"alice_{kind}.csv").read_bytes().decode().split("\r\n")
        return [lines[0], *sorted(line.split(",", 1)[1] for line in lines[1:] if line)]

    def shape(lines):
        return [line.split(",")[:4] + line.split(",")[-1:] for line in lines]

    for kind in ("images", "favorites"):
        mine, theirs = rows(tmp_path / "out", kind), rows(given, kind)
        assert mine[0] == theirs[0]
        assert [m.split(",")[0] for m in mine] == [t.split(",")[0] for t in theirs]
        assert [m.split(",")[-1] for m in mine] == [t.split(",")[-1] for t in theirs]
    mine, theirs = rows(tmp_path / "out", "marks"), rows(given, "marks")
    assert mine[0] == theirs[0] == "date,image,group,label,x,y,RA,DEC"
    cut = [line.replace("210.0,40.0", "210,40").rsplit(",", 2)[0] for line in theirs[1:]]
    assert [line.rsplit(",", 2)[0] for line in mine[1:]] == cut
    config = (tmp_path / "out" / "alice_config.txt").read_text()
    assert "groups = BCG,Star,Artifact,1,2,3,4,5,6\n" in config
    assert "group_max = 1,None,5,None,None,None,None,None,None\n" in config
    assert config.endswith("left_click_group = 1")
    again = list(read_given(tmp_path / "out", None, ()))
    assert sum(isinstance(g, GivenMark) for g in again) == 4


def test_image_marker_counts_rows_of_fits_from_the_top(data, tmp_path, store, importing):
    importing(GivenMark("a.fits", x=10.0, y=20.0, group="g"))
    store.flush()
    names = Names(collection_of(data))
    write_imgmarker(store, names, data, tmp_path / "out", "alice", Settings())
    text = (tmp_path / "out" / "alice_marks.csv").read_text()
    height = opened_place(names.item("a.fits"), None).shape[0]
    assert f"a.fits,g,None,10,{height - 1 - 20}," in text
    with Store.open(tmp_path / "other.sqlite", "alice") as other:
        Importer(other, names, "1", {}).take(read_given(tmp_path / "out", None, ()))
        (mark,) = state(other, "a.fits").marks
    assert (mark.x, mark.y) == (10, 20)


def test_what_image_marker_cannot_hold_is_said(data, tmp_path, store, importing):
    importing(*(GivenItem("a.fits", (f"category {n}",)) for n in range(7)))
    importing(GivenItem("p.png", ("a+b, c",)))
    store.flush()
    written = write_imgmarker(
        store, Names(collection_of(data)), data, tmp_path / "out", "alice", Settings()
    )
    assert any(
        "left out: category 4, category 5, category 6" in notice for notice in written.notices
    )
    for damaged in ("alice_marks.csv", "alice_images.txt"):
        (tmp_path / damaged).write_text("")
        assert list(read_given(tmp_path / damaged, None, ())) == []


@pytest.mark.parametrize("era", ERAS)
def test_image_markers_groups_and_categories_become_settings(shared_data, tmp_path, era):
    from tuiview.exchange.imgmarker import settings_of
    from tuiview.settings import load_settings

    folder = shared_data / "imgmarker" / "fixtures" / era
    (tmp_path / "tuiview.toml").write_text(settings_of(folder, ("1", "2"), ("class 1",)))
    found = load_settings(tmp_path / "data", user_file=tmp_path / "none.toml")
    assert [c.name for c in found.categories] == ["Good", "Merger", "Bad seeing", "4", "5"]
    assert [(g.name, g.maximum) for g in found.groups[:4]] == [
        ("BCG", 1), ("Star", None), ("Artifact", 5), ("4", None),
    ]  # fmt: skip
    assert found.groups[0].color == "#ff0000"
    names = [g.name for g in found.groups], [c.name for c in found.categories]
    assert settings_of(folder, *names) == ""
    assert settings_of(shared_data / "imgmarker" / "mark_files", *names) == ""
