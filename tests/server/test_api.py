# SPDX-License-Identifier: Apache-2.0
"""The JSON API over a workspace with known contents."""

import json
import time

import pytest

PIPELINE = "name: again\ninputs: [raw/web]\nsteps:\n  - normalize.unicode\noutput: clean/again\n"


def wait_for(server, run, *statuses):
    for _ in range(600):
        shown = server.get(f"/api/v1/runs/{run}").json()
        if shown["status"] in statuses:
            return shown
        time.sleep(0.05)
    raise AssertionError(shown)


def test_datasets_are_those_of_the_command_line(served):
    told = served.get("/api/v1/datasets").json()["items"]
    known = served.workspace.json("dataset", "list")
    assert [item["name"] for item in told] == [item["name"] for item in known] == ["clean/web", "raw/web"]
    for item, other in zip(told, known, strict=True):
        assert item["current_version"] == str(other["current_version"])  # 63 bits do not fit JavaScript's numbers.
        assert item["documents"] == other["documents"] == 20
    shown = served.get("/api/v1/datasets/clean/web").json()
    (version,) = served.get("/api/v1/datasets/clean/web/versions").json()["items"]
    assert shown["versions"] == [version] and shown["selected_version"] == version["version"]
    assert served.get(f"/api/v1/datasets/clean/web?version={version['version']}").json() == shown
    columns = served.get("/api/v1/datasets/clean/web/schema").json()["items"]
    assert {"id", "text"} <= {column["name"] for column in columns}
    same = served.get("/api/v1/datasets/raw/web/diff?from=v1").json()
    assert same["documents"]["unchanged"] == 20 and isinstance(same["before"]["version"], str)


def test_documents_come_in_parts(served):
    whole = served.workspace.json_lines("dataset", "head", "raw/web", "--count", "20")
    seen, offset = [], "0"
    while offset is not None:
        part = served.get(f"/api/v1/datasets/raw/web/documents?limit=7&offset={offset}").json()
        seen += part["items"]
        offset = part["next"]
    assert seen == whole and len(seen) == 20
    assert served.get("/api/v1/datasets/raw/web/documents?offset=100").json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    "path, status, told",
    [
        ("/api/v1/datasets/raw/none", 404, "raw/none"),
        ("/api/v1/datasets/raw/..%2f..", 404, "not a dataset name"),
        ("/api/v1/datasets/raw/web?version=v99", 404, "v99"),
        ("/api/v1/datasets/raw/web?verson=v1", 422, "query/verson is no parameter"),
        ("/api/v1/datasets/raw/web?version=v1&version=v1", 422, "given twice"),
        ("/api/v1/datasets/raw/web?version=%ff", 400, "broken escape"),
        ("/api/v1/datasets/raw/web/documents?limit=0", 422, "at least 1"),
        ("/api/v1/datasets/raw/web/documents?limit=x", 422, "must be of type integer"),
        ("/api/v1/datasets/raw/web/diff", 422, "from is missing"),
        ("/api/v1/runs/none", 404, "none"),
        ("/api/v1/runs?after=none", 404, "none"),
        ("/api/v1/ingestions/none", 404, "none"),
        ("/api/v1/operators/filter.nothing", 404, "filter.nothing"),
        ("/api/v1/recipes/nothing", 404, "nothing"),
        ("/api/v1/recipes/..%2fx", 404, "no recipe"),
        ("/api/v1/trace?subject=/etc/passwd:1", 422, "dataset and number"),
        ("/api/v1/trace?subject=00000000000000000000000000000000", 404, "0000"),
        ("/api/v1/releases/none", 404, "none"),
        ("/nothing", 404, "openapi.json"),
    ],
)
def test_errors_have_one_shape(served, path, status, told):
    answer = served.get(path, status=status)
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status and problem["type"] == "about:blank" and problem["title"]
    assert told in problem["detail"], problem


def test_what_a_client_can_not_read_or_send_is_refused(served):
    served.get("/api/v1/datasets", status=406, headers={"Accept": "text/html, application/json;q=0"})
    served.get("/api/v1/datasets", headers={"Accept": "text/html, application/*;q=0.5"})
    post = {"status": None, "data": b"{}"}
    for headers, status in (
        ({}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 422),
    ):
        answer = served.call("POST", "/api/v1/runs", headers=headers, **post)
        assert answer.status_code == status, answer.text
    kind = {"Content-Type": "application/json"}
    assert served.call("POST", "/api/v1/runs", headers=kind, data=b"{broken").status_code == 400
    assert served.call("POST", "/api/v1/runs", headers=kind, data=b" " * 2_000_000).status_code == 413
    wrong = served.call("POST", "/api/v1/runs", json={"recipe": 5, "settings": {"a": 1}, "more": 0}, status=422).json()
    assert {fault["where"] for fault in wrong["errors"]} == {"/recipe", "/settings/a", "/more"}


def test_scopes_are_kept(served):
    reader = served.workspace.json("token", "create", "--name", "reader")["token"]
    writer = served.workspace.json("token", "create", "--name", "writer", "--scope", "write")["token"]
    served.get("/api/v1/runs", token=reader)
    refused = served.call("POST", "/api/v1/runs", token=reader, status=403, json={"recipe": "c4"})
    assert "scope write" in refused.json()["detail"]
    python = "name: p\ninputs: [raw/web]\nsteps:\n  - python: {function: 'os:system'}\noutput: clean/p\n"
    answer = served.call("POST", "/api/v1/runs/plan", token=writer, json={"pipeline": python}, status=403)
    assert "admin" in answer.json()["detail"]
    for path in ("/etc/passwd", "../x", ".gristmill/admin-token", "a/../../x", "env:HOME"):
        text = f"name: p\ninputs: [raw/web]\nsteps:\n  - tokenize.bpe: {{tokenizer: '{path}'}}\noutput: clean/p\n"
        served.call("POST", "/api/v1/runs/plan", token=writer, json={"pipeline": text}, status=403)


