"""Tests of rankings and of their files."""
