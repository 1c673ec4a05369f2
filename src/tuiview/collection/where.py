"""Conditions on a table's columns (`--where`), in pandas' query syntax, evaluated in batches."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tuiview.errors import UsageError
from tuiview.text import printable

if TYPE_CHECKING:
    import pyarrow as pa

_QUOTED = re.compile("`([^`]*)`")
_ROW = "index"

# Methods that look at one value at a time: any other would see one batch and not the table.
_METHODS = frozenset(
    ("isin", "isna", "isnull", "notna", "notnull", "between", "abs", "round", "astype", "clip",
     "eq", "ne", "lt", "le", "gt", "ge", "str", "dt")
)  # fmt: skip
_FUNCTIONS = frozenset(
    ("sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh",
     "arcsinh", "arccosh", "arctanh", "exp", "expm1", "log", "log1p", "log10", "sqrt", "abs",
     "floor", "ceil")
)  # fmt: skip


class Condition:
    """A condition that is asked of one batch of rows after the other.

    Args:
        text: In pandas' query syntax; column names that are no identifiers stand in backticks,
            `index` is the row's number.
        columns: The names that it may use.

    Attributes:
        columns: The columns that must be read for it.

    Raises:
        UsageError: It cannot be understood, or names a column that is not there.
    """

    def __init__(self, text: str, columns: Sequence[str]) -> None:
        self.text = text
        self._aliases: dict[str, str] = {}
        self._code = _QUOTED.sub(self._alias, text)
        try:
            tree = ast.parse(self._code.strip(), mode="eval")
        except SyntaxError as error:
            raise UsageError(
                f"The condition {printable(text)!r} cannot be read: {error.msg}.",
                "for example: magnitude < 18 and kind == 'star'",
            ) from None
        functions = {
            id(node.func)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        names: dict[str, None] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                if id(node) in functions:
                    _allow(node.id, _FUNCTIONS, text)
                else:
                    names[self._aliases.get(node.id, node.id)] = None
            elif isinstance(node, ast.Attribute) and not _is_accessor(node):
                _allow(node.attr, _METHODS, text)
        known = set(columns)
        for name in names:
            if name not in known and name != _ROW:
                raise unknown_column(name, columns)
        self.columns = [name for name in names if name in known]

    def _alias(self, quoted: re.Match[str]) -> str:
        alias = f"quoted_column_{len(self._aliases)}"
        self._aliases[alias] = quoted.group(1)
        return alias

    def mask(self, batch: pa.RecordBatch, first: int) -> NDArray[np.bool_]:
        """Which rows of a batch, whose first row is number `first`, fulfil the condition.

        Raises:
            UsageError: The condition does not suit the types of the columns.
        """
        import pandas as pd

        try:
            frame = pd.DataFrame({name: batch.column(name).to_pandas() for name in self.columns})
            frame.index = pd.RangeIndex(first, first + batch.num_rows)
            frame = frame.rename(columns={name: alias for alias, name in self._aliases.items()})
            result = frame.eval(self._code.strip(), engine="python", local_dict={}, global_dict={})
        except Exception as error:  # whatever pandas makes of a user's expression
            types = ", ".join(f"{name} is {batch.column(name).type}" for name in self.columns)
            raise UsageError(
                f"The condition {printable(self.text)!r} does not work: {printable(str(error))}.",
                types,
            ) from None
        if isinstance(result, bool | np.bool_):
            return np.full(batch.num_rows, bool(result))
        values = pd.Series(result)
        if values.dtype == object or isinstance(values.dtype, pd.BooleanDtype):
            values = values.fillna(False)
        if values.size != batch.num_rows or not set(values.unique()) <= {True, False}:
            raise UsageError(
                f"The condition {printable(self.text)!r} gives {values.dtype}, not yes or no.",
                "compare with something, as in: magnitude < 18",
            )
        return values.to_numpy(np.bool_)


def _is_accessor(node: ast.Attribute) -> bool:
    """Whether it is a public method of `.str` or `.dt`."""
    above = node.value
    return (
        isinstance(above, ast.Attribute)
        and above.attr in ("str", "dt")
        and not node.attr.startswith("_")
    )


def _allow(name: str, allowed: frozenset[str], text: str) -> None:
    if name not in allowed:
        raise UsageError(
            f"{name} cannot be used in the condition {printable(text)!r}.",
            f"known are {', '.join(sorted(allowed))}",
        )


def unknown_column(name: str, columns: Sequence[str]) -> UsageError:
    """The error for a column that is not there, with the nearest names."""
    near = get_close_matches(name, columns, n=3, cutoff=0.5) or list(columns[:12])
    more = ", ..." if len(columns) > len(near) else ""
    return UsageError(
        f"There is no column {printable(name)!r}.",
        f"there are {printable(', '.join(near))}{more}" if near else "the table has no columns",
    )
