"""Several frames as one picture, from keys and from the command line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tuiview.errors import UsageError
from tuiview.imaging.display import Composition

if TYPE_CHECKING:
    from tuiview.ui.screens.desk import Desk

_MOST = 64


def toggle(desk: Desk) -> None:
    """Several frames as one picture, or one frame alone."""
    look = desk.session.look
    if look.current.composition is not None:
        look.compose(None)
        return
    frames = _frames(desk)
    composition = look.composition_for(frames)
    if composition is None:
        what = "one frame" if len(frames) == 1 else f"{len(frames)} frames"
        desk.say(f"this item has {what}; red, green and blue are three", "warning")
    else:
        look.compose(composition)


def rgb(desk: Desk, text: str) -> None:
    """`:rgb RED GREEN BLUE`, `:rgb lupton`, `:rgb simple`, `:rgb off`."""
    words = text.split()
    now = desk.session.look.current.composition
    if words == ["off"]:
        desk.session.look.compose(None)
        return
    how = words.pop(0) if words and words[0] in ("lupton", "simple") else "lupton"
    if words:
        names = frame_names(text.strip().removeprefix(how), _frames(desk))
    elif now is not None and now.colored:
        names = now.frames
    else:
        names = tuple(_frames(desk)[:3])
    _show(desk, Composition(names, how))


def mix(desk: Desk, text: str) -> None:
    """`:mix FRAME ...`, all frames without names."""
    frames = _frames(desk)
    names = frame_names(text, frames) if text.strip() else tuple(frames)
    if len(names) > _MOST:
        raise UsageError(f"a mix is of at most {_MOST} frames", ":mix FRAME FRAME ...")
    _show(desk, Composition(names, "mix"))


def subtract(how: str, desk: Desk, text: str) -> None:
    """`:difference FRAME [FRAME]`: the frame shown less that one, or the first less the second."""
    if text.strip() == "off":
        desk.session.look.compose(None)
        return
    names = frame_names(text, _frames(desk))
    if len(names) == 1 and desk.session.viewer.shown is not None:
        names = (desk.session.viewer.shown.info.frame, *names)
    _show(desk, Composition(names, how))


def lupton(desk: Desk, text: str) -> None:
    """`:lupton Q [STRETCH | auto]`."""
    now = _composition(desk, "lupton")
    words = text.split()
    try:
        q = float(words[0])
        stretch = None if words[1:] in ([], ["auto"]) else float(words[1])
    except (ValueError, IndexError):
        raise UsageError("Q and stretch are numbers", ":lupton Q [STRETCH | auto]") from None
    if len(words) > 2 or not q > 0 or (stretch is not None and not stretch > 0):
        raise UsageError("Q and stretch are numbers above 0", ":lupton Q [STRETCH | auto]")
    if words[1:]:
        desk.session.look.change(limits=None)  # they would hold in place of the stretch
    _show(desk, Composition(now.frames, "lupton", q, stretch))


def saturation(desk: Desk, text: str) -> None:
    """`:saturation NUMBER` of a mix."""
    now = _composition(desk, "mix")
    try:
        value = float(text)
    except ValueError:
        raise UsageError("saturation is a number", ":saturation NUMBER, from 0 to 10") from None
    if not 0 <= value <= 10:
        raise UsageError("saturation goes from 0 to 10")
    _show(desk, Composition(now.frames, "mix", saturation=value))


def frame_names(text: str, frames: Sequence[str]) -> tuple[str, ...]:
    """Frames by name or number (from 1); names with spaces stand as they are, or in quotes.

    Raises:
        UsageError: A frame does not exist.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{text.strip()}: {error}") from None
    known = set(frames)
    longest = max((name.count(" ") + 1 for name in frames), default=1)
    names = []
    while words:
        for count in range(min(longest, len(words)), 0, -1):
            name = " ".join(words[:count])
            if name in known:
                break
        else:
            count, name = 1, words[0]
            if not (name.isdecimal() and 1 <= int(name) <= len(frames)):
                close = get_close_matches(name, frames, 3)
                raise UsageError(f"this item has no frame {name}", ", ".join(close or frames[:5]))
            name = frames[int(name) - 1]
        names.append(name)
        del words[:count]
    return tuple(names)


def _show(desk: Desk, composition: Composition) -> None:
    from tuiview.loading.composition import check

    check(composition)
    desk.session.look.compose(composition)


def _composition(desk: Desk, how: str) -> Composition:
    now = desk.session.look.current.composition
    if now is None or not now.colored:
        raise UsageError("no colour picture is shown", f":{'rgb' if how == 'lupton' else 'mix'}")
    return now


def _frames(desk: Desk) -> Sequence[str]:
    shown = desk.session.viewer.shown
    return shown.info.frames if shown is not None else ()
