"""Tests of the core: arrays, kernels, numbers, results, states, data sets, executors."""
