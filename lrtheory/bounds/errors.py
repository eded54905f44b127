"""Errors of the statement engine."""

__all__ = ["OutcomeError", "StatementError"]


class StatementError(Exception):
    """A statement is not well posed: an instance breaks a hypothesis, a float meets exact numbers, shapes differ."""


class OutcomeError(StatementError):
    """An outcome that cannot be judged: it holds NaN, a number outside the stated range, or a foreign object."""
