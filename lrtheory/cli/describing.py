"""A statement in words: its fields, and what an algorithm of the reader's own is given and must return."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from lrtheory.bounds import Session, Statement
from lrtheory.bounds.claims import Recorded
from lrtheory.bounds.claims.fields import summary_of
from lrtheory.bounds.deciding.whole_sets import of_statement
from lrtheory.bounds.running.handover import classes_of
from lrtheory.bounds.trust.user_solver import example_of, kind_of
from lrtheory.cli.docstrings import documented, handed_on

__all__ = ["arguments", "described", "explained", "imports", "signature", "takes_and_returns"]


def described(statement: Statement) -> dict[str, Any]:
    """The fields of a statement as plain data.

    Parameters
    ----------
    statement : Statement
        Any statement.

    Returns
    -------
    dict
        Strings and lists of strings.
    """
    return {
        "id": statement.id,
        "title": statement.title,
        "says": statement.says,
        "kind": statement.kind,
        "claim": statement.tex,
        "sides": summary_of(getattr(statement.claim, "sides", None)),
        "source": str(statement.source),
        "hypotheses": list(statement.hypotheses),
        "randomness": statement.claim.randomness,
        "instances": _labels(statement),
        "for all": [_set_of(one) for one in of_statement(statement, traced=True) if one["how"] != "tried"],
        "solve": signature(statement),
        "violated": "" if statement.violated is None else str(statement.violated),
        "saboteurs": [one.name for one in statement.saboteurs],
        "repairs": [one.name for one in statement.repairs],
        "notes": statement.notes,
    }


def _set_of(one: dict[str, Any]) -> str:
    """A set that is covered, and what is measured on it."""
    checked = " (Coq 8.20; not checked here)" if one["how"] == "proof" else ""
    return f"{one['how']} {'of ' if one['how'] == 'proof' else ''}{one['words']}: {one['about']}{checked}"


def _labels(statement: Statement) -> str:
    """The family, and some labels that `--instance` takes."""
    family = statement.instances
    fixed = [label for label, _ in family.fixed()][:2]
    return ", ".join([family.name, *fixed, *([f"{family.name}:17"] if family.draw is not None else []), "..."])


def _is_random(statement: Statement) -> bool:
    """Whether a solver is asked for n independent outcomes."""
    return statement.kind not in ("inequality", "identity")


def arguments(statement: Statement) -> list[str]:
    """The names under which a solver of one's own takes its instance, random numbers, and the number of runs."""
    try:
        names = list(inspect.signature(statement.solve).parameters)[:1]
    except ValueError:
        names = []
    return [*(names or ["instance"]), "rng", *(["n"] if _is_random(statement) else [])]


def signature(statement: Statement) -> str:
    """The signature that an algorithm of the reader's own must have; empty where nothing is checked."""
    if isinstance(statement.claim, Recorded):
        return ""
    if statement.closed:
        return f"not offered: {statement.closed}"
    outcome = "n independent outcomes" if _is_random(statement) else "outcome"
    return f"solve({', '.join(arguments(statement))}) -> {outcome}"


def takes_and_returns(statement: Statement) -> tuple[Any, Any] | None:
    """The first instance as a solver gets it, and what ours returns for it; None where no solver is put to the test."""
    if isinstance(statement.claim, Recorded) or statement.closed:
        return None
    return example_of(statement, Session(), runs=2)


def explained(statement: Statement) -> dict[str, list[str]]:
    """The types that a solver takes and returns, and below them whatever is known about axes and fields.

    Parameters
    ----------
    statement : Statement
        Any statement.

    Returns
    -------
    dict of str to list of str
        ``takes`` and ``returns``; empty where no solver is put to the test.
    """
    found = takes_and_returns(statement)
    if found is None:
        return {}
    instance, outcome = found
    return {
        "takes": [kind_of(instance), *_about(instance)],
        "returns": [
            kind_of(outcome),
            *_runs(statement, outcome),
            *_returned(statement.solve),
            *_about(outcome),
            *(f"  {line}" for line in imports(outcome)),
        ],
    }


def imports(outcome: Any) -> list[str]:
    """The lines that import the classes an outcome is made of, without which nobody could return one.

    Parameters
    ----------
    outcome : object
        Outcome that a solver returns.

    Returns
    -------
    list of str
        Lines such as ``"from proofs_checks.families import Offer"``; none for classes of Python and of NumPy.
    """
    made = {(one.__module__, one.__qualname__) for one in classes_of(outcome)}
    return [f"from {module} import {name}" for module, name in sorted(made) if module.partition(".")[0] != "numpy"]


def _runs(statement: Statement, outcome: Any) -> Iterator[str]:
    """The meaning of the first axis of an outcome of several runs."""
    if _is_random(statement) and len(getattr(outcome, "shape", ())) > 0 and outcome.shape[0] == 2:
        yield "  the first axis: the n runs, here n = 2"


def _returned(solve: Callable[..., Any]) -> Iterator[str]:
    """The summary of our solver, and what the docstring of the library's function says that it hands on."""
    while isinstance(solve, functools.partial):
        solve = solve.func
    if not inspect.isfunction(solve):
        return
    if told := summary_of(solve):
        yield f"  ours: {told}"
    yield from handed_on(solve)


def _about(value: Any, seen: frozenset[type] = frozenset()) -> list[str]:
    """The docstrings of the classes within a value, of their fields and of their properties."""
    kind = type(value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return _about(value[0], seen) if len(value) else []
    if kind in seen or not (is_dataclass(kind) or hasattr(kind, "_fields")):
        return []
    names = [one.name for one in fields(kind)] if is_dataclass(kind) else list(kind._fields)
    told = inspect.cleandoc(kind.__doc__ or "")
    found = [] if told.startswith(f"{kind.__name__}(") else _summary(kind, told)
    attributes = documented(told, "Attributes") or documented(told, "Parameters")
    found += [f"  {name}: {attributes[name]}" for name in names if name in attributes]
    found += [f"  .{name}: {text}" for name, text in _properties(kind)]
    for name in names:
        found += _about(getattr(value, name), seen | {kind})
    return list(dict.fromkeys(found))


def _summary(kind: type, told: str) -> list[str]:
    """The text of a docstring before its sections, as one line."""
    text = " ".join(re.split(r"^\w+\n-+$", told, maxsplit=1, flags=re.MULTILINE)[0].split())
    return [f"  {kind.__name__}: {text}"] if text else []


def _properties(kind: type) -> Iterator[tuple[str, str]]:
    """The public properties of a class that have a docstring."""
    for name, value in vars(kind).items():
        getter = getattr(value, "fget", None) or (value.func if isinstance(value, functools.cached_property) else None)
        text = (inspect.getdoc(getter) or "").partition("\n")[0] if getter is not None else ""
        if text and not name.startswith("_"):
            yield name, text
