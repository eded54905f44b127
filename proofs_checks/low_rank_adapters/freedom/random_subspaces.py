"""Updates in subspaces that are drawn: a random one, those of random factors, and those of random bases.

Targets have m rows and n columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lrtheory._numbers import exact
from lrtheory._validation import integer, pair
from lrtheory.bounds import Derived, Expectation, Family, Number, Statement, formula, saboteur
from lrtheory.low_rank_adapters.baselines import random_linear
from lrtheory.low_rank_adapters.kinds.lora import lora
from lrtheory.low_rank_adapters.kinds.make import _Draw, make_adapter
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


def is_thin(case: Chance) -> bool:
    """Decide whether the target is finite and not 0, and the rank at most its smaller side."""
    return bool(np.isfinite(case.target).all() and case.target.any() and 1 <= case.rank <= min(case.target.shape))


CORNERS = Family(
    "targets-of-random-factors",
    always=lambda: (Chance(np.eye(1, 4).T @ np.eye(1, 3), 2), Chance(np.eye(5), 2), Chance(np.ones((1, 1)), 1)),
    draw=lambda draws: Chance(nonzero(draws, (draws.integers(2, 6), draws.integers(2, 5))), draws.integers(1, 2)),
)


def factored(case: Chance, rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Return the factors of n adapters LoRA-XS of the library, drawn from the Gaussian law."""
    shape = case.target.shape[0], case.target.shape[1]
    made = [make_adapter("lora-xs", shape, rank=case.rank, bases="gaussian", rng=rng) for _ in range(n)]
    return {name: np.array([one.frozen[name] for one in made]) for name in "BA"}


def within(case: Chance, found: dict[str, np.ndarray]) -> np.ndarray:
    """Return the share of the target that lies within the columns of B and the rows of A."""
    left, right = (np.linalg.qr(one).Q for one in (found["B"], np.swapaxes(found["A"], 1, 2)))
    inside = np.swapaxes(left, 1, 2) @ case.target @ right
    return np.clip((inside**2).sum(axis=(1, 2)) / square(case.target), 0.0, 1.0)


def mean_within(due: Callable[[Chance], float]) -> Expectation:
    """Make the claim about the mean of the captured share."""
    return Expectation(sample=within, equals=due, within=lambda case: 0.05, support=lambda case: (0.0, 1.0))


@formula(r="[0, inf)")
def subspace_capture(r: int, shape: tuple[int, int]) -> Number:
    r"""min(r, m) min(r, n) / (m n) for a target of m rows and n columns, `shape`.

    Proof
    -----
    Assumes: independent Gaussian entries, so that both spaces are uniformly distributed and independent (the solver).

    Proof: the mean of the projector onto a uniform space of q of m dimensions commutes with all rotations, so it is q /
    m times the identity, as the trace says. Hence \|P_B D P_A\|^2 = tr(D^T P_B D P_A) is on average (q / m)
    (q' / n) \|D\|^2, with q = min(r, m) and q' = min(r, n).
    """
    m, n = pair("shape", shape)
    return exact(min(r, m) * min(r, n)) / (m * n)


SB_7 = Statement(
    id="low_rank_adapters/SB-7",
    title="Random factors capture on average the square of their share",
    says=(
        "B has r columns and A has r rows of independent Gaussian numbers, with r at most both sides of a target of m "
        "rows and n columns. The space of all B R A captures, on average, the share r^2 / (m n) of its squared norm, "
        "however its singular values fall."
    ),
    source=Derived(subspace_capture),
    tex=r"\mathbb E\,\|P_B D P_A\|^2 / \|D\|^2 = r^2/(mn)",
    hypotheses={"a target other than 0, and a rank of at most its smaller side": is_thin},
    instances=CORNERS,
    solve=factored,
    decisions=("B", "A"),
    free={name: "columns and rows of both signs span the same" for name in "BA"},
    claim=mean_within(lambda case: float(subspace_capture(case.rank, case.target.shape))),
    saboteurs=(
        saboteur("the share of the smaller side", claim=mean_within(lambda case: case.rank / min(case.target.shape))),
        saboteur(
            "factors that prefer the first dimensions",
            patch=(_Draw.thin, "drawn = self.draw.normal(size=(side, rank))", "drawn = np.eye(side, rank)"),
        ),
    ),
)


