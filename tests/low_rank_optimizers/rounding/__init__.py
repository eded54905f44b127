"""Tests of `low_rank_optimizers.rounding`."""
