"""A weight in the metric of its inputs: the best of a rank, plain truncation, and other inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory._numbers import plain
from lrtheory._validation import must
from lrtheory.bounds import (
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
from lrtheory.matrix_compression import theory, truncate
from lrtheory.matrix_compression.layers import truncate as library
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import best_error, energies, norm, product


def spanned(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the left singular vectors of X whose values are not 0, and these values."""
    U, values, _ = np.linalg.svd(X, full_matrices=False)
    kept = values > 1e-9 * values.max(initial=0.0)
    return U[:, kept], values[kept]


@dataclass(frozen=True)
class Layer:
    """W (d_out, d_in), inputs X with a row for each sample, the rank r; and whether X^T X is handed over for X."""

    W: np.ndarray
    X: np.ndarray
    rank: int
    by_covariance: bool = False

    @property
    def outputs(self) -> np.ndarray:
        """W X^T, a column for each sample: exact where both hold integers."""
        return np.asarray(self.W @ self.X.T)

    @property
    def input_values(self) -> np.ndarray:
        """The singular values of X that are not 0."""
        return spanned(self.X)[1]

    @property
    def allowed(self) -> float:
        """The rounding in doubles of norms of outputs: weights are found by dividing by what inputs have least of."""
        values = self.input_values
        if not len(values):
            return 0.0
        spread = float(values[0] / values[-1])
        steps = 64 * (sum(self.W.shape) + len(self.X) + 8)
        load = float(np.linalg.norm(self.W)) * float(values[0])
        return float(rounding(steps, load) * (spread**2 if self.by_covariance else spread))


def whitened(case: Layer, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's factors in the metric of the inputs, all singular values, and the error that it reports."""
    given = {"covariance": case.X.T @ case.X} if case.by_covariance else {"inputs": case.X}
    found = truncate(case.W, case.rank, **given)  # type: ignore[arg-type]
    return {"B": found.B, "A": found.A, "values": found.singular_values, "error": found.error}


def draw_layer(draws: Draws) -> Layer:
    """Draw small integers; samples that are fewer than the columns, or of which some are sums of others."""
    m, n, samples = draws.integers(1, 5), draws.integers(1, 5), draws.integers(1, 7)
    W, X = draws.integers(-4, 4, shape=(m, n)), draws.integers(-3, 3, shape=(samples, n))
    unit = 2.0 ** draws.choice((0, 0, -30, 30))
    return Layer(unit * W, X.astype(float), draws.integers(0, min(m, n)), draws.choice((False, True)))


def worst(t: float, delta: float) -> Layer:
    """Make a weight whose plain truncation drops just the direction that the inputs have: its ratio is (1 - t) cond."""
    return Layer(np.diag([1.0, 1 - t]), np.diag([delta, 1.0]), 1)


def layers() -> tuple[Layer, ...]:
    """Return the smallest layer, an input in one direction, one with dependent samples, and a general one."""
    W = np.array([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
    X = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0], [1.0, 3.0, 3.0], [2.0, -1.0, 0.0]])
    return (
        Layer(np.array([[2.0]]), np.array([[3.0]]), 0),
        Layer(np.diag([3.0, 1.0]), np.array([[0.0, 2.0]]), 1),
        Layer(W, X, 1),
        Layer(W[::-1].copy(), X[:2], 1),
        Layer(W, X[:3], 1, by_covariance=True),
        worst(0.125, 0.25),
    )


LAYERS = Family("layers", always=layers, draw=draw_layer)


