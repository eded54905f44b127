"""Tests of constrained decoding: the index, what lives in it, searches, samples and hooks."""
