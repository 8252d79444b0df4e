# SPDX-License-Identifier: Apache-2.0
"""The style of the house as a test: what a formatter cannot see.

Line length, length of functions and files, names of files, words that do not belong, the licence line, headers nobody
includes, large files. `tools/tidy_ratchet.txt` lists functions that were too long when the rule came: they may stay or
shrink, never grow.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINE_MAX = 120
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 800
BLOB_BYTES_MAX = 256 * 1024
# Data that is meant to be large: the example corpus and tokenizer, and language models that the product ships.
LARGE_FOLDERS = ("examples/", "models/")
CODE = {".h", ".cc", ".py", ".sh", ".cmake"}
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|misc|manager|impl)$")
BANNED_WORDS = [
    (re.compile(r"\busing namespace\b"), {".h"}, "using namespace in a header"),
    (re.compile(r"\bstd::w?regex\b|#include <regex>"), {".h", ".cc"}, "std::regex: recursive on hostile input"),
    (re.compile(r"\bstd::(cout|cerr|endl)\b|#include <iostream>"), {".h", ".cc"}, "iostream: use fmt::print"),
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), CODE, "an unfinished mark: finish it or open an issue"),
    (re.compile(r"(?<![\w.])/(work|root|home)/\w"), CODE | {".md", ".yaml"}, "a path of one machine"),
]
SPDX = "SPDX-License-Identifier: Apache-2.0"
SPDX_NAMES = {"Makefile", "CMakeLists.txt"}
# This file and its test spell out what they look for.
EXEMPT_FROM_WORDS = {"tools/check_tidy.py", "tests/tools/test_check_tidy.py"}


def project_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


NOT_CODE = re.compile(
    r'R"([^()\\ ]{0,16})\((?:.|\n)*?\)\1"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
    r"|//[^\n]*|/\*(?:.|\n)*?\*/"
)


def blank_comments_and_strings(text):
    """The code with comments, strings and characters blanked out, every newline kept."""
    text = NOT_CODE.sub(lambda m: ("" if m.group()[0] == "/" else '""') + "\n" * m.group().count("\n"), text)
    return re.sub(r"^[ \t]*(public|private|protected):", "", text, flags=re.M)


SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()=;]*$")
FUNCTION_HEAD = re.compile(r"([~\w:]+|operator\s*\S+|\"\")\s*\(")


def functions(text):
    """Yields (name, first line, lines) of each function body of C++ text, by counting braces."""
    code = re.sub(
        r"^\s*#(?:.*\\\n)*.*$", lambda m: "\n" * m.group().count("\n"), blank_comments_and_strings(text), flags=re.M
    )
    stack, head_start = [], 0
    for match in re.finditer(r"[{};]", code):
        position, mark = match.start(), match.group()
        inside_function = any(kind == "function" for kind, *_ in stack)
        if mark == "{":
            head = code[head_start:position].strip()
            if inside_function:
                stack.append(("block", "", 0))
            elif SCOPE.search(re.sub(r"<[^<>]*>", "", head)) and not head.endswith(")"):
                stack.append(("scope", "", 0))
            elif (name := FUNCTION_HEAD.search(head)) and not head.endswith(("=", ",", "(")):
                first = code.count(
                    "\n", 0, head_start + len(code[head_start:position]) - len(code[head_start:position].lstrip())
                )
                stack.append(("function", name.group(1), first + 1))
            else:
                stack.append(("block", "", 0))
        elif mark == "}" and stack:
            kind, name, first = stack.pop()
            if kind == "function":
                yield name, first, code.count("\n", 0, position) + 2 - first
        if not any(kind == "block" for kind, *_ in stack) or mark == "{":
            head_start = position + 1


def python_functions(text):
    """Yields (name, first line, lines) of each Python function."""
    import ast

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def read_ratchet():
    path = ROOT / "tools" / "tidy_ratchet.txt"
    rows = (
        [line.split() for line in path.read_text().splitlines() if line and not line.startswith("#")]
        if path.exists()
        else []
    )
    return {(row[0], row[1]): int(row[2]) for row in rows}


def check_text(name, text, ratchet):
    """Faults of one source file."""
    suffix = pathlib.PurePath(name).suffix
    if suffix in CODE or pathlib.PurePath(name).name in SPDX_NAMES:
        if SPDX not in "\n".join(text.split("\n", 2)[:2]):
            yield f"{name}:1: the licence line is missing: {SPDX}"
        for number, line in enumerate(text.split("\n"), 1):
            # A record that a test spells out in a raw string is data; breaking it would change it.
            if len(line) > LINE_MAX and not (name.startswith("tests/") and 'R"' in line):
                yield f"{name}:{number}: {len(line)} columns, {LINE_MAX} allowed"
    if name not in EXEMPT_FROM_WORDS:
        for pattern, suffixes, why in BANNED_WORDS:
            if suffix in suffixes:
                for match in pattern.finditer(text):
                    yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group().strip()!r}: {why}"
    if suffix == ".h" and "#pragma once" not in text:
        yield f"{name}:1: #pragma once is missing"
    if suffix in (".h", ".cc", ".py"):
        for function, first, lines in python_functions(text) if suffix == ".py" else functions(text):
            allowed = max(FUNCTION_LINES_MAX, ratchet.get((name, function), 0))
            if lines > allowed:
                yield f"{name}:{first}: {function} has {lines} lines, {allowed} allowed"


def check_sizes(texts):
    """A header and its source count as one file."""
    pairs = {}
    for name, text in texts.items():
        path = pathlib.PurePath(name)
        if path.suffix in (".h", ".cc", ".py"):
            key = str(path.with_suffix("")) if path.suffix != ".py" else name
            pairs[key] = pairs.get(key, 0) + text.count("\n")
    for key, lines in pairs.items():
        if lines > FILE_LINES_MAX:
            yield f"{key}: {lines} lines, {FILE_LINES_MAX} allowed for a header and its source together"


def check_dead_headers(texts):
    included = set()
    for text in texts.values():
        included.update(re.findall(r'#include "(gristmill/[^"]+)"', text))
    for name in texts:
        if name.startswith("src/") and name.endswith(".h") and name.removeprefix("src/") not in included:
            yield f"{name}: no file includes it"


def check_files(paths):
    for path in paths:
        name = str(path.relative_to(ROOT))
        size = path.stat().st_size
        if size > BLOB_BYTES_MAX and not name.startswith(LARGE_FOLDERS):
            yield f"{name}: {size} bytes, {BLOB_BYTES_MAX} allowed"
        if path.suffix in CODE and BANNED_NAMES.search(path.stem):
            yield f"{name}: name the file by its concept, not {path.stem}"


def main():
    paths = project_files()
    texts = {}
    for path in paths:
        if path.suffix in CODE | {".md", ".yaml"} or path.name in SPDX_NAMES:
            name = str(path.relative_to(ROOT))
            if not name.startswith("examples/corpus/"):
                texts[name] = path.read_text()
    faults = list(check_files(paths)) + list(check_sizes(texts)) + list(check_dead_headers(texts))
    ratchet = read_ratchet()
    for name, text in texts.items():
        faults.extend(check_text(name, text, ratchet))
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"tidy: {len(texts)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
