"""Tokens are names, and probabilities are shares: nothing here has a unit, and scores may not be scaled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

UNITS: dict[str, Callable[[float], Any]] = {}
#: why a factor on the data means nothing
UNITLESS: dict[str, str] = {
    "LiveIndex": "token ids are names of tokens",
    "NGram": "counts of tokens become shares",
    "Product": "logarithms of probabilities have no unit",
    "Search": "logarithms of probabilities have no unit",
    "Table": "logarithms of probabilities have no unit",
    "TrieIndex": "token ids are names of tokens",
    "TrieLogitsProcessor": "it allows scores or forbids them, whatever they are",
    "WeightedSamples": "logarithms of probabilities have no unit",
    "backward_sums": "logarithms of probabilities have no unit",
    "masking_bias": "logarithms of probabilities have no unit",
    "prefix_allowed_tokens_fn": "token ids are names of tokens",
    "sample": "logarithms of probabilities have no unit",
    "search": "logarithms of probabilities have no unit",
    "valid": "token ids are names of tokens",
}
