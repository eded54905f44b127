"""Tests of `low_rank_optimizers.optimizers`."""
