"""Every mutant of the checks serves a saboteur, and the checks demand that each saboteur is refuted."""

import inspect
from functools import partial

from lrtheory._front import registry
from proofs_checks.alpha_rank import mutants


def used(solve):
    """The functions inside a solver that was made with `partial`."""
    if isinstance(solve, partial):
        return {solve.func, *(value for value in solve.keywords.values() if callable(value))}
    return {solve}


def test_every_mutant_is_refuted_by_some_statement():
    own = {
        f
        for _, f in inspect.getmembers(mutants, inspect.isfunction)
        if f.__module__ == mutants.__name__ and f.__name__[0] != "_"
    }
    saboteurs = [one for statement in registry() for one in statement.saboteurs if "solve" in one.changes]
    caught = set().union(*(used(one.changes["solve"]) for one in saboteurs))
    assert own
    assert own <= caught
