"""Errors of the statement engine."""

__all__ = ["OutcomeError", "StatementError"]


class StatementError(Exception):
    """A statement is not well posed: an instance breaks a hypothesis, a float meets exact numbers, shapes differ."""


class OutcomeError(StatementError):
    """What a solver returned gives no numbers that can be judged: NaN, or outside the stated range."""
