"""Options of a run become the tables that the kernels take; the options are checked here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from lrtheory._numbers import HUGE
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, choice, flag, must, real, refuse_unused
from lrtheory.dual_mirror_descent.prices.steps import CAPPED, DEPLETION, ENTROPY, GEOMETRIES, SCALED, Rules, Setup
from lrtheory.dual_mirror_descent.problem import ROUNDING
from lrtheory.dual_mirror_descent.theory.constants import step_size as theory_step_size
from lrtheory.dual_mirror_descent.theory.resources import cost_bounds, first_prices

__all__ = ["StepSize", "in_domain", "prepare", "step_sizes"]


#: "theory", a number, one step size per period, or a function of the period 1, ..., T
StepSize: TypeAlias = Number | ArrayLike | Callable[[int], Number] | str
#: the options of a run that have no meaning in some geometry: entropies have no negative prices, and the capped one has
#: a domain of its own
OPTIONS: dict[str, set[str]] = {
    "euclidean": {"fairness", "price_cap"},
    "scaled-euclidean": {"fairness", "price_cap"},
    "entropy": {"price_cap"},
    "capped-entropy": set(),
}


def prepare(
    budget: np.ndarray,
    horizon: int,
    tolerance: float,
    *,
    reward_bound: Number,
    cost_bound: Number | ArrayLike,
    geometry: str = "euclidean",
    step_size: StepSize = "theory",
    lazy: bool = False,
    init: Number | ArrayLike | None = None,
    target: ArrayLike | str | None = None,
    on_depletion: str = "reject",
    fairness: Number = 0.0,
    price_cap: Number | ArrayLike | None = None,
) -> Setup:
    """Check the options of a run and lay out its tables; rounding may overdraw the budget by the share `tolerance`."""
    number = GEOMETRIES.index(choice("geometry", geometry, GEOMETRIES))
    depletion = DEPLETION.index(choice("on_depletion", on_depletion, DEPLETION))
    exact, m = budget.dtype == object, len(budget)
    if number in (ENTROPY, CAPPED) and exact:
        raise must("geometry", "euclidean or scaled-euclidean for exact numbers, since entropies take exp", geometry)
    real("fairness", fairness, low=0, high=HUGE)
    refuse_unused(geometry, OPTIONS[geometry], "geometry", fairness=(fairness, 0), price_cap=(price_cap, None))
    rate = budget / horizon
    first = np.array(first_prices(init, rate.tolist(), reward_bound, geometry), dtype=rate.dtype)
    prices = in_domain("init", _exact(first) if exact else first, rate, fairness)
    mirror = np.log(prices) if number in (ENTROPY, CAPPED) else prices
    # a step moves mirror coordinate j by -eta scale_j g_j; 1/rho_j^2 and 1/rho_j cancel its units (statement DMD-S1)
    scale = {SCALED: lambda: 1 / (rate * rate), CAPPED: lambda: 1 / rate}.get(number, lambda: rate * 0 + 1)()
    cap = _caps(price_cap, m, fairness)
    rules = Rules(
        number,
        flag("lazy", lazy),
        isinstance(target, str),
        depletion,
        fairness if exact else float(fairness),
        reward_bound if exact else float(reward_bound),
    )
    bounds = np.array(cost_bounds(cost_bound, m), dtype=rate.dtype)
    etas = step_sizes(step_size, horizon, rate, reward_bound, bounds, geometry, prices)
    return Setup(
        state=np.array([prices, mirror, budget, budget * 0]),
        resources=np.array([rate, scale, cap, budget * tolerance, bounds]),
        etas=_exact(etas) if exact else etas,
        targets=_targets(target, horizon, rate),
        rules=rules,
    )


def in_domain(name: str, prices: np.ndarray, rate: np.ndarray, fairness: Number) -> np.ndarray:
    """Return the prices if each is at least 0, or with a fair objective sum_j rho_j max(0, -mu_j) <= fairness."""
    if not fairness > 0:
        return array(name, prices, low=0.0)
    owed = (rate * np.maximum(-prices, 0 * prices)).sum()
    # projections land on the border, up to rounding
    if owed > fairness * (1 if rate.dtype == object else 1 + ROUNDING):
        raise must(name, f"of a sum of rate * max(0, -price) of at most {float(fairness):g}", prices)
    return prices


def _caps(price_cap: Number | ArrayLike | None, m: int, fairness: Number) -> np.ndarray:
    """Return the largest price of each resource, (m,), infinite by default."""
    if price_cap is None:
        return np.full(m, np.inf)
    if fairness > 0:
        raise must("price_cap", "left out with `fairness`, whose prices have a domain of their own", price_cap)
    caps = array("price_cap", price_cap, low=0.0)
    if caps.ndim > 1 or (caps.ndim == 1 and len(caps) != m) or not (caps > 0).all():
        raise must("price_cap", f"positive, one number or of shape ({m},)", price_cap)
    return np.array(np.broadcast_to(caps, (m,)))


def step_sizes(
    step_size: StepSize,
    horizon: int,
    rate: np.ndarray,
    reward_bound: Number,
    cost_bound: np.ndarray,
    geometry: str,
    init: ArrayLike,
) -> np.ndarray:
    """Return one step size for all periods, (1,), or one per period, (T,)."""
    if isinstance(step_size, str):
        choice("step_size", step_size, ("theory",))
        eta = theory_step_size(
            horizon=horizon,
            rate=rate,
            reward_bound=reward_bound,
            cost_bound=cost_bound,
            geometry=geometry,
            init=init,
        )
        return np.array([eta])
    given: Any = step_size  # mypy takes a `Number` for no `Real`
    if callable(given):
        etas = _schedule(given, horizon)
    elif isinstance(given, (bool, Real)):
        real("step_size", given)
        etas = np.array([given])
    else:
        etas = np.array(array("step_size", given, shape=(horizon,)))
    if not ((etas >= 0) & (etas < np.inf)).all():
        raise must("step_size", "finite and at least 0", step_size)
    return etas if etas.dtype == object else etas.astype(np.float64)


def _schedule(step_size: Callable[[int], Number], horizon: int) -> np.ndarray:
    """Return the step sizes of periods 1, ..., T that a function gives, (T,)."""
    return np.array(array("step_size", [step_size(t) for t in range(1, horizon + 1)]))


def _targets(target: ArrayLike | str | None, horizon: int, rate: np.ndarray) -> np.ndarray:
    """Return one row for all periods, (1, m), or one per period, (T, m); "adaptive" runs overwrite their one row."""
    if target is None or (isinstance(target, str) and choice("target", target, ("adaptive",))):
        return np.array(rate[None])
    plan = array("target", target, low=0.0)
    if plan.shape not in ((len(rate),), (horizon, len(rate))):
        raise must("target", f'"adaptive", or of shape ({len(rate)},) or ({horizon}, {len(rate)})', plan.shape)
    rows = np.array(np.atleast_2d(plan))
    return _exact(rows) if rate.dtype == object else rows.astype(np.float64)


def _exact(values: np.ndarray) -> np.ndarray:
    """Convert numbers to Fractions of equal value, since every double is a rational number."""
    exact = np.empty(values.size, dtype=object)
    exact[:] = [Fraction(value) for value in values.ravel().tolist()]
    return exact.reshape(values.shape)
