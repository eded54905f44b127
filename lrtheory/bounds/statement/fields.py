"""The kinds of the fields of a statement, checked when it is made, so that an error names the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lrtheory.bounds.claims import Claim
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.families import Family
from lrtheory.bounds.running.patching import Patch
from lrtheory.bounds.sets import Entry
from lrtheory.bounds.statement.variants import Repair, Saboteur, Violated

__all__ = ["demand_fields"]

_KINDS: dict[str, tuple[Any, str]] = {
    "id": (str, "text"),
    "hypotheses": (Mapping, "a mapping of names to functions"),
    "instances": (Family, "a Family"),
    "claim": (Claim, "a claim, such as Inequality(...)"),
    "unread": (Mapping, "a mapping of paths to reasons"),
    "may_vary": (Mapping, "a mapping of paths to reasons"),
    "free": (Mapping, "a mapping of paths to reasons"),
    "violated": (Violated | None, "a Violated or None"),
    "patch": (Patch | None, "a Patch or None"),
}


def demand_fields(statement: Any) -> None:
    """Refuse a statement with a field of another kind, or with two variants of one name.

    Parameters
    ----------
    statement : Statement
        A new one.

    Raises
    ------
    StatementError
        If a field is of another kind, or two variants have one name; id and field are named.
    """
    for name, (kind, due) in _KINDS.items():
        if not isinstance(getattr(statement, name), kind):
            raise _wrong(statement, name, due)
    if not callable(statement.solve):
        raise _wrong(statement, "solve", "a function")
    for name, holds in statement.hypotheses.items():
        if not (isinstance(name, str) and callable(holds)):
            raise _wrong(statement, "hypotheses", _KINDS["hypotheses"][1])
    if not (isinstance(statement.for_all, tuple) and all(isinstance(one, Entry) for one in statement.for_all)):
        raise _wrong(statement, "for_all", "a tuple of All(...); a single one stands as (All(...),)")
    for field, kind in (("saboteurs", Saboteur), ("repairs", Repair)):
        variants = getattr(statement, field)
        if not (isinstance(variants, (tuple, list)) and all(isinstance(one, kind) for one in variants)):
            made = f"{kind.__name__.lower()}(...)"
            raise _wrong(statement, field, f"a tuple of {made}; a single one stands as ({made},)")
        names = [one.name for one in variants]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:  # verdicts are kept by name, so one of them would hide the other
            raise StatementError(f"{statement.id}: two {field} have one name: {twice[0]!r}")


def _wrong(statement: Any, name: str, due: str) -> StatementError:
    return StatementError(f"{statement.id}: `{name}` must be {due}; got {getattr(statement, name)!r}")
