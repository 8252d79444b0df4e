# SPDX-License-Identifier: Apache-2.0
"""Releases: what they pin, who approves them, what they differ in, and whether they still hold."""

import concurrent.futures
import hashlib
import json
import pathlib
import sqlite3
import subprocess

import pytest
from cli_support import TOKENIZER, english, head_texts, strict_json

TOKENIZE = f"tokenize.bpe: {{tokenizer: {TOKENIZER}}}"
TOKENS = "tokens: {into: tokens/web, format: gristmill}\n"
WORDS = ["--label", "A set", "--description", "For the test"]


def as_user(name):
    return {"env": {"GRISTMILL_ACTOR": name, "PATH": "/usr/bin:/bin"}}


def token_counts(workspace, version):
    return {row["id"]: row["token_count"] for row in workspace.rows("clean/web", version)}


@pytest.fixture
def two(workspace):
    """Two releases of clean/web: the second has a stricter length rule, drops copies and has a new file."""
    # Sixteen words a sentence: a about 80, b 130, c 190, a copy of c, and d 320 which comes later.
    texts = {name: english(seed, sentences) for name, seed, sentences in [("a", 1, 5), ("b", 2, 8), ("c", 3, 12)]}
    workspace.ingest(workspace.write_jsonl("1.jsonl", [*texts.values(), texts["c"]]))
    rule = "filter.gopher_quality: {{min_words: {}}}"
    workspace.before = workspace.run(rule.format(100), TOKENIZE, more=TOKENS)
    workspace.json("release", "create", "before", *WORDS, "--dataset", "clean/web")
    workspace.ingest(workspace.write_jsonl("2.jsonl", [english(4, 20)]))
    workspace.after = workspace.run(rule.format(150), "dedup.exact", TOKENIZE, more=TOKENS)
    workspace.json("release", "create", "after", *WORDS, "--dataset", "clean/web")
    return workspace


def test_a_release_pins_all_that_its_versions_were_made_with(two):
    release = two.json("release", "show", "before")
    (member,) = release["datasets"]
    assert (member["dataset"], member["version"]) == ("clean/web", two.before["output"]["version"])
    assert member["fingerprint"] == two.before["fingerprint"] and member["run_id"] == two.before["run_id"]
    assert member["code_version"] == two.before["gristmill_version"]
    (model,) = member["models"]
    assert model["operator"] == "tokenize.bpe"
    assert model["sha256"] == hashlib.sha256(TOKENIZER.read_bytes()).hexdigest()
    (token_set,) = member["token_sets"]
    assert token_set["tokens"] == sum(token_counts(two, member["version"]).values())
    for shard in token_set["shards"]:
        assert shard["sha256"] == hashlib.sha256(pathlib.Path(shard["path"]).read_bytes()).hexdigest()
    assert release["status"] == "released" and release["approvals"] == []


def test_diff_names_the_rules_in_documents_and_tokens(two):
    diff = two.json("release", "diff", "before", "after")
    (dataset,) = diff["datasets"]
    before = token_counts(two, two.before["output"]["version"])
    after = token_counts(two, two.after["output"]["version"])
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    # b is too short now, the copy of c is one too many, d is new.
    assert (len(before), len(after), len(gone), len(new)) == (3, 2, 2, 1)
    assert dataset["documents"] == {"added": 1, "removed": 2, "changed": 0, "unchanged": 1}
    assert dataset["tokens"] == {
        "before": sum(before.values()),
        "after": sum(after.values()),
        "added": sum(after[one] for one in new),
        "removed": sum(before[one] for one in gone),
        "changed": 0,
    }
    rules = {(one["operator"], one["reason"]): one for one in dataset["removed"]}
    assert {key: one["documents"] for key, one in rules.items()} == {
        ("filter.gopher_quality", "gopher_quality.short_document"): 1,
        ("dedup.exact", "exact.duplicate"): 1,
    }
    assert sum(one["tokens"] for one in rules.values()) == dataset["tokens"]["removed"]
    (came,) = dataset["added"]
    assert (came["operator"], came["reason"], came["documents"]) == ("input", "absent", 1)
    steps = {(one["operator"], one["change"]) for one in dataset["steps"]}
    assert steps == {("filter.gopher_quality", "options"), ("dedup.exact", "added")}
    assert diff["tokens"] == {"before": sum(before.values()), "after": sum(after.values())}

    # Seen from the other side, the rules say what had kept the documents out.
    (dataset,) = two.json("release", "diff", "after", "before")["datasets"]
    kept_out = {(one["operator"], one["documents"]) for one in dataset["added"]}
    assert kept_out == {("filter.gopher_quality", 1), ("dedup.exact", 1)}
    assert [(one["operator"], one["documents"]) for one in dataset["removed"]] == [("input", 1)]
    text = two.call("release", "diff", "before", "after").stdout
    assert "gopher_quality.short_document" in text and "dedup.exact" in text


