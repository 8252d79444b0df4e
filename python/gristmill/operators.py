# SPDX-License-Identifier: Apache-2.0
"""Operators over Arrow data: the engine's own code on tables that live in Python."""

import functools
import json
import math
import os
import threading
from typing import Any

from gristmill import tables


@functools.cache
def specs() -> dict[str, dict[str, Any]]:
    """What each operator's spec says, by name: options, columns, reasons."""
    from gristmill import _native

    return {spec["name"]: spec for spec in json.loads(_native.operators())}


def _file_stamps(name, options):
    """Paths, sizes and times of the files that options name: an operator is made anew when one changed."""
    spec = specs().get(name)
    files = [option["name"] for option in spec["options"] if option["type"] == "file"] if spec else []
    stamps = []
    for path in (options.get(option) for option in files):
        if path and os.path.exists(path):
            status = os.stat(path)
            stamps.append((os.fspath(path), status.st_size, status.st_mtime_ns))
    return tuple(stamps)


def _plain(operator, name, value):
    """An option as JSON knows it: paths as text, numbers of NumPy as numbers, any other sequence as a list."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "item") and not getattr(value, "ndim", 0):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{operator}: {name} must be a finite number, got {value}")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(operator, name, one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) or hasattr(value, "tolist"):
        items = value.tolist() if hasattr(value, "tolist") else value
        return [
            _plain(operator, name, one) for one in (sorted(items) if isinstance(items, (set, frozenset)) else items)
        ]
    raise TypeError(f"{operator}: {name} takes true or false, a number, a string or a list, got {type(value).__name__}")


@functools.lru_cache(maxsize=64)
def _make(name, options_json, text_column, _stamps):
    from gristmill import _native

    try:
        return _native.Operator(name, options_json, text_column)
    except KeyError as error:
        raise LookupError(error.args[0]) from None


# What two threads would load at once they load once.
_making = threading.Lock()


class Operator:
    """An operator of the catalog as a function over any Arrow-capable object.

    Takes and gives back pyarrow tables, record batches, readers and string arrays, Polars and pandas frames; anything
    else that speaks the Arrow PyCapsule interface comes back as a pyarrow table. Columns that do not change are handed
    on without a copy. Rows that the operator drops or cannot process are left out; pass a dict as `report` to learn how
    many there were of which reason. May be pickled, and used from many threads: the interpreter lock is released.

    >>> keep = gristmill.Operator("filter.gopher_quality", min_words=20)
    >>> report = {}
    >>> table = keep(table, report=report)
    """

    def __init__(self, name: str, /, *, text_column: str = "text", **options: Any) -> None:
        self.name = name
        self.text_column = text_column
        self.options = options
        self._options_json = json.dumps(
            {key: _plain(name, key, value) for key, value in options.items()}, sort_keys=True
        )
        self._native_operator()

    def __reduce__(self):
        return _remake, (self.name, self.text_column, self.options)

    def __repr__(self):
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"gristmill.Operator({self.name!r}{options})"

    def __call__(self, data: Any, *, report: dict | None = None) -> Any:
        return tables.transform(data, self._native_operator(), self.spec["kind"] == "global", self.text_column, report)

    @property
    def spec(self) -> dict[str, Any]:
        """The operator's spec: options, columns, reasons, reference."""
        return specs()[self.name]

    def _native_operator(self):
        with _making:
            return _make(self.name, self._options_json, self.text_column, _file_stamps(self.name, self.options))


def _remake(name, text_column, options):
    return Operator(name, text_column=text_column, **options)


class Chain:
    """Several operators as one function: what the first gives back goes to the second.

    A dict given as `report` is filled with one report an operator, by name; one that stands twice gets a number.
    """

    def __init__(self, *operators: "str | Operator") -> None:
        self.operators = [Operator(one) if isinstance(one, str) else one for one in operators]

    def __call__(self, data: Any, *, report: dict | None = None) -> Any:
        for number, operator in enumerate(self.operators):
            own: dict[str, Any] = {}
            data = operator(data, report=own)
            if report is not None:
                report[operator.name if operator.name not in report else f"{operator.name}#{number + 1}"] = own
        return data

    def __repr__(self):
        return f"gristmill.Chain({', '.join(map(repr, self.operators))})"


def as_chain(operators: Any, parts: str | None) -> Chain:
    """A chain of operators that may see the data in parts, named for the message: deduplication must see all of it."""
    chain = Chain(*operators)
    for operator in chain.operators:
        if parts is not None and operator.spec["kind"] == "global":
            raise ValueError(
                f"{operator.name} compares all documents with each other, {parts} show it some at a time: "
                "use gristmill.run, or gristmill.Operator on the whole table"
            )
    return chain
