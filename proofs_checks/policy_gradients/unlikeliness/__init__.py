"""Rewards that are lowered by rank, so that likely right answers earn less than rare ones."""
