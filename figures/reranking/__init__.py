"""Reranking: calls and rounds, prefixes that are certain, documents that a slip loses, and judged news."""

from figures.reranking.calls import CALLS
from figures.reranking.news import NEWS
from figures.reranking.one_slip import ONE_SLIP
from figures.reranking.prefixes import PREFIXES

__all__ = ["CALLS", "NEWS", "ONE_SLIP", "PREFIXES"]
