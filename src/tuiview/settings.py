"""Settings: what `tuiview.toml` beside the data and the user's own file say, typed and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from tuiview.errors import UsageError

PROJECT_FILE = "tuiview.toml"
GRAPHICS = ("auto", "kitty", "kitty-direct", "sixel", "iterm2", "blocks")
SHAPES = ("circle", "square", "cross", "diamond")
BLOCKS = {
    "half": (1, 2), "quadrant": (2, 2), "sextant": (2, 3), "octant": (2, 4), "shade": (1, 1),
}  # fmt: skip
"""Characters to draw with: sub-cells across and down in one cell."""

COORDINATES = ("sexagesimal", "degrees", "galactic", "ecliptic")
"""How positions may read."""
CATEGORY_COLORS = (
    "#5fafff", "#ffaf5f", "#87d787", "#ff87d7", "#d7d75f", "#5fd7d7", "#d78787", "#af87ff",
    "#bcbcbc",
)  # fmt: skip
GROUP_COLORS = (
    "#ff0000", "#ff8000", "#ffff00", "#00ff00", "#00ffff", "#008080", "#0000ff", "#8000ff",
    "#ff00ff",
)  # fmt: skip
"""The colours of groups 1 to 9: Image Marker's."""


class Category(Struct, frozen=True):
    """Something that is said of an item by one key.

    Attributes:
        name: What is stored and exported.
        color: `#rrggbb`, on the status line.
    """

    name: str
    color: str


class Group(Struct, frozen=True):
    """A kind of mark.

    Attributes:
        name: What is stored and exported.
        color: `#rrggbb`, on the picture.
        shape: One of `SHAPES`.
        maximum: How many one image may have; None for any number.
    """

    name: str
    color: str
    shape: str = "circle"
    maximum: int | None = None


def _default_categories() -> tuple[Category, ...]:
    return tuple(Category(f"class {n}", CATEGORY_COLORS[n - 1]) for n in range(1, 10))


def _default_groups() -> tuple[Group, ...]:
    return tuple(Group(str(n), GROUP_COLORS[n - 1]) for n in range(1, 10))


class Settings(Struct, frozen=True):
    """Every setting, with its default.

    Attributes:
        reviewer: Whose decisions these are; the login name unless told otherwise.
        categories: The categories of keys 1 to 9, in order.
        exclusive: Whether setting a category clears the others.
        auto_advance: Whether a category key also moves on.
        grid_columns: How many pictures a grid has across.
        repeats: How many images come back later in the sequence, as `--repeats` takes it.
        tell_repeats: Whether it is said of an image that it comes back.
        blind: Whether names and positions on the sky are hidden, and metadata: all of it, or
            what `hide` names.
        hide: Columns and header cards that are hidden.
        groups: The groups of marks, in order.
        graphics: One of `GRAPHICS`.
        blocks: One of `BLOCKS`: which characters draw pictures where nothing better is there;
            `shade` needs no colours, and is taken where NO_COLOR is set.
        query_timeout: Seconds to wait for the terminal's answers at the start.
        cache_megabytes: Bound of the caches; 0 means an eighth of what the machine or job has.
        threads: Decoder threads.
        ahead: How many neighbours are made ready in the direction of travel.
        display: Defaults of the display for all kinds of images.
        display_by_kind: The same for one kind (`fits`, `png`...), before `display`.
        store: Folder for decisions, instead of the user's data folder.
        keys: Key lists by action id, instead of the built-in ones.
        theme: A Textual theme.
        coordinates: How positions read, one of `COORDINATES`.
        one_based: Whether pixel positions read as in FITS (first pixel is 1, 1).
        notices: What was odd in the files, to be said once.
        files: The files that were read, least important first.
    """

    reviewer: str = ""
    categories: tuple[Category, ...] = field(default_factory=_default_categories)
    exclusive: bool = False
    auto_advance: bool = False
    grid_columns: int = 5
    repeats: str = ""
    tell_repeats: bool = False
    blind: bool = False
    hide: tuple[str, ...] = ()
    groups: tuple[Group, ...] = field(default_factory=_default_groups)
    graphics: str = "auto"
    blocks: str = "half"
    query_timeout: float = 2.0
    cache_megabytes: int = 0
    threads: int = 2
    ahead: int = 8
    display: Mapping[str, Any] = field(default_factory=dict)
    display_by_kind: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    store: Path | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    theme: str = "textual-dark"
    coordinates: str = "sexagesimal"
    one_based: bool = False
    notices: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


