# SPDX-License-Identifier: Apache-2.0
"""Tables that Gristmill writes, read and written by PyIceberg and DuckDB as they come, and the other way round."""

import json
import pathlib
import random
import subprocess
import threading

import pyarrow as pa
import pytest


def expected_texts(*ranges):
    return sorted(f"document {number} é" for first, count in ranges for number in range(first, first + count))


def pyiceberg_texts(table, snapshot_id=None):
    return sorted(table.scan(snapshot_id=snapshot_id).to_arrow()["text"].to_pylist())


def duckdb_texts(connection, table, snapshot_id=None):
    at = f", snapshot_from_id={snapshot_id}::UBIGINT" if snapshot_id else ""
    rows = connection.execute(f"SELECT text FROM iceberg_scan('{table.metadata_location}'{at})").fetchall()
    return sorted(row[0] for row in rows)


@pytest.fixture
def history(driver):
    """A table with four snapshots, two releases and a column that came later; expected texts by snapshot."""
    driver("create", "raw/web")
    expected = {}
    expected[driver("append", "raw/web", 0, 100)["id"]] = expected_texts((0, 100))
    expected[driver("append", "raw/web", 100, 50)["id"]] = expected_texts((0, 150))
    driver("tag", "raw/web", "first", "v1")
    driver("add-column", "raw/web", "score", "double")
    expected[driver("append", "raw/web", 150, 10)["id"]] = expected_texts((0, 160))
    expected[driver("replace", "raw/web", 500, 30)["id"]] = expected_texts((500, 30))
    driver("tag", "raw/web", "second", "latest")
    return expected


def test_pyiceberg_reads_every_version(driver, history):
    catalog = driver.pyiceberg()
    assert catalog.list_namespaces() == [("raw",)]
    assert catalog.list_tables("raw") == [("raw", "web")]
    table = catalog.load_table("raw.web")
    for snapshot_id, texts in history.items():
        assert pyiceberg_texts(table, snapshot_id) == texts
    assert pyiceberg_texts(table) == list(history.values())[-1]
    first, *_, last = history
    assert table.snapshot_by_name("first").snapshot_id == first
    assert table.snapshot_by_name("second").snapshot_id == last
    assert "score" not in table.scan(snapshot_id=first).to_arrow().column_names
    third = list(history)[2]
    scores = {row["text"]: row["score"] for row in table.scan(snapshot_id=third).to_arrow().to_pylist()}
    assert scores["document 0 é"] is None
    assert scores["document 159 é"] == 15.9
    assert len(table.history()) == 4
    assert table.inspect.files().num_rows == 1
    assert table.inspect.entries().num_rows == 4
    assert [str(snapshot.summary.operation.value) for snapshot in table.snapshots()] == ["append"] * 3 + ["overwrite"]
    assert table.current_snapshot().summary["total-records"] == "30"
    assert table.current_snapshot().summary["deleted-records"] == "160"


def test_duckdb_reads_every_version(driver, history, duckdb_connection):
    table = driver.pyiceberg().load_table("raw.web")
    for snapshot_id, texts in history.items():
        assert duckdb_texts(duckdb_connection, table, snapshot_id) == texts
    assert duckdb_texts(duckdb_connection, table) == list(history.values())[-1]
    listed = duckdb_connection.execute(
        f"SELECT snapshot_id FROM iceberg_snapshots('{table.metadata_location}')"
    ).fetchall()
    assert {row[0] for row in listed} == set(history)
    files = duckdb_connection.execute(
        f"SELECT status, content FROM iceberg_metadata('{table.metadata_location}')"
    ).fetchall()
    assert len(files) == 4


def test_an_empty_table_is_empty_for_all(driver, duckdb_connection):
    driver("create", "raw/web", "score")
    table = driver.pyiceberg().load_table("raw.web")
    assert table.scan().to_arrow().num_rows == 0
    assert table.schema().find_field("score").field_id == 100
    assert duckdb_texts(duckdb_connection, table) == []
    assert driver.error("scan", "raw/web")["error"] == "not_found"