def test_diff_looks_through_the_datasets_between(workspace):
    workspace.ingest(workspace.write_jsonl("1.jsonl", [english(1, 5), english(2, 12)]))
    workspace.ingest(workspace.write_jsonl("2.jsonl", [english(3, 5), english(5, 12)]), source="other")
    for number, words in enumerate((50, 100)):
        rule = f"filter.gopher_quality: {{min_words: {words}}}"
        workspace.run(rule, output="mid/web")
        workspace.run(rule, inputs="raw/other", output="mid/other")
        workspace.run("normalize.unicode", inputs="mid/web, mid/other")
        workspace.json("release", "create", f"r{number}", *WORDS, "--dataset", "clean/web")
    (dataset,) = workspace.json("release", "diff", "r0", "r1")["datasets"]
    rules = [(one["dataset"], one["operator"], one["documents"]) for one in dataset["removed"]]
    assert rules == [("mid/other", "filter.gopher_quality", 1), ("mid/web", "filter.gopher_quality", 1)]


def test_changed_texts_are_told_with_the_steps_that_differ(workspace):
    workspace.ingest(workspace.write_jsonl("1.jsonl", ["Write to someone@example.com today.", "Nothing in here."]))
    workspace.run("normalize.unicode")
    workspace.run("normalize.unicode", "redact.pii")
    diff = workspace.json("dataset", "diff", "clean/web@v1", "clean/web@v2")
    assert diff["documents"] == {"added": 0, "removed": 0, "changed": 1, "unchanged": 1}
    assert diff["tokens"] is None and diff["removed"] == diff["added"] == []
    assert [(one["operator"], one["change"]) for one in diff["steps"]] == [("redact.pii", "added")]


def test_rows_that_were_deleted_are_told_with_the_condition(two):
    gone = next(iter(token_counts(two, two.after["output"]["version"])))
    condition = f"id = '{gone}'"
    two.json("dataset", "delete", "clean/web", "--where", condition)
    two.json("release", "create", "deleted", *WORDS, "--dataset", "clean/web")
    (dataset,) = two.json("release", "diff", "after", "deleted")["datasets"]
    (rule,) = dataset["removed"]
    assert (rule["operator"], rule["reason"], rule["documents"]) == ("dataset.delete", condition, 1)
    # What the run had dropped before is still told by the run's own rules.
    (dataset,) = two.json("release", "diff", "before", "deleted")["datasets"]
    assert "filter.gopher_quality" in {one["operator"] for one in dataset["removed"]}


def test_datasets_that_only_one_release_holds(two):
    two.json("release", "create", "all", *WORDS)
    diff = two.json("release", "diff", "after", "all")
    assert {one["dataset"]: one["change"] for one in diff["datasets"]} == {"clean/web": "same", "raw/web": "added"}
    diff = two.json("release", "diff", "all", "after")
    assert {one["dataset"]: one["change"] for one in diff["datasets"]} == {"clean/web": "same", "raw/web": "removed"}
    assert "'absent'" in two.json("release", "diff", "all", "absent", code=2)["error"]["message"]


# Approvals


@pytest.fixture
def guarded(workspace):
    settings = workspace.folder / "gristmill.toml"
    settings.write_text(settings.read_text() + '\n[release]\napprovals = 2\napprovers = ["anna", "ben", "carla"]\n')
    workspace.ingest(workspace.write_jsonl("1.jsonl", ["one", "two"]))
    workspace.json("release", "create", "r1", *WORDS, **as_user("anna"))
    return workspace


