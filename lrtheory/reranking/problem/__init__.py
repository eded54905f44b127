"""Judgments of documents, and runs: what systems have found, with the checks of their rows."""

from __future__ import annotations

from lrtheory.reranking.problem.runs import Judgments, Run

__all__ = ["Judgments", "Run"]
