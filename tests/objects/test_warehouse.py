# SPDX-License-Identifier: Apache-2.0
"""Every command with a warehouse in an object store: the same answers as on a disk, and no secret anywhere."""

import json
import urllib.parse
import zipfile

import pytest

import gristmill as gristmill_module


def head(workspace, dataset, count=1000):
    lines = workspace("dataset", "head", dataset, "-n", count, "--json").stdout
    return [json.loads(line) for line in lines.splitlines()]


def landed(store):
    return {key for key in store.buckets["corpus"] if "/landing/" in key}


def test_main_job_gives_what_it_gives_on_a_disk(gristmill, workspace, store, source_root, tmp_path):
    local = tmp_path / "local"
    gristmill("init", local)
    for place in ((gristmill, ["--workspace", local], {}), (workspace.command, ["--workspace", workspace.folder], {})):
        command, options, _ = place
        environment = {"env": workspace.environment}
        corpus = source_root / "examples" / "corpus"
        done = command(*options, "ingest", corpus, "--source", "web", check=False, **environment)
        assert done.returncode in (0, 4), done.stderr
        done = command(*options, "run", source_root / "recipes" / "web-to-tokens.yaml", check=False, **environment)
        assert done.returncode in (0, 4), done.stderr
    here = gristmill.json("--workspace", local, "runs", "show", "last")
    there = workspace.json("runs", "show", "last")
    for key in ("documents", "content_digest", "fingerprint"):
        assert there[key] == here[key]
    shards = [[shard["sha256"] for shard in run["tokens"]["shards"]] for run in (here, there)]
    assert shards[0] == shards[1] and shards[0]
    assert all(shard["path"].startswith("s3://corpus/team a/wh/") for shard in there["tokens"]["shards"])
    assert not (workspace.folder / "warehouse").exists() or not any((workspace.folder / "warehouse").iterdir())
    # The report is beside the data, and readable.
    report = store.buckets["corpus"][there["report"].removeprefix("s3://corpus/")][0]
    assert b"<html" in report.lower()
    # A token leads back to its document, that to its file.
    shard = there["tokens"]["shards"][0]["path"]
    traced = workspace.json("trace", f"{shard}:0")
    again = gristmill.json("--workspace", local, "trace", f"{here['tokens']['shards'][0]['path']}:0")
    assert traced["document"]["id"] == again["document"]["id"]
    assert traced["origin"]["sha256"] == again["origin"]["sha256"]
    assert head(workspace, there["output"]["dataset"], 3)


def test_everything_after_the_first_version(workspace, store, small_corpus):
    first = workspace.json("ingest", small_corpus, "--source", "mixed")
    assert (first["status"], first["documents"]) == ("complete", 4)
    assert landed(store) == {
        f"team a/wh/landing/mixed/{first['ingestion_id']}/{name}"
        for name in ("a+b%20c.txt", "sub folder/日本 & co.jsonl", "table.csv")
    }
    assert workspace.json("ingest", small_corpus, "--source", "mixed")["already_present"]
    (small_corpus / "more.txt").write_text("More.\n")
    second = workspace.json("ingest", small_corpus, "--source", "mixed")
    shown = workspace.json("dataset", "show", "raw/mixed")
    assert [shown["documents"], len(shown["versions"])] == [5, 2]
    assert shown["location"] == "s3://corpus/team a/wh/raw/mixed"
    diff = workspace.json("dataset", "diff", f"raw/mixed@{first['version']}", f"raw/mixed@{second['version']}")
    assert diff["documents"] == {"added": 1, "removed": 0, "changed": 0, "unchanged": 4}
    workspace("dataset", "rollback", f"raw/mixed@{first['version']}")
    before = set(store.buckets["corpus"])
    planned = workspace.json("dataset", "expire", "raw/mixed", "--older-than", "0s", "--keep", "1", "--dry-run")
    expired = workspace.json("dataset", "expire", "raw/mixed", "--older-than", "0s", "--keep", "1")
    assert [item["version"] for item in expired["expired"]] == [second["version"]]
    assert planned["bytes"] == expired["bytes"] > 0
    gone = before - set(store.buckets["corpus"])
    assert len(gone) >= 4 and any(key.endswith(".parquet") for key in gone) and any(k.endswith(".ids") for k in gone)
    assert len(head(workspace, "raw/mixed")) == 4
    # An orphan is found by its age as the store tells it.
    objects = store.buckets["corpus"]
    body, etag, moment, meta, crc = objects[next(iter(objects))]
    objects["team a/wh/raw/mixed/data/ing-lost/x.parquet"] = (body, etag, moment - 5 * 86400, meta, crc)
    cleaned = workspace.json("dataset", "clean", "raw/mixed", "--older-than", "3d")
    assert cleaned["paths"] == ["s3://corpus/team a/wh/raw/mixed/data/ing-lost/x.parquet"]
    assert cleaned["paths"][0].removeprefix("s3://corpus/") not in objects
    workspace("dataset", "export", "raw/mixed", "--to", "s3://corpus/out/all.jsonl")
    assert len(objects["out/all.jsonl"][0].splitlines()) == 4
    assert "is writable" in workspace("doctor").stdout


