# SPDX-License-Identifier: Apache-2.0
"""The linear model of tokens: logistic regression by AdaGrad in a fixed order, rounded to eight bits a weight."""

import numba
import numpy as np

SLOTS = 1 << 16
UNIT = 32  # A weight of 1 as an integer.
RATE = 0.02
EPOCHS = 2


@numba.njit(cache=True)
def descend(tokens, starts, order, wanted, weight, rate):
    weights, squares = np.zeros(SLOTS), np.full(SLOTS, 1e-6)
    bias, bias_square = 0.0, 1e-6
    for row in order:
        score = bias
        for at in range(starts[row], starts[row + 1]):
            score += weights[tokens[at]]
        slope = (1 / (1 + np.exp(-min(max(score, -30), 30))) - wanted[row]) * weight[row]
        bias_square += slope * slope
        bias -= rate * slope / np.sqrt(bias_square)
        for at in range(starts[row], starts[row + 1]):
            slot = tokens[at]
            squares[slot] += slope * slope
            weights[slot] -= rate * slope / np.sqrt(squares[slot])
    return weights, bias


@numba.njit(cache=True)
def add_up(tokens, starts, weights, bias):
    sums = np.empty(len(starts) - 1, np.int64)
    for row in range(len(starts) - 1):
        total = bias
        for at in range(starts[row], starts[row + 1]):
            total += weights[tokens[at]]
        sums[row] = total
    return sums


def fit(blocks, rows: np.ndarray, wanted: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, int]:
    """Integer weights and bias from the given blocks."""
    random = np.random.default_rng(1)
    order = np.concatenate([random.permutation(rows) for _ in range(EPOCHS)])
    scaled = weight / weight[rows].mean()
    weights, bias = descend(blocks.tokens, blocks.token_starts, order, wanted, scaled, RATE)
    return np.clip(np.round(weights * UNIT), -127, 127).astype(np.int64), round(bias * UNIT)


def score(blocks, model: tuple[np.ndarray, int]) -> np.ndarray:
    """Scores in 1/64, as tokens.cc sums them."""
    return np.clip(2 * add_up(blocks.tokens, blocks.token_starts, *model), -1024, 1024).astype("<i2")
