# SPDX-License-Identifier: Apache-2.0
"""Tokenizers by themselves, with the places in the text that tokens stand for."""

import os
from collections.abc import Iterable, Sequence

_SPECIAL = ("text", "allow", "refuse")
_PATTERNS = ("auto", "gpt2", "cl100k", "llama3", "qwen2", "o200k")
_UNITS = ("characters", "bytes")


def _one_of(name, value, words):
    if value not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)}, got {value!r}")


def _why_no_text(text):
    """The error for what the native half did not take as text."""
    if isinstance(text, str):
        text.encode()  # Raises UnicodeEncodeError with the place of the lone surrogate.
    return TypeError(f"text must be a str, got {type(text).__name__}")


class Tokenizer:
    """A byte-level BPE tokenizer, exact to the id of the library it comes from. Threads may share it.

    >>> tokenizer = gristmill.Tokenizer("tokenizer.json")
    >>> ids, offsets = tokenizer.encode_with_offsets("Hello world")
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        pattern: str = "auto",
        special_tokens: str = "text",
        allowed_special: Iterable[str] = (),
    ):
        """Loads a Hugging Face `tokenizer.json` or a tiktoken rank file.

        pattern: how a rank file's text is cut (auto, gpt2, cl100k, llama3, qwen2, o200k).
        special_tokens: text that spells a special token is "text" like any other, becomes the token ("allow"), or is
            an error ("refuse"). allowed_special: those that become the token in any case.
        Raises ValueError for a file that is no such tokenizer and for unknown words, KeyError where no file is.
        """
        from gristmill import _native

        _one_of("pattern", pattern, _PATTERNS)
        _one_of("special_tokens", special_tokens, _SPECIAL)
        self._native = _native.Tokenizer(os.fspath(path), pattern, special_tokens, list(allowed_special))

    @property
    def vocabulary_size(self) -> int:
        """Highest id + 1."""
        return self._native.vocabulary_size

    def id_of(self, token: str) -> int | None:
        """The id of a token by its text, None when there is none."""
        return self._native.id_of(token)

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without begin and end token."""
        try:
            return self._native.encode(text)
        except TypeError:
            raise _why_no_text(text) from None

    def encode_with_offsets(self, text: str, unit: str = "characters") -> tuple[list[int], list[tuple[int, int]]]:
        """The ids, and for each the (begin, end) that it stands for, in "characters" of `text` or "bytes" of its UTF-8.

        In characters a token covers each character of which it holds a part. Where the tokenizer normalizes (NFC), all
        tokens of what changes together cover the whole of it. A token that is only the blank which some put in front
        goes with the first character, as in the tokenizers library.
        """
        _one_of("unit", unit, _UNITS)
        try:
            return self._native.encode_spans(text, unit == "characters")
        except TypeError:
            raise _why_no_text(text) from None

    def decode_bytes(self, ids: Sequence[int]) -> bytes:
        """The bytes of the ids joined; unknown ids give nothing."""
        return self._native.decode(list(ids))

    def decode(self, ids: Sequence[int]) -> str:
        """The same as text; what is no UTF-8, as where a character was cut, becomes U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")
