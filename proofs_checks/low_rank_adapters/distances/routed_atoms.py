"""Queryable LoRA: the size of routed updates, what its weights maximize, and the distance from the hull of its atoms.

The update of one query is Z = s sum_k pi_k B C_k A with the scale s and weights pi_k of atoms C_k, which are at least 0
and sum to 1. M_k = s B C_k A is that of a single atom.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.kinds.queryable import QueryableLoRA
from lrtheory.low_rank_adapters.reach import hulls
from proofs_checks.guards import misfit, signed_square, square
from proofs_checks.low_rank_adapters.families.adapters import (
    Case,
    build,
    draw_case,
    draw_weights,
    is_case,
    one_of_each,
    update,
)
from proofs_checks.low_rank_adapters.families.targets import Aimed, aim, aimed, checked, only, reached

Found = dict[str, Any]


def is_routed(case: Case) -> bool:
    """Decide whether it is a Queryable LoRA with weights of some atoms."""
    return case.kind == "queryable" and is_case(case)


def singles(case: Case) -> list[np.ndarray]:
    """Return the updates of single atoms."""
    B, A, atoms = case.frozen
    return [case.scale * (B @ C @ A) for C in atoms]


def routed(atoms: Any, weights: Any) -> Case:
    """Make a Queryable LoRA between identities."""
    C = np.array(atoms, float)
    return Case("queryable", (np.array(weights, float),), (np.eye(C.shape[1]), np.eye(C.shape[2]), C), 1.0, C.shape[1:])


AXES = np.array([np.diag([2.0, 0.0]), np.diag([0.0, 1.0]), -np.eye(2)])

ROUTED = Family(
    "routed-atoms",
    always=lambda: (
        routed([[[3.0]]], [1.0]),
        routed(AXES, [0.25, 0.5, 0.25]),
        routed([np.eye(2), np.eye(2), np.eye(2)], [0.5, 0.25, 0.25]),
        next(case for case in one_of_each() if case.kind == "queryable"),
    ),
    tight=(Tight(routed(AXES, [1.0, 0.0, 0.0]), 1, 1),),
    draw=lambda draws: draw_case(draws, kinds=("queryable",)),
)


def mixed(case: Case, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the update."""
    return np.asarray(build(case).dense())


