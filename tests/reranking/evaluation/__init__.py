"""Tests of judgments, runs, metrics and comparisons."""
