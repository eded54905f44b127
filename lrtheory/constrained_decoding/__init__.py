"""Constrained decoding over a catalogue: sequences that stay inside a given set."""

from __future__ import annotations

from lrtheory.constrained_decoding.index.trie_index import Allowed, TrieIndex

__all__ = ["Allowed", "TrieIndex"]
