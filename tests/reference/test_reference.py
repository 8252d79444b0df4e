# SPDX-License-Identifier: Apache-2.0
"""The same requests to Iceberg's own test server and to ours: the answers must agree."""

import os
import pathlib
import subprocess

import pytest
import requests
from server_support import Server, Workspace

JARS = pathlib.Path(os.environ.get("GRISTMILL_REFERENCE_JARS", "none"))
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAM = pathlib.Path(os.environ.get("GRISTMILL", ROOT / "build" / "dev" / "bin" / "gristmill"))


class Side:
    """One of the two servers: takes a request, gives what can be compared of its answer."""

    def __init__(self, uri, headers):
        self.uri = uri
        self.headers = headers
        self.uuid = None
        self.location = None

    def __call__(self, method, path, body=None):
        body = body(self) if callable(body) else body
        answer = requests.request(method, f"{self.uri}/v1/{path}", json=body, headers=self.headers, timeout=60)
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        document = answer.json() if answer.text and is_json else None
        return answer.status_code, self.comparable(document)

    def comparable(self, document):
        if not isinstance(document, dict):
            return document
        if "error" in document:
            error = document["error"]
            # What is a bad request goes by several names there.
            return "bad request" if error["code"] == 400 else (error["type"], error["code"])
        if "metadata" not in document:
            if document.get("next-page-token", "") is None:
                document.pop("next-page-token")
            if "properties" in document:
                document["properties"].pop("location", None)
            return {key: sorted(one, key=str) if isinstance(one, list) else one for key, one in document.items()}
        metadata = document["metadata"]
        self.uuid, self.location = metadata["table-uuid"], metadata["location"]
        names = ["format-version", "last-column-id", "current-schema-id", "schemas", "default-spec-id"]
        names += ["partition-specs", "last-partition-id", "default-sort-order-id", "sort-orders", "refs"]
        shown = {name: metadata.get(name) for name in names}
        # Ours names the identifier fields of a schema also where there are none.
        for schema in shown["schemas"]:
            schema.setdefault("identifier-field-ids", [])
        ours = ("write.parquet.", "write.metadata.")
        shown["properties"] = {
            key: value
            for key, value in metadata["properties"].items()
            if not key.startswith(ours) and key != "created-at"
        }
        shown["is stored"] = "metadata-location" in document
        return shown


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    """The reference and ours."""
    if not list(JARS.glob("iceberg-core-*.jar")):
        pytest.skip("no reference server: make test-reference")
    folder = tmp_path_factory.mktemp("reference")
    command = ["java", "-cp", f"{JARS}/*", str(HERE / "ReferenceServer.java"), str(folder / "catalog.db"), str(folder)]
    with (folder / "log").open("w") as log:
        reference = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
    port = reference.stdout.readline().strip()
    assert port, (folder / "log").read_text()
    ours = Server(Workspace(PROGRAM, tmp_path_factory.mktemp("ours")))
    yield Side(f"http://127.0.0.1:{port}", {}), Side(ours.started["iceberg_uri"], ours.headers())
    reference.stdin.close()
    reference.wait(60)
    reference.stdout.close()
    ours.stop()


def field(number, name, kind="long", required=False):
    return {"id": number, "name": name, "type": kind, "required": required}


def commit(*updates, requirements=()):
    return {"requirements": list(requirements), "updates": list(updates)}