def test_a_run_is_started_watched_and_found_again_by_its_key(served):
    key = {"Idempotency-Key": "once"}
    begun = served.call("POST", "/api/v1/runs", json={"pipeline": PIPELINE}, headers=key, status=202)
    run = begun.json()["run_id"]
    assert begun.headers["Location"] == f"/api/v1/runs/{run}" and begun.json()["is_new"]
    shown = wait_for(served, run, "done")
    assert shown["documents"]["out"] == 20 and isinstance(shown["output"]["version"], str)
    again = served.call("POST", "/api/v1/runs", json={"pipeline": PIPELINE}, headers=key, status=200)
    assert again.json() == {"run_id": run, "is_new": False}
    other = PIPELINE.replace("again", "other")
    served.call("POST", "/api/v1/runs", json={"pipeline": other}, headers=key, status=409)
    (account,) = served.get(f"/api/v1/runs/{run}/operators").json()["items"]
    assert account["name"] == "normalize.unicode" and account["in"] == account["out"] == 20
    assert served.get(f"/api/v1/runs/{run}/progress").json()["status"] == "done"
    served.call("POST", f"/api/v1/runs/{run}/cancel", status=409)
    served.call("POST", f"/api/v1/runs/{run}/resume", status=409)
    assert served.workspace.json("runs", "show", run)["status"] == "done"
    # Whoever asked is in the audit log, not the user that the server runs as.
    assert served.get("/api/v1/runs?limit=1").json()["items"][0]["run_id"] == run
    first = served.get("/api/v1/runs?limit=1").json()
    rest = served.get(f"/api/v1/runs?after={first['next']}").json()
    assert len(first["items"]) + len(rest["items"]) == len(served.workspace.json("runs", "list"))
    trace = served.get(
        f"/api/v1/trace?subject={served.get('/api/v1/datasets/raw/web/documents').json()['items'][0]['id']}"
    )
    assert trace.json()["license"]["id"] == "CC0-1.0" and isinstance(trace.json()["document"]["version"], str)


def test_a_pipeline_that_is_wrong_says_where(served):
    text = PIPELINE.replace("normalize.unicode", "normalize.unicod")
    for path in ("/api/v1/runs", "/api/v1/runs/plan"):
        told = served.call("POST", path, json={"pipeline": text}, status=422).json()["detail"]
        assert "the pipeline, line 4" in told and "normalize.unicode" in told and "/" not in told.split("line")[0]
    plan = served.call("POST", "/api/v1/runs/plan", json={"pipeline": PIPELINE}, status=200).json()
    assert plan["stages"] and "path" not in plan["pipeline"]
    served.call("POST", "/api/v1/runs", json={"recipe": "no-such-recipe"}, status=422)
    served.call("POST", "/api/v1/runs", json={"recipe": "../../etc/passwd"}, status=422)


def test_operators_recipes_and_ingestions(served):
    operators = served.get("/api/v1/operators").json()["items"]
    assert [item["name"] for item in operators] == [item["name"] for item in served.workspace.json("ops", "list")]
    one = served.get("/api/v1/operators/filter.gopher_quality").json()
    assert one["options"] and one in operators
    assert {item["name"] for item in served.get("/api/v1/recipes").json()["items"]} >= {"c4", "web-to-tokens"}
    assert "path" not in served.get("/api/v1/recipes/c4").json()
    (ingestion,) = served.get("/api/v1/ingestions").json()["items"]
    whole = served.get(f"/api/v1/ingestions/{ingestion['ingestion_id']}").json()
    assert whole["files"] and isinstance(whole["version"], str)


def test_a_release_is_made_and_read(served):
    body = {"name": "first", "label": "First", "description": "All of it", "datasets": ["raw/web"]}
    served.call("POST", "/api/v1/releases", json={"name": "x"}, status=422)
    made = served.call("POST", "/api/v1/releases", json=body, status=201).json()
    assert served.get("/api/v1/releases/first").json() == made and made["status"] == "released"
    assert all(isinstance(item["version"], str) for item in made["datasets"])
    assert served.get("/api/v1/releases").json()["items"] == [made]
    served.call("POST", "/api/v1/releases", json={**body, "label": "Other"}, status=409)


def test_feedback_is_answered_when_it_is_durable(served):
    event = {"type": "rating", "schema_version": 1, "consent": True, "rating": "up", "subject": "answer-1"}
    stored = served.call("POST", "/api/v1/feedback", json=[event, event], status=201).json()
    assert len(stored["events"]) == 2
    key = {"Idempotency-Key": "feedback-once"}
    first = served.call("POST", "/api/v1/feedback", json=event, headers=key, status=201).json()
    again = served.call("POST", "/api/v1/feedback", json=event, headers=key, status=201).json()
    assert again["events"][0]["sequence"] == first["events"][0]["sequence"] and again["events"][0]["repeated"]
    served.call("POST", "/api/v1/feedback", json={"type": "nonsense"}, status=422)
    lines = served.workspace.json_lines("feedback", "tail")
    assert [line["event"]["subject"] if "event" in line else line["subject"] for line in lines] == ["answer-1"] * 3


def test_the_openapi_document_tells_every_route(served):
    document = served.get("/api/v1/openapi.json", headers={"Authorization": ""}).json()
    assert document["openapi"] == "3.1.0"
    operations = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == len(set(operations)) > 25
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/components/')[1:]}:
        kind, name = reference.split("/")
        assert name in document["components"][kind], reference
