"""Errors of exp, and those that follow along the chain."""
