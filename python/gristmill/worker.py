# SPDX-License-Identifier: Apache-2.0
"""The process in which an operator written in Python works: reads batches from a pipe, writes results to another.

The engine starts it by path, one for each thread, and may kill it at any time. It needs nothing but the standard
library, so that any interpreter can host an operator. A frame is a header length (4 bytes), a body length (8 bytes), a
JSON header and a body with the columns one after the other: a byte a row (1 = null), then numbers (8 bytes, little
endian), booleans (1 byte), or the lengths of strings (4 bytes each) and their bytes.
"""

import array
import faulthandler
import hashlib
import importlib
import importlib.util
import inspect
import json
import os
import pathlib
import struct
import sys
import time
import traceback

FRAME = struct.Struct("<IQ")
NUMBERS = {"integer": "q", "number": "d"}


class BadResultError(Exception):
    """The function gave back something else than it should."""


def read_exactly(stream, size):
    data = stream.read(size)
    if len(data) != size:
        # The engine has gone or closed the pipe: there is nobody to answer.
        os._exit(0)
    return data


def read_frame(stream):
    header_size, body_size = FRAME.unpack(read_exactly(stream, FRAME.size))
    return json.loads(read_exactly(stream, header_size)), read_exactly(stream, body_size)


def write_frame(stream, header, body=b""):
    text = json.dumps(header).encode()
    stream.write(FRAME.pack(len(text), len(body)) + text)
    stream.write(body)
    stream.flush()


def read_strings(body, position, rows):
    lengths = array.array("I", body[position : position + 4 * rows])
    position += 4 * rows
    values = []
    for length in lengths:
        values.append(body[position : position + length].decode())
        position += length
    return values, position


def decode(header, body):
    """The columns of a batch as lists."""
    rows, position, batch = header["rows"], 0, {}
    for column in header["columns"]:
        nulls = body[position : position + rows]
        position += rows
        kind = column["type"]
        if kind == "string":
            values, position = read_strings(body, position, rows)
        elif kind == "boolean":
            values = [byte != 0 for byte in body[position : position + rows]]
            position += rows
        else:
            values = array.array(NUMBERS[kind], body[position : position + 8 * rows]).tolist()
            position += 8 * rows
        if any(nulls):
            values = [None if null else value for null, value in zip(nulls, values, strict=True)]
        batch[column["name"]] = values
    return batch


def checked(name, kind, value):
    """A value as its column needs it, or None; refuses other types."""
    if value is None:
        return None
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()  # Scalars of numpy and its like.
    if kind == "string" and isinstance(value, str):
        return value.encode("utf-8", "replace")
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind == "integer" and isinstance(value, int) and not isinstance(value, bool):
        if not -(2**63) <= value < 2**63:
            raise BadResultError(f"'{name}': {value} does not fit into 64 bits")
        return value
    if kind == "number" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if value == value else None
    raise BadResultError(f"'{name}' holds a value of type {type(value).__name__}, {kind} is needed")


def encode_column(name, kind, values, rows):
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__") or not hasattr(values, "__iter__"):
        raise BadResultError(f"'{name}' is a {type(values).__name__}, a list with one value a document is needed")
    if len(values) != rows:
        raise BadResultError(
            f"'{name}' holds {len(values)} values for {rows} documents: drop documents with a list 'keep' of booleans"
        )
    cells = [checked(name, kind, value) for value in values]
    if name in ("text", "keep") and None in cells:
        raise BadResultError(f"'{name}' holds None for document {cells.index(None)} of the batch")
    nulls = bytes(cell is None for cell in cells)
    if kind == "string":
        cells = [cell or b"" for cell in cells]
        return nulls + array.array("I", map(len, cells)).tobytes() + b"".join(cells)
    if kind == "boolean":
        return nulls + bytes(bool(cell) for cell in cells)
    return nulls + array.array(NUMBERS[kind], [cell or 0 for cell in cells]).tobytes()


