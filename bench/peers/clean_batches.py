# SPDX-License-Identifier: Apache-2.0
"""The classic cleaning of raw HTML as the function of a Ray Data batch, in three ways.

    clean_batches.py python|polars|gristmill INPUT.parquet [--ray]

Strips scripts, styles and tags, collapses white space, scores noise (tags left over x 10 / length) and keeps what
scores below 0.1 and is longer than 100 characters. Prints the CPU seconds of the function over all batches, start-up
and reading apart. With --ray the batches come from Ray's `map_batches`, and its workers measure themselves.
"""

import argparse
import json
import re
import time

import pyarrow as pa
import pyarrow.parquet

BATCH_ROWS = 1024
SCRIPTS = r"(?is)<(script|style)\b[^>]*>.*?</(?:script|style)\s*>"
TAGS = r"<[^>]+>"


def by_python(batch):
    """Compiled regular expressions of the standard library, row by row, as such functions are written."""
    # `compile` keeps what it made, so that only the first batch pays.
    scripts, tags, spaces = re.compile(SCRIPTS), re.compile(TAGS), re.compile(r"\s+")
    texts, kept = [], []
    for row, html in enumerate(batch["text"].to_pylist()):
        text = spaces.sub(" ", tags.sub(" ", scripts.sub(" ", html))).strip()
        score = len(tags.findall(text)) * 10 / max(len(text), 1)
        if score < 0.1 and len(text) > 100:
            texts.append(text)
            kept.append(row)
    return batch.take(kept).set_column(batch.schema.get_field_index("text"), "text", pa.array(texts, pa.string()))


def by_polars(batch):
    """The same expressions in Polars, on one thread as in a worker with one CPU."""
    import polars

    text = polars.col("text")
    # Rust's engine has no backreferences; the alternation above has none either.
    stripped = (
        text.str.replace_all(SCRIPTS, " ").str.replace_all(TAGS, " ").str.replace_all(r"\s+", " ").str.strip_chars()
    )
    length = polars.col("text").str.len_chars()
    score = polars.col("text").str.count_matches(TAGS) * 10 / length
    return polars.DataFrame(batch).with_columns(stripped).filter((score < 0.1) & (length > 100)).to_arrow()


class ByGristmill:
    """Two operators in a row, made at the first batch: Ray sends this object to its workers."""

    chain = None

    def __call__(self, batch):
        if self.chain is None:
            import gristmill

            strip = gristmill.Operator("extract.strip_tags", separator="space", whitespace="collapse", entities=False)
            self.chain = gristmill.Chain(strip, gristmill.Operator("filter.noise", max_score=0.1, min_characters=100))
        return self.chain(batch)


WAYS = {"python": by_python, "polars": by_polars, "gristmill": ByGristmill()}


def in_process(clean, path):
    table = pyarrow.parquet.read_table(path)
    batches = [pa.Table.from_batches([batch]) for batch in table.combine_chunks().to_batches(BATCH_ROWS)]
    clean(batches[0])
    began = time.process_time()
    rows = sum(clean(batch).num_rows for batch in batches)
    return time.process_time() - began, rows


def in_ray(clean, path):
    import ray

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)

    def measured(batch):
        clean(batch.slice(0, 1))
        began = time.process_time()
        rows = clean(batch).num_rows
        return pa.table({"rows": [rows], "seconds": [time.process_time() - began]})

    work = ray.data.read_parquet(path).map_batches(measured, batch_format="pyarrow", batch_size=BATCH_ROWS)
    answers = work.take_all()
    return sum(row["seconds"] for row in answers), sum(row["rows"] for row in answers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("way", choices=sorted(WAYS))
    parser.add_argument("path")
    parser.add_argument("--ray", action="store_true")
    options = parser.parse_args()
    seconds, rows = (in_ray if options.ray else in_process)(WAYS[options.way], options.path)
    print(json.dumps({"seconds": seconds, "rows": rows}))


if __name__ == "__main__":
    main()
