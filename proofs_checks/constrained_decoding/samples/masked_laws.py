"""The law of sampling under a mask, and how far it is from the model's own law within the catalogue.

p is the model's law on sequences, P its mass P(C) of the catalogue C, and p_C = p / P its law given C. A mask leaves
the tokens that may follow, of mass z(s) at a prefix s; sampling token by token from what is left has the law q, and
W(x) is the product of z over the proper prefixes of x. B(s) is the mass that the model, once at s, gives to what
follows s in C. KL is the divergence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Generic, Identity, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.constrained_decoding import backward_sums, masking_bias
from proofs_checks.constrained_decoding.families.languages import Prefix, indexed, longest
from proofs_checks.constrained_decoding.families.models import WEIGHED, Laws, Weighed, is_positive, laws


@dataclass(frozen=True)
class Masses:
    """W of each item, B of each prefix in the order of the tree, and the measures of a mask's bias."""

    weights: np.ndarray
    sums: np.ndarray
    tv: float
    kl_of_masked: float
    kl_of_model: float


def masses(case: Weighed, rng: np.random.Generator) -> Masses:
    """Ask the library for backward sums and for the bias of the mask."""
    index, model = indexed(case), case.model
    found = masking_bias(index, model)
    sums = np.exp(backward_sums(index, model).log_mass)
    return Masses(np.exp(found.log_weights), sums, found.tv, found.kl_reverse, found.kl_forward)


def remaining(case: Weighed, last: Any = 1) -> dict[Prefix, Any]:
    """Return B of each prefix; with `last` = 0 the probabilities of the last level are taken for 1."""
    table, tree = case.table, case.tree
    found: dict[Prefix, Any] = {}
    for s in reversed(tree):
        steps = [found[*s, token] * table[s][token] if tree[*s, token] or last else 1 for token in tree[s]]
        found[s] = sum(steps) if steps else 1
    return {s: found[s] for s in tree}


def telling(case: Weighed, rng: np.random.Generator, *, last: Any = 1, weights: Any = None) -> Masses:
    """Return masses with other weights, or without the last level."""
    true = laws(case)
    W = np.array([float(x) for x in (true.W if weights is None else weights(case, true))])
    sums = np.array([float(x) for x in remaining(case, last).values()])
    q, p_C = (np.array([float(x) for x in one]) for one in (true.q, true.given))
    tv, both = float(abs(q - p_C).sum() / 2), (float((q * np.log(q / p_C)).sum()), float((p_C * np.log(p_C / q)).sum()))
    return Masses(W, sums, tv, *both)


def after_the_step(case: Weighed, true: Laws) -> list[Any]:
    """Take the allowed mass behind each token in the place of that before it; behind an item it is 1."""
    z = {s: sum(case.table[s][token] for token in tokens) if tokens else 1 for s, tokens in case.tree.items()}
    return [math.prod(z[item[: t + 1]] for t in range(len(item))) for item in case.items]


def without_root(case: Weighed, true: Laws) -> list[Any]:
    """Leave the mass that is allowed at the root out of W."""
    root = sum(case.table[()][token] for token in case.tree[()])
    return [w / root for w in true.W]


def with_zeros(case: Weighed, true: Laws) -> list[Any]:
    """Take what a mask of zeros in the place of minus infinity leaves: the logits of other tokens become 0."""
    outside = lambda s: case.n_tokens - len(case.tree[s])
    z = {s: sum(case.table[s][token] for token in case.tree[s]) + outside(s) for s in case.inner}
    return [math.prod(z[item[:t]] for t in range(len(item))) for item in case.items]


@formula(p="[0, 1]", W="(0, 1]")
def masked_probability(p: Number, W: Number) -> Number:
    """The probability q(x) with which sampling under the mask returns an item of p(x) and W(x).

    Proof
    -----
    Assumes: p(x) > 0 for every item x, so that every z on the way is positive (hypothesis of ST-4).

    Proof: (a) step d takes the token x_d with probability p(x_d | s) / z(s), s being the first d tokens; the product of
    these is p(x) / W(x). (b) At every inner prefix the allowed p / z sum to 1, so by induction from the items on q sums
    to 1. (c) E_q W is the sum of q W = p over C, which is P. (d) p_C = p / P, so that p_C / q = W / P. (e) B(s) is the
    sum over the items below s of the product of the probabilities that remain: so it is for items, where it is 1, and
    the recursion B(s) = sum p(v | s) B(s v) keeps it. B of the empty prefix is P, and the product of p(x_d | s) B(s
    x_d) / B(s) telescopes to p(x) / P. (f) By (d), q = p_C if and only if W = P on all of C, and a constant W equals
    its mean P. (g) Logarithms in (d) give KL(q || p_C) = log P - E_q log W and KL(p_C || q) = E log W - log P under
    p_C.
    """
    return p / W


