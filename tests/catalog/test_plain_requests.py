# SPDX-License-Identifier: Apache-2.0
"""Plain requests to the REST catalog: what no client of ours sends, but somebody will."""

import base64
import json
import os
import pathlib
import uuid

import pyarrow as pa
import pytest

SCHEMA = {
    "type": "struct",
    "fields": [
        {"id": 0, "name": "n", "required": False, "type": "long"},
        {"id": 1, "name": "text", "required": False, "type": "string"},
    ],
}


@pytest.fixture
def web(rest, adapter):
    """A table with one snapshot of five rows: its load answer."""
    assert rest("POST", "/v1/namespaces", {"namespace": ["raw"]})[0] == 200
    assert rest("POST", "/v1/namespaces/raw/tables", {"name": "web", "schema": SCHEMA})[0] == 200
    adapter.pyiceberg().load_table("raw.web").append(pa.table({"n": range(5), "text": list("abcde")}))
    return rest("GET", "/v1/namespaces/raw/tables/web")[1]


def commit(rest, updates, requirements=(), table="web", **options):
    body = {"requirements": list(requirements), "updates": updates}
    return rest("POST", f"/v1/namespaces/raw/tables/{table}", body, **options)


def snapshot_like(web, **changes):
    """The table's newest snapshot as a further one."""
    (snapshot,) = web["metadata"]["snapshots"]
    further = {
        "snapshot-id": snapshot["snapshot-id"] + 1,
        "sequence-number": 2,
        "timestamp-ms": snapshot["timestamp-ms"],
    }
    return {**snapshot, "parent-snapshot-id": snapshot["snapshot-id"], **further, **changes}


def error_of(answer, status):
    assert answer[0] == status, answer
    assert answer[1]["error"]["code"] == status
    assert answer[1]["error"]["message"]
    return answer[1]["error"]["type"]


def test_config(rest):
    status, config = rest("GET", "/v1/config?warehouse=anything")
    assert status == 200
    assert config["defaults"] == {} and config["overrides"] == {}
    assert config["idempotency-key-lifetime"] == "PT30M"
    assert "POST /v1/{prefix}/transactions/commit" in config["endpoints"]
    assert "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}" in config["endpoints"]


def test_a_token_for_a_secret_in_both_forms(rest):
    form = "grant_type=client_credentials&client_id=me&client_secret=secret&scope=catalog"
    assert rest("POST", "/v1/oauth/tokens", form)[1]["access_token"] == "secret"
    basic = {"Authorization": "Basic " + base64.b64encode(b"me:secret").decode()}
    status, token = rest("POST", "/v1/oauth/tokens", "grant_type=client_credentials", headers=basic)
    assert (status, token["access_token"], token["token_type"].lower()) == (200, "secret", "bearer")
    exchange = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=secret"
    assert rest("POST", "/v1/oauth/tokens", exchange)[1]["access_token"] == "secret"
    status, refused = rest("POST", "/v1/oauth/tokens", form.replace("=secret", "=wrong"))
    assert (status, refused["error"]) == (401, "invalid_client")
    assert rest("POST", "/v1/oauth/tokens", "grant_type=password")[1]["error"] == "unsupported_grant_type"
    assert rest("POST", "/v1/oauth/tokens", "")[0] == 400


def test_pages(rest):
    for name in ("b", "a", "d", "c", "e"):
        rest("POST", "/v1/namespaces", {"namespace": [name]})
        rest("POST", "/v1/namespaces/a/tables", {"name": f"t{name}", "schema": SCHEMA})
    for path, key in (("/v1/namespaces", "namespaces"), ("/v1/namespaces/a/tables", "identifiers")):
        token, seen = "", []
        while token is not None:
            status, answer = rest("GET", f"{path}?pageSize=2&pageToken={token}")
            assert status == 200 and len(answer[key]) <= 2
            seen += answer[key]
            token = answer.get("next-page-token")
        assert seen == rest("GET", path)[1][key]
        assert len(seen) in (4, 5)
        assert len(rest("GET", f"{path}?pageToken=")[1][key]) == len(seen)
        for bad in ("pageSize=0", "pageSize=-1", "pageSize=x", "pageToken=nonsense", "pageToken=after-zz"):
            assert error_of(rest("GET", f"{path}?{bad}"), 400) == "BadRequestException"


