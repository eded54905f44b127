"""Errors of the statement engine."""

__all__ = ["RAISED", "OutcomeError", "StatementError"]

#: errors of a function that somebody else wrote; those that end a process, or a generator, would end the check bare
RAISED = (Exception, SystemExit, GeneratorExit)


class StatementError(Exception):
    """A statement is not well posed: an instance breaks a hypothesis, a float meets exact numbers, shapes differ."""


class OutcomeError(StatementError):
    """An outcome that cannot be judged: it holds NaN, a number outside the stated range, or a foreign object."""
