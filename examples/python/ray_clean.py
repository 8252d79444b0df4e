# SPDX-License-Identifier: Apache-2.0
"""The classic cleaning job on Ray Data: read Parquet, strip HTML, score noise, filter, write, and commit a version.

    python examples/python/ray_clean.py INPUT.parquet WORKSPACE [--into clean/pages]

Texts lose their tags; a text stays when its noise score (tags left over x 10 / length) is below 0.1 and it is longer
than 100 characters. A batch that fails is tried again. What was counted on the way must fit what was written, before
the files become a version of a dataset in the workspace.
"""

import argparse
import json
import pathlib
import shutil
import tempfile

import pyarrow.parquet
import ray
from gristmill.runs import call

import gristmill


@ray.remote
class Metrics:
    """Sums the reports of all batches; each batch counts once, however often Ray repeated it."""

    def __init__(self):
        self.batches = {}
        self.attempts = 0

    def start(self):
        self.attempts += 1

    def retries(self):
        return self.attempts - len(self.batches)

    def add(self, batch, report):
        self.batches[batch] = report

    def total(self):
        total = {}
        for report in self.batches.values():
            for operator, counts in report.items():
                into = total.setdefault(operator, {"in": 0, "out": 0, "dropped": {}, "quarantined": {}})
                into["in"] += counts["in"]
                into["out"] += counts["out"]
                for kind in ("dropped", "quarantined"):
                    for reason, count in counts[kind].items():
                        into[kind][reason] = into[kind].get(reason, 0) + count
        return total


def make_chain():
    """Strip, score and filter."""
    return gristmill.Chain(
        gristmill.Operator("extract.strip_tags", separator="space", whitespace="collapse"),
        gristmill.Operator("filter.noise", max_score=0.1, min_characters=100),
    )


def cleaner(metrics):
    """The function of a batch: the whole chain in one pass over the text."""
    chain = make_chain()

    def clean(table):
        if table.num_rows == 0:
            return chain(table)
        ray.get(metrics.start.remote())
        report = {}
        cleaned = chain(table, report=report)
        # Named by its first document, so that a repeated batch replaces itself.
        ray.get(metrics.add.remote(table.column("id")[0].as_py(), report))
        return cleaned

    return clean


def validate(folder, total):
    """Refuses an output that does not fit the counts or the rules; returns the number of its rows."""
    table = pyarrow.parquet.read_table(folder)
    expected = total["filter.noise"]["out"] if total else 0
    if table.num_rows != expected:
        raise SystemExit(f"{table.num_rows} rows were written, {expected} were kept: nothing is committed")
    if table.num_rows and "text" not in table.column_names:
        raise SystemExit("the output has no column 'text': nothing is committed")
    short = sum(1 for text in table.column("text").to_pylist() if len(text) <= 100)
    if short:
        raise SystemExit(f"{short} texts are too short: nothing is committed")
    return table.num_rows


def commit(folder, workspace, dataset):
    """The files become a version of the dataset; answers with the ingestion's record."""
    words = ["--source", "ray-clean", "--license", "CC0-1.0", "--into", dataset, "--workspace", str(workspace)]
    return call("ingest", str(folder), *words)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", help="Parquet file or folder with the columns id and text")
    parser.add_argument("workspace", type=pathlib.Path)
    parser.add_argument("--into", default="clean/pages")
    options = parser.parse_args()
    ray.init(ignore_reinit_error=True, log_to_driver=False, include_dashboard=False)
    # Ray repeats the work of a worker that crashed; of a batch that raised an error, three times when told so.
    context = ray.data.DataContext.get_current()
    context.retried_map_errors = True
    context.max_map_retries = 3
    metrics = Metrics.remote()
    staging = pathlib.Path(tempfile.mkdtemp(prefix="ray-clean-"))
    try:
        pages = ray.data.read_parquet(options.input)
        cleaned = pages.map_batches(cleaner(metrics), batch_format="pyarrow", batch_size=1024)
        cleaned.write_parquet(str(staging))
        total = ray.get(metrics.total.remote())
        retries = ray.get(metrics.retries.remote())
        rows = validate(staging, total)
        record = commit(staging, options.workspace, options.into)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    answer = {"rows": rows, "retries": retries, "metrics": total}
    print(json.dumps({**answer, "dataset": options.into, "ingestion": record["ingestion_id"]}))


if __name__ == "__main__":
    main()
