# SPDX-License-Identifier: Apache-2.0
"""Writes python/gristmill/ops.pyi, the typed face of the operators, from their specs.

    .venv/bin/python tools/make_python_stubs.py [--program build/dev/bin/gristmill] [--print]

A test compares the file with what this makes today.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))

from gristmill.ops import documentation  # noqa: E402

HEAD = '''# SPDX-License-Identifier: Apache-2.0
# Made from the operators' specs by tools/make_python_stubs.py; do not edit.
"""Every operator of the catalog as a function: `gristmill.ops.<family>.<name>(data, **options)`."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal, TypeVar

# A pyarrow, Polars or pandas table, or any object with the Arrow PyCapsule interface: what goes in comes out.
Data = TypeVar("Data")
'''
TYPES = {
    "boolean": "bool",
    "integer": "int",
    "number": "float",
    "string": "str",
    "list of strings": "Sequence[str]",
    "file": "str | PathLike[str]",
}


def type_of(option):
    if not option.get("choices"):
        return TYPES[option["type"]]
    if len(option["choices"]) > 60:
        return TYPES[option["type"]]  # The help names them.
    words = ", ".join(json.dumps(word) for word in option["choices"].split(","))
    return f"Sequence[Literal[{words}]]" if option["type"] == "list of strings" else f"Literal[{words}]"


def parameter(option):
    text = f"{option['name']}: {type_of(option)}"
    if "default" not in option:
        return text
    default = json.dumps(option["default"])
    default = {"true": "True", "false": "False", "null": "None"}.get(default, default)
    # Long lists are in the operator's help; a stub may leave a default open.
    return f"{text} = {default if len(text) + len(default) < 100 else '...'}"


def function(spec):
    parameters = ["data: Data", "/", "*", *map(parameter, spec["options"])]
    parameters += ['text_column: str = "text"', "report: dict[str, Any] | None = None"]
    lines = ["    @staticmethod", f"    def {spec['name'].partition('.')[2]}("]
    lines += [f"        {text}," for text in parameters]
    lines += ["    ) -> Data:"]
    body = documentation(spec).replace("\\", "\\\\").replace('"""', '\\"\\"\\"').splitlines()
    lines += [f'        """{body[0]}', *(f"        {line}" if line else "" for line in body[1:]), '        """']
    return "\n".join(lines)


def stubs(specs):
    families = {}
    for spec in specs:
        families.setdefault(spec["name"].partition(".")[0], []).append(spec)
    out = HEAD
    for family, members in sorted(families.items()):
        out += f"\nclass _{family.capitalize()}:\n" + "\n\n".join(map(function, members)) + "\n"
    return out + "\n" + "".join(f"{family}: _{family.capitalize()}\n" for family in sorted(families))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("GRISTMILL", ROOT / "build" / "dev" / "bin" / "gristmill")
    parser.add_argument("--program", default=default, help="the gristmill command whose specs count")
    parser.add_argument("--print", action="store_true", help="write to standard output")
    options = parser.parse_args()
    listed = subprocess.run([options.program, "ops", "list", "--json"], check=True, capture_output=True, text=True)
    text = stubs(json.loads(listed.stdout))
    if options.print:
        print(text, end="")
    else:
        (ROOT / "python" / "gristmill" / "ops.pyi").write_text(text)


if __name__ == "__main__":
    main()
