"""Tests of the bound optimizer."""
