"""Streams of updates: synthetic ones, real data, and windows over an order of arrival."""
