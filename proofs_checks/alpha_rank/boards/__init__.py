"""Leaderboards under strong stochastic transitivity: levels, wealth, orders and differences of models."""