def without_inputs(case: Layer, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return factors that do not look at the inputs, in the place of those that do."""
    return whitened(case) | {name: getattr(truncate(case.W, case.rank), name) for name in "BA"}


def ridge(case: Layer, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Add a thousandth of the largest direction to the covariance, as though all directions had inputs."""
    C = case.X.T @ case.X
    found = truncate(case.W, case.rank, covariance=C + 1e-3 * max(float(np.trace(C)), 1.0) * np.eye(len(C)))
    return whitened(case) | {"B": found.B, "A": found.A}


def is_layer(case: Layer) -> bool:
    """Decide whether the inputs are finite and fit the weight, which can have the rank."""
    W, X = np.asarray(case.W), np.asarray(case.X)
    fits = W.ndim == X.ndim == 2 and W.shape[1] == X.shape[1] and 0 not in (*W.shape, *X.shape)
    return bool(fits and np.isfinite(W).all() and np.isfinite(X).all() and 0 <= case.rank <= min(W.shape))


@dataclass(frozen=True)
class Taught:
    """Inputs of a compressed network, outputs of the original one for the same samples, and the rank r."""

    X: np.ndarray
    Y: np.ndarray
    rank: int


def is_even(case: Layer | Taught) -> bool:
    """Decide whether inputs that are not 0 have singular values within a factor of 1000, so that rounding is small."""
    _, values = spanned(case.X)
    return bool(not len(values) or values[0] <= 1000 * values[-1])


GIVEN = {"inputs that fit the weight": is_layer, "inputs of similar sizes in their directions": is_even}


@formula(s="n in [0, inf)", r="[0, inf)")
def layer_energy(s: np.ndarray, r: int) -> Number:
    r"""A weight of rank r leaves at least this squared error at the output.

    Here s holds the singular values of W X.

    Proof
    -----
    Assumes: all singular values of W X are there (the caller). X X^T may be singular.

    Proof: with H H^T = X X^T, \|(W - W') X\| = \|(W - W') H\|, and W' H has rank at most r, so this is at least E_r(W
    H) = E_r(W X). W' = (W H)_r H^+ attains it, where (W H)_r is the best approximation of rank r: its rows lie in the
    row space of H, onto which H^+ H projects, so W' H = (W H)_r.
    """
    return theory.tail_energy(s, r)


def best_at_output(case: Layer, found: dict[str, Any]) -> Sides:
    """Compare the error at the output with E_r(W X), all values with the true ones, the reported error with E_r."""
    spectrum, off = np.sqrt(energies(case.outputs)), (case.W - product(found)) @ case.X.T
    n = max(len(spectrum), len(found["values"]))
    values, wanted = (np.pad(x, (0, n - len(x))) for x in (found["values"], spectrum))
    least = float(np.sqrt(float(layer_energy(spectrum, case.rank))))
    lhs = [norm(off), found["error"] * norm(spectrum), *values]
    return Sides(np.array(lhs, float), np.array([least, least, *wanted]), rounding=case.allowed)


def best_of_weight(case: Layer, found: dict[str, Any]) -> Sides:
    """Compare the error at the output with that of the weight alone, times the largest direction of the inputs."""
    off = (case.W - product(found)) @ case.X.T
    most = best_error(case.W, case.rank) * float(case.input_values.max(initial=0.0))
    return Sides(norm(off), most, rounding=case.allowed)


PE_1 = Statement(
    id="matrix_compression/PE-1",
    title="The best weight of a rank truncates in the metric of the inputs",
    says=(
        "The inputs of a layer stand in the columns of X, and W' is the weight that is found. Its error at the output,"
        " |(W - W') X|, is E_r(W X), the least that any weight of rank r has: the root of the sum of the squares of "
        "all but the r largest singular values of W X. This holds for fewer samples than columns, too, and where X "
        "X^T alone is given."
    ),
    source=Derived(layer_energy),
    tex=r"\|(W - W')X\| = E_r(WX) = \min_{\mathrm{rank}\,V \le r} \|(W - V)X\|",
    hypotheses=GIVEN,
    instances=LAYERS,
    solve=whitened,
    claim=Identity(best_at_output),
    saboteurs=(
        saboteur("inputs are not looked at", solve=without_inputs),
        saboteur(
            "the covariance for its root",
            patch=(library._metric, "scaled @ (right * values)", "scaled @ (right * values**2)"),
        ),
        saboteur("the error of the weight alone", claim=Identity(best_of_weight)),
        saboteur("directions without inputs are kept", solve=ridge),
    ),
)


def has_all_directions(case: Layer) -> bool:
    """Decide whether the inputs span every direction that the weight can see."""
    return len(case.input_values) == case.W.shape[1]


def both(case: Layer, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the plain truncation and that in the metric of the inputs, as matrices."""
    return {
        "plain": np.asarray(truncate(case.W, case.rank).dense()),
        "whitened": np.asarray(truncate(case.W, case.rank, inputs=case.X).dense()),
    }


def draw_full(draws: Draws) -> Layer:
    """Draw inputs that span every direction: more samples than columns, and the axes among them."""
    case = draw_layer(draws)
    n = case.W.shape[1]
    return replace(case, X=np.concatenate([case.X, np.diag(draws.integers(1, 4, shape=(n,)))]), by_covariance=False)


SPANNED = Family(
    "layers-whose-inputs-span",
    always=lambda: [one for one in layers() if has_all_directions(one)],
    tight=(Tight(worst(2.0**-10, 0.125), 0.998, 1),),
    draw=draw_full,
)
#: fewer samples than the rank: nothing is lost in the metric of the inputs, whatever plain truncation loses
ONE_SAMPLE = Family(
    "layers-with-one-sample",
    always=(Layer(np.diag([3.0, 1.0]), np.array([[0.0, 2.0]]), 1),),
    complete="the smallest layer with fewer samples than columns on which plain truncation errs",
    members=1,
)


def plain_twice(case: Layer, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Answer with the plain truncation for both."""
    found = both(case)
    return found | {"whitened": found["plain"]}


@formula(sigma="n in (0, inf)")
def condition_limit(sigma: np.ndarray) -> Number:
    r"""Plain truncation is worse at the output than the best weight by at most this factor.

    `sigma` holds the singular values of X, one for each row of X and none of them 0, in any order.

    Proof
    -----
    Assumes: X has full row rank, a hypothesis of the statement; values above 0 are checked.

    Proof: for any W' of rank r, \|(W - W') X\| >= sigma_min \|W - W'\| >= sigma_min E_r(W), and the plain truncation
    has \|(W - W_r) X\| <= sigma_max E_r(W). It is tight: W = diag(1, 1 - t), X = diag(d, 1), r = 1 has the ratio (1 -
    t) / d.
    """
    if not len(sigma):
        raise must("sigma", "at least one number", sigma)
    return plain(sigma.max() / sigma.min())


def condition(case: Layer) -> float:
    """Return sigma_max(X) / sigma_min(X) of inputs that span every direction."""
    return float(condition_limit(case.input_values))


def compared(case: Layer, found: dict[str, Any], share: float = 1.0) -> Sides:
    """Compare plain truncation with cond(X) times the best one, and the best one with it, at the output."""
    off = {name: norm((case.W - V) @ case.X.T) for name, V in found.items()}
    largest, cond = float(case.input_values[0]), condition(case)
    least, allowed = best_error(case.outputs, case.rank), case.allowed
    own = norm(case.W - found["plain"]) - best_error(case.W, case.rank)
    wrongly = np.array([off["whitened"] - least, own * largest])
    most = largest * norm(case.W)
    return unlike(wrongly, allowed) or Sides(
        np.array([off["plain"], off["whitened"]]),
        np.array([share * cond * least, off["plain"]]),
        trivial=most,
        rounding=allowed * (1 + cond),
    )


def root_of_condition(case: Layer, found: dict[str, Any]) -> Sides:
    """Compare plain truncation with the root of cond(X) times the best one."""
    off = norm((case.W - found["plain"]) @ case.X.T)
    least = best_error(case.outputs, case.rank)
    return Sides(off, float(np.sqrt(condition(case))) * least, trivial=np.inf, rounding=case.allowed)


PE_3 = Statement(
    id="matrix_compression/PE-3",
    title="Plain truncation is worse by the condition of the inputs at most",
    says=(
        "Where the inputs X of a layer span every direction, the truncation W_r of its weight alone has at most "
        "cond(X) = sigma_max(X) / sigma_min(X) times the least error E_r(W X) of any weight of rank r, measured at the"
        " output; and at least that error itself."
    ),
    source=Derived(condition_limit),
    tex=r"E_r(WX) \le \|(W - W_r)X\| \le \mathrm{cond}(X)\, E_r(WX)",
    hypotheses=GIVEN | {"inputs that span every direction": has_all_directions},
    instances=SPANNED,
    solve=both,
    claim=Inequality(compared),
    saboteurs=(
        saboteur("fewer samples than columns", breaks="inputs that span every direction", instances=ONE_SAMPLE),
        saboteur(
            "the root of the condition",
            claim=Inequality(root_of_condition, unbounded="a truncation may err by any amount"),
        ),
        saboteur("inputs are not looked at", solve=plain_twice),
    ),
    notes="Attained in the limit by W = diag(1, 1 - t), X = diag(delta, 1), r = 1. Vacuous where nothing is left.",
)


def is_taught(case: Taught) -> bool:
    """Decide whether inputs and outputs are finite, of as many samples, and a map of theirs can have the rank."""
    X, Y = np.asarray(case.X), np.asarray(case.Y)
    fits = X.ndim == Y.ndim == 2 and len(X) == len(Y) and 0 not in (*X.shape, *Y.shape)
    return bool(
        fits and np.isfinite(X).all() and np.isfinite(Y).all() and 0 <= case.rank <= min(X.shape[1], Y.shape[1])
    )


def distilled(case: Taught, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's factors for outputs of another network, and the relative error that it reports."""
    W = np.zeros((case.Y.shape[1], case.X.shape[1]))
    found = truncate(W, case.rank, inputs=case.X, targets=case.Y)
    return {"B": found.B, "A": found.A, "error": found.error}


def draw_taught(draws: Draws) -> Taught:
    """Draw integers for both sides."""
    n, m, samples = draws.integers(1, 4), draws.integers(1, 4), draws.integers(1, 7)
    X, Y = draws.integers(-3, 3, shape=(samples, n)), draws.integers(-4, 4, shape=(samples, m))
    return Taught(X.astype(float), Y.astype(float), draws.integers(0, min(m, n)))


TAUGHT = Family(
    "taught-layers",
    always=(
        Taught(np.array([[1.0]]), np.array([[2.0]]), 1),
        Taught(np.array([[1.0], [0.0]]), np.array([[2.0], [3.0]]), 1),
        Taught(np.eye(2), np.array([[2.0, 0.0], [0.0, 1.0]]), 1),
        Taught(np.eye(2)[::-1].copy(), np.array([[1.0, 1.0], [0.0, 3.0]]), 1),
        Taught(np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 1.0]]), 1),
        Taught(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 1.0]]), 2),
    ),
    draw=draw_taught,
)


