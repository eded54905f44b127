"""Tests of the system `matrix_completion`."""
