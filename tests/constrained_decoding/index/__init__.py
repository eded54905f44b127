"""The arrays of an index, its strings, its file, and what it refuses, against sets of tuples."""