def untaught(case: Taught, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Fit a weight to the inputs first, and truncate it in their metric without the outputs that it misses."""
    W = np.linalg.lstsq(case.X, case.Y, rcond=None)[0].T
    found = truncate(W, case.rank)
    return distilled(case) | {"B": found.B, "A": found.A}


@formula(outside="[0, inf)", s="n in [0, inf)", r="[0, inf)")
def distilled_energy(outside: Number, s: np.ndarray, r: int) -> Number:
    r"""The best weight of rank r leaves this squared error.

    `outside` is \|Y (I - P)\|^2, and s holds the singular values of Y P.

    Proof
    -----
    Assumes: the spectrum is that of Y P (the caller).

    Proof: W' X' = W' X' P, so the error splits into Y (I - P) and Y P - W' X', which are orthogonal. The second is at
    least E_r(Y P), and W' = (Y P)_r X'^+ attains it.
    """
    return plain(outside + theory.tail_energy(s, r))


def split(case: Taught, found: dict[str, Any]) -> Sides:
    """Compare the error at the outputs, and the one that is reported, with what no weight of the rank can avoid."""
    U, values = spanned(case.X)
    inside = U.T @ case.Y
    outside, spectrum = norm(case.Y - U @ inside) ** 2, np.linalg.svd(inside, compute_uv=False)
    least = float(np.sqrt(float(distilled_energy(outside, spectrum, case.rank))))
    off = norm(case.Y - case.X @ product(found).T)
    spread = float(values[0] / values[-1]) if len(values) else 1.0
    allowed = float(rounding(64 * (sum(case.X.shape) + case.Y.shape[1] + 8), norm(case.Y) * spread))
    return Sides(np.array([off, found["error"] * norm(case.Y)], float), np.array([least, least]), rounding=allowed)


def within_reach(case: Taught, found: dict[str, Any]) -> Sides:
    """Compare the error at the outputs with E_r(Y), as though the inputs reached all of them."""
    off = norm(case.Y - case.X @ product(found).T)
    return Sides(off, best_error(case.Y, case.rank), rounding=1e-9 * norm(case.Y))


PE_2 = Statement(
    id="matrix_compression/PE-2",
    title="The best weight for other inputs truncates projected outputs",
    says=(
        "A weight W' of rank r maps inputs X', those of a compressed network, as near as can be to outputs Y of the "
        "original one; samples stand in columns. Its squared error is |Y (I - P)|^2 + E_r(Y P)^2, P the projection "
        "onto the row space of X': E_r(Y P) is the root of the sum of the squares of all but the r largest singular "
        "values."
    ),
    source=Derived(distilled_energy),
    tex=r"\|Y - W'X'\|^2 = \|Y(I - P)\|^2 + E_r(YP)^2",
    hypotheses={
        "inputs and outputs of the same samples": is_taught,
        "inputs of similar sizes in their directions": is_even,
    },
    instances=TAUGHT,
    solve=distilled,
    claim=Identity(split),
    saboteurs=(
        saboteur("the outputs are not looked at", solve=untaught),
        saboteur("inputs reach all outputs", claim=Identity(within_reach)),
        saboteur(
            "rows of the best outputs, without the inputs",
            patch=(library._metric, "back = np.ldexp((right / values).T", "back = np.ldexp((right * values).T"),
        ),
    ),
)