def under_the_mask(case: Weighed, found: Masses, logs: bool = True) -> Sides:
    """Compare W, B and the measures of bias with their definitions, and what follows from them with p, P and p_C."""
    true, B = laws(case), dict(zip(case.tree, found.sums, strict=True))
    q = [masked_probability(a, b) for a, b in zip(true.p, true.W, strict=True)]
    weighed = [a * b for a, b in zip(q, found.weights, strict=True)]
    lhs = [*found.weights, *found.sums, sum(weighed), *weighed, *(_telescoped(case, B, item) for item in case.items)]
    rhs = [*true.W, *remaining(case).values(), true.P, *(one * true.P for one in true.given), *true.given]
    if not logs:
        return Sides(np.array(lhs, object), np.array(rhs, object))
    law, given, W = (np.array([float(x) for x in one]) for one in (true.q, true.given, true.W))
    gain = np.log(W) - math.log(true.P)
    constant = int(max(true.W) == min(true.W)), int(true.q == true.given)
    lhs += [found.tv, found.kl_of_masked, found.kl_of_model, constant[0]]
    rhs += [abs(law - given).sum() / 2, -law @ gain, given @ gain, constant[1]]
    return Sides(lhs, rhs, rounding=rounding(100 * (longest(case) + len(law)), 10.0))


def _telescoped(case: Weighed, B: dict[Prefix, Any], item: Prefix) -> Any:
    """Multiply p(x_d | s) B(s x_d) / B(s) over the steps of an item."""
    product: Any = 1
    for t, token in enumerate(item):
        product = product * case.table[item[:t]][token] * B[item[: t + 1]] / B[item[:t]]
    return product


def lettered(*letters: Any) -> Weighed:
    """Make the items 0-0, 0-1 and 1-0 with letters for all weights, and one for what lies outside at every prefix."""
    rows = tuple(tuple(letters[2 * place : 2 * place + 2]) for place in range(3))
    return Weighed(((0, 0), (0, 1), (1, 0)), 2, rows, sum(letters[1:], start=letters[0]))


def in_letters(case: Weighed) -> Masses:
    """Return W and B in letters by their recursions."""
    table, tree = case.table, case.tree
    z = {s: sum(table[s][token] for token in tokens) for s, tokens in tree.items() if tokens}
    weights = [z[()] * z[item[:1]] for item in case.items]
    return Masses(np.array(weights, object), np.array([*remaining(case).values()], object), 0.0, 0.0, 0.0)


ST_4 = Statement(
    id="constrained_decoding/ST-4",
    title="Sampling under a mask weighs each item by the masses that the mask left on the way",
    says=(
        "If p > 0 on C, sampling token by token under the mask returns x with q(x) = p(x) / W(x), W(x) being the "
        "product of the allowed masses z on the way. So E_q W = P, the model's mass of C, and p_C = q W / P; the "
        "backward sums B give B(root) = P, and steps with p(v | s) B(s v) / B(s) have the law p_C. q is p_C if and "
        "only if W is constant."
    ),
    source=Derived(masked_probability),
    tex=r"q(x) = \frac{p(x)}{W(x)}, \quad \mathbb E_q W = P, \quad p_C(x) = \frac{q(x) W(x)}{P}",
    hypotheses={"a positive probability for every item": is_positive},
    instances=WEIGHED,
    for_all=(
        Generic(
            "models over the items 0-0, 0-1 and 1-0, with any rest outside",
            lettered,
            ("r0", "r1", "a0", "a1", "b0", "b1", "o"),
            outcome=in_letters,
            sides=partial(under_the_mask, logs=False),
        ),
    ),
    solve=masses,
    claim=Identity(under_the_mask),
    saboteurs=(
        saboteur("z over all tokens", solve=partial(telling, weights=lambda case, true: [1] * len(true.p))),
        saboteur("z behind the step", solve=partial(telling, weights=after_the_step)),
        saboteur("backward sums without the last level", solve=partial(telling, last=0)),
        saboteur("logits of other tokens set to 0", solve=partial(telling, weights=with_zeros)),
        saboteur(
            "z of the root is forgotten",
            solve=partial(telling, weights=without_root),
        ),
    ),
    notes="Where an item has probability 0, sampling under the mask may come to a prefix at which z is 0.",
)
