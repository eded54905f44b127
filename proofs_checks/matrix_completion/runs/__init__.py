"""Whole runs: their starts, their certificates, and what was measured of them."""
