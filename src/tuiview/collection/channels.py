"""Which files belong together: names that differ in one part, such as the band."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from tuiview.errors import UsageError

_ID = re.compile(r"\{id\}|\*")
_CHOICE = re.compile(r"\{([^{}]*,[^{}]*)\}")
_ENDING = r"((?:\.\w+)?(?:\.(?:gz|bz2|fz|xz))?)"


class Place(NamedTuple):
    """What a file is among those that belong together.

    Attributes:
        folder: Only files of one folder belong together.
        name: What they have in common.
        number: Which of the channels it is.
    """

    folder: str
    name: str
    number: int


class Channels:
    """How the files of one thing are called.

    Args:
        labels: The channels' names, red first.
        words: For each `(before, after)`: what stands before and after the common part in the
            files' names, endings like `.fits.gz` left out or not.
        files: Files that belong together whatever they are called, one for each channel.
    """

    def __init__(
        self,
        labels: Sequence[str],
        words: Sequence[tuple[str, str]] = (),
        files: Sequence[Path] = (),
    ) -> None:
        self.labels = tuple(labels)
        self._words = tuple(words)
        self._patterns = tuple(
            re.compile(f"{re.escape(before)}(.+){re.escape(after)}{_ENDING}")
            for before, after in words
        )
        self._files = {
            spelled: number
            for number, path in enumerate(files)
            for spelled in (path.absolute(), path.resolve())
        }
        self._common = _common(files)

    @classmethod
    def of_endings(cls, words: Sequence[str]) -> Self:
        """Channels by the endings of file names: `_i`, `_r.fits`, `*-g`, `img_{id}_g.fits`.

        Raises:
            UsageError: Two are the same.
        """
        if len(set(words)) < len(words) or not all(words):
            raise UsageError("the files of a colour picture need different endings", "_i _r _g")
        pairs = []
        for word in words:
            before, _, after = _ID.sub("\0", word, count=1).rpartition("\0")
            pairs.append((before, after))
        return cls(_labels(words), pairs)

    @classmethod
    def of_pattern(cls, pattern: str) -> Self:
        """Channels by one pattern with the choices in braces: `{id}_{r,g,i}.fits`.

        Raises:
            UsageError: It has no choices, or nothing in common.
        """
        usage = "for example '{id}_{i,r,g}.fits', red first"
        choices = _CHOICE.findall(pattern)
        if len(choices) != 1 or not _ID.search(_CHOICE.sub("", pattern)):
            raise UsageError(f"{pattern} does not say which files belong together", usage)
        labels = [label.strip() for label in choices[0].split(",")]
        if len(set(labels)) < len(labels) or not all(labels):
            raise UsageError(f"the choices of {pattern} are not different", usage)
        words = [_CHOICE.sub(lambda _, label=label: label, pattern) for label in labels]  # type: ignore[misc]
        return cls(labels, cls.of_endings(words)._words)

    @classmethod
    def of_files(cls, files: Sequence[Path]) -> Self:
        """Files that belong together whatever they are called.

        Raises:
            UsageError: One is named twice.
        """
        if len({path.resolve() for path in files}) < len(files):
            raise UsageError("the files of a colour picture must be different ones")
        names = [path.name for path in files]
        unique = len(set(names)) == len(names)
        return cls(_labels(names if unique else [str(path) for path in files]), files=files)

    @property
    def explicit(self) -> bool:
        """Whether single files are named, which make one item."""
        return bool(self._files)

    def place(self, path: Path) -> Place | None:
        """Where a file belongs; None if to no channel."""
        if self._files:
            number = self._files.get(path.absolute())
            return None if number is None else Place("", self._common, number)
        for number, pattern in enumerate(self._patterns):
            if match := pattern.fullmatch(path.name):
                return Place(str(path.parent), match[1].strip("_-. ") or match[1], number)
        return None

    def sibling(self, path: Path, number: int) -> str:
        """What the file of another channel is called."""
        own = self.place(path)
        assert own is not None
        match = self._patterns[own.number].fullmatch(path.name)
        assert match is not None
        before, after = self._words[number]
        return f"{before}{match[1]}{after}{match[2]}"

    def __str__(self) -> str:
        return ", ".join(f"{before}*{after}" for before, after in self._words)


def _labels(words: Sequence[str]) -> list[str]:
    """What is different in words that are alike otherwise: `i`, `r` of `_i.fits`, `_r.fits`."""
    bare = [_ID.sub("", word) for word in words]
    stems = [re.sub(_ENDING + r"\Z", "", word) for word in bare]
    if len(set(stems)) == len(stems):
        bare = stems
    before = re.sub(r"[^\W_]*\Z", "", _beginning(bare))
    rest = [word[len(before) :] for word in bare]
    after = re.sub(r"[^\W_]*\Z", "", _beginning([word[::-1] for word in rest]))[::-1]
    labels = [word[: len(word) - len(after)].strip("_-. ") for word in rest]
    if len(set(labels)) == len(labels) and all(labels):
        return labels
    return [str(number) for number in range(1, len(words) + 1)]


def _beginning(words: Sequence[str]) -> str:
    """What all words begin with."""
    first, last = min(words), max(words)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(letter for letter, _ in same)


def _common(files: Sequence[Path]) -> str:
    """A name for files that belong together: what their names begin with."""
    names = [path.name for path in files]
    common = _beginning(names).strip("_-. ") if names else ""
    return common or (Path(names[0]).stem if names else "")
