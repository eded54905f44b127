"""Tests of the compression of stacks of matrices and of adapters."""
