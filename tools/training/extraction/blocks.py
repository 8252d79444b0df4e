# SPDX-License-Identifier: Apache-2.0
"""The blocks of all pages as the engine measures them: features are never computed twice, in two languages."""

import subprocess
import tempfile
import zlib
from pathlib import Path

import labels
import numpy as np

FOLDS = 5


class Blocks:
    """Blocks of all pages, one after the other."""

    def __init__(self, program: str, records: list[dict], folder: str):
        self.program, self.records, self.folder = program, records, Path(folder)
        paths = []
        for i, record in enumerate(records):
            paths.append(f"{folder}/{i}.html")
            Path(paths[-1]).write_bytes(record.pop("html").encode("utf-8", "replace"))
        self.list = "\n".join(paths).encode()
        self.measure(None)
        self.names = self.read_text("names").split()
        self.starts = self.read("starts", "<u4").astype(np.int64)
        self.words = self.read("words", "<u4").astype(np.int64)
        self.tokens = self.read("tokens", "<u2")
        self.token_starts = self.read("token_starts", "<u8").astype(np.int64)
        texts = (self.folder / "texts").read_bytes()
        ends = self.read("text_ends", "<u8").astype(np.int64)
        begins = np.concatenate([[0], ends[:-1]])
        self.texts = [texts[b:e].decode("utf-8", "replace") for b, e in zip(begins, ends, strict=True)]
        self.page = np.repeat(np.arange(len(records)), np.diff(self.starts))
        self.set = np.array([record["set"] for record in records])[self.page]
        self.page_fold = np.array([zlib.crc32(labels.host(record).encode()) % FOLDS for record in records])
        self.fold = self.page_fold[self.page]
        pages = zip(self.starts[:-1], self.starts[1:], records, strict=True)
        self.labels = np.concatenate([labels.label_page(self.texts[b:e], record) for b, e, record in pages])
        self.known = ~np.isnan(self.labels)
        self.weight = self.page_weights()

    def read(self, name: str, kind: str) -> np.ndarray:
        return np.fromfile(self.folder / name, kind)

    def read_text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def page_weights(self) -> np.ndarray:
        """Each page weighs as much as another, made pages a third; in a page, blocks by the root of their words."""
        root = np.sqrt(np.minimum(self.words, 100)).astype(float)
        share = root / np.bincount(self.page, weights=root, minlength=len(self.records))[self.page]
        return 100 * share * np.where(self.set == "plain", 0.3, 1.0)

    def measure(self, scores: np.ndarray | None) -> np.ndarray:
        """Features of all blocks, with these scores by words."""
        command = [self.program, str(self.folder)]
        if scores is not None:
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(scores.astype("<i2").tobytes())
            command.append(file.name)
        subprocess.run(command, input=self.list, check=True)
        names = self.read_text("names").split()
        return self.read("features", "<i2").reshape(-1, len(names)).astype(np.float32)