def test_inputs_in_an_object_store(workspace, store, small_corpus):
    objects = store.buckets["corpus"]
    for path in small_corpus.rglob("*"):
        if path.is_file():
            store.store(objects, f"in put/{path.relative_to(small_corpus)}", path.read_bytes(), {})
    archive = small_corpus / "zipped.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("inner/one.txt", "From within.")
    store.store(objects, "in put/zipped.zip", archive.read_bytes(), {})
    for key in ("in put/", "in put/.hidden/x.txt", "in put/a//b.txt", "in put/../up.txt", "in put-other/x.txt"):
        store.store(objects, key, b"" if key.endswith("/") else b"not this", {})
    store.page_size = 2
    record = workspace.json("ingest", "s3://corpus/in put/", "--source", "bucket", check=False)
    assert (record["status"], record["documents"], record["raw_file_count"]) == ("complete_with_problems", 5, 4)
    assert {item["path"] for item in record["problems"]} == {
        "s3://corpus/in put/a//b.txt",
        "s3://corpus/in put/../up.txt",
    }
    assert record["skipped_files"] == {"hidden": 1}
    assert record["source_url"] == ["s3://corpus/in put"]
    found = {item["text"].strip(): item["origin_uri"] for item in head(workspace, "raw/bucket")}
    assert found["A plain text."] == "s3://corpus/in put/a+b%20c.txt"
    assert found["From within."] == "s3://corpus/in put/zipped.zip!inner/one.txt"
    traced = workspace.json("trace", head(workspace, "raw/bucket", 1)[0]["id"])
    assert traced["origin"]["uri"].startswith("s3://corpus/in put/") and traced["origin"]["sha256"]
    # Where they lie, without a copy, and one object alone.
    before = landed(store)
    single = workspace.json("ingest", "s3://corpus/in put/table.csv", "--source", "alone", "--in-place")
    assert single["documents"] == 1 and landed(store) == before
    assert "no object has this key" in workspace.fails(2, "ingest", "s3://corpus/nothing", "--source", "x")
    assert "bucket name" in workspace.fails(2, "ingest", "s3://a/b", "--source", "x")


def test_large_files_go_and_come_in_parts(workspace, store, tmp_path):
    lines = [json.dumps({"text": f"{number} " + "word " * 2000}) for number in range(2000)]
    (tmp_path / "large.jsonl").write_text("\n".join(lines))
    record = workspace.json("ingest", tmp_path / "large.jsonl", "--source", "large")
    assert record["documents"] == 2000
    assert store.part_sizes[0][:2] == [8 << 20, 8 << 20]
    assert not store.uploads
    assert len(head(workspace, "raw/large", 2000)) == 2000
    parquet = [key for key in store.buckets["corpus"] if key.endswith(".parquet")]
    reads = [headers.get("range", "") for method, _, key, _, headers in store.requests if key in parquet]
    # A file is not read in crumbs: its end, its columns' starts and then ever larger pieces.
    assert len(reads) < 60


