"""Labelled queries as judges of a replacement: limits, tests, their power, and averages over many versions."""
