"""Reranking: calls against rounds, prefixes that windows make certain, and documents that a slip loses."""

from figures.reranking.calls import CALLS
from figures.reranking.one_slip import ONE_SLIP
from figures.reranking.prefixes import PREFIXES

__all__ = ["CALLS", "ONE_SLIP", "PREFIXES"]
