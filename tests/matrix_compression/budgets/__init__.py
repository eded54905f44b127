"""Tests of ranks under one budget."""
