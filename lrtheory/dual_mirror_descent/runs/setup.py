"""Options of a run become the tables that the kernels take; the options are checked here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from lrtheory._numbers import HUGE
from lrtheory._validation import array, choice, must, real
from lrtheory.dual_mirror_descent.prices.steps import CAPPED, DEPLETION, ENTROPY, GEOMETRIES, SCALED, Rules
from lrtheory.dual_mirror_descent.problem import ROUNDING
from lrtheory.dual_mirror_descent.theory.constants import step_size as theory_step_size
from lrtheory.dual_mirror_descent.theory.numeric import cost_bounds
from lrtheory.dual_mirror_descent.theory.starts import first_prices

__all__ = ["Setup", "in_domain", "prepare", "step_sizes"]


class Setup(NamedTuple):
    """A setup holds the tables of `steps` as they are before the first request, in the order of `batch.serve_many`."""

    state: np.ndarray
    resources: np.ndarray
    etas: np.ndarray
    targets: np.ndarray
    rules: Rules


def prepare(
    budget: np.ndarray,
    horizon: int,
    tolerance: float,
    *,
    reward_bound: Any,
    cost_bound: Any,
    geometry: str = "euclidean",
    step_size: Any = "theory",
    lazy: bool = False,
    init: Any = None,
    target: Any = None,
    on_depletion: str = "reject",
    fairness: Any = 0.0,
    price_cap: Any = None,
) -> Setup:
    """Check the options of a run and lay out its tables; rounding may overdraw the budget by the share `tolerance`."""
    number = GEOMETRIES.index(choice("geometry", geometry, GEOMETRIES))
    depletion = DEPLETION.index(choice("on_depletion", on_depletion, DEPLETION))
    exact, m = budget.dtype == object, len(budget)
    if number in (ENTROPY, CAPPED) and exact:
        raise must("geometry", "euclidean or scaled-euclidean for exact numbers, since entropies take exp", geometry)
    if real("fairness", fairness, low=0, high=HUGE) > 0 and number in (ENTROPY, CAPPED):
        raise must("fairness", "0 for entropies, which have no negative prices", fairness)
    rate = budget / horizon
    first = np.array(first_prices(init, rate.tolist(), reward_bound, geometry), dtype=rate.dtype)
    prices = in_domain("init", _exact(first) if exact else first, rate, fairness)
    mirror = np.log(prices) if number in (ENTROPY, CAPPED) else prices
    # a step moves mirror coordinate j by -eta scale_j g_j; 1/rho_j^2 and 1/rho_j cancel its units (statement DMD-S1)
    scale = {SCALED: lambda: 1 / (rate * rate), CAPPED: lambda: 1 / rate}.get(number, lambda: rate * 0 + 1)()
    cap = _caps(price_cap, m, number, fairness)
    rules = Rules(
        number,
        bool(lazy),
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


def in_domain(name: str, prices: np.ndarray, rate: np.ndarray, fairness: Any) -> np.ndarray:
    """Return the prices if each is at least 0, or with a fair objective sum_j rho_j max(0, -mu_j) <= fairness."""
    if not fairness > 0:
        return array(name, prices, low=0.0)
    owed = (rate * np.maximum(-prices, 0 * prices)).sum()
    # projections land on the border, up to rounding
    if owed > fairness * (1 if rate.dtype == object else 1 + ROUNDING):
        raise must(name, f"of a sum of rate * max(0, -price) of at most {float(fairness):g}", prices)
    return prices


def _caps(price_cap: Any, m: int, geometry: int, fairness: Any) -> np.ndarray:
    if price_cap is None:
        return np.full(m, np.inf)
    if geometry == CAPPED or fairness > 0:
        raise must(
            "price_cap", "None for the capped entropy and with fairness, which have a domain of their own", price_cap
        )
    caps = array("price_cap", price_cap, low=0.0)
    if caps.ndim > 1 or (caps.ndim == 1 and len(caps) != m) or not (caps > 0).all():
        raise must("price_cap", f"positive, one number or of shape ({m},)", price_cap)
    return np.array(np.broadcast_to(caps, (m,)))


def step_sizes(
    step_size: Any, horizon: int, rate: Any, reward_bound: Any, cost_bound: Any, geometry: str, init: Any
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
    if isinstance(step_size, Real):
        etas = np.array([step_size])
    elif callable(step_size):
        etas = _schedule(step_size, horizon)
    else:
        etas = np.array(array("step_size", step_size, shape=(horizon,)))
    if not ((etas >= 0) & (etas < np.inf)).all():
        raise must("step_size", "finite and at least 0", step_size)
    return etas if etas.dtype == object else etas.astype(np.float64)


def _schedule(step_size: Callable[[int], Any], horizon: int) -> np.ndarray:
    return np.array(array("step_size", [step_size(t) for t in range(1, horizon + 1)]))


def _targets(target: Any, horizon: int, rate: np.ndarray) -> np.ndarray:
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