def test_versions_are_found_by_every_kind_of_name(driver, history):
    first, second, third, _ = history
    assert driver("scan", "raw/web", "first")["snapshot"] == first
    assert driver("scan", "raw/web", "v2")["snapshot"] == second
    assert driver("scan", "raw/web", str(third))["snapshot"] == third
    assert driver("scan", "raw/web", "2999-01-01T00:00:00Z")["records"] == 30
    assert "has no version of 2001-01-01" in driver.error("scan", "raw/web", "2001-01-01")["message"]
    unknown = driver.error("scan", "raw/web", "v9")
    assert unknown["error"] == "not_found"
    assert "first, second" in unknown["message"]


def test_a_rollback_brings_content_and_columns_back(driver, history, duckdb_connection):
    first = next(iter(history))
    driver("rollback", "raw/web", "v1")
    table = driver.pyiceberg().load_table("raw.web")
    assert table.current_snapshot().snapshot_id == first
    assert pyiceberg_texts(table) == history[first] == duckdb_texts(duckdb_connection, table)
    assert "score" not in table.scan().to_arrow().column_names
    added = driver("append", "raw/web", 900, 5)
    assert added["parent"] == first
    assert added["sequence_number"] == 5
    table.refresh()
    expected = expected_texts((0, 100), (900, 5))
    assert pyiceberg_texts(table) == expected == duckdb_texts(duckdb_connection, table)


def test_releases_are_kept_apart(driver, history):
    assert driver.error("tag", "raw/web", "first", "v2")["error"] == "already_exists"
    driver("tag", "raw/web", "first", "v1")
    assert driver.error("tag", "raw/web", "main", "v1")["error"] == "invalid_argument"
    driver("untag", "raw/web", "first")
    assert driver.error("scan", "raw/web", "first")["error"] == "not_found"
    assert [reference for reference in driver.pyiceberg().load_table("raw.web").refs()] == ["main", "second"]


def test_pyiceberg_skips_files_by_our_bounds(driver):
    driver("create", "raw/web")
    for first in (1000, 2000, 3000):
        driver("append", "raw/web", first, 10)
    table = driver.pyiceberg().load_table("raw.web")
    from pyiceberg.expressions import EqualTo, GreaterThanOrEqual, LessThan

    assert len(list(table.scan(LessThan("origin_offset", 1005)).plan_files())) == 1
    assert len(list(table.scan(GreaterThanOrEqual("origin_offset", 2005)).plan_files())) == 2
    assert len(list(table.scan(EqualTo("id", f"{2003:016x}{0:016x}")).plan_files())) == 1
    assert table.scan(EqualTo("text", "document 2001 é")).to_arrow().num_rows == 1


def some_rows(table, texts):
    schema = table.schema().as_arrow()
    columns = {name: [None] * len(texts) for name in schema.names}
    columns["id"] = [f"{1_000_000 + number:016x}{0:016x}" for number in range(len(texts))]
    columns["text"] = texts
    return pa.Table.from_pydict(columns, schema=schema)


def test_pyiceberg_appends_and_deletes_between_our_commits(driver, history, duckdb_connection):
    catalog = driver.pyiceberg()
    table = catalog.load_table("raw.web")
    table.append(some_rows(table, ["from outside", "also from outside"]))
    assert driver("scan", "raw/web")["records"] == 32
    snapshot = driver("append", "raw/web", 700, 3)
    assert snapshot["summary"]["total-records"] == "35"
    assert int(snapshot["summary"]["total-files-size"]) > int(snapshot["summary"]["added-files-size"])
    table.refresh()
    table.delete("text = 'from outside'")
    scanned = driver("scan", "raw/web")
    assert scanned["records"] == 34
    assert sum(1 for file in scanned["files"]) == 3
    expected = sorted([*expected_texts((500, 30), (700, 3)), "also from outside"])
    table.refresh()
    assert pyiceberg_texts(table) == expected == duckdb_texts(duckdb_connection, table)
    driver("replace", "raw/web", 800, 4)
    table.refresh()
    assert pyiceberg_texts(table) == expected_texts((800, 4)) == duckdb_texts(duckdb_connection, table)
    for snapshot_id, texts in history.items():
        assert pyiceberg_texts(table, snapshot_id) == texts
        assert duckdb_texts(duckdb_connection, table, snapshot_id) == texts
        assert driver("scan", "raw/web", snapshot_id)["records"] == len(texts)


