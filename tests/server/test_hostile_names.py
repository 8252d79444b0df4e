# SPDX-License-Identifier: Apache-2.0
"""Names that try to be more than names, through the JSON API and the Iceberg catalog of the server."""

import urllib.parse

import pytest

NAMES = [
    "x'; DROP TABLE audit; --",
    'x" OR "1"="1',
    "../../etc/passwd",
    "a/../../b",
    "$(touch MARK)",
    "<script>alert(1)</script>",
    "a\nb",
    "a\r\nSet-Cookie: c=1",
    "\x1b[31mred",
    "\u202egnp.exe",
    "x" * 300,
    "%2e%2e%2f",
    "\x00",
]


@pytest.fixture
def server(serve, workspace):
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["One text."]))
    return serve()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_refused_or_not_found(server, workspace, tmp_path, name):
    quoted = urllib.parse.quote(name, safe="")
    answers = [
        server.call("GET", f"/api/v1/datasets/raw/{quoted}"),
        server.call("GET", f"/api/v1/datasets/{quoted}/web"),
        server.call("GET", f"/api/v1/datasets/raw/web?version={quoted}"),
        server.call("GET", f"/api/v1/releases/{quoted}"),
        server.call("GET", f"/api/v1/runs/{quoted}"),
        server.call("POST", "/api/v1/releases", json={"name": name, "label": "L", "description": "D"}),
        server.call("GET", f"/iceberg/v1/namespaces/{quoted}"),
        server.call("GET", f"/iceberg/v1/namespaces/raw/tables/{quoted}"),
        server.call("POST", "/iceberg/v1/namespaces", json={"namespace": [name]}),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500, (answer.request.url, answer.status_code, answer.text)
        assert answer.headers["Content-Type"].split(";")[0] in ("application/json", "application/problem+json")
        assert "Set-Cookie" not in answer.headers
    assert [one["name"] for one in server.get("/api/v1/datasets").json()["items"]] == ["raw/web"]
    assert server.get("/api/v1/releases").json()["items"] == []
    assert not list(tmp_path.rglob("MARK"))
    assert workspace.json("audit", "verify")["intact"]
