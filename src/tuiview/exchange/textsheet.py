"""Tables of text: CSV, TSV, `|` or blanks between the columns, ECSV, SExtractor's lists."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuiview.exchange.sheet import (
    HEAD,
    NOTHING,
    Floats,
    Sheet,
    Words,
    arrow_numbers,
    arrow_words,
    damaged,
)

_SEXTRACTOR = re.compile(r"#\s*(\d+)\s+(\w+)(?:\s.*?\[(.*)\])?")


class TextSheet(Sheet):
    """Lines of text: a header, then rows; or ECSV, or SExtractor's list of columns."""

    def __init__(self, path: Path, head: bytes) -> None:
        self.path = path
        text = head.decode("utf-8-sig", "replace")
        lines = text.split("\n")
        if len(head) == HEAD:
            lines.pop()
        self._lines = [line.rstrip("\r") for line in lines]
        self.units: dict[str, str] = {}
        self._skip = 0
        comments = 0
        while comments < len(self._lines) and self._lines[comments].startswith("#"):
            comments += 1
        self.delimiter = ","
        self._quoted = True
        self.names = self._header(comments)
        self._table: Any = None

    def _header(self, comments: int) -> Sequence[str]:
        remarks, rest = self._lines[:comments], self._lines[comments:]
        if remarks and remarks[0].startswith("# %ECSV"):
            return self._ecsv(remarks, rest)
        listed = [_SEXTRACTOR.match(remark) for remark in remarks]
        if remarks and all(listed):
            self.delimiter, self._skip = " ", comments
            found = [match for match in listed if match]
            self.units = {match[2]: match[3] for match in found if match[3]}
            return [match[2] for match in found]
        first = next((line for line in rest if line.strip()), "")
        if remarks and first and all(_is_number(cell) for cell in _cells(first)):
            last = remarks[-1].lstrip("# \t")
            if len(_cells(last)) == len(_cells(first)):
                self.delimiter, self._skip = delimiter_of(first), comments
                return _cells(last)
        self._skip = comments + (rest.index(first) if first else 0) + 1
        self.delimiter = delimiter_of(first)
        self._quoted = self.delimiter != "|"
        return _unique(_cells(first, self.delimiter))

    def _ecsv(self, remarks: list[str], rest: list[str]) -> Sequence[str]:
        header = "\n".join(line[2:] for line in remarks)
        told = re.search(r"^delimiter:\s*'?\"?([^'\"\n])", header, re.MULTILINE)
        self.delimiter = told[1] if told else " "
        for entry in re.split(r"^\s*- ", header, flags=re.MULTILINE)[1:]:
            name, unit = (_yaml_value(key, entry) for key in ("name", "unit"))
            if name and unit:
                self.units[name] = unit
        self._skip = len(remarks) + 1
        first = rest[0] if rest else ""
        return next(csv.reader([first], delimiter=self.delimiter), [])

    def __len__(self) -> int:
        return 0 if self._table is None else int(self._table.num_rows)

    def read(self, numbers: Sequence[str], words: Sequence[str] = ()) -> None:
        """Read these columns."""
        import pyarrow as pa

        wanted = list(dict.fromkeys([*numbers, *words]))
        if self.delimiter == " " and not self._ecsv_like:
            self._table = self._blanks(wanted, set(words))
            return
        plain = {name: pa.float64() for name in numbers if name not in words}
        attempts = [(plain, "utf8"), ({}, "utf8"), ({}, "latin1")]
        for n, (kinds, encoding) in enumerate(attempts):
            texts = {name: pa.string() for name in wanted if name not in kinds}
            try:
                self._table = self._arrow(wanted, {**kinds, **texts}, encoding)
                return
            except (pa.ArrowInvalid, UnicodeDecodeError) as error:
                if n == len(attempts) - 1:
                    raise damaged(self.path, error) from None
            except OSError as error:
                raise damaged(self.path, error) from None

    @property
    def _ecsv_like(self) -> bool:
        return bool(self._lines) and self._lines[0].startswith("# %ECSV")

    def _arrow(self, wanted: list[str], kinds: Mapping[str, Any], encoding: str) -> Any:
        import pyarrow.csv as pacsv

        self.skipped = 0

        def unfit(row: Any) -> str:
            if row.text is None or not row.text.lstrip().startswith("#"):
                self.skipped += 1
            return "skip"

        return pacsv.read_csv(
            self.path,
            pacsv.ReadOptions(
                column_names=list(self.names), skip_rows=self._skip, block_size=4 << 20,
                encoding=encoding,
            ),
            pacsv.ParseOptions(
                delimiter=self.delimiter, invalid_row_handler=unfit,
                quote_char='"' if self._quoted else False, newlines_in_values=False,
            ),
            pacsv.ConvertOptions(
                include_columns=wanted, column_types=dict(kinds), null_values=list(NOTHING),
            ),
        )  # fmt: skip

    def _blanks(self, wanted: list[str], words: set[str]) -> Any:
        """Columns with blanks between them."""
        import pandas as pd
        import pyarrow as pa

        try:
            frame = pd.read_csv(
                self.path, sep=r"\s+", names=list(self.names), skiprows=self._skip, comment="#",
                usecols=lambda name: name in wanted, dtype=dict.fromkeys(words, str),
                na_values=list(NOTHING), on_bad_lines="skip", index_col=False,
            )  # fmt: skip
        except (ValueError, OSError) as error:
            raise damaged(self.path, error) from None
        return pa.Table.from_pandas(frame, preserve_index=False)

    def numbers(self, name: str) -> Floats:
        """A column that was read, as numbers."""
        return arrow_numbers(self._table.column(name))

    def words(self, name: str) -> Words:
        """A column that was read, as text."""
        return arrow_words(self._table.column(name))


def _yaml_value(key: str, entry: str) -> str:
    """The text of a key in one entry of an ECSV header, in flow or block style."""
    found = re.search(rf"\b{key}:\s*('(?:[^']|'')*'|\"[^\"]*\"|[^,}}\n]+)", entry)
    if not found:
        return ""
    value = found[1].strip()
    if value[:1] == "'":
        return value[1:-1].replace("''", "'")
    return value.strip('"').removeprefix("!astropy.units.Unit {unit: ")


def delimiter_of(line: str) -> str:
    """What stands between the columns of a header line."""
    for mark in ("|", "\t", ",", ";"):
        if mark in line:
            return mark
    return " " if len(line.split()) > 1 else ","


def _cells(line: str, delimiter: str | None = None) -> list[str]:
    delimiter = delimiter or delimiter_of(line)
    if delimiter == " ":
        return line.split()
    if delimiter == "|":
        return [cell.strip() for cell in line.split("|")]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _unique(names: Sequence[str]) -> list[str]:
    """The names, later equal ones told apart by a number."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return found


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell in NOTHING
    return True
