"""Decisions as tables: one row for each reviewed item, one row for each mark."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tuiview.errors import TuiviewError

if TYPE_CHECKING:
    from tuiview.review.reading import Reading

ITEM_COLUMNS = (
    "key", "path", "reviewer", "categories", "unsure", "favourite", "note", "first", "last",
    "replicate",
)  # fmt: skip
MARK_COLUMNS = (
    "key", "path", "reviewer", "frame", "group", "label", "x", "y", "ra", "dec", "made", "uuid",
    "replicate",
)  # fmt: skip
"""x and y are 0-based pixel centres of the native image; ra and dec are ICRS degrees;
replicate is 2 where the image had come back."""

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]


def items(store: Reading, root: Path) -> Iterator[tuple[Any, ...]]:
    """Rows of `ITEM_COLUMNS`; categories are joined by `+` in the order of their names."""
    for row in store.export_rows(repeats=True):
        state = row.state
        yield (
            row.key, str(root / row.key), row.reviewer, "+".join(sorted(state.categories)),
            state.unsure, state.favourite, state.note, state.first, state.last,
            row.replicate,
        )  # fmt: skip


def marks(store: Reading, root: Path) -> Iterator[tuple[Any, ...]]:
    """Rows of `MARK_COLUMNS`."""
    for row in store.export_marks(repeats=True):
        m = row.mark
        yield (
            row.key, str(root / row.key), row.reviewer, m.frame, m.group, m.label,
            m.x, m.y, m.ra, m.dec, row.made, m.uuid, row.replicate,
        )  # fmt: skip


def write_csv(table: Table, stream: IO[str]) -> None:
    """RFC 4180 with LF line ends, UTF-8; missing values are empty, flags are 0 and 1."""
    columns, rows = table
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([int(v) if isinstance(v, bool) else v for v in row])


def write_table(table: Table, path: Path, form: str) -> None:
    """Write a table as `csv`, `parquet`, `ecsv` or `votable`; the file appears whole or not at all.

    Raises:
        TuiviewError: The file cannot be written.
    """
    with replaced(path) as stream:
        _WRITERS[form](table, stream)


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of `path` once the block has ended well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise TuiviewError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _csv(table: Table, stream: IO[bytes]) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")
    write_csv(table, text)
    text.flush()
    text.detach()


def _parquet(table: Table, stream: IO[bytes]) -> None:
    import pyarrow.parquet

    columns, rows = table
    listed = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]
    pyarrow.parquet.write_table(
        pyarrow.table([_arrow(values) for values in listed], names=list(columns)), stream
    )


def _arrow(values: list[Any]) -> Any:
    import pyarrow

    plain = [_plain(v) for v in values]
    kind = pyarrow.string() if all(v is None for v in plain) else None
    return pyarrow.array(plain, type=kind)


def _astropy(form: str) -> Callable[[Table, IO[bytes]], None]:
    def write(table: Table, stream: IO[bytes]) -> None:
        import numpy as np
        from astropy.table import MaskedColumn
        from astropy.table import Table as AstropyTable

        columns, rows = table
        listed = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]
        made = AstropyTable()
        for name, values in zip(columns, listed, strict=True):
            plain = [_plain(v) for v in values]
            if name in ("x", "y", "ra", "dec"):
                numbers = np.array([np.nan if v is None else v for v in plain], dtype=float)
                made[name] = MaskedColumn(numbers, mask=np.isnan(numbers))
                if name in ("ra", "dec"):
                    made[name].unit = "deg"
            elif plain and isinstance(plain[0], bool):
                made[name] = np.array(plain, dtype=bool)
            elif name == "replicate":
                made[name] = np.array(plain, dtype=np.int16)
            else:
                made[name] = np.array(["" if v is None else v for v in plain], dtype=str)
        if form == "votable":
            made.write(stream, format="votable", tabledata_format="tabledata")
        else:
            text = io.StringIO()
            made.write(text, format="ascii.ecsv")
            stream.write(text.getvalue().encode("utf-8"))

    return write


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


_WRITERS: dict[str, Callable[[Table, IO[bytes]], None]] = {
    "csv": _csv,
    "parquet": _parquet,
    "ecsv": _astropy("ecsv"),
    "votable": _astropy("votable"),
}
FORMATS = tuple(_WRITERS)
