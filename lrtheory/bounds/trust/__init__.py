"""Algorithms that are not ours: how they are put to the test, and the lies that no claim may believe."""
