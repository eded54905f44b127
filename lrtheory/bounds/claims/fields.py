"""The kinds of the fields of a claim, checked when the claim is made."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from lrtheory.bounds.errors import StatementError

__all__ = ["demand_functions", "pair", "summary_of"]


def demand_functions(claim: Any, *names: str, optional: tuple[str, ...] = ()) -> None:
    """Refuse a field that cannot be called.

    Parameters
    ----------
    claim : Claim
        Claim whose fields are checked.
    *names : str
        Fields that are functions.
    optional : tuple of str
        Fields that are functions or None.

    Raises
    ------
    StatementError
        If one of them is something else; a constant stands as ``lambda instance: 0.6``.
    """
    for name in (*names, *optional):
        value = getattr(claim, name)
        if not callable(value) and not (value is None and name in optional):
            kind = type(claim).__name__
            raise StatementError(f"`{name}` of {kind} must be a function, such as a lambda; got {value!r}")


def summary_of(function: Any) -> str:
    """The summary of a function's docstring as one line, also below `partial`.

    Parameters
    ----------
    function : object
        Anything that may be a function.

    Returns
    -------
    str
        Empty where it is no function in Python, or has no docstring.
    """
    while isinstance(function, functools.partial):
        function = function.func
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        return ""
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def pair(name: str, value: Any) -> tuple[float, float]:
    """Two numbers, neither of them NaN.

    Raises
    ------
    StatementError
        If the value is something else.
    """
    try:
        low, high = (float(end) for end in value)
    except (TypeError, ValueError):
        raise StatementError(f"`{name}` must be a pair of numbers (low, high); got {value!r}") from None
    if low != low or high != high:
        raise StatementError(f"`{name}` must be a pair of numbers (low, high); got {value!r}")
    return low, high
