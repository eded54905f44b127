"""Streams of updates: made, from files, and as windows of an order of arrival."""
