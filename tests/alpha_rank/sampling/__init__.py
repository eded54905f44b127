"""Tests of adaptive sampling."""
