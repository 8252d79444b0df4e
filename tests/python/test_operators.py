# SPDX-License-Identifier: Apache-2.0
"""The operators from Python: every case of tests/cases, and what happens to tables on the way."""

import inspect
import json
import pathlib
import pickle
import threading

import pyarrow as pa
import pytest
from gristmill.operators import specs

import gristmill

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
pytest.importorskip("gristmill._native", reason="the native module is not built: make dev")

STOP_WORDS = "the be to of and that have with"
GOOD = " ".join(f"{STOP_WORDS} sentence number {number} goes on" for number in range(10))


def cases():
    for path in sorted((ROOT / "tests" / "cases").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            if line:
                yield path.stem, json.loads(line)


def options_of(operator, case):
    """Paths in cases count from the root of the repository."""
    files = {option["name"] for option in specs()[operator]["options"] if option["type"] == "file"}
    return {
        name: str(ROOT / value) if name in files and value else value for name, value in case.get("options", {}).items()
    }


def as_json(value):
    return json.dumps(value) if isinstance(value, dict) else value


def table_of(items, spec, null_type=None):
    """Documents of a case as a table, with the columns that the operator reads."""
    types = {"string": pa.string(), "boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64()}
    columns = {
        "text": pa.array([item.get("text", "") * item.get("repeat", 1) for item in items], pa.string()),
        "media_type": pa.array([item.get("media_type", "text/plain") for item in items], pa.string()),
        "url": pa.array([item.get("url") for item in items], pa.string()),
        "metadata": pa.array([as_json(item.get("metadata")) for item in items], pa.string()),
        "conversation": pa.array([as_json(item.get("conversation")) for item in items], pa.string()),
    }
    for column in spec["columns_in"]:
        values = [item.get("columns_in", {}).get(column["name"]) for item in items]
        columns[column["name"]] = pa.array(values, types[column["type"]])
    # Some operators read what their parameters name.
    for name in {name for item in items for name in item.get("columns_in", {})} - columns.keys():
        column = pa.array([item.get("columns_in", {}).get(name) for item in items])
        columns[name] = column.cast(null_type) if pa.types.is_null(column.type) else column
    return pa.table(columns)


def check_row(table, case):
    row = table.to_pylist()[0]
    for name, value in case.get("columns", {}).items():
        assert row[name] == (pytest.approx(value, rel=1e-6, abs=1e-6) if isinstance(value, float) else value), name
    for name, wanted in (("text", "expect_text"), ("media_type", "expect_media_type"), ("tokens", "tokens")):
        if wanted in case:
            assert row[name] == case[wanted]


@pytest.mark.parametrize(("operator", "case"), list(cases()), ids=lambda value: value if isinstance(value, str) else "")
def test_case(operator, case):
    spec = specs()[operator]
    function = getattr(getattr(gristmill.ops, operator.partition(".")[0]), operator.partition(".")[2])
    options = options_of(operator, case)
    if "error" in case:
        with pytest.raises((ValueError, LookupError, OverflowError, RuntimeError)):
            function(pa.table({"text": [""]}), **options)
        return
    report = {}
    if "documents" in case:
        items = [item if isinstance(item, dict) else {"text": item} for item in case["documents"]]
        table = table_of(items, spec).append_column("row", pa.array(range(len(items))))
        kept = function(table, report=report, **options).column("row").to_pylist()
        assert kept == [row for row, keep in enumerate(case["keep"]) if keep]
        return
    # A column of nulls has a type too: what the expression takes it for.
    is_condition = any(word in options.get("where", "").split() for word in ("and", "or", "not", "is"))
    out = function(table_of([case], spec, pa.bool_() if is_condition else pa.float64()), report=report, **options)
    out.validate(full=True)
    if case.get("keep", True):
        assert out.num_rows == 1, report
        check_row(out, case)
    else:
        reasons = {**report["dropped"], **report["quarantined"]}
        assert list(reasons) == [case["reason"]] if "reason" in case else reasons
        assert out.num_rows == (1 if options.get("annotate") else 0)


def filtered(data, **options):
    return gristmill.ops.filter.gopher_quality(data, **options)


def test_only_kept_rows_stay_with_all_their_columns():
    table = pa.table({"row": [0, 1, 2], "text": [GOOD, "too short", GOOD], "tags": [["a"], [], ["b", "c"]]})
    report = {}
    kept = filtered(table, report=report)
    assert kept.to_pylist() == [table.to_pylist()[0], table.to_pylist()[2]]
    assert report["dropped"] == {"gopher_quality.short_document": 1}
    assert (report["in"], report["out"], report["quarantined"]) == (3, 2, {})
    assert report["bytes_in"] == 2 * len(GOOD) + len("too short")


def test_annotate_keeps_all_rows_and_says_why():
    table = pa.table({"text": [GOOD, "too short"]})
    assert filtered(table, annotate=True).column("filter_gopher_quality_reason").to_pylist() == [
        None,
        "gopher_quality.short_document",
    ]


def test_columns_that_do_not_change_are_not_copied():
    table = pa.table({"text": [GOOD, GOOD], "other": [1, 2]})
    for out in (filtered(table), filtered(table, annotate=True)):
        for name in table.column_names:
            before, after = table.column(name).chunk(0).buffers(), out.column(name).chunk(0).buffers()
            assert [part.address for part in before if part] == [part.address for part in after if part]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_changed_text_keeps_its_type_slices_and_nulls(kind):
    texts = ["left out", "plain", None, "cafe\u0301 and a good deal of coffee", "", "\u212b" * 5]
    column = pa.chunked_array([pa.array(texts, pa.string()).cast(kind).slice(1), pa.array(["e\u0301"]).cast(kind)])
    out = gristmill.ops.normalize.unicode(pa.table({"body": column}), text_column="body").column("body")
    out.validate(full=True)
    assert out.type == kind
    assert out.to_pylist() == ["plain", None, "caf\u00e9 and a good deal of coffee", "", "\u00c5" * 5, "\u00e9"]


def test_slices_of_batches_are_read_from_their_first_row():
    batch = pa.record_batch({"text": ["too short", GOOD, "short", GOOD], "row": [0, 1, 2, 3]}).slice(1, 2)
    out = filtered(batch)
    assert isinstance(out, pa.RecordBatch)
    assert out.column("row").to_pylist() == [1]


def test_dictionaries_and_empty_tables():
    coded = pa.array([GOOD, "short", GOOD]).dictionary_encode()
    assert filtered(pa.table({"text": coded})).num_rows == 2
    empty = pa.table({"text": pa.array([], pa.string())})
    assert filtered(empty, annotate=True).schema.names[-1] == "filter_gopher_quality_reason"
    assert gristmill.ops.dedup.exact(empty).num_rows == 0
    assert filtered(pa.table({"text": pa.nulls(2)})).num_rows == 0


def test_arrays_and_readers_come_back_as_such():
    assert gristmill.ops.normalize.unicode(pa.array(["e\u0301"])).column("text").to_pylist() == ["\u00e9"]
    assert isinstance(filtered(pa.chunked_array([[GOOD, "short"]])), pa.ChunkedArray)
    table = pa.table({"text": [GOOD, "short", GOOD, GOOD]})
    report = {}
    reader = filtered(pa.RecordBatchReader.from_batches(table.schema, table.to_batches(2)), report=report)
    assert isinstance(reader, pa.RecordBatchReader)
    assert reader.read_all().num_rows == 3
    assert report["in"] == 4


def test_other_libraries_by_the_capsule_interface():
    class Foreign:
        def __init__(self, table):
            self.table = table

        def __arrow_c_stream__(self, requested_schema=None):
            return self.table.__arrow_c_stream__(requested_schema)

    assert filtered(Foreign(pa.table({"text": [GOOD, "short"]}))).num_rows == 1
    with pytest.raises(TypeError, match="is no Arrow data"):
        filtered([GOOD])


def test_duplicates_over_the_whole_table():
    batches = [
        pa.record_batch({"text": texts, "row": rows}) for texts, rows in ((["a", "b"], [0, 1]), (["b", "c"], [2, 3]))
    ]
    report = {}
    out = gristmill.ops.dedup.exact(pa.Table.from_batches(batches), report=report)
    assert out.column("row").to_pylist() == [0, 1, 3]
    assert sum(report["dropped"].values()) == 1
    assert gristmill.ops.dedup.exact(pa.Table.from_batches(batches), keep="newest").column("row").to_pylist() == [
        0,
        2,
        3,
    ]


def test_broken_text_is_mended_not_passed_on():
    offsets, data = pa.array([0, 4, 9], pa.int32()).buffers()[1], pa.py_buffer(b"a\xff\xfeb plain")
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, data])
    out = gristmill.ops.redact.pii(pa.table({"text": broken}))
    assert out.column("pii_count").to_pylist() == [0, 0]


