"""Tests of the choice of k items."""
