"""Docstrings of the numpydoc form: what they say of fields, and of what a function returns."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import typing
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Any

__all__ = ["documented", "entries", "handed_on", "section"]

_DEPTH = 4  # helpers between a solver and the function of the library that it calls


def section(told: str, name: str) -> str:
    """The text of a section of a docstring; empty where it has none.

    Parameters
    ----------
    told : str
        A docstring without its indentation.
    name : str
        Name of the section, such as ``"Returns"``.

    Returns
    -------
    str
        Lines, still indented.
    """
    found = re.search(rf"^{name}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", told + "\n", re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def documented(told: str, name: str) -> dict[str, str]:
    """The entries of a section by their names, each text in one line.

    Parameters
    ----------
    told : str
        A docstring without its indentation.
    name : str
        Name of the section, such as ``"Attributes"``.

    Returns
    -------
    dict of str to str
        An entry for each of several names that share a text.
    """
    return {one: " ".join(f"{kind}. {body}".split()) for one, kind, body in entries(told, name)}


def entries(told: str, name: str) -> Iterator[tuple[str, str, str]]:
    """The entries of a section one by one, also where several names share a text.

    Parameters
    ----------
    told : str
        A docstring without its indentation.
    name : str
        Name of the section, such as ``"Parameters"``.

    Yields
    ------
    tuple of str
        The name without stars, the type, and the text in one line.
    """
    heads = re.findall(r"^([\w*, ]+) : (.*)\n((?:    .*\n?|\n)*)", section(told, name), re.MULTILINE)
    for names, kind, body in heads:
        yield from ((one.strip(" *"), kind, " ".join(body.split())) for one in names.split(","))


def handed_on(solve: Callable[..., Any], depth: int = _DEPTH) -> Iterator[str]:
    """The line about the outcome of a solver, where it returns the value of a documented function of the library.

    Parameters
    ----------
    solve : function
        Ours.
    depth : int
        Number of helpers, each called by the one before, that are followed.

    Yields
    ------
    str
        At most one line.
    """
    call, field = _last_call(solve)
    if call is None or depth == 0:
        return
    if call.__module__.startswith("lrtheory."):
        told = _field(call, field) if field else " ".join(section(inspect.getdoc(call) or "", "Returns").split())
        if told:
            taken = f" `{field}`" if field else ""
            told = told.replace(r"\|", "|")  # as a bar is written within a table
            yield f"  as {call.__module__}.{call.__qualname__} returns{taken}: {told}"
    elif not field:
        yield from handed_on(call, depth - 1)


def _last_call(solve: Callable[..., Any]) -> tuple[Any, str]:
    """The function whose value another one returns, and the field that it takes of it; None where it is no such."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(solve)))
    except (OSError, TypeError, SyntaxError):
        return None, ""
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    if len(returned) != 1:
        return None, ""
    value = returned[0]
    field = value.attr if isinstance(value, ast.Attribute) else ""
    call = value.value if isinstance(value, ast.Attribute) else value
    called = _named(call.func, solve) if isinstance(call, ast.Call) else None
    return (called, field) if inspect.isfunction(called) else (None, "")


def _named(node: ast.AST, solve: Any) -> Any:
    """The object that a dotted name means within a function."""
    if isinstance(node, ast.Attribute):
        return getattr(_named(node.value, solve), node.attr, None)
    return solve.__globals__.get(node.id) if isinstance(node, ast.Name) else None


def _field(function: Callable[..., Any], field: str) -> str:
    """The text about a field in the docstring of the class that a function returns."""
    try:
        kind = typing.get_type_hints(function).get("return")
    except (NameError, TypeError):
        return ""
    return documented(inspect.getdoc(kind) or "", "Attributes").get(field, "") if is_dataclass(kind) else ""