TABLE = "namespaces/raw/tables/web"
PLACE = {
    "type": "struct",
    "fields": [field(31, "city", "string"), field(32, "zip", "decimal(9, 2)", True)],
}
LIST = {"type": "list", "element-id": 30, "element": PLACE, "element-required": True}
MAP = {"type": "map", "key-id": 33, "key": "string", "value-id": 34, "value": "double", "value-required": False}
SCHEMA = {
    "type": "struct",
    "schema-id": 0,
    "identifier-field-ids": [7],
    "fields": [field(7, "key", "long", True), field(5, "places", LIST), field(6, "by", MAP), field(9, "day", "date")],
}
SPEC = {
    "spec-id": 0,
    "fields": [
        {"source-id": 9, "field-id": 1000, "name": "day_month", "transform": "month"},
        {"source-id": 7, "field-id": 1001, "name": "key_bucket", "transform": "bucket[16]"},
    ],
}
ORDER = {
    "order-id": 1,
    "fields": [{"source-id": 7, "transform": "identity", "direction": "desc", "null-order": "nulls-last"}],
}
CREATE = {"name": "web", "schema": SCHEMA, "partition-spec": SPEC, "write-order": ORDER, "properties": {"a": "b"}}
WIDER = {
    "type": "struct",
    "fields": [field(1, "key", "long", True), field(4, "day", "date"), field(40, "more", "string")],
}
YEARLY = {"spec-id": 1, "fields": [{"source-id": 4, "field-id": 1002, "name": "day_year", "transform": "year"}]}
CURRENT = {"action": "set-current-schema", "schema-id": -1}
# Not among them, as we differ on purpose: a spec that is there already counts as added, so that -1 means it.
REQUESTS = [
    ("GET", "namespaces"),
    ("POST", "namespaces", {"namespace": ["raw"], "properties": {"owner": "me"}}),
    ("POST", "namespaces", {"namespace": ["raw"], "properties": {}}),
    ("POST", "namespaces/raw/properties", {"removals": ["absent"], "updates": {"color": "red"}}),
    ("POST", "namespaces/raw/properties", {"removals": ["color"], "updates": {"color": "red"}}),
    ("GET", "namespaces"),
    ("HEAD", "namespaces/raw"),
    ("HEAD", "namespaces/none"),
    ("GET", "namespaces/none"),
    ("GET", "namespaces/none/tables"),
    ("GET", "namespaces/raw/tables"),
    ("DELETE", "namespaces/none"),
    ("POST", "namespaces/none/tables", CREATE),
    ("POST", "namespaces/raw/tables", {**CREATE, "stage-create": True}),
    ("GET", TABLE),
    ("POST", "namespaces/raw/tables", CREATE),
    ("POST", "namespaces/raw/tables", CREATE),
    ("HEAD", TABLE),
    ("GET", TABLE),
    ("GET", "namespaces/raw/tables"),
    ("DELETE", "namespaces/raw"),
    ("POST", TABLE, commit({"action": "add-schema", "schema": WIDER, "last-column-id": 40}, CURRENT)),
    ("POST", TABLE, commit({"action": "set-properties", "updates": {"c": "d"}})),
    ("POST", TABLE, commit({"action": "remove-properties", "removals": ["c", "absent"]})),
    (
        "POST",
        TABLE,
        commit(
            {"action": "add-spec", "spec": YEARLY},
            {"action": "set-default-spec", "spec-id": -1},
        ),
    ),
    (
        "POST",
        TABLE,
        commit(
            {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
            {"action": "set-default-sort-order", "sort-order-id": -1},
        ),
    ),
    ("POST", TABLE, commit({"action": "set-current-schema", "schema-id": 0})),
    ("POST", TABLE, commit({"action": "set-current-schema", "schema-id": 99})),
    *[
        ("POST", TABLE, commit(requirements=[{"type": kind, key: 77}]))
        for kind, key in (
            ("assert-last-assigned-field-id", "last-assigned-field-id"),
            ("assert-current-schema-id", "current-schema-id"),
            ("assert-last-assigned-partition-id", "last-assigned-partition-id"),
            ("assert-default-spec-id", "default-spec-id"),
            ("assert-default-sort-order-id", "default-sort-order-id"),
        )
    ],
    ("POST", TABLE, commit(requirements=[{"type": "assert-create"}])),
    ("POST", TABLE, commit(requirements=[{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 5}])),
    ("POST", TABLE, lambda side: commit(requirements=[{"type": "assert-table-uuid", "uuid": side.uuid}])),
    ("POST", "namespaces/raw/tables/none", commit({"action": "set-properties", "updates": {"c": "d"}})),
    (
        "POST",
        "tables/rename",
        {"source": {"namespace": ["raw"], "name": "none"}, "destination": {"namespace": ["raw"], "name": "new"}},
    ),
    (
        "POST",
        "tables/rename",
        {"source": {"namespace": ["raw"], "name": "web"}, "destination": {"namespace": ["none"], "name": "new"}},
    ),
    (
        "POST",
        "tables/rename",
        {"source": {"namespace": ["raw"], "name": "web"}, "destination": {"namespace": ["raw"], "name": "new"}},
    ),
    ("GET", TABLE),
    ("DELETE", TABLE),
    ("DELETE", "namespaces/raw/tables/new"),
    ("GET", "namespaces/raw/tables/new"),
    ("DELETE", "namespaces/raw"),
    ("GET", "namespaces"),
]


def test_the_answers_agree(sides):
    reference, ours = sides
    different = []
    for number, request in enumerate(REQUESTS):
        expected, given = reference(*request), ours(*request)
        if expected != given:
            different.append(f"{number} {request[0]} {request[1]}\n  reference {expected}\n  ours      {given}")
    assert different == [], "\n".join(different)
