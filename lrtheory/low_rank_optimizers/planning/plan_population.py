"""The rank, the factors and the population of an evolution strategy for a budget of evaluations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, at_most_one, choice, integer, must, open_interval, real, sequence
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.evolution.noise import FACTORS
from lrtheory.low_rank_optimizers.theory.moments import KURTOSIS, sides
from lrtheory.low_rank_optimizers.theory.sines import SMALLEST

__all__ = ["Plan", "plan_population"]


@result
class Plan(Result):
    r"""A population of mirrored pairs, and the error that it is expected to have.

    Attributes
    ----------
    rank : int
        Columns of the factors.
    factors : str
        Law of the entries of the factors, "sign" or "gaussian".
    pairs : int
        Mirrored pairs that the budget pays for; the population has twice as many members.
    bias : float
        Norm of the difference of the mean of the estimate and the gradient of the smoothed objective.
    variance : float
        Mean squared distance of the estimate from its mean.
    mse : float
        bias^2 + variance, the least of all that were tried.
    gradient_norm : float
        The norm of the gradient in whose units the errors are; 1 where nothing about it is known.
    table : mapping of str to tuple
        The alternatives: ``rank``, ``factors``, ``pairs``, ``bias``, ``variance`` and ``mse``.
    method : str
        The model, "quadratic" (statement EG-V) or "sine" (statement EG-1b).
    message : str
        Assumptions about the objective and its gradient under which the errors hold.
    """

    rank: int
    factors: str
    pairs: int
    bias: float
    variance: float
    mse: float
    gradient_norm: float
    table: dict[str, tuple[Any, ...]]
    method: str
    message: str

    @property
    def population_size(self) -> int:
        """Members, two a pair."""
        return 2 * self.pairs

    @property
    def text(self) -> str:
        """The plan in words."""
        share = math.sqrt(self.mse) / self.gradient_norm if self.gradient_norm else math.inf if self.mse else 0.0
        plan = f"{self.pairs} mirrored pair{'s' * (self.pairs > 1)} with {self.factors} factors of rank {self.rank}"
        return f"{plan}: root mean squared error {share:.3g} of the norm of the gradient; {self.message}"

    def _columns(self) -> dict[str, Any]:
        return dict(self.table)

    def _facts(self) -> list[str]:
        return [self.text]

    def _draw(self, ax: Any) -> None:
        rows = [i for i, law in enumerate(self.table["factors"]) if law == self.factors]
        taken = {name: [self.table[name][i] for i in rows] for name in ("rank", "bias", "variance", "mse")}
        lines = {"bias^2": [b * b for b in taken["bias"]], "variance": taken["variance"], "sum": taken["mse"]}
        display.curves(ax, taken["rank"], lines, xlabel="rank", ylabel="mean squared error")
        ax.set_xscale("log", base=2)


class _Row(NamedTuple):
    """One alternative."""

    rank: int
    factors: str
    pairs: int
    bias: float
    variance: float

    @property
    def mse(self) -> float:
        return self.bias**2 + self.variance


@arrays("host")
def plan_population(
    shape: Sequence[int],
    *,
    n_evaluations: float,
    fitness_std: float | None = None,
    pilot: ArrayLike | None = None,
    singular_values: ArrayLike | None = None,
    sigma: float | None = None,
    cost: tuple[float, float] = (1, 1),
    factors: str | None = None,
    max_rank: int = 64,
) -> Plan:
    r"""Choose rank, factors and population of an evolution strategy with the least mean squared error for a budget.

    Without singular values the objective is taken as quadratic in the range of the perturbations: there is no bias, and
    the variance of P pairs is (\|G\|^2 / P) (mn + 1 + c/r) (statement EG-V), which is least for signs of rank 1
    (statement EG-VS) and for Gaussian factors at rank 1 or 2 with the default cost (statement EG-O). With singular
    values the objective is taken as a sine of the direction that has them: bias and variance are exact for Gaussian
    factors (statements EG-1 and EG-1b), signs are left out, and a larger budget asks for a larger rank.

    Arrays: any (copied to the host)

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    n_evaluations : float
        Evaluations of members without perturbation that could be paid for.
    fitness_std : float or None
        Standard deviation of the fitness of members, which with `sigma` says how large the gradient is at most
        (statement EG-N).
    pilot : array of shape (P,), or None
        In its place: differences (f_2p - f_(2p+1)) / 2 of mirrored pairs, as `ESStep.pair_differences` holds them.
    singular_values : array of shape (k,), or None
        Singular values of the direction Om of a sine sin(<Om, W>), in radians per unit of weight, not all 0; needs
        `sigma`.
    sigma : float or None
        Scale of the perturbations, above 0.
    cost : pair of float
        (C0, k): a member costs C0 mn + k r (m + n), which counts as 1 + (k / C0) r (1/m + 1/n) evaluations. (1, 0) is
        for simulators beside which perturbations cost nothing.
    factors : {"sign", "gaussian"} or None
        The law of the factors; None tries both where a formula is known.
    max_rank : int
        The largest rank that is tried, at most 4096.

    Returns
    -------
    Plan
        The best of all alternatives, and those for ranks 1, 2, 4, ... beside it.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If a number is out of range, the budget does not pay for one pair, `sigma` is missing where it is needed, or
        signs are asked for with singular values.

    Notes
    -----
    Errors are about the gradient of the smoothed objective, which is what a fixed sigma asks for. Where neither
    `fitness_std` nor `pilot` is given they are in units of the squared gradient, and for a sine in those of a sine of
    amplitude 1 at its steepest point. Noise of single evaluations counts as gradient here: with d the mean squared
    difference of a pilot, d / sigma^2 is \|G\|^2 plus the noise over 2 sigma^2.

    Examples
    --------
    >>> plan = plan_population((10, 65), n_evaluations=128)
    >>> plan.rank, plan.factors, plan.pairs, round(plan.mse, 3)
    (1, 'sign', 57, 11.386)
    >>> plan = plan_population((32, 32), n_evaluations=20_000, singular_values=[1.0], sigma=1.0)
    >>> plan.rank, plan.factors, plan.pairs, round(plan.mse, 4)
    (4, 'gaussian', 8000, 0.0574)
    """
    m, n = sides(shape)
    members = open_interval("n_evaluations", n_evaluations, 0.0, math.inf)
    each = _extra(cost) * (1 / m + 1 / n)
    largest = integer("max_rank", max_rank, low=1, high=4096)
    if factors is not None:
        choice("factors", factors, FACTORS)
    if members < 2 * (1 + each):
        raise must("n_evaluations", f"at least {2 * (1 + each):g}, the cost of one pair of rank 1", n_evaluations)
    s = None if sigma is None else open_interval("sigma", sigma, 0.0, math.inf)
    spread, told = _spread(fitness_std, pilot, s)
    if spread and s and not SMALLEST <= spread / s <= 1 / SMALLEST:
        raise must("sigma", f"such that the spread of fitness over it is in [{SMALLEST:g}, {1 / SMALLEST:g}]", sigma)
    pairs = {r: int(members / (2 * (1 + each * r))) for r in range(1, largest + 1)}
    pairs = {r: P for r, P in pairs.items() if P > 0}
    if singular_values is None:
        norm = 1.0 if spread is None or s is None else spread / s
        rows = _quadratic_rows((m, n), pairs, norm, factors)
        method, model = "quadratic", "taken as quadratic, without bias (low_rank_optimizers/EG-V)"
    else:
        if factors == "sign":
            raise must("factors", '"gaussian" or None with `singular_values`', factors)
        if s is None:
            raise must("sigma", "given with `singular_values`", None)
        t = s * array("singular_values", singular_values, shape=(None,), low=0.0).astype(np.float64)
        if not 0 < t.size <= min(m, n) or not SMALLEST <= t.max() <= 1 / SMALLEST:
            rule = f"1 to {min(m, n)} numbers, the largest times `sigma` in [{SMALLEST:g}, {1 / SMALLEST:g}]"
            raise must("singular_values", rule, singular_values)
        rows, norm = _sine_rows((m, n), pairs, t, s, spread)
        method, model = (
            "sine",
            "taken as a sine along a direction with these singular values (low_rank_optimizers/EG-1b)",
        )
    best = min(rows, key=lambda row: row.mse)
    shown = [row for row in rows if row.rank & (row.rank - 1) == 0 or row is best]
    if best.rank == largest > 1:
        told += "; `max_rank` binds"
    table = {name: tuple(getattr(row, name) for row in shown) for name in (*_Row._fields, "mse")}
    return Plan(
        *best, mse=best.mse, gradient_norm=norm, table=table, method=method, message=f"the objective is {model}, {told}"
    )


def _quadratic_rows(shape: tuple[int, int], pairs: dict[int, int], norm: float, factors: str | None) -> list[_Row]:
    rows = []
    for law in FACTORS if factors is None else (factors,):
        k = KURTOSIS[law]
        for r, P in pairs.items():
            share = theory.estimator_mse(shape, rank=r, pairs=P, gradient_square=1, kurtosis_a=k, kurtosis_b=k)
            rows.append(_Row(r, law, P, 0.0, float(share) * norm * norm))
    return rows


def _sine_rows(
    shape: tuple[int, int], pairs: dict[int, int], t: np.ndarray, sigma: float, spread: float | None
) -> tuple[list[_Row], float]:
    """Alternatives at the steepest point of a sine whose differences have the given spread, and its gradient's norm."""
    limit = theory.sine_response(t, rank=math.inf)
    # the variance of sin<T, E> is (1 - E cos<2 T, E>) / 2
    variance = -math.expm1(-2 * float(t @ t)) / 2
    unit = (1.0 if spread is None else spread / math.sqrt(variance)) / sigma
    rows = []
    for r, P in pairs.items():
        h = theory.sine_response(t, rank=r)
        bias = unit * float(np.linalg.norm(h - limit))
        one = unit * (unit * float(theory.sine_second_moment(shape, t, rank=r) - h @ h))
        rows.append(_Row(r, "gaussian", P, bias, one / P))
    return rows, unit * float(np.linalg.norm(limit))


