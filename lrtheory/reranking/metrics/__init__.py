"""Metrics of ranked lists: their names, their kernels, means over ties, and ends over ties and holes."""