def test_no_secret_is_left_anywhere(make_workspace, store, small_corpus):
    store.token = "ToKeN/of+the=session"
    workspace = make_workspace("secretive")
    told = [workspace("ingest", small_corpus, "--source", "web"), workspace("doctor"), workspace("dataset", "list")]
    told.append(workspace("runs", "list", "--json"))
    store.secret_key, right = "AnotherSecret", store.secret_key
    told.append(workspace("dataset", "show", "raw/web", check=False))
    store.secret_key, store.access_key, known = right, "AKIAOTHER", store.access_key
    told.append(workspace("dataset", "show", "raw/web", check=False))
    assert [done.returncode for done in told] == [0, 0, 0, 0, 3, 3]
    kept = [path.read_bytes() for path in workspace.folder.rglob("*") if path.is_file()]
    kept += [body for body, *_ in store.buckets["corpus"].values()]
    kept += [(done.stdout + done.stderr).encode() for done in told]
    for secret in (right, store.token, known, urllib.parse.quote(right, safe="")):
        assert not any(secret.encode() in text for text in kept), secret
    workspace.environment["AWS_ACCESS_KEY_ID"] = "AKIAOTHER"


def test_pyiceberg_reads_the_table(workspace, store, server, small_corpus):
    catalogs = pytest.importorskip("pyiceberg.catalog.sql")
    workspace("ingest", small_corpus, "--source", "web")
    catalog = catalogs.SqlCatalog(
        "gristmill",
        **{
            "uri": f"sqlite:///{workspace.folder / '.gristmill' / 'catalog.db'}",
            "s3.endpoint": server.endpoint,
            "s3.access-key-id": store.access_key,
            "s3.secret-access-key": store.secret_key,
            "s3.region": store.region,
            "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
        },
    )
    rows = catalog.load_table("raw.web").scan().to_arrow()
    assert sorted(text.strip() for text in rows["text"].to_pylist()) == ["A plain text.", "first", "second", "third"]


def test_sql_and_python_read_datasets(workspace, store, server, small_corpus, monkeypatch):
    pytest.importorskip("duckdb")
    first = workspace.json("ingest", small_corpus, "--source", "web")
    (small_corpus / "more.txt").write_text("More.\n")
    workspace("ingest", small_corpus, "--source", "web")
    texts = ["A plain text.", "More.", "first", "second", "third"]
    lines = workspace("sql", 'SELECT text FROM "raw/web"', "--json").stdout.splitlines()
    assert sorted(json.loads(line)["text"].strip() for line in lines) == texts
    earlier = workspace("sql", f'SELECT count(*) AS n FROM "raw/web@{first["version"]}"', "--json").stdout
    assert json.loads(earlier) == {"n": 4}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, workspace.environment[name])
    read = gristmill_module.dataset(workspace.folder, "raw/web").read_all()
    assert sorted(text.strip() for text in read["text"].to_pylist()) == texts
    assert gristmill_module.dataset(workspace.folder, "raw/web", "v1").read_all().num_rows == 4


def test_sql_takes_the_keys_of_the_profile_that_the_settings_name(make_workspace, store, small_corpus, tmp_path):
    pytest.importorskip("duckdb")
    keys = f"aws_access_key_id = {store.access_key}\naws_secret_access_key = {store.secret_key}\n"
    (tmp_path / "keys.ini").write_text(f"[default]\naws_access_key_id = wrong\n[team]\n{keys}")
    extra = f'profile = "team"\ncredentials_file = "{tmp_path / "keys.ini"}"\n'
    workspace = make_workspace("named", extra=extra, AWS_ACCESS_KEY_ID="AKIAOTHER", AWS_SECRET_ACCESS_KEY="other")
    workspace("ingest", small_corpus, "--source", "web")
    answer = workspace("sql", 'SELECT count(*) AS n FROM "raw/web"', "--json")
    assert json.loads(answer.stdout) == {"n": 4}
    (tmp_path / "keys.ini").write_text(f"[team]\n{keys}".replace(store.access_key, "AKIAWRONG"))
    told = workspace.fails(2, "sql", 'SELECT count(*) AS n FROM "raw/web"')
    assert store.secret_key not in told and "AKIAWRONG" not in told
    (tmp_path / "keys.ini").write_text("[default]\n")
    told = workspace.fails(3, "sql", 'SELECT count(*) AS n FROM "raw/web"')
    assert "team" in told and "keys.ini" in told
