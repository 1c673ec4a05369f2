"""The look: the display of the current item, its lock across items, and what changes it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from tuiview.errors import UsageError
from tuiview.imaging.display import (
    COLORMAPS,
    INTERVALS,
    RANGES,
    STRETCHES,
    Composition,
    Display,
    SkyView,
)

if TYPE_CHECKING:
    from tuiview.imaging.viewport import Viewport
    from tuiview.settings import Settings

_KIND_OF_SUFFIX = {
    ".fit": "fits", ".fts": "fits", ".fz": "fits", ".gz": "fits", ".bz2": "fits",
    ".jpg": "jpeg", ".tif": "tiff", ".jp2": "jpeg2000",
}  # fmt: skip
_CHOICES = {"stretch": STRETCHES, "interval": INTERVALS, "colormap": COLORMAPS}
_OBJECTS = {"composition": Composition, "sky": SkyView}
_REMEMBERED = 1000
_LIMIT_STEP = 0.05


class Look:
    """How items are shown.

    While locked, the current display holds for every item. Otherwise an item opens as the settings
    say for its kind, in the frame that was shown last, or as it was left earlier in this session.

    Args:
        settings: For the defaults of the display.
        changed: Called after each change of the current display.
        sky: What the pane shows of the sky now, or None; items that follow show the same while
            the display is locked and zoomed.
    """

    def __init__(
        self,
        settings: Settings,
        changed: Callable[[], None],
        sky: Callable[[], SkyView | None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._changed = changed
        self._sky = sky
        self._last_composition: Composition | None = None
        self._left: OrderedDict[str, Display] = OrderedDict()
        self.key = ""
        self.current = Display()
        self.locked = False

    def of(self, key: str) -> Display:
        """The display in which the item `key` would open now."""
        if key == self.key:
            return self.current
        if self.locked:
            # A view that fits shows the whole of every image, wherever that lies.
            matching = self.current.zoom is not None
            return self.current.but(sky=self._sky() if matching else None)
        return self._left.get(key) or self._default(key)

    def enter(self, key: str) -> None:
        """Make `key` the current item."""
        self.current = self.of(key)
        self.key = key

    def change(self, **values: Any) -> None:
        """Change the current display."""
        if "zoom" in values or "center" in values:
            values.setdefault("sky", None)
        self.current = self.current.but(**values)
        self._left[self.key] = self.current
        self._left.move_to_end(self.key)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        self._changed()

    def reset(self) -> None:
        """Back to the settings' display, in the same frame."""
        self.change(**_values(self._default(self.key)))

    def toggle_lock(self) -> None:
        """Hold the display across items, or let each open in its own."""
        self.locked = not self.locked
        self._changed()

    def cycle(self, name: str, step: int) -> None:
        """Take the next (or previous) stretch, interval or colour map; interval frees limits.

        Raises:
            UsageError: It would change nothing of a colour picture.
        """
        self.check(name)
        choices = _CHOICES[name]
        now = getattr(self.current, name)
        following = choices[(choices.index(now) + step) % len(choices)]
        freed: dict[str, Any] = {"limits": None} if name == "interval" else {}
        self.change(**{name: following, "scaled_color": True}, **freed)

    def check(self, name: str) -> None:
        """Refuse a stretch, an interval or a colour map that would change nothing.

        Raises:
            UsageError: The picture is of several frames in colour, and scaled in its own way.
        """
        composition = self.current.composition
        if composition is None or not composition.colored:
            return
        if name == "colormap":
            raise UsageError("a colour picture has no colour map", "p shows one frame alone")
        if composition.how == "lupton":
            raise UsageError(
                f"Lupton's scaling has no {name}",
                "( ) < > move its limits; :lupton Q [STRETCH], :rgb simple",
            )
        if composition.how == "mix" and name == "stretch":
            raise UsageError("a mix has no stretch", ":rgb simple has one; gamma acts on a mix")

    def compose(self, composition: Composition | None) -> None:
        """Show several frames as one picture, or (None) one frame alone."""
        self._last_composition = self.current.composition or composition
        self.change(composition=composition)

    def composition_for(self, frames: Sequence[str]) -> Composition | None:
        """What an item with these frames is composed of: as last, or its first three as colour."""
        last = self._last_composition
        if last is not None and set(last.frames) <= set(frames):
            return last
        return Composition(tuple(frames[:3])) if len(frames) >= 3 else None

    def show_frame(self, name: str) -> None:
        """Show one frame alone."""
        self.change(frame=name, composition=None)

    def shift_limit(self, which: int, direction: int, shown: tuple[float, float] | None) -> None:
        """Move the low (0) or high (1) limit by a twentieth of the range that is shown."""
        low, high = self.current.limits or shown or (0.0, 255.0)
        step = (high - low or 1.0) * _LIMIT_STEP * direction
        moved = (low + step, high) if which == 0 else (low, high + step)
        if moved[0] < moved[1]:
            self.change(limits=moved, scaled_color=True)

    def zoom(self, factor: float, viewport: Viewport, about: tuple[float, float] | None) -> None:
        """Zoom by `factor`, keeping the image position `about` where it is on the screen."""
        self._take(viewport.zoomed(factor, about))

    def pan(self, dx: float, dy: float, viewport: Viewport) -> None:
        """Move the view by a part of the pane: (1, 0) is a whole pane to the right."""
        self._take(viewport.panned(dx * viewport.width, dy * viewport.height))

    def fit_or_one(self) -> None:
        """From any zoom to fit; from fit to one screen pixel for an image pixel."""
        self.change(zoom=1.0 if self.current.zoom is None else None, center=None)

    def turn(self, quarters: int) -> None:
        """Rotate anticlockwise by quarter turns."""
        self.change(turns=(self.current.turns + quarters) % 4, north_up=False)

    def describe(self) -> str:
        """The display in a few words, for the status line."""
        d = self.current
        scaling = "limits" if d.limits else d.interval
        words = [scaling, d.stretch, d.colormap + (" inverted" if d.invert else "")]
        if (composition := d.composition) is not None:
            # Lupton's scaling is its own, a mix has no stretch, and colour no colour map.
            counts = {"lupton": 1 if d.limits else 0, "mix": 1, "simple": 2}
            words = [composition.words, *words[: counts.get(composition.how, 3)]]
        if d.zoom is not None:
            words.append(f"{d.zoom:.3g}x")
        if d.north_up:
            words.append("north up")
        elif d.turns or d.flip:
            words.append(f"{90 * d.turns}°" + (" flipped" if d.flip else ""))
        if d.blur:
            words.append(f"blur {d.blur:g}")
        return " ".join(words)

    def _take(self, viewport: Viewport) -> None:
        self.change(zoom=viewport.zoom, center=viewport.center)

    def _default(self, key: str) -> Display:
        suffix = PurePath(key).suffix.lower()
        kind = _KIND_OF_SUFFIX.get(suffix, suffix.removeprefix("."))
        values = {**self._settings.display, **self._settings.display_by_kind.get(kind, {})}
        if self.key:
            values["composition"] = self.current.composition
        return Display(frame=self.current.frame).but(**values)


def check_settings(settings: Settings) -> None:
    """Refuse settings of the display that no display has.

    Raises:
        UsageError: An unknown name or choice.
    """
    check_display(settings.display, "display")
    for kind, values in settings.display_by_kind.items():
        check_display(values, f"display.{kind}")


def check_display(values: Mapping[str, Any], where: str) -> None:
    """Refuse display values that no display has, naming the place and the choices.

    Raises:
        UsageError: An unknown name or choice.
    """
    known = Display.__struct_fields__
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"{where}: a display has no {name}", f"it has {', '.join(known)}")
        if name in _OBJECTS and not isinstance(value, _OBJECTS[name]):
            raise UsageError(f"{where}: {name} cannot be set here", "--rgb on the command line")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise UsageError(
                f"{where}: no {name} is called {value}", f"one of {', '.join(_CHOICES[name])}"
            )
        if name in RANGES and value is not None:
            low, high = RANGES[name]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and low <= value <= high):
                raise UsageError(f"{where}: {name} goes from {low:g} to {high:g}, not {value}")


def _values(display: Display) -> dict[str, Any]:
    return asdict(display)
