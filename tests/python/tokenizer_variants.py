# SPDX-License-Identifier: Apache-2.0
"""The example tokenizer as it is, and with members changed that move offsets."""

import json
import pathlib

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "tokenizers" / "example.json"


def variants():
    """Contents of tokenizer.json by name of the variant."""
    plain = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    first = 1 + max([*plain["model"]["vocab"].values(), *(token["id"] for token in plain["added_tokens"])])
    shape = {"single_word": False, "lstrip": False, "rstrip": False, "special": False}
    added = [
        {"id": first, "content": "<mark>", "normalized": False, **shape},
        {"id": first + 1, "content": "\u00e9t\u00e9", "normalized": True, **shape},
    ]
    prefixed = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    return {
        "plain": plain,
        "added": plain | {"added_tokens": [*plain["added_tokens"], *added]},
        "nfc": plain | {"normalizer": {"type": "NFC"}},
        "prefixed": plain | {"pre_tokenizer": prefixed},
    }
