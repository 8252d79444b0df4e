# SPDX-License-Identifier: Apache-2.0
"""The same on servers of others: moto and MinIO, directly and with faults in between."""

import json
import pathlib
import subprocess

import pytest
from conftest import ObjectWorkspace
from real_servers import KEYS, LIST_UPLOADS, MAKE_BUCKET, forwarder, in_peers, real_server
from row_changes import change_rows
from small_store import Server

pytestmark = pytest.mark.full


@pytest.fixture(scope="module", params=["moto", "minio"])
def endpoint(request, tmp_path_factory):
    with real_server(request.param, tmp_path_factory.mktemp(request.param)) as address:
        yield address


@pytest.fixture
def between(endpoint):
    """A server that hands everything on, but for the faults that it is asked for."""
    server = Server(forwarder(endpoint))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def make(gristmill, tmp_path, endpoint):
    def workspace(name, address=endpoint):
        place = f"s3://corpus/{tmp_path.name}/{name} +%"
        return ObjectWorkspace(gristmill, tmp_path / name, address, KEYS, warehouse=place, timeout=20)

    return workspace


def main_job(command, root, *, codes=(0, 4), **options):
    """Lands the example corpus and runs the recipe; gives the run."""
    for words in (
        ["ingest", root / "examples" / "corpus", "--source", "web"],
        ["run", root / "recipes" / "web-to-tokens.yaml"],
    ):
        done = command(*words, check=False, **options)
        assert done.returncode in codes, done.stderr
    return json.loads(command("runs", "show", "last", "--json", **options).stdout)


@pytest.fixture(scope="module")
def expected(gristmill, source_root, tmp_path_factory):
    """What the main job gives on a disk."""
    folder = tmp_path_factory.mktemp("local")
    gristmill("init", folder)
    return main_job(lambda *words, **options: gristmill("--workspace", folder, *words, **options), source_root)


def same_results(run, expected):
    for key in ("documents", "content_digest", "fingerprint"):
        assert run[key] == expected[key]
    shards = [[shard["sha256"] for shard in item["tokens"]["shards"]] for item in (run, expected)]
    assert shards[0] == shards[1]


def test_main_job(make, source_root, expected):
    workspace = make("main")
    run = main_job(workspace, source_root)
    same_results(run, expected)
    output = run["output"]["dataset"]
    assert workspace("dataset", "head", output, "-n", "2", "--json").stdout.count("\n") == 2
    traced = workspace.json("trace", f"{run['tokens']['shards'][0]['path']}:5")
    assert traced["origin"]["sha256"] and traced["ingestion"]["storage_prefix"].startswith("s3://corpus/")
    again = main_job(workspace, source_root)
    assert again["content_digest"] == run["content_digest"]
    expired = workspace.json("dataset", "expire", output, "--older-than", "0s", "--keep", "1", "--with-token-sources")
    assert len(expired["expired"]) == 1 and expired["bytes"] > 0
    assert workspace.json("dataset", "clean", output, "--older-than", "1h")["files"] == 0
    assert workspace.json("dataset", "show", output)["documents"] == run["documents"]["out"]
    assert "is writable" in workspace("doctor", check=False).stdout


def test_row_changes(make, tmp_path):
    change_rows(make("rows"), tmp_path)


def test_pyiceberg(make, endpoint, source_root):
    catalogs = pytest.importorskip("pyiceberg.catalog.sql")
    workspace = make("iceberg")
    record = workspace.json("ingest", source_root / "recipes", "--source", "web")
    catalog = catalogs.SqlCatalog(
        "gristmill",
        **{
            "uri": f"sqlite:///{workspace.folder / '.gristmill' / 'catalog.db'}",
            "s3.endpoint": endpoint,
            "s3.access-key-id": KEYS[0],
            "s3.secret-access-key": KEYS[1],
            "s3.region": "us-east-1",
            "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
        },
    )
    table = catalog.load_table("raw.web")
    assert table.scan().to_arrow().num_rows == record["documents"]
    # And what it writes there is read by us.
    table.append(table.scan(limit=2).to_arrow())
    shown = workspace.json("dataset", "show", "raw/web")
    assert shown["documents"] == record["documents"] + 2
    assert workspace("dataset", "head", "raw/web", "-n", "99", "--json").stdout.count("\n") == shown["documents"]


def killed_after(workspace, seconds, *words):
    """Starts a command and kills it after some time; True when it had not ended by then."""
    command = [workspace.command.program, "--workspace", workspace.folder, *map(str, words)]
    process = subprocess.Popen(command, env=workspace.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True


def test_killed_and_taken_up(make, endpoint, source_root, expected):
    workspace = make("killed")
    corpus = source_root / "examples" / "corpus"
    for seconds in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6):
        killed_after(workspace, seconds, "ingest", corpus, "--source", "web")
    assert workspace("ingest", corpus, "--source", "web", check=False).returncode in (0, 4)
    recipe = source_root / "recipes" / "web-to-tokens.yaml"
    for seconds in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2):
        killed_after(workspace, seconds, "run", recipe, "--idempotency-key", "once")
    assert workspace("run", recipe, "--idempotency-key", "once", check=False).returncode in (0, 4)
    runs = workspace.json("runs", "list")
    assert len(runs) == 1
    same_results(workspace.json("runs", "show", "last"), expected)
    for dataset in ("raw/web", workspace.json("runs", "show", "last")["output"]["dataset"]):
        assert len(workspace.json("dataset", "show", dataset)["versions"]) == 1