def test_load_answers_are_told_apart_by_their_tags(rest, web):
    path = "/v1/namespaces/raw/tables/web"
    request = {"method": "GET", "path": path, "query": "", "headers": {}, "body": "", "caller": "me"}
    tag = rest.send(request)["headers"]["ETag"]
    again = rest.send({**request, "headers": {"if-none-match": tag}})
    assert (again["status"], again["body"]) == (304, "")
    assert rest.send({**request, "query": "snapshots=refs", "headers": {"If-None-Match": tag}})["status"] == 200
    commit(rest, [{"action": "set-properties", "updates": {"a": "b"}}])
    assert rest.send({**request, "headers": {"If-None-Match": tag}})["status"] == 200


def test_only_named_snapshots(rest, web, adapter):
    adapter.pyiceberg().load_table("raw.web").append(pa.table({"n": [5], "text": ["f"]}))
    everything = rest("GET", "/v1/namespaces/raw/tables/web?snapshots=all")[1]["metadata"]
    named = rest("GET", "/v1/namespaces/raw/tables/web?snapshots=refs")[1]["metadata"]
    assert len(everything["snapshots"]) == 2
    assert [one["snapshot-id"] for one in named["snapshots"]] == [everything["current-snapshot-id"]]


def test_a_commit_sent_again_is_answered_with_its_success(rest, web):
    metadata = web["metadata"]
    snapshot = snapshot_like(web)
    updates = [
        {"action": "add-snapshot", "snapshot": snapshot},
        {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": snapshot["snapshot-id"]},
    ]
    requirements = [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": metadata["current-snapshot-id"]}]
    status, first = commit(rest, updates, requirements)
    assert status == 200
    assert commit(rest, updates, requirements) == (200, first)
    change = {"identifier": {"namespace": ["raw"], "name": "web"}, "requirements": requirements, "updates": updates}
    assert rest("POST", "/v1/transactions/commit", {"table-changes": [change]})[0] == 204
    other = json.loads(json.dumps(updates))
    other[0]["snapshot"]["manifest-list"] += "x"
    assert error_of(commit(rest, other), 409) == "CommitFailedException"


def test_a_table_that_is_told_its_own_uuid_again_is_changed(rest, web):
    updates = [
        {"action": "assign-uuid", "uuid": web["metadata"]["table-uuid"]},
        {"action": "set-properties", "updates": {"a": "b"}},
    ]
    assert commit(rest, updates)[0] == 200
    assert rest("GET", "/v1/namespaces/raw/tables/web")[1]["metadata"]["properties"]["a"] == "b"


def test_requirements(rest, web):
    metadata = web["metadata"]
    good = [
        {"type": "assert-table-uuid", "uuid": metadata["table-uuid"].upper()},
        {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": metadata["current-snapshot-id"]},
        {"type": "assert-ref-snapshot-id", "ref": "other", "snapshot-id": None},
        {"type": "assert-last-assigned-field-id", "last-assigned-field-id": 2},
        {"type": "assert-current-schema-id", "current-schema-id": 0},
        {"type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 999},
        {"type": "assert-default-spec-id", "default-spec-id": 0},
        {"type": "assert-default-sort-order-id", "default-sort-order-id": 0},
    ]
    update = [{"action": "set-properties", "updates": {"a": "b"}}]
    assert commit(rest, update, good)[0] == 200
    bad = [{"type": "assert-create"}, {"type": "assert-table-uuid", "uuid": str(uuid.uuid4())}]
    bad += [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": None}]
    bad += [{"type": "assert-ref-snapshot-id", "ref": "other", "snapshot-id": 4}]
    bad += [{**one, key: one[key] + 1} for one in good[3:] for key in one if key != "type"]
    for one in bad:
        assert error_of(commit(rest, update, [one]), 409) == "CommitFailedException", one
    for one in ({"type": "assert-nonsense"}, {}, {"type": "assert-table-uuid"}, {"type": "assert-default-spec-id"}, 5):
        assert error_of(commit(rest, update, [one]), 400) == "BadRequestException", one
    assert error_of(commit(rest, update, table="absent"), 404) == "NoSuchTableException"


def test_updates_that_break_a_table_change_nothing(rest, web):
    before = rest("GET", "/v1/namespaces/raw/tables/web")[1]
    wide = {"fields": [{"id": 1, "name": "n", "required": True, "type": "long"}], "type": "struct"}
    list_file = web["metadata"]["snapshots"][0]["manifest-list"]
    updates = [
        {"action": "no-such-update"},
        {},
        7,
        {"action": "assign-uuid", "uuid": str(uuid.uuid4())},
        {"action": "upgrade-format-version", "format-version": 1},
        {"action": "upgrade-format-version", "format-version": 3},
        {"action": "add-schema", "schema": {"type": "struct", "fields": "x"}},
        {"action": "add-schema", "schema": {**wide, "fields": wide["fields"] * 2}},
        {"action": "add-schema", "schema": {**wide, "identifier-field-ids": [9]}},
        {"action": "add-schema", "schema": {"type": "struct", "fields": [{"id": 1, "name": "n", "type": "longer"}]}},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "set-current-schema", "schema-id": 77},
        {"action": "set-default-spec", "spec-id": 4},
        {"action": "set-default-sort-order", "sort-order-id": 4},
        {"action": "set-snapshot-ref", "ref-name": "main", "type": "tag", "snapshot-id": 1},
        {"action": "set-snapshot-ref", "ref-name": "x", "type": "bush", "snapshot-id": 1},
        {"action": "set-snapshot-ref", "ref-name": "x", "type": "branch", "snapshot-id": 1},
        {"action": "remove-snapshots", "snapshot-ids": [web["metadata"]["current-snapshot-id"]]},
        {"action": "remove-schemas", "schema-ids": [0]},
        {"action": "remove-partition-specs", "spec-ids": [0]},
        {"action": "set-properties", "updates": {"a": 1}},
        {"action": "set-statistics", "statistics": {"snapshot-id": 1, "statistics-path": "x"}},
        {"action": "set-location", "location": "file:///etc"},
        {"action": "set-location", "location": web["metadata"]["location"] + "/../../../../outside"},
        {"action": "set-properties", "updates": {"write.data.path": "file:///etc"}},
        {"action": "add-snapshot", "snapshot": snapshot_like(web, **{"manifest-list": "file:///etc/passwd"})},
        {"action": "add-snapshot", "snapshot": snapshot_like(web, **{"manifest-list": list_file + ".gone"})},
        {"action": "add-snapshot", "snapshot": snapshot_like(web, **{"timestamp-ms": 1 << 60})},
        {"action": "add-snapshot", "snapshot": snapshot_like(web, **{"schema-id": 12})},
        {"action": "add-snapshot", "snapshot": snapshot_like(web, summary={})},
        {"action": "add-snapshot", "snapshot": snapshot_like(web, **{"snapshot-id": 0})},
    ]
    for update in updates:
        assert error_of(commit(rest, [update]), 400) == "BadRequestException", update
    stale = snapshot_like(web, **{"sequence-number": 1})
    assert error_of(commit(rest, [{"action": "add-snapshot", "snapshot": stale}]), 409) == "CommitFailedException"
    assert rest("GET", "/v1/namespaces/raw/tables/web")[1] == before


def test_a_transaction_over_two_tables_is_all_or_nothing(rest, web):
    rest("POST", "/v1/namespaces/raw/tables", {"name": "other", "schema": SCHEMA})

    def change(name, requirements=()):
        update = {"action": "set-properties", "updates": {"seen": "yes"}}
        identifier = {"namespace": ["raw"], "name": name}
        return {"identifier": identifier, "requirements": list(requirements), "updates": [update]}

    fails = [{"type": "assert-current-schema-id", "current-schema-id": 4}]
    answer = rest("POST", "/v1/transactions/commit", {"table-changes": [change("web"), change("other", fails)]})
    assert error_of(answer, 409) == "CommitFailedException"
    assert "seen" not in rest("GET", "/v1/namespaces/raw/tables/web")[1]["metadata"]["properties"]
    twice = rest("POST", "/v1/transactions/commit", {"table-changes": [change("web"), change("web")]})
    assert error_of(twice, 400) == "BadRequestException"
    assert rest("POST", "/v1/transactions/commit", {"table-changes": [change("web"), change("other")]})[0] == 204
    for name in ("web", "other"):
        loaded = rest("GET", f"/v1/namespaces/raw/tables/{name}")[1]["metadata"]
        assert loaded["properties"]["seen"] == "yes"
    for body in ({}, {"table-changes": []}, {"table-changes": [{}]}, [], "{"):
        assert error_of(rest("POST", "/v1/transactions/commit", body), 400) == "BadRequestException"


def test_a_transaction_sent_again_is_answered_with_its_success(rest, web):
    rest("POST", "/v1/namespaces/raw/tables", {"name": "other", "schema": SCHEMA})
    snapshot = snapshot_like(web)
    ref = {"ref-name": "main", "type": "branch", "snapshot-id": snapshot["snapshot-id"]}
    appended = {
        "identifier": {"namespace": ["raw"], "name": "web"},
        "requirements": [
            {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": snapshot["parent-snapshot-id"]}
        ],
        "updates": [{"action": "add-snapshot", "snapshot": snapshot}, {"action": "set-snapshot-ref", **ref}],
    }
    wider = {"type": "struct", "fields": [{"id": 1, "name": "n", "required": False, "type": "long"}]}
    altered = {
        "identifier": {"namespace": ["raw"], "name": "other"},
        "requirements": [{"type": "assert-current-schema-id", "current-schema-id": 0}],
        "updates": [{"action": "add-schema", "schema": wider}, {"action": "set-current-schema", "schema-id": -1}],
    }
    body = {"table-changes": [altered, appended]}
    assert rest("POST", "/v1/transactions/commit", body)[0] == 204
    before = rest("GET", "/v1/namespaces/raw/tables/other")[1]
    assert before["metadata"]["current-schema-id"] == 1
    assert rest("POST", "/v1/transactions/commit", body)[0] == 204
    assert rest("GET", "/v1/namespaces/raw/tables/other")[1] == before
    # Without the part that proves it the same is a conflict, as it would be for anybody else.
    assert error_of(rest("POST", "/v1/transactions/commit", {"table-changes": [altered]}), 409)


def test_idempotency_keys(rest, web):
    key = {"Idempotency-Key": "01890a5d-ac96-774b-bcce-b302099a8057"}
    namespace = {"namespace": ["twice"]}
    first = rest("POST", "/v1/namespaces", namespace, headers=key)
    assert first[0] == 200
    assert rest("POST", "/v1/namespaces", namespace, headers=key) == first
    assert error_of(rest("POST", "/v1/namespaces", namespace), 409) == "AlreadyExistsException"
    assert error_of(rest("POST", "/v1/namespaces", {"namespace": ["other"]}, headers=key), 422)
    assert error_of(rest("POST", "/v1/namespaces", namespace, headers={"Idempotency-Key": "1"}), 400)
    add = {"action": "add-schema", "schema": {**SCHEMA, "fields": SCHEMA["fields"][1:]}}
    requirements = [{"type": "assert-current-schema-id", "current-schema-id": 0}]
    updates = [add, {"action": "set-current-schema", "schema-id": -1}]
    key = {"Idempotency-Key": str(uuid.uuid4())}
    done = commit(rest, updates, requirements, headers=key)
    assert done[0] == 200
    assert commit(rest, updates, requirements, headers=key) == done
    assert error_of(commit(rest, updates, requirements), 409) == "CommitFailedException"


@pytest.mark.parametrize(
    "name",
    ["", "..", "a/b", "a.b", "x'; DROP TABLE iceberg_tables; --", "a b", "-rf", "a\nb", "a\x1fb", "é", "a" * 256, 5],
)
def test_odd_names_are_refused(rest, web, name):
    assert error_of(rest("POST", "/v1/namespaces/raw/tables", {"name": name, "schema": SCHEMA}), 400)
    assert error_of(rest("POST", "/v1/namespaces", {"namespace": [name]}), 400)
    assert error_of(rest("POST", "/v1/namespaces", {"namespace": ["raw", name]}), 400)
    rename = {"source": {"namespace": ["raw"], "name": "web"}, "destination": {"namespace": ["raw"], "name": name}}
    assert error_of(rest("POST", "/v1/tables/rename", rename), 400)
    assert [one["name"] for one in rest("GET", "/v1/namespaces/raw/tables")[1]["identifiers"]] == ["web"]


@pytest.mark.parametrize("path", ["%27%20OR%201%3D1", "..%2F..%2Fetc", "%25", "a+b", "%C3%A9"])
def test_odd_addresses_find_nothing(rest, web, path):
    assert error_of(rest("GET", f"/v1/namespaces/raw/tables/{path}"), 404) == "NoSuchTableException"
    assert error_of(rest("DELETE", f"/v1/namespaces/raw/tables/{path}"), 404) == "NoSuchTableException"


def test_addresses_that_nobody_has(rest):
    for path in ("/", "/v1", "/v2/config", "/v1/namespaces/a/b", "/v1/nothing"):
        assert rest("GET", path)[0] == 404
    assert rest("DELETE", "/v1/config")[0] == 405
    for path in ("/v1/namespaces/%zz", "/v1/namespaces/%", "/v1/namespaces/%FF", "/v1/namespaces/a%00b"):
        assert rest("GET", path)[0] == 400
    assert rest("HEAD", "/v1/namespaces/none") == (404, None)
    assert error_of(rest("GET", "/v1/namespaces/none"), 404) == "NoSuchNamespaceException"
    assert error_of(rest("GET", "/v1/namespaces/none/tables/x"), 404) == "NoSuchTableException"
    assert error_of(rest("GET", "/v1/namespaces/none/views/x"), 404) == "NoSuchViewException"
    assert error_of(rest("POST", "/v1/namespaces/none/tables", {"name": "x", "schema": SCHEMA}), 404)
    assert error_of(rest("POST", "/v1/namespaces", "not json"), 400)


def test_who_may_only_read_changes_nothing(rest, web):
    assert rest("GET", "/v1/namespaces/raw/tables/web", may_write=False)[0] == 200
    assert rest("DELETE", "/v1/namespaces/raw/tables/web", may_write=False)[0] == 403
    assert rest("POST", "/v1/namespaces", {"namespace": ["x"]}, may_write=False)[0] == 403


def test_locations_stay_in_the_warehouse(rest, web, workspace):
    warehouse = workspace / "warehouse"
    for location in (
        "file:///tmp/elsewhere",
        f"{warehouse}/../outside",
        f"file://{warehouse}",
        f"file://{warehouse}/landing/x",
        web["metadata"]["location"],
        web["metadata"]["location"] + "/inner",
        f"file://{warehouse}/raw",
        "http://example.org/x",
        "relative/path",
    ):
        body = {"name": "x", "schema": SCHEMA, "location": location}
        assert error_of(rest("POST", "/v1/namespaces/raw/tables", body), 400), location
    good = {"name": "x", "schema": SCHEMA, "location": f"{warehouse}/mine/x/"}
    assert rest("POST", "/v1/namespaces/raw/tables", good)[0] == 200
    (workspace / "foreign.metadata.json").write_text(json.dumps(web["metadata"]))
    for location in (str(workspace / "foreign.metadata.json"), f"{warehouse}/none.json", "", 5):
        body = {"name": "y", "metadata-location": location}
        assert error_of(rest("POST", "/v1/namespaces/raw/register", body), 400), location


def test_creations_that_cannot_be(rest, web):
    def create(**body):
        return rest("POST", "/v1/namespaces/raw/tables", {"name": "x", "schema": SCHEMA, **body})

    spec = {"fields": [{"source-id": 1, "name": "b", "transform": "bucket[4]"}]}
    assert error_of(create(name="web"), 409) == "AlreadyExistsException"
    assert error_of(create(schema=None), 400)
    assert error_of(create(properties={"format-version": "3"}), 400)
    assert error_of(create(**{"partition-spec": {"fields": [{**spec["fields"][0], "source-id": 9}]}}), 400)
    assert error_of(create(**{"partition-spec": {"fields": [{**spec["fields"][0], "transform": "day"}]}}), 400)
    status, made = create(**{"partition-spec": spec})
    assert status == 200
    assert made["metadata"]["partition-specs"][0]["fields"][0]["source-id"] == 2
    assert [field["id"] for field in made["metadata"]["schemas"][0]["fields"]] == [1, 2]


def test_a_second_table_with_the_same_uuid_is_refused(rest, web):
    location = web["metadata-location"]
    copy = pathlib.Path(location.removeprefix("file://")).with_name("copy.metadata.json")
    copy.write_text(json.dumps(web["metadata"]))
    capital = copy.with_name("capital.metadata.json")
    capital.write_text(json.dumps({**web["metadata"], "table-uuid": web["metadata"]["table-uuid"].upper()}))
    for place in (location, f"file://{copy}", f"file://{capital}"):
        answer = rest("POST", "/v1/namespaces/raw/register", {"name": "again", "metadata-location": place})
        assert error_of(answer, 409) == "AlreadyExistsException"
    staged = rest("POST", "/v1/namespaces/raw/tables", {"name": "late", "schema": SCHEMA, "stage-create": True})[1]
    metadata = staged["metadata"]
    assert "metadata-location" not in staged
    assert os.path.isdir(metadata["location"].removeprefix("file://") + "/metadata")
    updates = [
        {"action": "assign-uuid", "uuid": web["metadata"]["table-uuid"]},
        {"action": "upgrade-format-version", "format-version": 2},
        {"action": "add-schema", "schema": metadata["schemas"][0]},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "set-location", "location": metadata["location"]},
    ]
    created = [{"type": "assert-create"}]
    assert error_of(commit(rest, updates, created, table="late"), 409) == "AlreadyExistsException"
    updates[0]["uuid"] = metadata["table-uuid"]
    status, done = commit(rest, updates, created, table="late")
    assert status == 200
    assert commit(rest, updates, created, table="late") == (200, done)


def test_a_uuid_that_could_not_be_read_for_a_while_is_taken_all_the_same(rest, web):
    original = pathlib.Path(web["metadata-location"].removeprefix("file://"))
    copy = original.with_name("copy.metadata.json")
    away = original.with_name("away")
    original.rename(away)
    # While the one table cannot be read, another one is made and looks for its uuid.
    other = {**web["metadata"], "table-uuid": str(uuid.uuid4()), "location": web["metadata"]["location"] + "-other"}
    copy.write_text(json.dumps(other))
    register = {"name": "other", "metadata-location": f"file://{copy}"}
    assert rest("POST", "/v1/namespaces/raw/register", register)[0] == 200
    away.rename(original)
    second = copy.with_name("second.metadata.json")
    second.write_text(json.dumps(web["metadata"]))
    answer = rest("POST", "/v1/namespaces/raw/register", {"name": "again", "metadata-location": f"file://{second}"})
    assert error_of(answer, 409) == "AlreadyExistsException"


def test_purge_leaves_files_that_others_may_share(rest, web):
    folder = pathlib.Path(web["metadata"]["location"].removeprefix("file://"))
    commit(rest, [{"action": "set-properties", "updates": {"gc.enabled": "false"}}])
    before = {path for path in folder.rglob("*") if path.is_file()}
    assert rest("DELETE", "/v1/namespaces/raw/tables/web?purgeRequested=true")[0] == 204
    assert rest.send({"method": "PURGE", "age_ms": -1})["files"] == 0
    assert {path for path in folder.rglob("*") if path.is_file()} == before


def test_purge_takes_only_what_nobody_needs(rest, web, adapter):
    folder = pathlib.Path(web["metadata"]["location"].removeprefix("file://"))
    (data,) = folder.glob("data/*.parquet")
    # Another table that refers to the same data file, as a copy of the metadata does.
    foreign = folder.parent / "other" / "metadata" / "00000-copy.metadata.json"
    foreign.parent.mkdir(parents=True)
    changes = {"table-uuid": str(uuid.uuid4()), "location": f"file://{foreign.parent.parent}", "metadata-log": []}
    metadata = {**web["metadata"], **changes}
    foreign.write_text(json.dumps(metadata))
    register = {"name": "other", "metadata-location": f"file://{foreign}"}
    assert rest("POST", "/v1/namespaces/raw/register", register)[0] == 200
    assert rest("DELETE", "/v1/namespaces/raw/tables/web?purgeRequested=True")[0] == 204
    assert data.exists()
    assert rest.send({"method": "PURGE", "age_ms": 60_000})["purged"] == []
    report = rest.send({"method": "PURGE", "age_ms": -1})
    assert report["purged"] == ["raw/web"] and report["postponed"] == []
    assert data.exists() and not list(folder.glob("metadata/*.json"))
    assert adapter.pyiceberg().load_table("raw.other").scan().to_arrow().num_rows == 5
    assert rest("DELETE", "/v1/namespaces/raw/tables/other?purgeRequested=true")[0] == 204
    (foreign.parent.parent / "kept.txt").write_text("not ours")
    assert rest.send({"method": "PURGE", "age_ms": -1})["purged"] == ["raw/other"]
    # Its data lies in the folder of another table that was dropped: nobody's to remove from here.
    assert data.exists() and (foreign.parent.parent / "kept.txt").exists()


def test_everything_is_in_the_audit_log(rest, web, gristmill, workspace):
    rest("POST", "/v1/namespaces/raw/properties", {"updates": {"a": "b"}})
    rename = {"source": {"namespace": ["raw"], "name": "web"}, "destination": {"namespace": ["raw"], "name": "new"}}
    assert rest("POST", "/v1/tables/rename", rename)[0] == 204
    assert rest("DELETE", "/v1/namespaces/raw/tables/new")[0] == 204
    assert rest("DELETE", "/v1/namespaces/raw")[0] == 204
    entries = gristmill.json("audit", "log", cwd=workspace)
    actions = [entry["action"] for entry in entries][::-1]
    assert actions[1:] == [
        "namespace.create",
        "dataset.create",
        "dataset.commit",
        "namespace.properties",
        "dataset.rename",
        "dataset.drop",
        "namespace.drop",
    ]


def test_reports_are_taken(rest, web):
    path = "/v1/namespaces/raw/tables/web/metrics"
    for kind in ("scan-report", "commit-report", "of-tomorrow"):
        assert rest("POST", path, {"report-type": kind, "metrics": {"attempts": {"value": "many"}}}) == (204, None)
    for body in ({}, [], "{", {"report-type": 5}):
        assert error_of(rest("POST", path, body), 400) == "BadRequestException"


def test_there_are_no_views(rest, web):
    """Clients ask for a view when they find no table; views of their own they keep elsewhere."""
    listed = rest("GET", "/v1/config")[1]["endpoints"]
    assert not [endpoint for endpoint in listed if "view" in endpoint]
    assert rest("GET", "/v1/namespaces/raw/views") == (200, {"identifiers": []})
    assert error_of(rest("GET", "/v1/namespaces/none/views"), 404) == "NoSuchNamespaceException"
    assert error_of(rest("GET", "/v1/namespaces/raw/views/web"), 404) == "NoSuchViewException"
    assert rest("HEAD", "/v1/namespaces/raw/views/web") == (404, None)
    for method, path in (
        ("POST", "/v1/namespaces/raw/views"),
        ("POST", "/v1/namespaces/raw/views/web"),
        ("DELETE", "/v1/namespaces/raw/views/web"),
        ("POST", "/v1/namespaces/raw/register-view"),
        ("POST", "/v1/views/rename"),
    ):
        assert error_of(rest(method, path, {}), 406) == "UnsupportedOperationException"