@pytest.mark.parametrize("form", ["file:///{}", "file:/{}", "/{}"])
def test_a_table_that_pyiceberg_made_is_read_and_extended(driver, duckdb_connection, form):
    driver("create", "raw/model")
    catalog = driver.pyiceberg()
    model = catalog.load_table("raw.model")
    catalog.create_namespace("other")
    location = form.format(str(driver.folder / "elsewhere").lstrip("/"))
    table = catalog.create_table("other.made", schema=model.schema(), location=location)
    table.append(some_rows(table, ["theirs"]))
    assert driver("scan", "other/made")["records"] == 1
    driver("append", "other/made", 10, 2)
    driver("append", "other/made", 20, 2)
    table.refresh()
    expected = sorted(["theirs", *expected_texts((10, 2), (20, 2))])
    assert pyiceberg_texts(table) == expected
    if form != "file:/{}":
        assert duckdb_texts(duckdb_connection, table) == expected
    driver("replace", "other/made", 30, 2)
    table.refresh()
    assert pyiceberg_texts(table) == expected_texts((30, 2))
    assert [line for line in driver.lines("list")[0]] == ["other/made", "raw/model"]


def test_deflate_manifests_are_read_merged_and_rewritten(driver, duckdb_connection):
    """Deflate is what PyIceberg, Spark and Trino write; what we take from such manifests is what they say."""
    driver("create", "raw/model")
    catalog = driver.pyiceberg()
    catalog.create_namespace("other")
    properties = {"write.avro.compression-codec": "gzip"}
    table = catalog.create_table("other.made", schema=catalog.load_table("raw.model").schema(), properties=properties)
    for number in range(3):
        table.append(some_rows(table, [f"theirs {number}"]))
    folder = pathlib.Path(table.location().removeprefix("file://")) / "metadata"
    files = list(folder.glob("*.avro"))
    assert files and all(b"deflate" in path.read_bytes()[:20_000] for path in files)
    assert driver("scan", "other/made")["records"] == 3
    # Long enough that our manifests and theirs are put together.
    assert driver.lines("append-many", "other/made", 100, 0)[1] == 0
    table.refresh()
    assert len(table.inspect.manifests()) < 100
    expected = sorted([*expected_texts((0, 100)), *(f"theirs {number}" for number in range(3))])
    assert pyiceberg_texts(table) == expected == duckdb_texts(duckdb_connection, table)
    driver("replace", "other/made", 200, 2)
    table.refresh()
    assert pyiceberg_texts(table) == expected_texts((200, 2))


def test_tables_of_other_kinds_are_refused_in_clear_words(driver):
    driver("create", "raw/model")
    catalog = driver.pyiceberg()
    model = catalog.load_table("raw.model")
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.transforms import IdentityTransform

    spec = PartitionSpec(PartitionField(source_id=6, field_id=1000, transform=IdentityTransform(), name="media_type"))
    catalog.create_table("raw.parted", schema=model.schema(), partition_spec=spec)
    assert "partition" in driver.error("append", "raw/parted", 0, 1)["message"]
    catalog.create_table("raw.third", schema=model.schema(), properties={"format-version": "1"})
    assert "format version 1" in driver.error("append", "raw/third", 0, 1)["message"]
    assert driver.error("append", "raw/none", 0, 1)["error"] == "not_found"
    assert driver.error("create", "raw/model")["error"] == "already_exists"
    assert driver.error("create", "raw/../x")["error"] == "invalid_argument"


