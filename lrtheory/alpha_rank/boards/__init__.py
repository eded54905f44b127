"""Leaderboards: who can be first, under one assumption about the order of players or under none."""
