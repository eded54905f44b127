"""BM25 and its search."""