def test_a_release_waits_for_its_approvals(guarded):
    assert guarded.json("release", "show", "r1")["status"] == "pending"
    refused = guarded.json("dataset", "head", "raw/web@r1", code=3)["error"]["message"]
    assert "waiting for approval" in refused
    # Pinned all the same, and readable by version for those who are to approve it.
    version = guarded.json("release", "show", "r1")["datasets"][0]["version"]
    assert sorted(head_texts(guarded, f"raw/web@{version}")) == ["one", "two"]
    assert "another user" in guarded.json("release", "approve", "r1", code=3, **as_user("anna"))["error"]["message"]
    assert "mallory" in guarded.json("release", "approve", "r1", code=3, **as_user("mallory"))["error"]["message"]
    for _ in range(2):
        answer = guarded.json("release", "approve", "r1", "--comment", "read", **as_user("ben"))
        assert answer["status"] == "pending" and [one["by"] for one in answer["approvals"]] == ["ben"]
    digest = answer["digest"]
    answer = guarded.json("release", "approve", "r1", **as_user("carla"))
    assert answer["status"] == "released" and answer["digest"] == digest
    assert sorted(head_texts(guarded, "raw/web@r1")) == ["one", "two"]
    entries = guarded.json("audit", "log")
    acts = [(one["actor"], one["action"]) for one in entries if one["subject"] == "r1"]
    assert sorted(acts) == sorted(
        [
            ("anna", "release.begin"),
            ("anna", "release.propose"),
            ("ben", "release.approve"),
            ("carla", "release.approve"),
            ("carla", "release.create"),
        ]
    )


# Names are taken once


def create_or_not(workspace, name, label, selector):
    words = ["release", "create", name, "--label", label, "--description", "x", "--dataset", selector]
    done = subprocess.run([*workspace.command(*words), "--json"], capture_output=True, text=True)
    assert done.returncode in (0, 2), done.stderr
    return strict_json(done.stdout)


def test_of_two_releases_of_one_name_one_wins(workspace):
    for number in range(2):
        workspace.ingest(workspace.write_jsonl(f"{number}.jsonl", [f"text {number}"]))
    selectors = ["raw/web@v1", "raw/web@v2"] * 3
    with concurrent.futures.ThreadPoolExecutor(len(selectors)) as pool:
        calls = [
            pool.submit(create_or_not, workspace, "same", str(number), selector)
            for number, selector in enumerate(selectors)
        ]
        answers = [call.result() for call in calls]
    won = [one for one in answers if "error" not in one]
    assert len(won) == 1
    assert all("same" in one["error"]["message"] for one in answers if "error" in one)
    shown = workspace.json("release", "show", "same")
    assert shown["digest"] == won[0]["digest"] and shown["status"] == "released"
    version = shown["datasets"][0]["version"]
    tagged = [one["version"] for one in workspace.json("dataset", "show", "raw/web")["versions"] if one["releases"]]
    assert tagged == [version]


def test_a_call_with_a_key_is_answered_with_what_it_made_before(two):
    words = ("release", "create", "before", "--dataset", "clean/web", "--idempotency-key", "nightly")
    assert two.json(*words, *WORDS) == two.json("release", "show", "before")
    two.call("release", "create", "before", "--dataset", "clean/web", *WORDS, code=2)
    two.call(*words, "--label", "Another", "--description", "For the test", code=2)


def test_a_release_holds_one_version_of_a_dataset(two):
    twice = ["--dataset", "clean/web@v1", "--dataset", "clean/web@v2"]
    assert "clean/web" in two.json("release", "create", "twice", *WORDS, *twice, code=2)["error"]["message"]
    for label in ("", " "):
        empty = ["--label", label, "--description", "x"]
        assert "label" in two.json("release", "create", "empty", *empty, code=2)["error"]["message"]
    for name in ("a'; DROP TABLE releases; --", "../x", "a b", ""):
        two.json("release", "create", name, *WORDS, code=2)
    assert [one["name"] for one in two.json("release", "list")] == ["before", "after"]


# Verification