def _spread(fitness_std: Any, pilot: Any, sigma: float | None) -> tuple[float | None, str]:
    """The standard deviation of differences of pairs, where it is known, and where it comes from."""
    if at_most_one(fitness_std=fitness_std, pilot=pilot) is None:
        return None, "and nothing is known of its scale"
    if sigma is None:
        raise must("sigma", "given with `fitness_std` or `pilot`", None)
    if pilot is None:
        spread = real("fitness_std", fitness_std, low=0.0)
        if math.isinf(spread):
            raise must("fitness_std", "finite", fitness_std)
        return spread, "with a gradient as large as the spread of fitness allows (low_rank_optimizers/EG-N)"
    d = array("pilot", pilot, shape=(None,)).astype(np.float64)
    if not d.size:
        raise must("pilot", "at least one difference", d)
    # differences in units of the largest, or their squares leave the range
    scale = float(np.abs(d).max()) or 1.0
    squares = (d / scale) ** 2
    mean = float(squares.mean())
    told = f"with a squared gradient from {d.size} pilot pair{'s' * (d.size > 1)}"
    if d.size > 1 and mean:
        told += f" (standard error {100 * float(squares.std(ddof=1)) / mean / math.sqrt(d.size):.2g} %)"
    return scale * math.sqrt(mean), told


def _extra(cost: Any) -> float:
    """The cost of one column, beside that of a member without perturbation."""
    if len(sequence("cost", cost)) != 2:
        raise must("cost", "a pair of numbers (C0, k)", cost)
    return real("cost[1]", cost[1], low=0.0) / open_interval("cost[0]", cost[0], 0.0, math.inf)
