"""The distance of sampling under a mask from the model's own law within the catalogue.

q is the law of sampling under the mask, W(x) the product of the allowed masses on the way of an item x, and P the
model's mass of the catalogue C, within which its law is p_C. TV is the distance in total variation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Inequality, Number, Sides, Statement, Tight, formula, rounding, saboteur
from lrtheory.constrained_decoding import masking_bias
from lrtheory.constrained_decoding.theory import tv_bound
from proofs_checks.constrained_decoding.families.languages import indexed, longest
from proofs_checks.constrained_decoding.families.models import PAIR, WEIGHED, Weighed, is_positive, laws


@dataclass(frozen=True)
class Bias:
    """The distance in total variation of q and p_C, and its bound."""

    tv: float
    bound: float


def biased(case: Weighed, rng: np.random.Generator) -> Bias:
    """Ask the library for the bias of the mask."""
    found = masking_bias(indexed(case), case.model)
    return Bias(found.tv, found.bound)


def without_root(case: Weighed, rng: np.random.Generator) -> Bias:
    """Forget the mass of the root in W, so that p / W no longer sums to 1."""
    true, root = laws(case), sum(case.table[()][token] for token in case.tree[()])
    W = [w / root for w in true.W]
    tv = sum(abs(p / w - one) for p, w, one in zip(true.p, W, true.given, strict=True)) / 2
    A, B = min(W), max(W)
    return Bias(float(tv), float(tv_bound(A, B, mass=min(max(true.P, A), B))))


def no_bias(case: Weighed, rng: np.random.Generator) -> Bias:
    """Take sampling under the mask for the model's own law."""
    return Bias(0.0, 0.0)


@formula(A="(0, B]", B="(0, 1]")
def tv_limit(A: Number, B: Number) -> float:
    """The distance is at most this whatever the mass of the catalogue is, for A <= W <= B.

    Proof
    -----
    Assumes: `tv_bound`, whose proof is in the library.

    Proof: with the mass P the bound is (A + B - P - A B / P) / (B - A), which is largest at P = sqrt(A B). There it is
    (sqrt B - sqrt A)^2 / (B - A), which is (sqrt B - sqrt A) / (sqrt B + sqrt A).
    """
    low, high = math.sqrt(A), math.sqrt(B)
    return (high - low) / (high + low)


def within(case: Weighed, found: Bias, share: Number = 1, root: bool = False) -> Sides:
    """Compare TV with both bounds, by A and B of all items or of the root alone, and both reports with what is due."""
    true = laws(case)
    tv = sum(abs(a - b) for a, b in zip(true.q, true.given, strict=True)) / 2
    A, B = min(true.W), max(true.W)
    first, second = (0, 0) if root else (share * tv_bound(A, B, mass=true.P), tv_limit(A, B))
    due = float(tv_bound(A, B, mass=true.P))
    lhs, rhs = [tv, tv, found.tv, tv, found.bound, due], [first, second, tv, found.tv, due, found.bound]
    return Sides(
        lhs, rhs, trivial=[1, 1, *[math.inf] * 4], rounding=rounding(100 * (longest(case) + len(true.p)), 10.0)
    )


UNBOUNDED = "a distance that is reported may be any number"

ST_4T = Statement(
    id="constrained_decoding/ST-4t",
    title="How far a mask can move the model's law",
    says=(
        "With A and B the least and the largest W of an item, A < B, and P the model's mass of the catalogue, the law "
        "q of sampling under the mask is at most (B - P)(P - A) / ((B - A) P) away from p_C in total variation, which "
        "is at most (sqrt B - sqrt A) / (sqrt B + sqrt A) whatever P is; where A = B both laws are equal."
    ),
    source=Derived(tv_bound),
    tex=(
        r"\mathrm{TV}(q, p_C) \le \frac{(B - P)(P - A)}{(B - A) P}"
        r" \le \frac{\sqrt B - \sqrt A}{\sqrt B + \sqrt A}"
    ),
    hypotheses={"a positive probability for every item": is_positive},
    instances=replace(WEIGHED, name="weighed-models-apart", tight=(Tight(PAIR, 1.0 - 1e-12, 1.0),)),
    solve=biased,
    claim=Inequality(within, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("the mass of the root is forgotten", solve=without_root),
        saboteur("sampling under the mask is without bias", solve=no_bias),
        saboteur("W of the root alone", claim=Inequality(partial(within, root=True), unbounded=UNBOUNDED)),
        saboteur("half of it", claim=Inequality(partial(within, share=Fraction(1, 2)), unbounded=UNBOUNDED)),
    ),
    notes="On a catalogue whose masses spread over decades the bound is near 1: it is for masks that are mild.",
)
