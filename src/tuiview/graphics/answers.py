"""What a terminal says back: answers told apart from key presses in one stream of input."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

ESC = "\x1b"


class Kind(StrEnum):
    """What an answer tells."""

    ATTRIBUTES = "attributes"  # DA1: CSI ? 62 ; 4 c
    SECONDARY = "secondary"  # DA2: CSI > 41 ; 379 ; 0 c
    VERSION = "version"  # XTVERSION: DCS > | text ST
    GRAPHICS = "graphics"  # kitty: APC G i=31;OK ST
    WINDOW = "window"  # CSI 4 ; height ; width t, CSI 6 ; height ; width t
    SIXEL = "sixel"  # XTSMGRAPHICS: CSI ? item ; status ; values S
    MODE = "mode"  # DECRPM: CSI ? mode ; setting $ y
    CURSOR = "cursor"  # CPR: CSI row ; column R
    STATUS = "status"  # DSR: CSI 0 n
    OTHER = "other"  # any other string or report that is never a key


class Answer(Struct, frozen=True):
    """One answer of the terminal.

    Attributes:
        kind: What it tells.
        text: Its parameters or string, without introducer and terminator.
    """

    kind: Kind
    text: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numeric parameters; those that are not numbers are left out."""
        return tuple(int(part) for part in re.findall(r"\d+", self.text))


_CSI = re.compile(r"\x1b\[([<=>?]?)([0-9:;]*)([ -/]*)([@-~])")
_CSI_OPEN = re.compile(r"\x1b\[[<=>?]?[0-9:;]*[ -/]*\Z")
_STRING = re.compile(r"\x1b([PX\]^_])(.*?)(?:\x1b\\|\x07|\x9c)", re.DOTALL)
# A string that a terminal sends of its own starts in one of these ways; Alt with a letter does not.
_STRING_START = re.compile(r"\x1b(?:P[>01!]|_G|\][0-9])")
_STRING_MAYBE = re.compile(r"\x1b[P_\]]\Z")
_LONGEST = 8192


class AnswerSplitter:
    """Takes the input stream apart into answers and everything else, over any splitting of it.

    Args:
        answered: Called with each answer as it completes.
        keep: Kinds that stay in the stream because who reads it next understands them.
    """

    def __init__(
        self, answered: Callable[[Answer], None], *, keep: frozenset[Kind] = frozenset()
    ) -> None:
        self._answered = answered
        self._keep = keep
        self._held = ""

    @property
    def held(self) -> str:
        """What has come of a sequence that is not complete yet."""
        return self._held

    @property
    def certain(self) -> bool:
        """Whether what is held can only be an answer, never a key."""
        return self._held.startswith(("\x1b[?", "\x1b[>", "\x1b[=")) or bool(
            _STRING_START.match(self._held)
        )

    def feed(self, text: str) -> str:
        """Take input; return what is no answer, in order."""
        data = self._held + text
        self._held = ""
        out: list[str] = []
        at = 0
        while (start := data.find(ESC, at)) >= 0:
            out.append(data[at:start])
            end = self._sequence(data, start, out)
            if end is None:
                self._held = data[start:]
                if len(self._held) > _LONGEST:
                    self._held = ""
                return "".join(out)
            at = end
        out.append(data[at:])
        return "".join(out)

    def flush(self) -> str:
        """Give up waiting for the rest of a sequence: a key goes on, half an answer is dropped."""
        held, certain = self._held, self.certain
        self._held = ""
        return "" if certain else held

    def _sequence(self, data: str, start: int, out: list[str]) -> int | None:
        """Deal with the sequence at `start`; return where it ends, None when it is incomplete."""
        following = data[start + 1 : start + 2]
        if following == "":
            return None
        if following == "[":
            found = _CSI.match(data, start)
            if found is None:
                if _CSI_OPEN.match(data, start):
                    return None
                out.append(data[start : start + 2])
                return start + 2
            answer = _report(found)
            if answer is None or answer.kind in self._keep:
                out.append(found.group())
            else:
                self._answered(answer)
            return found.end()
        if _STRING_START.match(data, start):
            found = _STRING.match(data, start)
            if found is None:
                return None
            self._answered(_string(found.group(1), found.group(2)))
            return found.end()
        if _STRING_MAYBE.match(data, start):
            return None
        out.append(ESC)
        return start + 1


def _report(found: re.Match[str]) -> Answer | None:
    """The answer in a control sequence, None when it is a key, a mouse or a focus report."""
    private, parameters, between, final = found.groups()
    if private == "?" and final == "c":
        return Answer(Kind.ATTRIBUTES, parameters)
    if private in (">", "=") and final == "c":
        return Answer(Kind.SECONDARY, parameters)
    if private == "?" and final == "S":
        return Answer(Kind.SIXEL, parameters)
    if private == "?" and between == "$" and final == "y":
        return Answer(Kind.MODE, parameters)
    if private == "" and final == "t" and not parameters.startswith("48;"):
        return Answer(Kind.WINDOW, parameters)
    if private == "" and final == "R" and re.fullmatch(r"\d+;\d+", parameters):
        return Answer(Kind.CURSOR, parameters)
    if private == "" and final == "n":
        return Answer(Kind.STATUS, parameters)
    if private in ("?", ">", "="):
        return Answer(Kind.OTHER, private + parameters + between + final)
    return None


def _string(introducer: str, text: str) -> Answer:
    if introducer == "P" and text.startswith(">|"):
        return Answer(Kind.VERSION, text[2:])
    if introducer == "_":
        return Answer(Kind.GRAPHICS, text[1:])
    return Answer(Kind.OTHER, introducer + text)