def load_settings(beside: Path | None = None, *, user_file: Path | None = None) -> Settings:
    """Read the user's settings, then the project's `tuiview.toml` over them.

    Args:
        beside: The data; the project's file is looked for there and in the folders above.
        user_file: Instead of the file in the user's configuration folder.

    Raises:
        UsageError: A file cannot be parsed or a value is of the wrong kind; names file and key.
    """
    settings = Settings(reviewer=_login_name())
    for path in (user_file or _user_file(), beside and find_project_file(beside)):
        if path is not None and path.is_file():
            settings = _Reader(path).over(settings)
    return settings


def find_project_file(beside: Path) -> Path | None:
    """The nearest `tuiview.toml` in the folder of `beside` or above it."""
    start = beside.absolute()
    for folder in (start, *start.parents):
        candidate = folder / PROJECT_FILE
        if candidate.is_file():
            return candidate
    return None


def _user_file() -> Path:
    from platformdirs import user_config_path

    return user_config_path("tuiview") / "config.toml"


def _login_name() -> str:
    return os.environ.get("USER") or os.environ.get("LOGNAME") or "reviewer"


class _Reader:
    """Lays one TOML file over settings, naming file and key in every complaint."""

    KNOWN: Mapping[str, tuple[str, ...]] = {
        "review": (
            "reviewer",
            "categories",
            "exclusive",
            "auto_advance",
            "grid_columns",
            "store",
            "repeats",
            "tell_repeats",
            "blind",
            "hide",
        ),
        "marks": ("groups",),
        "terminal": ("graphics", "blocks", "query_timeout", "theme"),
        "loading": ("cache_megabytes", "threads", "ahead"),
        "display": (),
        "coordinates": ("form", "one_based"),
        "keys": (),
    }

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices: list[str] = []

    def over(self, base: Settings) -> Settings:
        """The settings `base` with what the file says laid over them."""
        document = self._parse()
        for name in document:
            if name not in self.KNOWN:
                self._unknown(name, tuple(self.KNOWN))
        changes: dict[str, Any] = {}
        review = self._table(document, "review")
        self._take(review, "reviewer", str, changes)
        self._take(review, "exclusive", bool, changes)
        self._take(review, "auto_advance", bool, changes)
        self._take(review, "grid_columns", int, changes)
        self._take(review, "repeats", str, changes)
        self._take(review, "tell_repeats", bool, changes)
        self._take(review, "blind", bool, changes)
        if "hide" in review:
            names = self._typed(review["hide"], list, "review.hide")
            changes["hide"] = tuple(self._typed(name, str, "review.hide") for name in names)
        if "store" in review:
            folder = Path(self._typed(review["store"], str, "review.store")).expanduser()
            changes["store"] = folder if folder.is_absolute() else self.path.parent / folder
        if "categories" in review:
            changes["categories"] = self._categories(review["categories"])
        marks = self._table(document, "marks")
        if "groups" in marks:
            changes["groups"] = self._groups(marks["groups"])
        terminal = self._table(document, "terminal")
        self._take(terminal, "graphics", str, changes, GRAPHICS)
        self._take(terminal, "blocks", str, changes, tuple(BLOCKS))
        self._take(terminal, "theme", str, changes)
        self._take(terminal, "query_timeout", float, changes)
        loading = self._table(document, "loading")
        for key in ("cache_megabytes", "threads", "ahead"):
            self._take(loading, key, int, changes)
        coordinates = self._table(document, "coordinates")
        self._take(coordinates, "one_based", bool, changes)
        if "form" in coordinates:
            changes["coordinates"] = self._typed(
                coordinates["form"], str, "coordinates.form", COORDINATES
            )
        display = dict(self._table(document, "display"))
        kinds = {k.lower(): display.pop(k) for k in list(display) if isinstance(display[k], dict)}
        changes["display"] = {**base.display, **display}
        changes["display_by_kind"] = {**base.display_by_kind, **kinds}
        keys = self._table(document, "keys")
        changes["keys"] = {
            **base.keys, **{k: self._typed(v, str, f"keys.{k}") for k, v in keys.items()}
        }  # fmt: skip
        return replace(
            base, **changes,
            notices=(*base.notices, *self.notices), files=(*base.files, self.path),
        )  # fmt: skip

    def _parse(self) -> dict[str, Any]:
        import tomllib  # most reviewers have no such file

        try:
            return tomllib.loads(self.path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{self.path}: {error}", "mend the file or move it away") from error
        except OSError as error:
            raise UsageError(f"{self.path}: {error.strerror}") from error

    def _table(self, document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        table = self._typed(document.get(name, {}), dict, name)
        known = self.KNOWN[name]
        for key in table if known else ():
            if key not in known:
                self._unknown(f"{name}.{key}", tuple(f"{name}.{k}" for k in known))
        return dict(table)

    def _unknown(self, name: str, known: tuple[str, ...]) -> None:
        close = get_close_matches(name, known, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        self.notices.append(f"{self.path.name}: no setting is called {name}{hint}")

    def _take(
        self, table: Mapping[str, Any], key: str, kind: type, changes: dict[str, Any],
        choices: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        if key in table:
            changes[key] = self._typed(table[key], kind, key, choices)

    def _typed(self, value: Any, kind: type, name: str, choices: tuple[str, ...] = ()) -> Any:
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            words = {str: "text", bool: "true or false", int: "a whole number", float: "a number",
                     dict: "a table", list: "a list"}  # fmt: skip
            raise UsageError(f"{self.path}: {name} must be {words[kind]}, not {value!r}")
        if choices and value not in choices:
            raise UsageError(f"{self.path}: {name} must be one of {', '.join(choices)}")
        return value

    def _named(self, entries: Any, name: str, colors: tuple[str, ...]) -> list[dict[str, Any]]:
        """Entries that are plain names or tables with a name, all with a colour."""
        found = []
        for n, entry in enumerate(self._typed(entries, list, name)):
            table = {"name": entry} if isinstance(entry, str) else dict(entry)
            if not isinstance(table.get("name"), str) or not table["name"].strip():
                raise UsageError(f"{self.path}: {name} number {n + 1} has no name")
            table["color"] = self._color(table.get("color", colors[n % len(colors)]), name)
            found.append(table)
        names = [table["name"] for table in found]
        if doubled := {n for n in names if names.count(n) > 1}:
            raise UsageError(f"{self.path}: {name} has {doubled.pop()!r} twice")
        return found

    def _color(self, value: Any, name: str) -> str:
        text = str(value).lower()
        if len(text) != 7 or text[0] != "#" or set(text[1:]) - set("0123456789abcdef"):
            raise UsageError(f"{self.path}: {name}: {value!r} is no colour like #ff8000")
        return text

    def _categories(self, entries: Any) -> tuple[Category, ...]:
        tables = self._named(entries, "review.categories", CATEGORY_COLORS)
        if len(tables) > 9:
            self.notices.append(f"{self.path.name}: only the first nine categories have a key")
        return tuple(Category(t["name"], t["color"]) for t in tables)

    def _groups(self, entries: Any) -> tuple[Group, ...]:
        groups = []
        for t in self._named(entries, "marks.groups", GROUP_COLORS):
            shape = self._typed(t.get("shape", "circle"), str, "marks.groups.shape", SHAPES)
            maximum = t.get("maximum")
            if maximum is not None and (type(maximum) is not int or maximum < 1):
                raise UsageError(f"{self.path}: marks.groups.maximum must be 1 or more")
            groups.append(Group(t["name"], t["color"], shape, maximum))
        return tuple(groups)