def leading_two(case: Case, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the update with the weights of two atoms alone, each as a share of the larger one, which is wrong."""
    weights, kept = case.trained[0], np.argsort(-case.trained[0])[:2]
    routed = np.zeros(len(weights))
    routed[kept] = weights[kept] / weights.max()
    return update(replace(case, trained=(routed,)))


@formula(largest="[0, inf)")
def routed_size(largest: Number) -> Number:
    r"""No update is larger than this, in the norm in which `largest` is the largest \|M_k\|.

    Proof
    -----
    Assumes: weights of at least 0 that sum to 1 (the kind).

    Proof: \|sum_k pi_k M_k\| <= sum_k pi_k \|M_k\| <= max_k \|M_k\| in every norm, with equality where one atom has all
    of the weight.
    """
    return largest


def no_larger(case: Case, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare three norms of the update with the largest ones of atoms, and the update with its definition."""
    if (wrong := misfit((found, tuple(case.shape)))) is not None:
        return wrong
    kinds: tuple[Any, ...] = ("fro", 2, "nuc")
    sizes = [[float(np.linalg.norm(M, kind)) for kind in kinds] for M in (found, *singles(case))]
    largest = np.max(sizes[1:], axis=0)
    off = float(np.abs(found - update(case)).max())
    bound = [share * float(routed_size(one)) for one in largest]
    allowed = rounding(256 * (sum(case.shape) + 8), float(largest.max(initial=0.0)))
    if off > allowed:
        return Sides(off, 0.0, trivial=2 * off, rounding=allowed)
    return Sides(np.array(sizes[0]), np.array(bound), trivial=len(sizes) * largest.sum() + 1.0, rounding=allowed)


QL_1 = Statement(
    id="low_rank_adapters/QL-1",
    title="Routing makes no update larger than the largest atom",
    says=(
        "A router gives the atoms C_k weights pi_k, which are at least 0 and sum to 1. The update sum_k pi_k M_k, with "
        "M_k that of a single atom, is in no norm larger than the largest M_k: the library's is checked in the "
        "Frobenius, the spectral and the nuclear norm."
    ),
    source=Derived(routed_size),
    tex=r"\|\textstyle\sum_k \pi_k M_k\| \le \max_k\|M_k\|",
    hypotheses={"a Queryable LoRA and weights of its atoms": is_routed},
    instances=ROUTED,
    solve=mixed,
    decisions=("outcome",),
    claim=Inequality(no_larger),
    saboteurs=(
        saboteur("the two largest weights, as shares of the largest", solve=leading_two),
        saboteur("half of the largest atom", claim=Inequality(partial(no_larger, share=0.5))),
        saboteur(
            "atoms are added up without weights",
            patch=(QueryableLoRA._factors, 'self.params["weights"][:, None, None] * ', ""),
        ),
    ),
)


@dataclass(frozen=True)
class Routing:
    """Scores l of atoms, a prior q, its strength c, and other weights pi of the same atoms."""

    logits: tuple[Fraction, ...]
    prior: tuple[Fraction, ...]
    strength: Fraction
    weights: tuple[Fraction, ...]


def is_routing(case: Routing) -> bool:
    """Decide whether there is a number of each sort for each atom, and weights that sum to 1 on the atoms in use."""
    sizes = {len(case.logits), len(case.prior), len(case.weights)}
    signs = case.strength >= 0 and all(q >= 0 for q in case.prior) and all(w >= 0 for w in case.weights)
    return len(sizes) == 1 and signs and any(case.prior) and sum(case.weights) == 1


def is_defined(case: Routing) -> bool:
    """Decide whether log q counts only where q is not 0: c > 0, and no forbidden atom has a weight, or no q is 0."""
    allowed = all(q > 0 or w == 0 for q, w in zip(case.prior, case.weights, strict=True))
    return all(case.prior) or (case.strength > 0 and allowed)


def draw_routing(draws: Draws) -> Routing:
    """Draw scores and priors, some of which are 0, and weights in quarters of the others."""
    K = draws.integers(1, 5)
    prior = draws.integers(0, 3, shape=(K,))
    prior[draws.integers(0, K - 1)] = 2
    live = np.flatnonzero(prior)
    weights = np.zeros(K)
    weights[live] = draw_weights(draws, len(live))
    logits = tuple(Fraction(int(x), 4) for x in draws.integers(-12, 12, shape=(K,)))
    strength = Fraction(int(draws.integers(1, 8)), 4)
    return Routing(logits, tuple(Fraction(int(q)) for q in prior), strength, tuple(map(Fraction, weights.tolist())))


ROUTINGS = Family(
    "routings",
    always=(
        Routing((Fraction(1),), (Fraction(2),), Fraction(1), (Fraction(1),)),
        Routing((Fraction(0), Fraction(1)), (Fraction(3), Fraction(1)), Fraction(2), (Fraction(1, 2), Fraction(1, 2))),
        Routing((Fraction(0), Fraction(9)), (Fraction(3), Fraction(0)), Fraction(2), (Fraction(1), Fraction(0))),
        Routing((Fraction(2), Fraction(1)), (Fraction(1), Fraction(5)), Fraction(0), (Fraction(1, 4), Fraction(3, 4))),
    ),
    draw=draw_routing,
)


def small_routings() -> Iterator[Routing]:
    """Yield routings of two atoms with scores 0 and 1, priors 1 and 2, strengths 0, 1 and 2, weights in quarters."""
    for logits, prior, c, k in product(product((0, 1), repeat=2), product((1, 2), repeat=2), range(3), range(5)):
        weights = (Fraction(k, 4), 1 - Fraction(k, 4))
        yield Routing(tuple(map(Fraction, logits)), tuple(map(Fraction, prior)), Fraction(c), weights)


def worth(case: Routing, rng: np.random.Generator | None = None) -> Found:
    """Return what the weights of the instance are worth, and those that the library gives."""
    options: Any = {"logits": case.logits, "prior": case.prior, "strength": case.strength}
    found = theory.routing_weights(case.logits, prior=case.prior, strength=case.strength)
    return {"value": float(theory.routing_objective(case.weights, **options)), "weights": np.asarray(found, float)}


def ball(x: Fraction) -> Any:
    """A rational number as a ball."""
    return flint.arb(flint.fmpq(x.numerator, x.denominator))


def missing(case: Routing, found: Found, *, outside: bool = False, cooled: bool = False) -> Sides:
    """Compare log Z less the reported value with the divergence from the reported weights, which are those of Gibbs."""
    K = len(case.logits)
    if (wrong := misfit((found["weights"], (K,)))) is not None:
        return wrong
    used = [k for k in range(K) if case.prior[k] > 0 or not case.strength]
    c = ball(case.strength)
    if outside:  # the prior beside the logarithm
        scores = {k: ball(case.logits[k]) + c * ball(case.prior[k]) for k in used}
    else:
        scores = {k: ball(case.logits[k]) + c * ball(case.prior[k]).log() for k in used}
    if cooled:
        scores = {k: ball(case.logits[k]) / 2 + scores[k] - ball(case.logits[k]) for k in used}
    total = sum((scores[k].exp() for k in used), flint.arb(0)).log()
    gap = sum((ball(w) * (ball(w).log() - scores[k] + total) for k in used if (w := case.weights[k])), flint.arb(0))
    due = [float((scores[k] - total).exp().mid()) if k in used else 0.0 for k in range(K)]
    size = 1.0 + max(abs(float(one.mid())) for one in (*scores.values(), total))
    lhs = np.r_[float(total.mid()) - found["value"], found["weights"]]
    return Sides(lhs, np.r_[float(gap.mid()), due], rounding=rounding(64 * (K + 8), size))


QL_2 = Statement(
    id="low_rank_adapters/QL-2",
    title="Regularized routing maximizes scores, entropy and the prior",
    says=(
        "Atom k has the score l_k and the prior q_k, and the instructions count c. Weights pi are worth F(pi) = sum_k "
        "pi_k (l_k + c log q_k - log pi_k). With Z the sum of all exp(l_k + c log q_k), and p_k each of these over Z, "
        "log Z - F(pi) is the divergence sum_k pi_k log(pi_k / p_k). So p is the best routing, and an atom with "
        "q_k = 0 is never used where c > 0. The library returns p and F(pi)."
    ),
    source=Derived(theory.routing_objective),
    tex=r"\log\textstyle\sum_k e^{l_k}q_k^c - F(\pi) = \mathrm{KL}(\pi\,\|\,\mathrm{softmax}(l + c\log q))",
    hypotheses={
        "scores, a prior and weights of the same atoms": is_routing,
        "no prior of 0, or c > 0 and no weight on a prior of 0": is_defined,
    },
    instances=ROUTINGS,
    for_all=(
        All(
            "routings of two atoms with scores 0 and 1, priors 1 and 2, c of 0, 1 and 2, and weights in quarters",
            small_routings,
            members=240,
        ),
    ),
    solve=worth,
    claim=Identity(missing),
    saboteurs=(
        saboteur("the prior is added outside of the logarithm", claim=Identity(partial(missing, outside=True))),
        saboteur("a temperature on the scores alone", claim=Identity(partial(missing, cooled=True))),
        saboteur(
            "the entropy is forgotten",
            patch=(theory.routing_objective, "scores[used] - np.log(some)", "scores[used]"),
        ),
        saboteur(
            "the weights forget the scores",
            patch=(theory.routing_weights, "np.exp(some - top)", "np.exp(0 * some)"),
        ),
    ),
    notes="Decided with balls, whose radii are far below the rounding of the doubles that the library returns.",
)


HULLS = Family(
    "hulls-and-targets",
    always=lambda: (
        aimed(routed([[[3.0]]], [1.0]), np.array([[5.0]])),
        aimed(routed([[[2.0]], [[1.0]]], [1.0, 0.0]), np.array([[-1.0]])),  # the other atom is nearer
        aimed(routed(AXES, [0.25, 0.5, 0.25]), np.array([[2.0, 1.0], [0.0, 1.0]])),
        aimed(routed(AXES, [0.5, 0.25, 0.25]), np.array([[0.25, 0.0], [0.0, 0.0]])),
        aimed(next(case for case in one_of_each() if case.kind == "queryable")),
    ),
    tight=(Tight(aimed(routed(AXES, [1.0, 0.0, 0.0]), np.diag([4.0, 0.0])), 1 - 1e-12, 1 + 1e-12),),
    # a single atom has no other routing, and leaves nothing to bound
    draw=lambda draws: aim(draws, draw_case(draws, low=2, kinds=("queryable",), fewest_atoms=3)),
)


@formula(square="[0, inf)", g="[0, inf)")
def hull_floor(square: Number, g: Number) -> Number:
    r"""No point of the hull is nearer to D than this, squared.

    `square` is |D - Z|^2 for a point Z of the hull, and `g` the largest <D - Z, M_k - Z>.

    Proof
    -----
    Assumes: nothing.

    Proof: f(Z) = \|D - Z\|^2 / 2 is convex, so for every Y of the hull f(Y) >= f(Z) - <D - Z, Y - Z>, and the inner
    product is largest at an atom, where it is g. So \|D - Y\|^2 >= \|D - Z\|^2 - 2 g.
    """
    return square - 2 * g


def floor_of(case: Aimed, factor: float = 2.0) -> float:
    """Return the bound that the point of a case proves; with another factor of the gap than 2 it is none."""
    Z = update(case)
    left = case.target - Z
    g = max(float(np.sum(left * (M - Z))) for M in singles(case))
    return float(hull_floor(square(left), factor / 2 * max(0.0, g)))


def in_hull(case: Aimed, found: Found, *, factor: float = 2.0) -> Sides:
    """Compare the bounds that two points prove with the errors of both, and with the reported bound."""
    wrong, error = checked(case, found, exact=True)
    weights = found["nearest"][0]
    if wrong is None and (weights.min() < 0 or abs(weights.sum() - 1) > rounding(16 * len(weights), 1.0)):
        wrong = Sides(1.0, 0.0, trivial=2.0, rounding=0.0)
    if wrong is not None:
        return wrong
    lower = signed_square(found["lower"])
    here, there = floor_of(case, factor), floor_of(case.moved(found["nearest"]), factor)
    most = max(square(M - case.target) for M in singles(case))
    allowed = 32 * case.allowed + rounding(256 * (sum(case.shape) + 8), most)
    return Sides(
        np.array([here, there, there, lower, error, error]),
        np.array([error, case.error, lower, case.error, lower, case.error]),
        trivial=most,
        least=-1e300,
        rounding=allowed,
    )


QL_3 = Statement(
    id="low_rank_adapters/QL-3",
    title="Any point of the hull of atoms bounds the distance from it",
    says=(
        "M_k are the updates of single atoms, and Z = sum_k pi_k M_k with weights pi_k of a router. With g the largest "
        "<D - Z, M_k - Z> over k, no routing brings a target D nearer than |D - Z|^2 - 2 g, squared. The library "
        "returns weights for which g is 0 up to rounding, so that they are the nearest ones, and reports their bound."
    ),
    source=Derived(hull_floor),
    tex=r"\|D - Z\|^2 - 2\max_k\langle D - Z, M_k - Z\rangle \le \mathrm{dist}^2 \le \|D - Z\|^2",
    hypotheses={"a Queryable LoRA, and a target of its shape": only("queryable")},
    instances=HULLS,
    solve=reached,
    decisions=("nearest.*",),
    claim=Inequality(in_hull),
    saboteurs=(
        saboteur("the gap once, not twice", claim=Inequality(partial(in_hull, factor=1.0))),
        saboteur("the point of the hull that is nearest to 0", patch=(hulls.hull_weights, "rows - t", "rows + 0 * t")),
        saboteur(
            "the weights that were given",
            patch=(hulls.hull_weights, "min(candidates, key=lambda w: _gap(q, w))", "given"),
        ),
    ),
)
