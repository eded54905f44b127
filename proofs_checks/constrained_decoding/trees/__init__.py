"""The prefix tree: its rows, its numbers, its bytes, and what a step reads of it."""