def as_version_3(driver, change):
    """The newest metadata file as a writer of version 3 would leave it."""
    location = driver.pyiceberg().load_table("raw.web").metadata_location.removeprefix("file://")
    metadata = json.loads(pathlib.Path(location).read_text())
    metadata |= {"format-version": 3, "next-row-id": 1000}
    for number, snapshot in enumerate(metadata["snapshots"]):
        snapshot |= {"first-row-id": 10 * number, "added-rows": 10}
    change(metadata)
    pathlib.Path(location).write_text(json.dumps(metadata))


def field_of(metadata, name):
    schema = next(item for item in metadata["schemas"] if item["schema-id"] == metadata["current-schema-id"])
    return next(field for field in schema["fields"] if field["name"] == name)


def nothing(metadata):
    assert metadata["format-version"] == 3


def give_default(metadata):
    field_of(metadata, "url").update({"initial-default": "none", "write-default": "none"})


def make_variant(metadata):
    field_of(metadata, "metadata")["type"] = "variant"


def make_geometry(metadata):
    inner = {"id": 900, "name": "place", "required": False, "type": "geometry(srid:4326)"}
    field_of(metadata, "metadata")["type"] = {"type": "struct", "fields": [inner]}


def encrypt(metadata):
    metadata["encryption-keys"] = [{"key-id": "1", "encrypted-key-metadata": "AA=="}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (nothing, None),
        (give_default, "column url has a default value"),
        (make_variant, "column metadata is of type variant"),
        (make_geometry, "column metadata.place is of type geometry"),
        (encrypt, "the table is encrypted"),
    ],
)
def test_a_table_of_version_3_is_read_or_refused_in_clear_words(driver, change, words):
    driver("create", "raw/web")
    driver("append", "raw/web", 0, 10)
    as_version_3(driver, change)
    if words is None:
        assert driver("scan", "raw/web")["records"] == 10
    else:
        answer = driver.error("scan", "raw/web")
        assert answer["error"] == "invalid_argument" and words in answer["message"]
        assert "raw/web" in answer["message"] and "format version 3" in answer["message"]
    # Nothing is written to it, whatever it holds.
    assert "and only version 2 is written" in driver.error("append", "raw/web", 10, 10)["message"]
    assert "and only version 2 is written" in driver.error("tag", "raw/web", "now", "latest")["message"]


def test_a_commit_key_is_good_for_one_commit(driver):
    driver("create", "raw/web")
    first = driver("append", "raw/web", 0, 10, "key-a")
    driver("append", "raw/web", 10, 10, "key-b")
    assert driver("append", "raw/web", 0, 10, "key-a")["id"] == first["id"]
    assert driver("replace", "raw/web", 0, 10, "key-a")["id"] == first["id"]
    assert driver("scan", "raw/web")["records"] == 20


def attempts_of(snapshot):
    """How many attempts a commit of ours took: the number stands in the name of its manifest list."""
    return int(pathlib.Path(snapshot.manifest_list).name.split("-")[2])


def test_processes_that_append_at_once_lose_nothing(driver, duckdb_connection):
    """Each waits for its turn, so none prepares a commit in vain, and none may be overtaken for ever."""
    driver("create", "raw/web")
    processes = [
        subprocess.Popen(driver.command("append-many", "raw/web", 12, 1000 * number), stdout=subprocess.DEVNULL)
        for number in range(8)
    ]
    assert [process.wait(300) for process in processes] == [0] * 8
    table = driver.pyiceberg().load_table("raw.web")
    expected = expected_texts(*((1000 * number, 12) for number in range(8)))
    assert pyiceberg_texts(table) == expected == duckdb_texts(duckdb_connection, table)
    snapshots = table.snapshots()
    assert len(snapshots) == 96
    assert {attempts_of(snapshot) for snapshot in snapshots} == {1}
    times = [snapshot.timestamp_ms for snapshot in snapshots]
    assert times == sorted(set(times))
    for number, snapshot in enumerate(snapshots, 1):
        assert snapshot.sequence_number == number
        assert snapshot.summary["total-records"] == str(number)
    files = {path.name for path in (driver.folder / "warehouse/raw/web/metadata").iterdir()}
    lists = {pathlib.Path(snapshot.manifest_list).name for snapshot in snapshots}
    assert {name for name in files if name.startswith("snap-")} == lists, "failed attempts must clean up"


