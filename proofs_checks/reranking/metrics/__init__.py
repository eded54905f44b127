"""Metrics of a ranking: exchanges, ties, holes in the judgments, ideals."""
