"""Tests of stacks: sketches, trees, bounds, clusters, and certificates of anybody's copy."""
