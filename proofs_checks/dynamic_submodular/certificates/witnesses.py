"""Bounds of the optimum in files for Coq: which arguments of a theorem an instance and its certificate are."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import real
from lrtheory.dynamic_submodular import SubmodularCertificate
from proofs_checks.dynamic_submodular.certificates.selections import HERE, elements, is_small, values
from proofs_checks.dynamic_submodular.families.functions import value_of


def bound_of(bounded: Any, found: SubmodularCertificate) -> dict[int, str]:
    """The elements of the best marginals and the least of these, the bound that was found, and the best set."""
    function, there, k = bounded.function, bounded.present.tolist(), bounded.k
    if not is_small(function):
        return {}
    marginals = dict(zip(there, bounded.marginals.tolist(), strict=True))
    best = sorted(there, key=lambda v: -marginals[v])[:k]
    level = marginals[best[-1]] if len(best) == k else 0
    sets = (items for size in range(min(k, len(there)) + 1) for items in combinations(there, size))
    others = max(sets, key=lambda items: value_of(function, list(items)))
    lists = f"{elements(there)} {elements(bounded.witness)} {real(level)} {elements(best)}"
    return {0: f"{function.n} {values(function)} {k} {lists} {real(found.bound)} {elements(others)}"}


WITNESS = Proof(
    "every monotone submodular function, every set that proves a bound, every k and all elements that are there",
    file=HERE / "DS_P8.v",
    anchor=bound_of,
    about="the rule",
    wrong=(
        Wrong("nine tenths", "R := bound - f (taken witness)", "R := 9 / 10 * (bound - f (taken witness))"),
        Wrong(
            "elements that are not there",
            "Forall (fun e => In e there) others",
            "elements n others",
            lambda: "2 (value [0; 1; 2; 3]%Z) 1 [0]%N []%N 1 [0]%N 1 [1]%N",
        ),
    ),
)
