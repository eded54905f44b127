"""Whom a check believes: algorithms of the caller's own, those that cheat, and claims that must not pass."""