def test_pyiceberg_and_we_append_at_once(driver):
    from pyiceberg.exceptions import CommitFailedException

    driver("create", "raw/web")
    process = subprocess.Popen(driver.command("append-many", "raw/web", 40, 0), stdout=subprocess.DEVNULL)
    table = driver.pyiceberg().load_table("raw.web")
    for number in range(8):
        rows = some_rows(table, [f"outside {number}"])
        while True:
            try:
                table.append(rows)
                break
            except CommitFailedException:
                table.refresh()
    assert process.wait(300) == 0
    table.refresh()
    # Who does not queue may overtake, but only so often.
    ours = [snapshot for snapshot in table.snapshots() if snapshot.summary.get("gristmill.commit-key")]
    assert len(ours) == 40 and max(attempts_of(snapshot) for snapshot in ours) <= 6
    assert pyiceberg_texts(table) == sorted([*expected_texts((0, 40)), *(f"outside {number}" for number in range(8))])
    assert driver("scan", "raw/web")["records"] == 48


def test_a_long_history_is_merged_and_stays_readable(driver, duckdb_connection):
    driver("create", "raw/web")
    assert driver.lines("append-many", "raw/web", 120, 0)[1] == 0
    table = driver.pyiceberg().load_table("raw.web")
    assert len(table.inspect.manifests()) < 100
    assert pyiceberg_texts(table) == expected_texts((0, 120)) == duckdb_texts(duckdb_connection, table)
    half = table.snapshots()[59].snapshot_id
    assert pyiceberg_texts(table, half) == expected_texts((0, 60)) == duckdb_texts(duckdb_connection, table, half)
    sequence_numbers = [file["sequence_number"] for file in driver("scan", "raw/web")["files"]]
    assert sorted(sequence_numbers) == list(range(1, 121))
    # Metadata files that fell off the log of 100 are gone.
    kept = list((driver.folder / "warehouse/raw/web/metadata").glob("*.metadata.json"))
    assert len(kept) == 101


def test_replacing_what_another_changed_is_a_conflict(driver):
    """Of two processes that replace the same content at once, at most one wins; nothing is mixed."""
    driver("create", "raw/web")
    driver("append", "raw/web", 0, 10)
    results = []

    def replace(first):
        results.append(driver.lines("replace", "raw/web", first, 20))

    for _ in range(5):
        threads = [threading.Thread(target=replace, args=(first,)) for first in (100, 200, 300)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert driver("scan", "raw/web")["records"] == 20
        assert len(driver("scan", "raw/web")["files"]) == 1
    assert all(status == 0 or lines[-1]["error"] == "conflict" for lines, status in results)
    assert any(status == 0 for _, status in results)


def damage(path, kind, generator):
    if kind == "missing":
        path.unlink()
        return
    content = bytearray(path.read_bytes())
    if kind == "empty":
        content = bytearray()
    elif kind == "half":
        content = content[: len(content) // 2]
    else:
        for _ in range(20):
            content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
    path.write_bytes(content)


@pytest.mark.parametrize("kind", ["missing", "empty", "half", "bits"])
@pytest.mark.parametrize("file", ["metadata", "list", "manifest"])
def test_damaged_files_are_named(driver, kind, file):
    driver("create", "raw/web")
    driver("append", "raw/web", 0, 10)
    folder = driver.folder / "warehouse/raw/web/metadata"
    pattern = {"metadata": "00001-*.json", "list": "snap-*.avro", "manifest": "*-m0.avro"}[file]
    (path,) = folder.glob(pattern)
    generator = random.Random(7)
    damage(path, kind, generator)
    lines, status = driver.lines("scan", "raw/web")
    if kind == "bits" and status == 0:
        return
    assert status == 1
    assert path.name in lines[-1]["message"]
    assert "raw/web" in lines[-1]["message"]
    assert lines[-1]["error"] == "corrupt_data"
