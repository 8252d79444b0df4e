# SPDX-License-Identifier: Apache-2.0
"""The boosted trees over the features of blocks, and the model file that the engine reads."""

import base64
import hashlib
import struct
from pathlib import Path

import lightgbm
import numpy as np

LEAVES = 16


def fit(data: lightgbm.Dataset, rows: np.ndarray, wanted: np.ndarray, weight: np.ndarray, count: int, rate: float):
    """Trees fitted on some rows of a binned data set."""
    part = data.subset(rows)
    part.construct()
    part.set_label(wanted[rows])
    part.set_weight(weight[rows])
    return lightgbm.train(settings(rate), part, count)


def settings(rate: float) -> dict:
    return {
        "objective": "cross_entropy", "num_leaves": LEAVES, "learning_rate": rate, "min_data_in_leaf": 200,
        "max_bin": 63, "feature_fraction": 0.35, "bagging_fraction": 0.6, "bagging_freq": 1, "lambda_l2": 5,
        "seed": 1, "deterministic": True, "force_col_wise": True, "num_threads": 1, "verbose": -1,
    }  # fmt: skip


def binned(features: np.ndarray) -> lightgbm.Dataset:
    data = lightgbm.Dataset(features, np.zeros(len(features)), params=settings(0.1), free_raw_data=False)
    data.construct()
    return data


def whole(value: float) -> int:
    """Of a leaf, in 1/512."""
    return int(np.clip(round(value * 512), -32768, 32767))


def log_odds(trees: lightgbm.Booster, features: np.ndarray) -> np.ndarray:
    """Log-odds in 1/64, of leaves in 1/512, as the engine sums them."""
    numbers = np.arange(trees.num_trees())
    table = np.zeros((len(numbers), LEAVES), dtype=np.int64)
    for t, tree in enumerate(trees.dump_model()["tree_info"]):
        table[t, : tree["num_leaves"]] = [whole(trees.get_leaf_output(t, i)) for i in range(tree["num_leaves"])]
    parts = np.array_split(features, len(features) // 50_000 + 1)
    sums = [table[numbers, trees.predict(part, pred_leaf=True)].sum(axis=1) for part in parts]
    return np.concatenate(sums) >> 3


def write_tree(tree: dict) -> bytes:
    """Count of leaves; for each inner node the feature, its left leaves and its edge; the leaves."""
    nodes, leaves = [], []

    def walk(node: dict) -> None:
        if "split_feature" not in node:
            leaves.append(whole(node["leaf_value"]))
            return
        first = len(leaves)
        walk(node["left_child"])
        # Features are integers: "at most 3.5" is "at most 3".
        edge = int(np.clip(np.floor(node["threshold"]), -32768, 32767))
        nodes.append(struct.pack("<BBBh", node["split_feature"], first, len(leaves), edge))
        walk(node["right_child"])

    walk(tree)
    # Nodes of one feature side by side: its values are at hand.
    return bytes([len(leaves)]) + b"".join(sorted(nodes)) + struct.pack(f"<{len(leaves)}h", *leaves)


def fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def model_bytes(
    names: list[str], weights: np.ndarray, bias: int, trees: lightgbm.Booster, cut: tuple[int, int]
) -> bytes:
    dumped = trees.dump_model()["tree_info"]
    digest = fnv1a("".join(name + "\n" for name in names).encode())
    header = struct.pack("<8sQiihhI", b"GMCONT02", digest, bias, 0, *cut, len(dumped))
    return header + weights.astype("<i1").tobytes() + b"".join(write_tree(tree["tree_structure"]) for tree in dumped)


def write_model(data: bytes, folder: Path, version: int) -> str:
    """Writes the model as C++ text and returns its name."""
    name = f"content-{version}-{hashlib.sha256(data).hexdigest()[:16]}"
    note = "// SPDX-License-Identifier: Apache-2.0\n"
    note += "// Made by tools/training/extraction/train.py; see docs/models/page-content.md.\n"
    text = base64.b64encode(data).decode().rstrip("=")
    lines = [f'    "{text[i : i + 112]}"' for i in range(0, len(text), 112)]
    body = "constexpr std::string_view model_base64 =\n" + "\n".join(lines) + ";\n"
    (folder / "content_model.inc").write_text(note + "// clang-format off\n" + body + "// clang-format on\n")
    names = (
        f'inline constexpr std::string_view content_model_name = "{name}";\n'
        f'inline constexpr std::string_view content_model_option = R"("{name}")";\n'
    )
    (folder / "content_model_name.inc").write_text(note + names)
    return name
