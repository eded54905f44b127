"""Tests of adapters: factors of lower rank, whole folders under one budget, and merging."""
