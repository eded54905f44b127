"""Tests of continual learning: edits of a map, sketches, protected subspaces, and tasks in turn."""
