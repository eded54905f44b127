"""Updates in a subspace that is drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrtheory._numbers import exact
from lrtheory._validation import integer, pair
from lrtheory.bounds import Derived, Expectation, Family, Number, Statement, formula, saboteur
from lrtheory.low_rank_adapters.baselines import random_linear
from lrtheory.low_rank_adapters.kinds.lora import lora
from proofs_checks.guards import square
from proofs_checks.low_rank_adapters.families.adapters import nonzero
from proofs_checks.low_rank_adapters.families.targets import Chance


def is_chance(case: Chance) -> bool:
    """Decide whether the target is finite and not 0, and the rank is from 1 to less than the smaller side."""
    return bool(np.isfinite(case.target).all() and case.target.any() and 1 <= case.rank < min(case.target.shape))


CHANCES = Family(
    "targets-of-random-subspaces",
    always=lambda: (Chance(np.eye(3), 1), Chance(np.eye(2)[:1].T @ np.ones((1, 2)), 1)),
    draw=lambda draws: Chance(
        nonzero(draws, (draws.integers(2, 4), draws.integers(2, 4))) * 2.0 ** draws.choice((0, 40, -40)), 1
    ),
)


def caught(case: Chance, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return the projections of the target onto n random subspaces."""
    start = lora(np.zeros((len(case.target), case.rank)), np.zeros((case.rank, case.target.shape[1])))
    return np.array([random_linear(start, case.target, rng=rng).adapter.dense() for _ in range(n)])


def shares(case: Chance, found: np.ndarray) -> np.ndarray:
    """Return the share of the target that each projection captures."""
    rest = ((case.target - found) ** 2).sum(axis=(1, 2))
    return np.asarray(1 - rest / square(case.target))


def mean_share(due: Callable[[Chance], float]) -> Expectation:
    """Make the claim about the mean of the captured share."""
    return Expectation(sample=shares, equals=due, within=lambda case: 0.08, support=lambda case: (0.0, 1.0))


@formula(K="[0, inf)")
def random_capture(K: int, shape: tuple[int, int]) -> Number:
    """K / (m n) for a target of m rows and n columns, `shape`.

    Proof
    -----
    Assumes: the subspace is uniformly distributed (the caller).

    Proof: the mean of its projector commutes with all rotations of the space of matrices, so it is a multiple c of the
    identity, and c d_out d_in is the mean of its trace, K.
    """
    m, n = pair("shape", shape)
    return exact(integer("K", K, low=0, high=m * n)) / (m * n)


AD_4 = Statement(
    id="low_rank_adapters/AD-4",
    title="A random subspace captures on average the share of its dimension",
    says=(
        "A uniformly random linear subspace of K dimensions captures, on average, the share K / (m n) of the squared "
        "norm of any target with m rows and n columns. So LoRA of rank r beats a random linear adapter of its own "
        "dimension where the share that it leaves is below 1 - r (m + n - r) / (m n)."
    ),
    source=Derived(random_capture),
    tex=r"\mathbb E\,\|P D\|^2 / \|D\|^2 = K/(mn)",
    hypotheses={"a target other than 0, and a rank below its smaller side": is_chance},
    instances=CHANCES,
    solve=caught,
    decisions=("outcome",),
    claim=mean_share(lambda case: float(random_capture(case.dimension, case.target.shape))),
    saboteurs=(
        saboteur(
            "rescalings are forgotten in the dimension",
            claim=mean_share(lambda case: min(1.0, case.rank * sum(case.target.shape) / case.target.size)),
        ),
        saboteur(
            "the share of the smaller side",
            claim=mean_share(lambda case: min(1.0, case.dimension / min(case.target.shape))),
        ),
        saboteur(
            "as many dimensions captured as missed",
            patch=(random_linear, "draws.beta(K / 2, (size - K) / 2)", "draws.beta(K / 2, K / 2)"),
        ),
    ),
)