def encode(result, rows, types):
    """The frame for what the function gave back."""
    if result is None:
        result = {}
    if not hasattr(result, "items"):
        raise BadResultError(
            f"the function returned a {type(result).__name__}: a dict of column name to list is needed, or None"
        )
    columns, parts = [], []
    for name, values in result.items():
        if name not in types:
            raise BadResultError(f"column '{name}' is not declared: the step writes {', '.join(sorted(types))}")
        columns.append({"name": name, "type": types[name]})
        parts.append(encode_column(name, types[name], values, rows))
    return {"ok": True, "rows": rows, "columns": columns}, b"".join(parts)


def load(reference, folder):
    """The object that `module:name` or `file.py:name` names."""
    place, _, name = reference.rpartition(":")
    if place.endswith(".py"):
        path = pathlib.Path(place)
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    else:
        sys.path.insert(0, folder)
        module = importlib.import_module(place)
    value = module
    for part in name.split("."):
        value = getattr(value, part)
    if not callable(value):
        raise TypeError(f"{reference} is a {type(value).__name__}, not a function or class")
    return value, module


def require_batch_function(function, reference):
    """Refuses what can never judge a batch, before any document is read."""
    if not callable(function):
        raise TypeError(f"{reference} makes an object without __call__(self, batch)")
    call = function if inspect.isroutine(function) else type(function).__call__
    if inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call):
        raise TypeError(f"{reference} is asynchronous: a plain function of a batch is needed")
    if inspect.isgeneratorfunction(call):
        raise TypeError(f"{reference} yields: return a dict of lists instead")
    try:
        parameters = inspect.signature(function)
    except (TypeError, ValueError):  # Some functions written in C tell no signature.
        return
    try:
        parameters.bind(None)
    except TypeError as error:
        raise TypeError(f"{reference}{parameters} cannot be called with a batch: {error}") from None


def takes(function, count):
    """Whether a function takes this many arguments by position."""
    try:
        inspect.signature(function).bind(*[None] * count)
    except (TypeError, ValueError):
        return False
    return True


def bind(value, config):
    """The function of a batch: a class is made once, a function may take the configuration beside the batch."""
    if inspect.isclass(value):
        return value(config) if takes(value, 1) else value()
    if takes(value, 2):
        return lambda batch: value(batch, config)
    return value


def source_digest(module):
    """SHA-256 over the module's source and that of everything it loaded from its own folder."""
    file = getattr(module, "__file__", None)
    if file is None:
        return hashlib.sha256(f"{module.__name__} {sys.version}".encode()).hexdigest()
    home = pathlib.Path(file).resolve().parent
    files = {pathlib.Path(file).resolve()}
    for other in list(sys.modules.values()):
        path = getattr(other, "__file__", None)
        if path and path.endswith(".py") and pathlib.Path(path).resolve().is_relative_to(home):
            files.add(pathlib.Path(path).resolve())
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(home)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def own_frames(error):
    """The traceback without the frames of this file."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).strip()


def answer(function, header, body, types):
    try:
        return encode(function(decode(header, body)), header["rows"], types)
    except BadResultError as error:
        return {"ok": False, "kind": "bad_result", "error": str(error)}, b""
    except BaseException as error:
        return {"ok": False, "kind": "failed", "error": own_frames(error)}, b""


def main():
    # The function may print: that goes to standard error, the pipe belongs to the frames.
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    faulthandler.enable()
    setting, _ = read_frame(requests)
    try:
        value, module = load(setting["function"], setting["folder"])
        function = bind(value, setting["config"])
        require_batch_function(function, setting["function"])
        write_frame(replies, {"ok": True, "digest": source_digest(module), "cpu": time.process_time()})
    except BaseException as error:
        write_frame(replies, {"ok": False, "error": own_frames(error)})
        return
    types = {"text": "string", "keep": "boolean", "reason": "string", **setting["columns"]}
    spent = time.process_time()
    while True:
        header, body = answer(function, *read_frame(requests), types)
        now = time.process_time()
        write_frame(replies, {**header, "cpu": now - spent}, body)
        spent = now


if __name__ == "__main__":
    # This file's own folder holds modules called like others (`ray`, `duckdb`): they must not be found in their place.
    sys.path.pop(0)
    main()
