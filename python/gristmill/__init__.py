# SPDX-License-Identifier: Apache-2.0
"""Gristmill from Python: operators over Arrow data, pipelines, datasets.

>>> import gristmill
>>> kept = gristmill.ops.filter.gopher_quality(table, min_words=50)   # pyarrow, Polars, pandas, ...
>>> run = gristmill.run("web-to-tokens", workspace="corpus", settings={"output": "clean/web"})
>>> frame = gristmill.dataset("corpus", "clean/web").to_polars()

Everything is loaded on first use, so that `import gristmill` stays quick.
"""

import importlib

__all__ = [
    "Chain",
    "Dataset",
    "Error",
    "Operator",
    "Tokenizer",
    "__version__",
    "dataset",
    "duckdb",
    "ops",
    "ray",
    "run",
    "spark",
    "sql",
]

_HOMES = {
    "Chain": "gristmill.operators",
    "Dataset": "gristmill.datasets",
    "Error": "gristmill.runs",
    "Operator": "gristmill.operators",
    "Tokenizer": "gristmill.tokenizers",
    "dataset": "gristmill.datasets",
    "run": "gristmill.runs",
}
_MODULES = {"duckdb", "ops", "ray", "spark", "sql"}


def _version():
    import pathlib

    # In the source tree the file counts, so that an installation beside it cannot answer for it.
    tree = pathlib.Path(__file__).resolve().parents[2] / "VERSION"
    if tree.is_file():
        return tree.read_text().strip()
    from importlib.metadata import version

    return version("gristmill")


def __getattr__(name):
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"gristmill.{name}")
    elif name == "__version__":
        value = _version()
    else:
        raise AttributeError(f"module 'gristmill' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
