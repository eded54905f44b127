"""Tests of low-rank and memory-efficient optimizers: strategies, steps, states, columns, integers, rounding."""
