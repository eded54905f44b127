"""Ranks for many matrices under one budget, and a bound that no other ranks within it exceed."""
