"""Errors of the statement engine."""

__all__ = ["StatementError"]


class StatementError(Exception):
    """A statement is not well posed: a side is NaN, an instance breaks a hypothesis, a float meets exact numbers."""
