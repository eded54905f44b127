"""One budget over many matrices."""
