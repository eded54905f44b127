"""An index with its sizes, to be written into a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._result import Result, result
from lrtheory.constrained_decoding.index.trie_index import TrieIndex

__all__ = ["IndexReport", "reported"]


@result
class IndexReport(Result):
    """The sizes of an index.

    Attributes
    ----------
    index : TrieIndex
        Index.
    level_sizes : int64 array of shape (L + 1,)
        Number of prefixes of each length.
    message : str
        Items, states, branching, bytes and repetitions.
    """

    index: TrieIndex
    level_sizes: np.ndarray
    message: str

    _forms = (".safetensors",)

    def _columns(self) -> dict[str, Any]:
        return {"tokens": list(range(len(self.level_sizes))), "prefixes": list(self.level_sizes)}

    def _write(self, target: Path) -> bool:
        if target.suffix.lower() != ".safetensors":
            return False
        self.index.to_file(target)
        return True


def reported(index: TrieIndex) -> IndexReport:
    """The sizes of an index, in a sentence and by level."""
    message = (
        f"{index.n_items} items, {index.n_states} states, at most {index.max_branching} tokens after a prefix, "
        f"{index.nbytes} bytes, {index.n_duplicates} repetitions dropped"
    )
    return IndexReport(index, index.level_sizes, message)
