"""Tests of the difference of two systems."""
