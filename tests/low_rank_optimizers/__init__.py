"""Tests of low-rank and memory-efficient optimizers: evolution strategies, steps, states, columns, integers, rounding."""
