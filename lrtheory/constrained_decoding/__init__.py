"""Constrained decoding over a catalogue: sequences that stay inside a given set."""

from __future__ import annotations

from lrtheory.constrained_decoding.index.trie_index import Allowed, TrieIndex
from lrtheory.constrained_decoding.live import Insertion, LiveIndex

__all__ = ["Allowed", "Insertion", "LiveIndex", "TrieIndex"]
