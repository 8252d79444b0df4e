# SPDX-License-Identifier: Apache-2.0
"""The API against its own document, fuzzed; and the metrics as Prometheus reads them."""

import re
import subprocess

import pytest


@pytest.fixture(scope="module")
def openapi_python(source_root):
    """The interpreter of an environment that has schemathesis and prometheus_client."""
    made = subprocess.run([source_root / "tools" / "openapi_environment.sh"], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"the environment of schemathesis could not be made: {made.stderr[-500:]}")
    return source_root / ".venv-openapi" / "bin" / "python"


@pytest.mark.full
def test_no_request_breaks_the_server_and_every_answer_conforms(openapi_python, serve, workspace):
    workspace.write_jsonl("a.jsonl", [f"Document number {i}." for i in range(5)])
    workspace.ingest()
    workspace.run("normalize.unicode")
    server = serve("--rate", "100000")
    # What the schema cannot say (a pipeline that is right, a name that is taken) is refused all the same, so valid data
    # need not be taken; what is too large is answered so before it is looked at.
    settings = workspace.folder / "schemathesis.toml"
    settings.write_text('[checks.negative_data_rejection]\nexpected-statuses = ["4xx"]\n')
    command = [openapi_python.parent / "schemathesis", "--config-file", settings, "run"]
    command += [f"{server.url}/api/v1/openapi.json", "--exclude-checks", "positive_data_acceptance"]
    command += ["--header", f"Authorization: Bearer {server.token}", "--seed", "1", "--max-examples", "10"]
    command += ["--checks", "all", "--phases", "examples,coverage,fuzzing"]
    # A stream ends when its run ends: it has tests of its own.
    command += ["--exclude-operation-id", "watch_run", "--generation-database", "none", "--request-timeout", "30"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=workspace.folder)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert server.get("/health/ready").status_code == 200


PARSE = """
import sys
from prometheus_client.parser import text_string_to_metric_families as parse
for family in parse(sys.stdin.read()):
    assert family.documentation, family.name
    assert family.type in ("counter", "gauge", "histogram"), family
    for sample in family.samples:
        print(sample.name, family.type)
"""


@pytest.mark.full
def test_prometheus_reads_the_metrics(openapi_python, served):
    served.get("/api/v1/datasets")
    text = served.get("/metrics").text
    done = subprocess.run([openapi_python, "-c", PARSE], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    samples = {tuple(line.split()) for line in done.stdout.splitlines()}
    assert ("gristmill_http_requests_total", "counter") in samples
    assert ("gristmill_http_request_duration_seconds_bucket", "histogram") in samples
    assert all(name.endswith("_total") for name, kind in samples if kind == "counter")


def test_metrics_count_what_was_answered(served):
    def counted(pattern):
        (value,) = re.findall(pattern + r"} (\d+)", served.get("/metrics").text)
        return int(value)

    served.get("/api/v1/recipes")
    labels = r'gristmill_http_requests_total\{route="list_recipes",method="GET",status="200"'
    before = counted(labels)
    served.get("/api/v1/recipes")
    served.get("/api/v1/recipes")
    assert counted(labels) == before + 2
    assert counted(r'gristmill_http_request_duration_seconds_count\{route="list_recipes"') >= before + 2
    last = 'gristmill_http_request_duration_seconds_bucket{route="list_recipes",le="+Inf"'
    assert counted(re.escape(last)) >= before + 2
    # Ids in paths and methods of the client's own make no series.
    served.call("BREW", "/api/v1/recipes", status=405)
    served.get("/api/v1/recipes/c4")
    text = served.get("/metrics").text
    assert "BREW" not in text and 'method="other"' in text and "recipes/c4" not in text
