"""Estimators of the divergence to a reference, as numbers and as losses.

p is the policy, f the reference, and r = f(y) / p(y) for an answer y of p. As numbers k1 = -log r, k2 = (log r)^2 / 2
and k3 = r - 1 - log r. As losses they are differentiated through log p at fixed answers. KL is the divergence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory._numbers import gathered
from lrtheory.bounds import Derived, Draws, Family, Identity, Sides, Statement, formula, saboteur
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients import expected_gradient
from proofs_checks.policy_gradients.families.problems import all_groups


@dataclass(frozen=True)
class Pair:
    """A policy and a reference on the same answers, integers over their sums."""

    weights: tuple[int, ...]
    reference: tuple[int, ...]

    @property
    def laws(self) -> tuple[np.ndarray, np.ndarray]:
        """The policy and the reference as doubles."""
        first, second = np.array(self.weights, float), np.array(self.reference, float)
        return first / first.sum(), second / second.sum()


def are_laws(case: Pair) -> bool:
    """Decide whether both have positive probabilities on the same answers."""
    return len(case.weights) == len(case.reference) >= 2 and min(case.weights + case.reference) > 0


def draw_pair(draws: Draws) -> Pair:
    """Draw a policy and a reference on two to five answers."""
    K = draws.integers(2, 5)
    first, second = (tuple(map(int, draws.integers(1, 30, shape=(K,)))) for _ in range(2))
    return Pair(first, second)


PAIRS = Family(
    "policies-and-references",
    always=(
        Pair((1, 1), (1, 3)),
        Pair((1, 999_999), (1, 1)),  # a ratio beyond every clamp
        Pair((1, 2, 3, 4), (4, 3, 2, 1)),
        Pair((2, 1, 5), (1, 1, 1)),
    ),
    draw=draw_pair,
)


@dataclass(frozen=True)
class Descents:
    """The gradients of both divergences in the logits."""

    reverse: np.ndarray
    forward: np.ndarray


def descents(case: Pair, rng: np.random.Generator) -> Descents:
    """Ask the library for the pull of each divergence on a problem without right answers, which has no other."""
    p, f = case.laws
    none = np.zeros(len(p), bool)
    pulled = (
        -np.asarray(expected_gradient(p, none, group_size=2, norm="none", kl=kind, lam=1.0, ref=f).gradient)
        for kind in ("reverse", "forward")
    )
    return Descents(*pulled)


def by_definition(case: Pair, rng: np.random.Generator | None = None, *, k3: str = "", clamp: float = 0.0) -> Descents:
    """Return the gradients of k2 and k3 as losses; k3 for a wrong one of the other, or with a clamp of its value."""
    p, f = case.laws
    r = f / p
    forward = as_loss(p, 1 - r)
    if clamp:
        forward = as_loss(p, np.where(r - 1 - np.log(r) > clamp, 0.0, 1 - r))
    reverse = as_loss(p, -np.log(r))
    return Descents(reverse, reverse if k3 == "reverse" else forward)


def as_loss(p: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return the mean over answers of a factor times the gradient of log p, by a sum over all of them."""
    pushed = [p[y] * factor[y] * ((np.arange(len(p)) == y) - p) for y in all_groups(len(p), 1)[:, 0]]
    return np.asarray(sum(pushed))


@formula(p="k", f="k")
def forward_pull(p: np.ndarray, f: np.ndarray) -> np.ndarray:
    """The gradient p - f of KL(f || p) in the logits, which is that of k3 as a loss.

    Proof
    -----
    Assumes: answers of p, both laws positive, and logits as parameters.

    Proof: the gradient of log p has mean 0, which is that of k1. The loss k2 gives log(p / f) grad log p, whose mean is
    the gradient of KL(p || f). The loss k3 gives (1 - r) grad log p, whose mean is -sum of f grad log p, the gradient
    of KL(f || p), and for a softmax p - f. Adding k3 grad log p to it leaves -log r grad log p, the mean of which is
    that of k2. As numbers, the mean of -log r is KL(p || f), and that of r - 1 is 0.
    """
    return gathered(p - f)


def as_losses(case: Pair, found: Descents, first: bool = False) -> Sides:
    """Compare both gradients with the losses and with their formulas, and the means of k1 and k3 with KL(p || f)."""
    p, f = case.laws
    r = f / p
    divergence = float((p * np.log(p / f)).sum())
    k3 = r - 1 - np.log(r)
    reverse = [as_loss(p, -np.log(r)), as_loss(p, k3 + 1 - r), p * (np.log(p / f) - divergence)]
    forward = [as_loss(p, 1 - r), forward_pull(p, f)]
    values = np.array([p @ -np.log(r), p @ k3])
    lhs = [*[found.reverse] * len(reverse), *[found.forward] * len(forward), values]
    rhs = [*reverse, *forward, np.array([divergence, divergence])]
    if first:
        lhs, rhs = [*lhs, found.reverse], [*rhs, as_loss(p, np.ones(len(p)))]
    size = 1 + float(np.abs(np.log(r)).max())
    return Sides(np.concatenate(lhs), np.concatenate(rhs), rounding=rounded(500, size))


GR_8 = Statement(
    id="policy_gradients/GR-8",
    title="As a loss, the estimator k3 descends the other divergence",
    says=(
        "For answers of p, a reference f and r = f / p: differentiated through log p, k1 = -log r has a gradient of "
        "mean 0, k2 = (log r)^2 / 2 that of KL(p || f), and k3 = r - 1 - log r that of KL(f || p), p - f in the logits"
        "; with k3 grad log p added, k3 has that of KL(p || f). As numbers, k1 and k3 have the mean KL(p || f)."
    ),
    source=Derived(forward_pull),
    tex=(
        r"\mathbb E \nabla k_3 = p - f = \nabla \mathrm{KL}(f \| p),"
        r" \quad \mathbb E \nabla k_2 = \nabla \mathrm{KL}(p \| f)"
    ),
    hypotheses={"positive probabilities of the same answers": are_laws},
    instances=PAIRS,
    solve=descents,
    claim=Identity(as_losses),
    decisions=("reverse", "forward"),
    saboteurs=(
        saboteur("k3 descends KL(p || f)", solve=partial(by_definition, k3="reverse")),
        saboteur("k3 is clamped at 10", solve=partial(by_definition, clamp=10.0)),
        saboteur("k1 descends KL(p || f)", claim=Identity(partial(as_losses, first=True))),
    ),
)
