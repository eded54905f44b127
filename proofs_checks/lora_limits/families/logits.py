"""Single rows of logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.lora_limits import chain
from proofs_checks.lora_limits.families.row_perturbation import REACHED


@dataclass(frozen=True)
class Row:
    """Logits of one query."""

    logits: np.ndarray


def softmax_of(row: Row, rng: np.random.Generator | None = None) -> np.ndarray:
    """The library's softmax."""
    return chain.softmax(np, row.logits)


def draw_row(draws: Draws) -> Row:
    """Up to six logits."""
    return Row(draws.integers(-16, 16, shape=draws.integers(1, 6)) / 4)


EVEN = Row(np.zeros(2))
ROWS = Family(
    "logit-rows", always=(Row(np.zeros(1)), Row(np.array([0.0, 1000.0]))), tight=(Tight(EVEN, *REACHED),), draw=draw_row
)