def test_a_killed_upload_in_parts(make, endpoint, tmp_path):
    workspace = make("parts")
    text = tmp_path / "large.txt"
    text.write_bytes(b"0123456789abcde\n" * (3 << 20))
    for seconds in (0.1, 0.2, 0.3, 0.4):
        killed_after(workspace, seconds, "ingest", text, "--source", "web")
    record = workspace.json("ingest", text, "--source", "web")
    assert record["status"] == "complete"
    key = f"{record['storage_prefix'].removeprefix('s3://corpus/')}/large.txt"
    assert not in_peers(LIST_UPLOADS, "corpus", key, endpoint=endpoint).strip()


@pytest.mark.parametrize(
    ("fault", "method", "pattern", "times"),
    [
        ("lost", "PUT", "metadata.json", 1),
        ("lost", "PUT", r"\.avro", 2),
        ("lost", "POST", "uploadId", 1),
        ("reset", "PUT", "partNumber=2", 1),
        ("slow_down", "PUT", "parquet", 1),
        ("truncated", "GET", "metadata.json", 1),
        ("flipped", "GET", "metadata.json", 1),
        ("internal", "POST", "uploads=", 1),
    ],
)
def test_faults_between(make, between, tmp_path, fault, method, pattern, times):
    between.plan(fault, method, pattern, times)
    workspace = make("faulty", between.endpoint)
    text = tmp_path / "large.txt"
    text.write_bytes(b"0123456789abcde\n" * (1 << 20))
    assert workspace.json("ingest", text, "--source", "web")["status"] == "complete"
    (tmp_path / "small.txt").write_text("Small.\n")
    assert workspace.json("ingest", tmp_path / "small.txt", "--source", "web")["status"] == "complete"
    shown = workspace.json("dataset", "show", "raw/web")
    assert (len(shown["versions"]), shown["documents"]) == (2, 2)
    assert between.met == [fault] * times


def test_many_processes_commit_to_one_table(make, tmp_path):
    workspace = make("many")
    running = []
    for number in range(8):
        path = tmp_path / f"text-{number}.txt"
        path.write_text(f"Text {number}.\n")
        words = ["ingest", path, "--source", f"source-{number}", "--into", "raw/all"]
        command = [workspace.command.program, "--workspace", workspace.folder, *map(str, words)]
        running.append(subprocess.Popen(command, env=workspace.environment, stdout=subprocess.DEVNULL))
    assert [process.wait(300) for process in running] == [0] * 8
    shown = workspace.json("dataset", "show", "raw/all")
    assert (len(shown["versions"]), shown["documents"]) == (8, 8)


def test_the_landed_bytes_are_the_files(make, endpoint, source_root):
    workspace = make("bytes")
    record = workspace.json("ingest", source_root / "recipes", "--source", "web")
    script = (
        "import boto3, hashlib, sys\n"
        "store = boto3.client('s3', region_name='us-east-1')\n"
        "for page in store.get_paginator('list_objects_v2').paginate(Bucket='corpus', Prefix=sys.argv[1]):\n"
        "    for item in page.get('Contents', []):\n"
        "        body = store.get_object(Bucket='corpus', Key=item['Key'])['Body'].read()\n"
        "        print(hashlib.sha256(body).hexdigest(), item['Key'].rsplit('/', 1)[1])\n"
    )
    prefix = record["storage_prefix"].removeprefix("s3://corpus/")
    told = in_peers(script, prefix, endpoint=endpoint).split("\n")
    files = workspace.json("ingestions", "show", record["ingestion_id"])["files"]
    assert sorted(filter(None, told)) == sorted(f"{item['sha256']} {pathlib.Path(item['name']).name}" for item in files)


EMPTY_BUCKET = (
    "import boto3, sys\n"
    "store = boto3.client('s3', region_name='us-east-1')\n"
    "for page in store.get_paginator('list_objects_v2').paginate(Bucket=sys.argv[1]):\n"
    "    for item in page.get('Contents', []):\n"
    "        store.delete_object(Bucket=sys.argv[1], Key=item['Key'])\n"
    "store.delete_bucket(Bucket=sys.argv[1])\n"
)


def test_a_bucket_is_removed_with_all_it_holds(gristmill, endpoint, between, tmp_path, source_root):
    bucket = "gone-" + tmp_path.name.strip("_").replace("_", "-")[-20:].strip("-")
    in_peers(MAKE_BUCKET, bucket, endpoint=endpoint)
    place = {"warehouse": f"s3://{bucket}/wh", "timeout": 20}
    workspace = ObjectWorkspace(gristmill, tmp_path / "home", between.endpoint, KEYS, **place)
    corpus, recipe = source_root / "examples" / "corpus", source_root / "recipes" / "web-to-tokens.yaml"
    workspace("ingest", corpus, "--source", "web", check=False)
    forward, removed = between.backend, []

    def answer(method, target, headers, body):
        if method == "PUT" and "/data/run-" in target and not removed:
            removed.append(target)
            in_peers(EMPTY_BUCKET, bucket, endpoint=endpoint)
        return forward(method, target, headers, body)

    between.backend = answer
    told = workspace.fails(5, "run", recipe)
    assert removed and f"s3://{bucket}: there is no such bucket" in told and "gristmill run --resume" in told, told
    # Made again, it is empty: what was there is missed, not taken for nothing.
    in_peers(MAKE_BUCKET, bucket, endpoint=endpoint)
    told = workspace.fails(1, "run", "--resume", "last")
    assert "raw/web" in told and "no such object" in told, told
    again = workspace.json("ingest", corpus, "--source", "again", check=False)
    assert again["documents"] > 0 and workspace("dataset", "head", "raw/again", "-n", "1").stdout
