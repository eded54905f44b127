"""Algorithms that choose k items under quotas: greedy, exact for sums over items, and exact for small instances."""