def test_verify_finds_what_was_damaged(two):
    checked = two.json("release", "verify", "after")
    assert (checked["status"], checked["documents"], checked["shards"]) == ("ok", 2, 1)
    shard = two.json("release", "show", "after")["datasets"][0]["token_sets"][0]["shards"][0]["path"]
    content = bytearray(pathlib.Path(shard).read_bytes())
    content[len(content) // 2] ^= 1
    pathlib.Path(shard).write_bytes(content)
    checked = two.json("release", "verify", "after", code=4)
    assert [one["where"] for one in checked["faults"]] == [shard]
    assert two.json("release", "verify", "before")["status"] == "ok"
    run = two.before["run_id"]
    (data,) = (two.folder / "warehouse" / "clean" / "web" / "data" / run).glob("*.parquet")
    content = bytearray(data.read_bytes())
    content[len(content) // 3] ^= 1
    data.write_bytes(content)
    checked = two.json("release", "verify", "before", code=4)
    assert len(checked["faults"]) == 1 and data.name in checked["faults"][0]["what"]
    data.unlink()
    assert len(two.json("release", "verify", "before", code=4)["faults"]) == 1


def drop_tag(workspace, tag, dataset="clean.web"):
    """As a client does that writes to the SQL catalog directly."""
    table = workspace.catalog().load_table(dataset)
    table.manage_snapshots().remove_tag(tag).commit()
    assert tag not in workspace.catalog().load_table(dataset).refs()


def test_a_tag_that_another_program_removed_is_missed_and_set_again(two):
    assert two.json("release", "verify", "before")["status"] == "ok"
    version = two.json("release", "show", "before")["datasets"][0]["version"]
    drop_tag(two, "before")
    check = two.json("release", "verify", "before", code=4)
    (fault,) = check["faults"]
    assert fault["where"] == "clean/web", check
    assert "'before'" in fault["what"] and "is missing" in fault["what"] and "release restore before" in fault["what"]
    # What it pins is kept all the same.
    expired = two.json("dataset", "expire", "clean/web", "--older-than", "0s", "--keep", "1")
    assert {item["version"]: item["why"] for item in expired["kept"]}[version] == "release before"
    assert two.json("release", "restore", "before") == {"release": "before", "restored": [f"clean/web@{version}"]}
    assert two.json("release", "verify", "before")["status"] == "ok"
    assert two.catalog().load_table("clean.web").refs()["before"].snapshot_id == version
    # One that leads elsewhere is put right too, and a second call finds nothing to do.
    table = two.catalog().load_table("clean.web")
    current = table.current_snapshot().snapshot_id
    table.manage_snapshots().remove_tag("before").commit()
    two.catalog().load_table("clean.web").manage_snapshots().create_tag(current, "before").commit()
    (fault,) = two.json("release", "verify", "before", code=4)["faults"]
    assert f"names version {current}, not {version}" in fault["what"]
    assert two.json("release", "restore", "before")["restored"] == [f"clean/web@{version}"]
    assert two.json("release", "verify", "before")["status"] == "ok"
    assert two.json("release", "restore", "before")["restored"] == []
    assert "no release 'none'" in two.call("release", "restore", "none", code=2).stderr
    assert two.json("audit", "verify")["intact"]


def test_a_name_is_read_by_the_record_and_not_by_a_tag(two):
    """Tags and branches can be moved by whoever opens the catalog; what a release names cannot."""
    version = two.json("release", "show", "before")["datasets"][0]["version"]
    pinned = head_texts(two, "clean/web@before")
    drop_tag(two, "before")
    assert head_texts(two, "clean/web@before") == pinned
    table = two.catalog().load_table("clean.web")
    current = table.current_snapshot().snapshot_id
    assert current != version
    table.manage_snapshots().create_tag(current, "before").commit()
    assert head_texts(two, "clean/web@before") == pinned != head_texts(two, "clean/web")
    # A name that is written like a version's id does not hide that version.
    two.catalog().load_table("clean.web").manage_snapshots().create_tag(current, str(version)).commit()
    assert head_texts(two, f"clean/web@{version}") == pinned
    rows = two.json_lines("sql", 'SELECT text FROM "clean/web@before"')
    assert sorted(row["text"] for row in rows) == sorted(pinned)
    assert two.json("release", "restore", "before")["restored"] == [f"clean/web@{version}"]


def test_tags_of_others_survive_a_release_that_cannot_be_made(workspace):
    for number in range(2):
        workspace.ingest(workspace.write_jsonl(f"{number}.jsonl", [f"text {number}"]))
    table = workspace.catalog().load_table("raw.web")
    first = min(table.snapshots(), key=lambda one: one.sequence_number).snapshot_id
    table.manage_snapshots().create_tag(first, "golden").commit()
    words = ["release", "create", "golden", *WORDS, "--dataset", "raw/web@v2"]
    for _ in range(2):
        assert "golden is taken" in workspace.json(*words, code=2)["error"]["message"]
        assert workspace.catalog().load_table("raw.web").refs()["golden"].snapshot_id == first
    assert workspace.json("release", "list") == []
    assert "main" in workspace.json("release", "create", "main", *WORDS, code=2)["error"]["message"]
    assert workspace.json("release", "list") == []


def test_no_release_takes_the_name_of_a_version(workspace):
    """Else `raw/web@v2` would be the first version until the second is there, and for ever."""
    workspace.ingest(workspace.write_jsonl("1.jsonl", ["first"]))
    for name in ("v1", "v2", "v0012", "latest"):
        told = workspace.json("release", "create", name, *WORDS, code=2)["error"]["message"]
        assert f"cannot be called {name}" in told
    for name in ("v", "v2.0", "v2-final", "version2", "2026-11", "V2"):
        workspace.json("release", "create", name, *WORDS)
    workspace.ingest(workspace.write_jsonl("2.jsonl", ["second"]))
    assert len(head_texts(workspace, "raw/web@v2")) == len(head_texts(workspace, "raw/web@latest")) == 2
    assert len(head_texts(workspace, "raw/web@V2")) == 1


def test_sql_waits_for_approvals_too(guarded):
    query = 'SELECT count(*) AS n FROM "raw/web@r1"'
    assert "waiting for approval" in guarded.json("sql", query, code=3)["error"]["message"]
    for name in ("ben", "carla"):
        guarded.json("release", "approve", "r1", **as_user(name))
    assert guarded.json_lines("sql", query) == [{"n": 2}]


def change_database(workspace, statement, *values):
    """As somebody does who has the database."""
    if workspace.catalog_url:
        import psycopg2

        with psycopg2.connect(workspace.catalog_url) as database, database.cursor() as cursor:
            cursor.execute(statement.replace("?", "%s"), values)
        return
    with sqlite3.connect(workspace.folder / ".gristmill" / "catalog.db") as database:
        database.execute(statement, values)


def test_verify_finds_a_record_that_was_changed(two):
    release = two.json("release", "show", "before")
    other = two.json("release", "show", "after")["datasets"][0]["version"]

    def faults(name):
        return {one["what"].split(":")[0] for one in two.json("release", "verify", name, code=4)["faults"]}

    stored = json.dumps({key: value for key, value in release.items() if key not in ("status", "approvals")})
    moved = stored.replace(str(release["datasets"][0]["version"]), str(other))
    change_database(two, "UPDATE releases SET contents = ? WHERE name = ?", moved, "before")
    assert "the record does not match its digest" in faults("before")
    # With a digest that fits, the audit log still knows better.
    contents = json.loads(moved)
    digested = {key: value for key, value in contents.items() if key not in ("digest", "created_at")}
    text = json.dumps(digested, separators=(",", ":"), ensure_ascii=False)
    contents["digest"] = hashlib.sha256(text.encode()).hexdigest()
    change_database(two, "UPDATE releases SET contents = ? WHERE name = ?", json.dumps(contents), "before")
    found = faults("before")
    assert "the audit log does not know its digest" in found and "the record does not match its digest" not in found


def test_verify_finds_a_release_without_its_approvals(guarded):
    change_database(guarded, "UPDATE releases SET status = 'released' WHERE name = ?", "r1")
    (fault,) = guarded.json("release", "verify", "r1", code=4)["faults"]
    assert "without the approvals" in fault["what"]
