"""The degrees that gradients need, measured on fixed inputs: a table, and how they grow with the norms."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Inequality, Sides, Statement, saboteur
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits import mutants
from proofs_checks.lora_limits.families.needed import (
    FEW,
    MANY,
    OTHER,
    TABLE,
    TABLED,
    Scaled,
    by_whole_matrices,
    needed_degrees,
)


def is_first(case: Scaled, found: np.ndarray) -> Sides:
    """The error of each degree against |G| / L, and |G| / L against those of all degrees below; by whole matrices."""
    lhs, rhs = [], []
    for bound, degree in zip(case.bounds, np.asarray(found).tolist(), strict=True):
        errors = [case.excess(bound, by_whole_matrices, g) for g in range(min(int(degree), 30) + 1)]
        lhs += [errors[-1], *np.ones(len(errors) - 1)]
        rhs += [1.0, *errors[:-1]]
    return Sides(lhs, rhs, rounding=np.zeros(len(lhs)))


def as_in_the_table(case: Scaled, found: np.ndarray, table: dict[tuple[int, float], int] = TABLE) -> Sides:
    """And the features of each degree against those of the table, from both sides."""
    least = is_first(case, found)
    wanted = [theory.n_features(case.d, table[case.n_tokens, bound]) for bound in case.bounds]
    features = [theory.n_features(case.d, int(g)) for g in found]
    lhs, rhs = [*least.lhs, *features, *wanted], [*least.rhs, *wanted, *features]
    return Sides(lhs, rhs, rounding=np.zeros(len(lhs)))


LL_T3 = Statement(
    id="lora_limits/LL-T3",
    title="Features that are needed on uniform tokens",
    source=Derived(theory.n_features),
    tex=(
        r"d = 8,\ \beta = 1/d,\ \|\tilde G - G\| \le \|G\|/L,\ L = 256:\ 9, 9, 165, 165, 1287 \text{ features at } "
        r"\Gamma = \tfrac14, \tfrac12, 1, \tfrac32, 2"
    ),
    hypotheses={"three fixed inputs": lambda case: case in TABLED.smallest()},
    instances=TABLED,
    solve=needed_degrees,
    claim=Inequality(as_in_the_table),
    saboteurs=(
        saboteur("one degree more", solve=mutants.one_more_needed),
        saboteur("other inputs", breaks="three fixed inputs", instances=OTHER),
        saboteur("ten times the error", solve=partial(needed_degrees, allowed=10.0)),
    ),
    notes=(
        "Measured, and no theorem: near a threshold the degree differs by one between draws. L = 1024 needs 45 "
        "features at 1/2 and 165 at 1."
    ),
)


def does_not_fall(case: Scaled, found: np.ndarray) -> Sides:
    """And each degree against the next."""
    least, degrees = is_first(case, found), [int(g) for g in found]
    lhs, rhs = [*least.lhs, *degrees[:-1]], [*least.rhs, *degrees[1:]]
    return Sides(lhs, rhs, rounding=np.zeros(len(lhs)))


LL_T4 = Statement(
    id="lora_limits/LL-T4",
    title="The degree that is needed grows with the norms",
    source=Derived(theory.taylor_certificate),
    tex=r"L \ge 128:\ \Gamma \mapsto \min\{g : \|\tilde G - G\| \le \|G\|/L\} \text{ does not fall}",
    hypotheses={"128 tokens or more": lambda case: case.n_tokens >= 128},
    instances=MANY,
    solve=needed_degrees,
    claim=Inequality(does_not_fall),
    saboteurs=(
        saboteur("16 tokens", breaks="128 tokens or more", instances=FEW),
        saboteur("norms in the wrong order", solve=mutants.needed_backwards),
        saboteur("one degree more", solve=mutants.one_more_needed),
    ),
    notes=(
        "Measured on six inputs and eight norms, and no theorem: with few tokens errors of a low degree can cancel. "
        "The degree that is proved does not fall (LL-T4-bound)."
    ),
)
