"""Choices from rankings: best ones, greedy ones, and judged ones."""
