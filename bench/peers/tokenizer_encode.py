# SPDX-License-Identifier: Apache-2.0
"""Encodes JSON lines with a tokenizer library, once, after loading: prints CPU seconds, bytes, ids and their digest.

tokenizer_encode.py LIBRARY TOKENIZER.json TEXTS.jsonl
"""

import hashlib
import json
import pathlib
import sys
import time


def byte_of_character():
    """The byte-level alphabet: printable Latin-1 characters are themselves, the others follow from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}


def encoder(library, path):
    if library == "tokenizers":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(path)
        tokenizer.encode_special_tokens = True
        return lambda text: tokenizer.encode(text, add_special_tokens=False)
    if library == "tiktoken":
        import tiktoken

        model = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        alphabet = byte_of_character()
        ranks = {bytes(alphabet[c] for c in token): rank for token, rank in model["model"]["vocab"].items()}
        split = next(part for part in model["pre_tokenizer"]["pretokenizers"] if part["type"] == "Split")
        made = tiktoken.Encoding(
            "measured", pat_str=split["pattern"]["Regex"], mergeable_ranks=ranks, special_tokens={}
        )
        return made.encode_ordinary
    if library == "fastokens":
        import fastokens

        tokenizer = fastokens.Tokenizer.from_file(path)
        return lambda text: tokenizer.encode(text, add_special_tokens=False)
    import gigatoken

    return gigatoken.Tokenizer(path).encode


def main():
    library, path, texts_path = sys.argv[1:4]
    with open(texts_path, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    encode = encoder(library, path)
    encode("x")  # The first call makes what is made once only.
    start = time.process_time()
    encoded = [encode(text) for text in texts]
    seconds = time.process_time() - start
    # Making lists of what a library returns is not counted.
    ids = [getattr(row, "ids", row) for row in encoded]
    digest = hashlib.sha256(",".join(str(int(i)) for row in ids for i in row).encode()).hexdigest()
    size = sum(len(text.encode()) for text in texts)
    print(json.dumps({"cpu_seconds": seconds, "bytes": size, "ids": sum(map(len, ids)), "digest": digest}))


main()
