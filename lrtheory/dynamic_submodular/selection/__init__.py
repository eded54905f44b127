"""The compiled loops of greedy selection, offline and in one pass over a stream."""
