# SPDX-License-Identifier: Apache-2.0
"""`gristmill.sql` and `gristmill.dataset` over a catalog that PyIceberg wrote."""

import json
import pathlib
import subprocess
import sys

import pyarrow
import pytest

import gristmill
from gristmill import sql

PYTHON_FOLDER = pathlib.Path(gristmill.__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    from pyiceberg.catalog.sql import SqlCatalog

    root = tmp_path_factory.mktemp("work space")
    (root / ".gristmill").mkdir()
    uri = f"sqlite:///{root / '.gristmill' / 'catalog.db'}"
    catalog = SqlCatalog("gristmill", uri=uri, warehouse=f"file://{root}/warehouse")
    for space in ("clean", "default"):
        catalog.create_namespace(space)
    rows = pyarrow.table({"text": ["one", "zwei", "三"], "count": [1, 2, None]})
    table = catalog.create_table("clean.web", rows.schema)
    table.append(rows)
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, "first").commit()
    table.append(pyarrow.table({"text": ["four"], "count": [4]}))
    catalog.create_table("default.empty", rows.schema)
    catalog.create_table("default.lone", rows.schema).append(rows)
    return root


def answer(workspace, query, *options):
    command = [sys.executable, "-m", "gristmill.sql", "--workspace", str(workspace), *options, query]
    return subprocess.run(command, capture_output=True, text=True, cwd=PYTHON_FOLDER, timeout=120)


def rows(workspace, query):
    done = answer(workspace, query, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_dataset_has_two_spellings_and_versions(workspace):
    assert rows(workspace, 'SELECT count(*) AS n FROM "clean/web"') == [{"n": 4}]
    assert rows(workspace, "SELECT count(*) AS n FROM clean.web w JOIN lone USING (text)") == [{"n": 3}]
    assert rows(workspace, 'SELECT count(*) AS n FROM "clean/web@first"') == [{"n": 3}]
    both = 'SELECT a.n, b.n AS m FROM (SELECT count(*) n FROM clean."web@v1") a, (SELECT count(*) n FROM "clean/web") b'
    assert rows(workspace, both) == [{"n": 3, "m": 4}]
    assert rows(workspace, 'SELECT count(*) AS n FROM "clean/web@2999-01-01T00:00:00Z"') == [{"n": 4}]
    assert rows(workspace, "SELECT * FROM empty") == []


@pytest.mark.parametrize("query", ["", "-- nothing", "/* nothing */ ;", b"SELECT '\xff'"], ids=repr)
def test_a_query_that_says_nothing_is_refused(workspace, query):
    done = answer(workspace, query, "--json")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "invalid_argument"
    assert done.stderr.startswith("gristmill sql: the query ")


def test_the_table_is_aligned_also_with_wide_characters(workspace):
    done = answer(workspace, 'SELECT text, count FROM "clean/web@v1" ORDER BY text')
    assert done.stdout.splitlines() == [
        "text  count",
        "────  ─────",
        "one       1",
        "zwei      2",
        "三     NULL",
        "(3 rows)",
    ]


def test_errors_say_what_to_do(workspace, tmp_path):
    done = answer(workspace, 'SELECT * FROM "clean/wob"')
    assert done.returncode == 2 and '"clean/web"' in done.stderr and "Traceback" not in done.stderr
    done = answer(workspace, 'SELECT * FROM "clean/web@second"')
    assert done.returncode == 2 and "(first)" in done.stderr
    done = answer(workspace, "SELEC 1")
    assert done.returncode == 2 and "syntax" in done.stderr
    done = answer(tmp_path, "SELECT 1")
    assert done.returncode == 2 and "gristmill init" in done.stderr


def test_names_in_strings_and_comments_are_not_datasets():
    known = {("clean", "web"): "x", ("a.b", "c"): "y", ("default", "lone"): "z"}
    query = "SELECT 'clean/web' -- \"a/b/c\"\n FROM lone /* clean.web */ WHERE x = ''"
    assert [entry[1:3] for entry in sql.wanted_tables(query, known)] == [("default", "lone")]
    assert sql.wanted_tables('SELECT clean.web.text FROM "a/b/c"', known) == [
        (("clean", "web"), "clean", "web", ""),
        (("a/b/c",), "a.b", "c", ""),
    ]


def test_the_reader_gives_batches_of_a_version(workspace):
    assert gristmill.dataset(workspace, "clean/web").read_all().num_rows == 4
    assert gristmill.dataset(workspace, "clean/web", "v1").read_all().column("text").to_pylist() == [
        "one",
        "zwei",
        "三",
    ]
    with pytest.raises(LookupError, match="clean/web"):
        gristmill.dataset(workspace, "clean/none")


def test_import_stays_light():
    program = "import sys, gristmill; print([m for m in ('pyarrow', 'duckdb', 'pyiceberg') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=PYTHON_FOLDER)
    assert done.stdout.strip() == "[]"
