"""Variants of a statement: saboteurs, which must be refuted, and repairs, which must be supported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
        What is wrong, in a few words.
    solve : callable or None
        A wrong solver.
    claim : Claim or None
        Too strong a claim.
    breaks : str or None
        The hypothesis that is dropped; the engine verifies that it is false on each of `instances`.
    instances : Family or None
        Where the sabotage shows, if not on the statement's own family.
    patch : tuple or None
        ``(kernel, old, new)``: one line of a kernel's source, replaced and interpreted.
    printed : bool
        Whether this is the paper's own wording; such saboteurs are the report's errata.

    Returns
    -------
    Saboteur
        To be listed in `Statement.saboteurs`.

    Raises
    ------
    StatementError
        If nothing is changed, or a hypothesis is dropped and not exactly the instances are given.
    """
    given = {"solve": solve, "claim": claim, "instances": instances, "patch": Patch(*patch) if patch else None}
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise StatementError(f"the saboteur {name!r} changes nothing")
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
        What goes wrong, in a sentence.
    reference : str
        Where it was reported, such as ``"networkx #8523"``; empty if it was not.
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
        What is mended, in a few words.
    patch : tuple or None
        ``(function, old, new)``: one line of the source of a function, replaced.
    solve : callable or None
        A solver that does it right.

    Returns
    -------
    Repair
        To be listed in `Statement.repairs`.

    Raises
    ------
    StatementError
        If nothing is changed.
    """
    changes = {"solve": solve, "patch": Patch(*patch) if patch else None}
    changes = {field: value for field, value in changes.items() if value is not None}
    if not changes:
        raise StatementError(f"the repair {name!r} changes nothing")
    return Repair(name, changes)
