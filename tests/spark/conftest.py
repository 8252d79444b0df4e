# SPDX-License-Identifier: Apache-2.0
"""Spark with Iceberg's runtime, in one Java process for all tests, beside a server of ours."""

import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "server"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "objects"))

from server_support import Server, Workspace
from spark_support import Spark, program

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def jar_names():
    lines = (ROOT / "tools" / "spark_jars.txt").read_text().splitlines()
    parts = [line.split()[0].split(":") for line in lines if line and not line.startswith("#")]
    return [f"{name}-{version}.jar" for _, name, version in parts]


@pytest.fixture(scope="session")
def jars():
    """The jars that tools/test_spark.sh fetched."""
    cache = os.environ.get("GRISTMILL_CACHE")
    base = pathlib.Path(cache) if cache else pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "gristmill"
    paths = [base.expanduser() / "jars" / name for name in jar_names()]
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        pytest.skip(f"{', '.join(missing)}: not fetched; tools/test_spark.sh --environment does it")
    return paths


@pytest.fixture(scope="session")
def spark_session(jars, tmp_path_factory):
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java: apt-get install openjdk-17-jre-headless")
    pyspark = pytest.importorskip("pyspark.sql")
    scratch = tmp_path_factory.mktemp("spark")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": scratch / "warehouse",
        "spark.jars": ",".join(map(str, jars)),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    }
    # Keys that a user of these tests has must not help: what a client needs comes from the catalog.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "SPARK_LOCAL_DIRS": str(scratch / "local")}
    builder = pyspark.SparkSession.builder.master("local[1]").appName("gristmill")
    for key, value in settings.items():
        builder = builder.config(key, str(value))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture
def spark(spark_session):
    """A session of its own, whose catalogs no other test knows."""
    return Spark(spark_session.newSession())


@pytest.fixture
def workspace(tmp_path):
    return Workspace(program(), tmp_path)


@pytest.fixture
def server(workspace):
    served = Server(workspace)
    yield served
    served.stop()


@pytest.fixture
def lake(spark, server):
    """Spark with the server's catalog as `lake`."""
    spark.add_rest_catalog("lake", server)
    return spark
