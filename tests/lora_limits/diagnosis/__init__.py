"""Tests of what a layer needs, of one head and of models on disk."""
