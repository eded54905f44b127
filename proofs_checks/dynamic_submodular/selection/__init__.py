"""Selection from a fixed set, and in one pass."""
