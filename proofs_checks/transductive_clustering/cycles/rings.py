"""Turns of a directed ring."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory._numbers import inexact
from lrtheory._validation import must
from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, formula, saboteur
from proofs_checks.transductive_clustering.families.definitions import Case
from proofs_checks.transductive_clustering.families.paths import ITERATES, Descent, along, descend, entries, joined
from proofs_checks.transductive_clustering.families.rings import SWAPS, ring
from proofs_checks.transductive_clustering.families.wrong_solvers import run_by


def is_a_ring(case: Case) -> bool:
    """Whether the points are in a circle, cost nothing, and start alike, with more than 1/K of their own label."""
    n = case.n
    if case.costs.shape != (n, n) or n < 3 or not case.free.all() or not 1 / n < case.init[0, 0] < 1:
        return False
    wanted = ring(n, case.lam, float(case.init[0, 0]))
    return bool(
        np.array_equal(case.affinity, wanted.affinity)
        and not case.costs.any()
        and np.abs(case.init - wanted.init).max() <= 1e-15
    )


@formula(p="(0, 1)", K="[2, inf)")
def ring_weight(p: Number, K: int) -> Number:
    """The quotient lambda / T from which on the share p of the own label is kept on a directed ring of K points.

    (K - 1) log(p (K - 1) / (1 - p)) / (K p - 1); its least value over p is `theory.ring_threshold`.

    Proof
    -----
    Assumes: costs are 0, and the start has the share p in (1 / K, 1) on the own label, which is checked, and (1 - p) /
    (K - 1) elsewhere.

    Proof: W shifts the rows, so an update turns the start by one and sends p to g(p) = 1 / (1 + (K - 1) exp(-(lambda /
    T) (K p - 1) / (K - 1))). g(p) >= p iff lambda / T >= (K - 1) log(p (K - 1) / (1 - p)) / (K p - 1). g rises, so then
    g(g(p)) >= g(p) >= p, and by induction the shares never fall: no two of K consecutive assignments come near each
    other.
    """
    if not K * p > 1:
        raise must("p", f"above 1 / {K}", p)
    return (K - 1) * (np.log(inexact(p * (K - 1))) - np.log(inexact(1 - p))) / (K * p - 1)


def ring_is_kept(case: Case) -> bool:
    """Whether lambda / T is above the weight from which the ring keeps the share that it starts with."""
    own = float(case.init[0, 0])
    return 1 / case.n < own < 1 and case.lam / case.temperature > float(ring_weight(own, case.n))


def ring_run(
    case: Case, rng: np.random.Generator | None = None, symmetric: bool = False, n_updates: int = SWAPS
) -> Descent:
    """Many whole updates."""
    if symmetric:
        case = replace(case, affinity=(case.affinity + case.affinity.T) / 2)
    return descend(case, n_updates=n_updates)


def draw_ring(draws: Draws) -> Case:
    """Three to five points, with a weight that may be above the threshold."""
    n = draws.integers(3, 5)
    case = ring(n, draws.integers(20, 48) / 8, own=draws.integers(8, 15) / 16)
    return replace(case, path=draws.choice(("dense", "sparse")))


RINGS = Family("rings", always=(ring(3, 3.0), ring(3, 4.0), ring(4, 4.0)), draw=draw_ring)


SLOW_RINGS = Family("slow-rings", always=(ring(3, 2.5),))


def turning_labels(case: Case, rng: np.random.Generator) -> Descent:
    """Labels that turn."""
    return run_by(replace(case, init=np.eye(case.n)), lambda Z: np.roll(Z, 1, axis=1), 60)


def turns(case: Case, found: Descent) -> Sides:
    """Compare each point's share of the label whose turn it is with the one before; other labels share the rest."""
    Z, n = np.asarray(found.assignments), case.n
    # the label whose turn it is at point q after i updates, q + i modulo n
    turn = (np.arange(n)[None] + np.arange(len(Z))[:, None]) % n
    own = np.take_along_axis(Z, turn[:, :, None], 2)[:, :, 0]
    others = np.sort(np.where(np.arange(n) == turn[:, :, None], -1.0, Z), axis=2)[:, :, 1:]
    rest = np.repeat((1 - own)[:, :, None] / (n - 1), n - 1, axis=2)
    first = entries(case.init[0, 0], own, least=0.0)
    parts = first, entries(own[:-1], own[1:], 1.0), entries(others, rest, 1.0)
    return replace(joined(*parts), rounding=case.spoiled)


TC_N2 = Statement(
    id="transductive_clustering/TC-N2",
    title="On a directed ring the updates turn for ever: there is no energy",
    says=(
        "K points on a directed ring, each pulled by the next one alone, w_{i,i+1} = 1, start with share p of their "
        "own of K labels. If lambda / T is at least the threshold, then after i updates the share (Z_i)_{q,q+i} of "
        "label q + i modulo K at point q is at least p, and never falls. T is the temperature."
    ),
    source=Derived(ring_weight),
    tex=r"w_{i,i+1} = 1,\ \tfrac\lambda T \ge \tfrac{K - 1}{Kp - 1} \log\tfrac{p(K - 1)}{1 - p}"
    r" \Rightarrow p \le (Z_i)_{q, q+i} \uparrow",
    hypotheses={
        "a directed ring, no costs": is_a_ring,
        "above the threshold of the start": ring_is_kept,
    },
    instances=RINGS,
    solve=ring_run,
    claim=Inequality(along(turns, n_updates=SWAPS)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("the mean of both directions", solve=partial(ring_run, symmetric=True)),
        saboteur("labels that turn", solve=turning_labels),
        saboteur("below the threshold", breaks="above the threshold of the start", instances=SLOW_RINGS),
    ),
    notes=f"{SWAPS} updates; the largest share is a fixed point of the turned update, so the period is K.",
)
