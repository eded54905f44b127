"""Sums that wrap, a table that is read off by one, and a model that sees what it predicts."""

from __future__ import annotations

from typing import Any

import numpy as np

from proofs_checks.low_rank_optimizers.families import integer_sources as sources
from proofs_checks.low_rank_optimizers.families import integer_votes as votes
from proofs_checks.low_rank_optimizers.families import integers as cases


def wrapped(case: cases.Product, rng: Any = None) -> dict[str, np.ndarray]:
    """Compute products in 32 bits, which wrap around."""
    return {name: value.astype(np.int32).astype(np.int64) for name, value in cases.multiplied(case).items()}


def peeking(case: sources.Source, rng: Any = None) -> dict[str, np.ndarray]:
    """Give the symbol that comes the largest logit, and all others the smallest."""
    texts = sources.texts_of(case)
    k = len(case.transitions)
    logits = np.where(texts[:, 1:, None] == np.arange(k), cases.LIMIT, -cases.LIMIT)
    scores = [
        [sources.scored(sources.Logits(row))[target] for row, target in zip(rows, text[1:], strict=True)]
        for rows, text in zip(logits, texts, strict=True)
    ]
    return {"logits": logits, "scores": np.array(scores)}


def still(case: votes.Steps, rng: Any = None) -> np.ndarray:
    """Begin at zeros."""
    path = votes.stepped(case)
    return path - path[0]


def forgetful(case: cases.Network, rng: Any = None) -> dict[str, np.ndarray]:
    """Run each symbol from a state of 0."""

    def rows(network: Any, *which: int) -> np.ndarray:
        return np.concatenate([network.logits(*which, case.text[t : t + 1]) for t in range(len(case.text))])

    found = np.stack([rows(case.network), rows(case.members, 0), rows(case.members, 1)]).astype(np.int64)
    return {"compiled": found, "interpreted": found}
