"""Tests of meta-games."""