@dataclass(frozen=True)
class Blocks:
    """A target, and the rank and the number of the bases of a RandLoRA."""

    target: np.ndarray
    rank: int
    n_bases: int


def is_tall(case: Blocks) -> bool:
    """Decide whether the target is finite and not 0, no wider than high, and has as many rows as there are bases."""
    m, n = case.target.shape
    sound = bool(np.isfinite(case.target).all() and case.target.any())
    return sound and 1 <= case.rank <= n <= m and 1 <= case.n_bases <= m


TALL = Family(
    "targets-of-random-bases",
    always=lambda: (Blocks(np.eye(6, 4), 2, 3), Blocks(np.eye(5, 1), 1, 2), Blocks(np.ones((4, 4)), 3, 1)),
    draw=lambda draws: Blocks(nonzero(draws, (draws.integers(4, 6), 4)), draws.integers(1, 3), draws.integers(1, 4)),
)


def based(case: Blocks, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return the directions of all columns, (n, columns, m, N), of n adapters RandLoRA with Gaussian bases."""
    shape, options = (case.target.shape[0], case.target.shape[1]), {"n_bases": case.n_bases}
    made = [make_adapter("randlora", shape, rank=case.rank, bases="gaussian", rng=rng, **options) for _ in range(n)]
    return np.array([np.einsum("jik,kc->cij", one.frozen["bases"], one.frozen["A"]) for one in made])


def fitted_columns(case: Blocks, found: np.ndarray) -> np.ndarray:
    """Return the share of the target that the best gammas leave beside lambdas of 1, column by column."""
    Q = np.linalg.qr(found).Q
    kept = np.einsum("tcij,ic->tcj", Q, case.target)
    return np.clip(1 - (kept**2).sum(axis=(1, 2)) / square(case.target), 0.0, 1.0)


def mean_left(due: Callable[[Blocks], float]) -> Expectation:
    """Make the claim about the mean of the share that is left."""
    return Expectation(sample=fitted_columns, equals=due, within=lambda case: 0.05, support=lambda case: (0.0, 1.0))


@formula(N="[0, inf)", m="[1, inf)")
def unfitted_share(N: int, m: int) -> Number:
    """1 - N / m, and 0 where there are more than m bases.

    Proof
    -----
    Assumes: the bases are independent Gaussian matrices, the lambdas fixed and not 0, and no column of A is 0 (the
    solver).

    Proof: column c of the update is the sum over j of gamma_jc v_j with v_j = B_j (lambda_j o a_c), independent and
    Gaussian with equal variances. So they span a uniformly distributed space of min(N, m) dimensions, whose projector
    has the mean min(N, m) / m times the identity.
    """
    return 1 - exact(min(N, m)) / m


RA_3 = Statement(
    id="low_rank_adapters/RA-3",
    title="Beside fixed lambdas each random basis fits one dimension a column",
    says=(
        "RandLoRA has N Gaussian bases with m rows, and its lambdas are fixed and not 0. The best gammas leave, on "
        "average, the share 1 - N / m of any target for N up to m: each basis gives every column one direction, "
        "whatever its rank."
    ),
    source=Derived(unfitted_share),
    tex=r"\mathbb E\,\min_\Gamma\|D - \textstyle\sum_j B_j\Lambda_j A\Gamma_j\|^2 / \|D\|^2 = 1 - N/m",
    hypotheses={"a target other than 0, no wider than high, and at most as many bases as rows": is_tall},
    instances=TALL,
    solve=based,
    decisions=("outcome",),
    free={"outcome": "a direction has no sign"},
    claim=mean_left(lambda case: float(unfitted_share(case.n_bases, len(case.target)))),
    saboteurs=(
        saboteur(
            "all columns of the bases count",
            claim=mean_left(lambda case: max(0.0, 1 - case.n_bases * case.rank / len(case.target))),
        ),
        saboteur(
            "bases around one vector",
            patch=(_Draw.thin, "self.draw.normal(size=(side, rank))", "(3.0 + self.draw.normal(size=(side, rank)))"),
        ),
    ),
)