def test_mistakes_are_told_in_words():
    table = pa.table({"text": [GOOD]})
    with pytest.raises(ValueError, match="did you mean 'min_words'"):
        filtered(table, min_wrods=3)
    with pytest.raises(LookupError, match="no column 'body'"):
        filtered(table, text_column="body")
    with pytest.raises(ValueError, match="holds no strings"):
        filtered(pa.table({"text": [1]}))
    with pytest.raises(LookupError, match=r"filter\.gopher_quality"):
        gristmill.Operator("filter.gopher_qualty")
    with pytest.raises(AttributeError, match="no operators of the family 'filtr'"):
        _ = gristmill.ops.filtr
    with pytest.raises(LookupError, match=r"needs the column 'language'|language"):
        gristmill.ops.filter.language(table, keep=["en"])


def test_an_operator_is_pickled_and_shared_between_threads():
    operator = pickle.loads(pickle.dumps(gristmill.Operator("filter.gopher_quality", min_words=3)))
    table = pa.table({"text": [GOOD, "too short"] * 500})
    counts = []
    threads = [threading.Thread(target=lambda: counts.append(operator(table).num_rows)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [500] * 4


def test_help_comes_from_the_spec():
    spec = specs()["filter.gopher_quality"]
    function = gristmill.ops.filter.gopher_quality
    assert function.__doc__.startswith(spec["summary"])
    parameters = inspect.signature(function).parameters
    for option in spec["options"]:
        assert parameters[option["name"]].default == option["default"]


def test_texts_may_be_bytes_and_dictionaries_of_any_kind():
    """What comes back has the type that it had, in each chunk, whether a row of it changed or not."""
    changed, same = "a\u0065\u0301b", "plain"
    types = [pa.binary(), pa.large_binary(), pa.binary_view(), pa.string_view(), pa.large_string()]
    for kind in [*types, pa.dictionary(pa.int8(), pa.large_string())]:
        values = pa.array([same, None, changed])
        values = values.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else values.cast(kind)
        table = pa.table({"text": pa.chunked_array([values.slice(0, 1), values.slice(1, 2)], kind)})
        result = gristmill.ops.normalize.unicode(table)
        assert result.schema.field("text").type == kind
        texts = [text.decode() if isinstance(text, bytes) else text for text in result["text"].to_pylist()]
        assert texts == [same, None, "a\u00e9b"], kind


def test_bytes_that_are_no_text_are_rewritten_by_maps_and_left_by_filters():
    table = pa.table({"text": pa.array([b"\xff\xfe" + GOOD.encode()], pa.binary())})
    assert gristmill.ops.normalize.unicode(table)["text"].to_pylist()[0].decode().startswith("\ufffd")
    assert gristmill.ops.filter.gopher_quality(table)["text"].to_pylist() == table["text"].to_pylist()


def test_an_expression_reads_what_the_table_holds():
    tokenizer = ROOT / "examples" / "tokenizers" / "example.json"
    table = pa.table({"text": ["one two three", "x"], "huge": pa.array([2**63 + 1, 0], pa.uint64())})
    counted = gristmill.ops.tokenize.bpe(table, tokenizer=tokenizer)
    for where in ("token_count > 2", "huge > 1"):
        kept = gristmill.ops.filter.expression(counted, where=where)
        assert kept["text"].to_pylist() == ["one two three"], where
    stored = pa.table({"text": ["a", "b"], "id": ["0" * 31 + "1", "0" * 31 + "2"], "origin_offset": [7, 8]})
    kept = gristmill.ops.filter.expression(stored, where=f"id = '{'0' * 31}2' and origin_offset = 8")
    assert kept["text"].to_pylist() == ["b"]


class OnlyCapsule:
    """An array that shows nothing but Arrow's capsule."""

    def __init__(self, array):
        self.array = array

    def __arrow_c_array__(self, requested_schema=None):
        return self.array.__arrow_c_array__(requested_schema)


def test_columns_of_other_libraries_are_columns():
    result = gristmill.ops.filter.gopher_quality(OnlyCapsule(pa.array([GOOD, "short"])))
    assert result.to_pylist() == [GOOD]
    result = gristmill.ops.filter.gopher_quality(OnlyCapsule(pa.record_batch({"text": [GOOD, "short"]})))
    assert result["text"].to_pylist() == [GOOD]


def test_messages_name_what_is_wrong():
    table = pa.table({"text": [GOOD]})
    quality = gristmill.ops.filter.gopher_quality
    for call, error, message in (
        (lambda: quality(table, min_words=float("nan")), ValueError, "min_words must be a finite number"),
        (lambda: quality(table, min_words=object()), TypeError, "got object"),
        (lambda: quality([GOOD]), TypeError, "pyarrow.table"),
        (lambda: quality(pa.table({"text": [[GOOD]]})), ValueError, "list<"),
        (lambda: quality(pa.table([[GOOD], [GOOD]], names=["text", "text"])), ValueError, "2 columns 'text'"),
        (
            lambda: gristmill.ops.filter.expression(table, where="length(text) >"),
            ValueError,
            "^filter.expression: where",
        ),
        (lambda: gristmill.Operator("gopher_quality"), LookupError, "'filter.gopher_quality'"),
    ):
        with pytest.raises(error, match=message):
            call()
