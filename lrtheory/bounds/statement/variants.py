"""Variants of a statement: saboteurs, which must be refuted, and repairs, which must be supported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lrtheory._validation import must
from lrtheory.bounds.claims import Claim
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.families import Family
from lrtheory.bounds.running.patching import Patch

__all__ = ["Repair", "Saboteur", "Violated", "repair", "saboteur"]


@dataclass(frozen=True)
class Saboteur:
    """A change under which the same check must answer `refuted`; made by `saboteur`."""

    name: str
    changes: Mapping[str, Any]
    breaks: str | None = None
    printed: bool = False


def _demand_name(variant: str, name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise StatementError(f"a {variant} must have a name, a few words that say what it changes; got {name!r}")


def saboteur(
    name: str,
    *,
    solve: Callable[..., Any] | None = None,
    claim: Claim | None = None,
    breaks: str | None = None,
    instances: Family | None = None,
    patch: tuple[Any, str, str] | None = None,
    printed: bool = False,
) -> Saboteur:
    """Name a wrong variant of a statement.

    Parameters
    ----------
    name : str
        Name of the error, in a few words.
    solve : callable or None
        A wrong solver.
    claim : Claim or None
        Too strong a claim.
    breaks : str or None
        The hypothesis that is dropped; the engine verifies that it is false on each of `instances`.
    instances : Family or None
        Family on which the sabotage shows, if not on the statement's own.
    patch : tuple or None
        ``(function, old, new)``: a text in the source of a function, replaced while the solver runs. The function may
        be a method as its class has it (``Class.method``), a property, one below decorators, which stay in force, or a
        compiled kernel, which is then interpreted.
    printed : bool
        Whether this is the paper's own wording; such saboteurs are the report's errata.

    Returns
    -------
    Saboteur
        Saboteur for the list `Statement.saboteurs`.

    Raises
    ------
    StatementError
        If the name is empty, nothing is changed, a hypothesis is dropped and not exactly the instances are given, or
        what `patch` names has no function in Python below it.
    """
    _demand_name("saboteur", name)
    changes = _changes(f"saboteur {name!r}", solve=solve, claim=claim, instances=instances, patch=patch)
    if breaks is not None and set(changes) != {"instances"}:
        raise StatementError(f"the saboteur {name!r} drops a hypothesis: it gives instances and changes nothing else")
    return Saboteur(name, changes, breaks, printed)


@dataclass(frozen=True)
class Violated:
    """The remark that a promise does not hold as installed, so that the verdict that is due is `refuted`.

    The day on which the promise holds, its test fails and says so.

    Attributes
    ----------
    says : str
        Sentence that says what goes wrong.
    reference : str
        Report of the defect, such as ``"networkx #8523"``; empty if it was not reported.
    """

    says: str
    reference: str = ""

    def __str__(self) -> str:
        return f"{self.says.rstrip('.')}{f' ({self.reference})' if self.reference else ''}."


@dataclass(frozen=True)
class Repair:
    """A change under which a statement that is false as installed must be supported; made by `repair`."""

    name: str
    changes: Mapping[str, Any]


def repair(name: str, *, patch: tuple[Any, str, str] | None = None, solve: Callable[..., Any] | None = None) -> Repair:
    """Name a change that mends what is wrong, the opposite of a saboteur; it shows where the error is.

    Parameters
    ----------
    name : str
        Name of the error that is mended, in a few words.
    patch : tuple or None
        ``(function, old, new)``: a text in the source of a function, replaced, as for `saboteur`.
    solve : callable or None
        A solver that does it right.

    Returns
    -------
    Repair
        Repair for the list `Statement.repairs`.

    Raises
    ------
    StatementError
        If the name is empty, nothing is changed, or what `patch` names has no function in Python below it.
    """
    _demand_name("repair", name)
    return Repair(name, _changes(f"repair {name!r}", solve=solve, patch=patch))


def _changes(whose: str, *, patch: Any, **given: Any) -> dict[str, Any]:
    """The fields of a statement that a saboteur or a repair exchanges."""
    if patch is not None and not (isinstance(patch, tuple) and len(patch) == 3):
        raise StatementError(f"the {whose}: {must('patch', '(function, old, new)', patch)}")
    given |= {"patch": None if patch is None else Patch(*patch)}
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise StatementError(f"the {whose} changes nothing")
    return changes
