# SPDX-License-Identifier: Apache-2.0
"""The same cleaning in Ray, Spark, DuckDB, Polars, pandas and by hand: equal rows everywhere."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet
import pytest
from gristmill.runs import call

import gristmill

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples" / "python"
OPTIONS = {"separator": "space", "whitespace": "collapse"}


def page(number):
    body = "".join(f"<p class='c{i}'>Paragraph {i} of page {number}.</p>\n" for i in range(number % 7))
    # Every fifth page still shows tags once it is stripped: they were written as references.
    return f"<html><body>{body}{'&lt;br&gt; ' * (20 if number % 5 == 0 else 0)}</body></html>"


@pytest.fixture(scope="module")
def pages():
    return pa.table(
        {"id": [f"{number:032x}" for number in range(300)], "text": [page(number) for number in range(300)]}
    )


@pytest.fixture(scope="module")
def parquet(pages, tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "pages.parquet"
    pyarrow.parquet.write_table(pages, path, row_group_size=100)
    return path


@pytest.fixture(scope="module")
def expected(pages):
    """By hand, with regular expressions."""
    rows = []
    for row in pages.to_pylist():
        text = re.sub(r"<[^>]+>", " ", row["text"]).replace("&lt;", "<").replace("&gt;", ">")
        text = re.sub(r"\s+", " ", text).strip()
        if len(text) > 100 and len(re.findall("<[^>]+>", text)) * 10 / len(text) < 0.1:
            rows.append((row["id"], text))
    assert 50 < len(rows) < 250
    return rows


def chain():
    return gristmill.Operator("extract.strip_tags", **OPTIONS), gristmill.Operator("filter.noise")


def rows_of(table):
    return sorted(zip(table.column("id").to_pylist(), table.column("text").to_pylist(), strict=True))


def test_arrow(pages, expected):
    assert rows_of(gristmill.Chain(*chain())(pages)) == expected


def test_polars(pages, expected):
    import polars

    cleaned = gristmill.Chain(*chain())(polars.DataFrame(pages))
    assert isinstance(cleaned, polars.DataFrame)
    assert sorted(cleaned.select("id", "text").rows()) == expected
    series = gristmill.ops.normalize.unicode(polars.Series("name", ["plain"]))
    assert series["text"].to_list() == ["plain"]


def test_pandas_keeps_its_index(pages, expected):
    frame = pages.to_pandas()
    frame.index = [f"row {number}" for number in range(len(frame))]
    cleaned = gristmill.Chain(*chain())(frame)
    assert sorted(zip(cleaned["id"], cleaned["text"], strict=True)) == expected
    assert all(label == f"row {int(one, 16)}" for label, one in zip(cleaned.index, cleaned["id"], strict=True))


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, ignore_reinit_error=True)
    yield ray
    ray.shutdown()


def test_ray(ray, parquet, expected):
    reports = []
    cleaned = gristmill.ray.map_batches(ray.data.read_parquet(str(parquet)), *chain(), batch_size=64)
    rows = sorted((row["id"], row["text"]) for row in cleaned.take_all())
    assert rows == expected
    assert reports == []
    with pytest.raises(ValueError, match="compares all documents"):
        gristmill.ray.map_batches(ray.data.read_parquet(str(parquet)), "dedup.exact")


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java: apt-get install openjdk-17-jre-headless")
def test_spark(parquet, expected, tmp_path):
    script = f"""
import pyspark.sql, gristmill
spark = pyspark.sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
strip = gristmill.Operator("extract.strip_tags", separator="space", whitespace="collapse")
frame = gristmill.spark.apply(spark.read.parquet({str(parquet)!r}), strip, "filter.noise")
assert frame.schema["noise_score"].dataType.typeName() == "double", frame.schema
frame.write.parquet({str(tmp_path / "out")!r})
"""
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300, env=environment)
    assert rows_of(pyarrow.parquet.read_table(tmp_path / "out")) == expected


def test_duckdb_functions_and_relations(pages, parquet, expected):
    import duckdb

    connection = duckdb.connect()
    strip, noise = chain()
    assert gristmill.duckdb.register(connection, strip, "strip_tags") == "strip_tags"
    assert gristmill.duckdb.register(connection, noise) == "filter_noise"
    gristmill.duckdb.register(connection, strip, "tag_count", returns="tag_count")
    query = f"SELECT id, strip_tags(text) AS clean FROM '{parquet}' WHERE filter_noise(strip_tags(text)) IS NULL"
    assert sorted(connection.execute(query).fetchall()) == expected
    assert connection.execute("SELECT tag_count('<p>x</p>'), tag_count(NULL)").fetchall()[0][0] == 2
    relation = gristmill.duckdb.apply(connection.from_arrow(pages), strip, noise, "dedup.exact", connection=connection)
    assert sorted(relation.select("id", "text").fetchall()) == expected
    with pytest.raises(ValueError, match="reads other columns"):
        gristmill.duckdb.register(connection, gristmill.Operator("filter.language", keep=["en"]))


def example(name, *arguments):
    command = [sys.executable, EXAMPLES / name, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=400).stdout


TROUBLE = """
import os, sys, ray_clean


class Trouble:
    '''A chain of which the first call raises an error and the second ends the process.'''

    def __init__(self, chain, folder):
        self.chain, self.folder = chain, folder

    def __call__(self, table, report):
        for name in ("raised", "ended"):
            try:
                os.close(os.open(os.path.join(self.folder, name), os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            if name == "ended":
                os._exit(1)
            raise OSError("the disk was away for a moment")
        return self.chain(table, report=report)


sound = ray_clean.make_chain
folder = sys.argv.pop(1)
ray_clean.make_chain = lambda: Trouble(sound(), folder)
ray_clean.main()
"""


def test_the_ray_example_repeats_batches_that_fail(parquet, expected, tmp_path):
    workspace, marks = tmp_path / "workspace", tmp_path / "marks"
    marks.mkdir()
    call("init", str(workspace))
    (tmp_path / "trouble.py").write_text(TROUBLE)
    path = os.pathsep.join([str(EXAMPLES), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, tmp_path / "trouble.py", marks, parquet, workspace]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=400, env={**os.environ, "PYTHONPATH": path}
    )
    assert sorted(mark.name for mark in marks.iterdir()) == ["ended", "raised"]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["retries"] >= 2
    assert answer["rows"] == len(expected)
    assert answer["metrics"]["filter.noise"]["in"] == 300
    assert gristmill.dataset(workspace, "clean/pages").read_all().num_rows == len(expected)


def test_the_ray_example_commits_a_version(parquet, expected, tmp_path):
    workspace = tmp_path / "workspace"
    call("init", str(workspace))
    answer = json.loads(example("ray_clean.py", parquet, workspace).splitlines()[-1])
    assert answer["rows"] == len(expected)
    assert answer["metrics"]["filter.noise"]["in"] == 300
    assert sum(answer["metrics"]["filter.noise"]["dropped"].values()) == 300 - len(expected)
    texts = gristmill.dataset(workspace, "clean/pages").select("text").read_all().column("text").to_pylist()
    assert sorted(texts) == sorted(text for _, text in expected)


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java: apt-get install openjdk-17-jre-headless")
def test_the_spark_example(parquet, expected, tmp_path):
    assert f"{len(expected)} pages" in example("spark_clean.py", parquet, tmp_path / "out")


def test_the_duckdb_example(parquet, expected):
    assert f"kept: {len(expected)} pages" in example("duckdb_clean.py", parquet)
