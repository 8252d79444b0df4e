# SPDX-License-Identifier: Apache-2.0
"""WARC.gz to cleaned, deduplicated, tokenized text with datatrove, in the order of its published FineWeb example.

datatrove_path.py WARC_FOLDER OUT TOKENIZER LANGUAGE_MODEL. Prints one JSON line with document counts.
"""

import json
import sys
from pathlib import Path

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import GopherQualityFilter, LanguageFilter
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader, WarcReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.lid import FT176LID

TIMEOUT_SECONDS = 60  # the default of 1 s would make the result depend on the load of the machine


class LocalModel(FT176LID):
    """datatrove's identifier with a model file that is at hand instead of a download."""

    def __init__(self, path, languages):
        super().__init__(languages)
        self.path = path

    @property
    def model(self):
        from fasttext.FastText import _FastText

        if self._model is None:
            self._model = _FastText(self.path)
        return self._model


def execute(name, out, pipeline, tasks=1):
    executor = LocalPipelineExecutor(
        pipeline=pipeline, tasks=tasks, workers=1, logging_dir=str(out / "logs" / name), skip_completed=False
    )
    return executor.run()


def count_lines(folder):
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl"))


def main(warc, out, tokenizer, model):
    out = Path(out)
    language = LanguageFilter(languages=["en"], language_threshold=0.65)
    language.model = LocalModel(model, ["en"])
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    clean, final = out / "clean", out / "final"
    signatures, buckets, removals = (str(out / "minhash" / part) for part in ("signatures", "buckets", "removals"))
    extraction = [
        WarcReader(warc, glob_pattern="*.warc.gz"),
        Trafilatura(timeout=TIMEOUT_SECONDS),
        language,
        GopherQualityFilter(),
        JsonlWriter(str(clean), compression=None),
    ]
    stats = execute("extraction", out, extraction)
    signature = MinhashDedupSignature(output_folder=signatures, config=config)
    execute("signatures", out, [JsonlReader(str(clean)), signature])
    find = MinhashDedupBuckets(input_folder=signatures, output_folder=buckets, config=config)
    execute("buckets", out, [find], tasks=14)
    cluster = MinhashDedupCluster(input_folder=buckets, output_folder=removals, config=config)
    execute("cluster", out, [cluster])
    finish = [
        JsonlReader(str(clean)),
        MinhashDedupFilter(input_folder=removals),
        PIIFormatter(),
        JsonlWriter(str(final), compression=None),
        DocumentTokenizer(
            output_folder=str(out / "tokens"),
            tokenizer_name_or_path=tokenizer,
            eos_token="<|endoftext|>",
            shuffle_documents=False,
        ),
    ]
    done = execute("finish", out, finish)
    tokens = next((int(step.stats["tokens"].total) for step in done.stats if "tokens" in step.stats), 0)
    read = next(int(step.stats["documents"].total) for step in stats.stats if "documents" in step.stats)
    counts = {"documents": read, "clean": count_lines(clean), "out": count_lines(final), "tokens": tokens}
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
