# SPDX-License-Identifier: Apache-2.0
"""Whole pipelines: WARC.gz to tokens against datatrove, and a rewrite against a bare Arrow loop."""

import sys

from harness import (
    ORIGIN,
    PEERS,
    ROOT,
    TOKENIZER,
    WORK,
    corpus,
    empty,
    gristmill,
    interleaved,
    language_model,
    median,
    peer_version,
    program,
    run,
    summed,
)

WHOLE_PATH = """name: whole-path
inputs: [raw/web]
steps:
  - extract.html
  - language.identify: {{model: {model}, bytes_max: 0}}
  - filter.language: {{keep: [en], min_score: 0.65}}
  - filter.gopher_quality
  - dedup.minhash: {{ngram: 5, bands: 14, rows: 8}}
  - redact.pii: {{kinds: [email, ip_address], style: fineweb}}
  - tokenize.bpe: {{tokenizer: {tokenizer}}}
output: clean/web
tokens: {{into: tokens/web, format: gristmill, shard_tokens: 1000000}}
"""
WHOLE_PATH_MEGABYTES = 48
REWRITE = "name: rewrite\ninputs: [raw/web]\nsteps: []\noutput: clean/copy\n"


def our_whole_path(warc):
    workspace = empty("whole-path")
    pipeline = WORK / "whole-path.yaml"
    pipeline.write_text(WHOLE_PATH.format(model=language_model(), tokenizer=TOKENIZER))
    made = run([program("bin/gristmill"), "init", workspace, "--quiet"])
    landed = gristmill(workspace, "ingest", warc, *ORIGIN, "--threads", "1")
    return summed([made, landed, gristmill(workspace, "run", pipeline, "--threads", "1")])


def whole_path(repeats):
    """WARC.gz to tokens against datatrove."""
    # Large enough that starting up counts on neither side, small enough that the peer takes about a minute.
    warc = corpus(WHOLE_PATH_MEGABYTES) / "warc"
    script = ROOT / "bench" / "peers" / "datatrove_path.py"
    command = [PEERS / "bin" / "python", script, warc]
    environment = {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}

    def peer():
        out = empty("datatrove")
        return summed([run([*command, out, TOKENIZER, language_model()], environment=environment)])

    theirs, ours = interleaved(peer, lambda: our_whole_path(warc), repeats)
    small = median([our_whole_path(corpus(12) / "warc") for _ in range(repeats)])
    documents = ours["output"]["documents"]["in"]
    rate = {"peer": theirs["output"]["documents"] / theirs["cpu_seconds"], "ours": documents / ours["cpu_seconds"]}
    started = small["output"]["documents"]["in"] / small["cpu_seconds"]
    memory = theirs["peak_bytes"] / ours["peak_bytes"]
    kept = ours["output"]["documents"]["out"]
    return {
        "what": "Whole path, WARC.gz to tokens: documents per CPU second",
        "input": f"{documents} pages ({theirs['output']['out']} kept by the peer, {kept} by ours)",
        "peer": f"datatrove {peer_version('datatrove')}, Trafilatura {peer_version('trafilatura')}",
        "theirs": theirs,
        "ours": ours,
        "rates": f"{rate['peer']:.1f} : {rate['ours']:.0f}",
        "ratio": rate["ours"] / rate["peer"],
        "goal": 50,
        "goal_text": ">= 50x, memory below a third",
        "note": f"memory 1/{memory:.1f} of the peer's; on {small['output']['documents']['in']} pages, where starting "
        f"up counts more, ours makes {started:.0f} documents a CPU second",
    }


def rewrite(repeats):
    """Reading a dataset and writing it again, against a bare Arrow loop."""
    workspace = empty("rewrite")
    pipeline = WORK / "rewrite.yaml"
    pipeline.write_text(REWRITE)
    run([program("bin/gristmill"), "init", workspace, "--quiet"])
    gristmill(workspace, "ingest", corpus(600), *ORIGIN)
    files = sorted((workspace / "warehouse").glob("raw/web/data/**/*.parquet"))

    def peer():
        out = empty("arrow-rewrite")
        out.mkdir()
        return summed([run([program("bench/arrow_rewrite"), out, *files])])

    def ours():
        return summed([gristmill(workspace, "run", pipeline, "--threads", "1")])

    theirs, own = interleaved(peer, ours, repeats)
    megabytes = theirs["output"]["text_bytes"] / 1e6
    if theirs["output"]["rows"] != own["output"]["documents"]["out"]:
        sys.exit("bench: the two sides of the rewrite saw different documents")
    return {
        "what": "Parquet scan and rewrite: MB of text per CPU second",
        "input": f"{megabytes:.0f} MB of text, {theirs['output']['rows']} documents, zstd level 3",
        "peer": f"bare Arrow C++ loop, Arrow {peer_version('pyarrow')}",
        "theirs": theirs,
        "ours": own,
        "rates": f"{megabytes / theirs['cpu_seconds']:.0f} : {megabytes / own['cpu_seconds']:.0f}",
        "ratio": theirs["cpu_seconds"] / own["cpu_seconds"],
        "goal": 0.8,
        "goal_text": ">= 0.8x",
        "note": "ours also checks pages, hashes files and texts, counts, indexes ids, syncs, commits and reports",
    }


COMPARISONS = {"whole_path": whole_path, "rewrite": rewrite}
