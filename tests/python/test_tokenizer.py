# SPDX-License-Identifier: Apache-2.0
"""The tokenizer by itself: ids, offsets and back. The expected ones are the tokenizers library's, written by
tests/peers/write_offset_golden.py."""

import json
import pathlib
import threading
import unicodedata

import pytest
from tokenizer_variants import EXAMPLE, variants

import gristmill

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "token_offsets.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
TEXTS = [case["text"] for case in CASES if case["variant"] == "plain"]


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    """Our tokenizer for each variant."""
    folder = tmp_path_factory.mktemp("tokenizers")
    made = {}
    for name, content in variants().items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        made[name] = gristmill.Tokenizer(path)
    return made


def is_composed(text):
    return unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['variant']}-{case['text'][:12]!a}")
def test_ids_and_offsets_are_those_of_the_library(tokenizers, case):
    tokenizer, text = tokenizers[case["variant"]], case["text"]
    ids, offsets = tokenizer.encode_with_offsets(text)
    assert ids == tokenizer.encode(text) == case["ids"]
    if case["variant"] != "nfc" or is_composed(text):
        assert offsets == [tuple(pair) for pair in case["offsets"]]
    # Nothing of the text is left out, whatever its form.
    assert sorted({place for begin, end in offsets for place in range(begin, end)}) == list(range(len(text)))
    if case["variant"] == "nfc":
        assert tokenizer.decode(ids) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("name", ["plain", "added", "nfc"])
def test_in_bytes_tokens_stand_side_by_side(tokenizers, name):
    for text in filter(is_composed, TEXTS):
        ids, spans = tokenizers[name].encode_with_offsets(text, unit="bytes")
        raw = text.encode()
        assert [begin for begin, _ in spans] == [0, *(end for _, end in spans)][: len(spans)]
        assert b"".join(raw[begin:end] for begin, end in spans) == raw
        assert [tokenizers[name].decode_bytes([one]) for one in ids] == [raw[begin:end] for begin, end in spans]


def test_what_normalization_joined_is_covered_as_a_whole(tokenizers):
    text = "ab e\u0301\u0323 cd"
    _, offsets = tokenizers["nfc"].encode_with_offsets(text)
    joined = {place for begin, end in offsets if begin < 6 and end > 3 for place in range(begin, end)}
    assert {3, 4, 5} <= joined
    # Behind it the places are those of the text as it was given.
    assert offsets[-1][1] == len(text)
    assert text[offsets[-1][0] : offsets[-1][1]].strip() in ("cd", "d")


def test_special_tokens_by_policy():
    text = "one<|endoftext|>two"
    end = gristmill.Tokenizer(EXAMPLE).id_of("<|endoftext|>")
    assert end not in gristmill.Tokenizer(EXAMPLE).encode(text)
    for words in ({"special_tokens": "allow"}, {"special_tokens": "refuse", "allowed_special": ["<|endoftext|>"]}):
        ids, offsets = gristmill.Tokenizer(EXAMPLE, **words).encode_with_offsets(text)
        assert offsets[ids.index(end)] == (3, 16)
    with pytest.raises(ValueError, match="byte 3"):
        gristmill.Tokenizer(EXAMPLE, special_tokens="refuse").encode(text)


def test_bad_words_are_refused(tmp_path):
    with pytest.raises(ValueError, match="special_tokens must be one of"):
        gristmill.Tokenizer(EXAMPLE, special_tokens="maybe")
    with pytest.raises(ValueError, match="unit must be one of"):
        gristmill.Tokenizer(EXAMPLE).encode_with_offsets("x", unit="words")
    with pytest.raises(ValueError, match="pattern must be one of"):
        gristmill.Tokenizer(EXAMPLE, pattern="gpt5")
    with pytest.raises((KeyError, ValueError), match="absent"):
        gristmill.Tokenizer(tmp_path / "absent.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ValueError, match=r"bad\.json"):
        gristmill.Tokenizer(tmp_path / "bad.json")
    for method in (gristmill.Tokenizer(EXAMPLE).encode, gristmill.Tokenizer(EXAMPLE).encode_with_offsets):
        with pytest.raises(UnicodeEncodeError, match="position 1"):
            method("a\ud800")
        with pytest.raises(TypeError, match="must be a str, got bytes"):
            method(b"x")
    with pytest.raises(ValueError, match="nope"):
        gristmill.Tokenizer(EXAMPLE, allowed_special=["nope"])


def test_threads_share_one():
    tokenizer = gristmill.Tokenizer(EXAMPLE)
    wanted = [tokenizer.encode_with_offsets(text) for text in TEXTS]
    found = []

    def work():
        found.append([tokenizer.encode_with_offsets(text) for text in TEXTS * 20])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted * 20] * 4
