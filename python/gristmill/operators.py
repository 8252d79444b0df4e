# SPDX-License-Identifier: Apache-2.0
"""Operators over Arrow data: the engine's own code on tables that live in Python."""

import functools
import json
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
        self._options_json = json.dumps(options, default=os.fspath, sort_keys=True)
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
