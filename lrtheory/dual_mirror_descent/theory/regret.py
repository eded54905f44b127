r"""Regret bounds of dual mirror descent in five input models, each as a sum of named terms.

The hindsight optimum is that of the linear relaxation, in which requests may be split over actions: never below the
integral one. Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lrtheory._numbers import number
from lrtheory._result import Result, result
from lrtheory._validation import choice, integer, must
from lrtheory.dual_mirror_descent.theory import constants as _constants
from lrtheory.dual_mirror_descent.theory.constants import gradient_bound, regret_constants
from lrtheory.dual_mirror_descent.theory.numeric import cost_bounds, entries, largest_ratio, positive_rates
from lrtheory.dual_mirror_descent.theory.starts import first_prices

__all__ = ["INPUT_MODELS", "Bound", "capped_entropy_bound", "decomposition_bound", "fair_regret_bound", "regret_bound"]

INPUT_MODELS = ("iid", "adversarial", "corrupted", "independent", "ergodic", "periodic")


@result
class Bound(Result):
    """A bound is a right-hand side, with the terms that it is the sum of (statements DMD-T1 to DMD-T5).

    Attributes
    ----------
    total : number
        The sum; infinite where eta is 0 and C3 is not.
    terms : mapping of str to number
        ``depletion`` C1, ``movement`` C2 eta T, ``start`` C3 / eta, and what the input model adds.
    step_size : number
        eta.
    """

    total: Any
    terms: Mapping[str, Any]
    step_size: Any


def regret_bound(
    input_model: str,
    *,
    horizon: int,
    rate: Any,
    reward_bound: Any,
    cost_bound: Any,
    geometry: str = "euclidean",
    step_size: Any = "theory",
    init: Any = None,
    alpha: Any = None,
    total_variation: Any = 0,
    lag: int = 0,
    mixing: Any = 0,
    period: int = 1,
    constants: str = "tight",
) -> Bound:
    r"""Bound the regret OPT - R of dual mirror descent, or OPT - alpha R against an adversary.

    Parameters
    ----------
    input_model : {"iid", "adversarial", "corrupted", "independent", "ergodic", "periodic"}
        How the requests come, see Notes; "corrupted" is another word for "independent".
    horizon : int
        T, at least 1.
    rate : array of shape (m,)
        rho, units per period.
    reward_bound : float
        f_bar, the supremum over all requests that could come.
    cost_bound : float, or array of shape (m,)
        b_bar, of all resources or of each; b_bar / min rho stands for max_j b_bar_j / rho_j.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        The geometry.
    step_size : number or "theory"
        eta; "theory" is `step_size` of the independent case.
    init : array of shape (m,), optional
        mu_1, by default that of `default_init`.
    alpha : number, optional
        Competitive ratio against an adversary, at least 1; by default max(1, max_j b_bar_j / rho_j).
    total_variation : number
        Sum over time of the total variation between the law of request t and the average law.
    lag : int
        k of the ergodic bound, at least 0; it holds for every k, so take the best.
    mixing : number
        delta_k, in [0, 1]: total variation between the law of a request and the average law, given what was known k + 1
        requests before.
    period : int
        q: blocks of q requests are independent and alike, whatever happens inside.
    constants : {"tight", "paper"}
        "tight" is proved here; "paper" has the larger bound on gradients.

    Returns
    -------
    Bound
        Infinite where eta = 0 and C3 > 0. Vacuous where it exceeds T f_bar, which regret never does: with many
        resources that is so until T is of order m / min(rho)^2.

    Raises
    ------
    ValueError
        If a number is out of range, or the horizon is not a multiple of the period of periodic requests.

    Notes
    -----
    With B = C1 + C2 eta T + C3 / eta of `regret_constants`:

    ============  ==============================================================  ==================
    iid           B, in expectation                                               (statement DMD-T1)
    adversarial   C1 + alpha C2 eta T + alpha C3(alpha) / eta, for each sequence  (statement DMD-T2)
    independent   B + f_bar total_variation, in expectation                       (statement DMD-T3)
    ergodic       B + 2 k f_bar + 2 T delta_k f_bar + b_bar (G / sigma) k eta T   (statement DMD-T4)
    periodic      B + (q - 1) f_bar + b_bar (G / sigma) (q - 1) eta T             (statement DMD-T5)
    ============  ==============================================================  ==================

    Proof
    -----
    (iid) Up to tau proposals are implemented, so the reward is sum_{t <= tau} D_t(mu_t) - w_t(mu_t). The first sum is
    tau D(average mu) at least, in expectation (optional stopping, convexity), and OPT is T D(mu) at most for every mu,
    so E OPT is tau D(average mu) + (T - tau) f_bar at most. Mirror descent bounds the second sum by
    sum_{t <= tau} w_t(mu) + C2 eta tau + V_h(mu, mu_1) / eta. If tau = T take mu = 0, otherwise mu = (f_bar / rho_j)
    e_j for a resource j that stopped the time: then sum w_t(mu) <= f_bar (tau - T) + f_bar b_bar_j / rho_j.
    (adversarial) Before tau, add f_t(x_t) >= f_t(x*) - mu . b(x*) + mu . b(x_t) and alpha - 1 times f_t(x_t) >=
    mu . b(x_t), use b(x*) <= alpha rho, sum, and take mu = f_bar / (alpha rho_j) e_j.
    (independent) E f*_t(mu_t) differs from its mean under the average law by f_bar times the total variation.
    (ergodic) f*_t is b_bar-Lipschitz in l1 and prices move by eta G / sigma a step, so f*_t(mu_t) may be replaced by
    f*_t(mu_{t-k}), whose conditional mean is off by f_bar delta_k; shifting and stopping cost k f_bar on either side.
    (periodic) f*_t(mu_t) is replaced by f*_t at the prices before the block, of which the block is independent: delta
    is 0, and the position within the block, q - 1 at most, stands for k.

    References
    ----------
    .. [1] S. Balseiro, H. Lu, V. Mirrokni, The Best of Many Worlds: Dual Mirror Descent for Online Allocation Problems,
       Operations Research 71, 2023.

    Examples
    --------
    >>> bound = regret_bound("iid", horizon=400, rate=[0.5], reward_bound=1.0, cost_bound=1.0)
    >>> bound.total, dict(bound.terms)
    (42.0, {'depletion': 2.0, 'movement': 20.0, 'start': 20.0})
    """
    choice("input_model", input_model, INPUT_MODELS)
    horizon = integer("horizon", horizon, low=1)
    lag, period = integer("lag", lag, low=0), integer("period", period, low=1)
    if input_model == "periodic" and horizon % period:
        raise must("horizon", f"a multiple of the period {period}", horizon)
    number("total_variation", total_variation, 0)
    number("mixing", mixing, 0, 1)
    rates = positive_rates(rate)
    bounds, ratio = cost_bounds(cost_bound, len(rates)), 1
    if input_model == "adversarial":
        ratio = max(1, largest_ratio(bounds, rates)) if alpha is None else number("alpha", alpha, 1)
    setting = {"rate": rates, "reward_bound": reward_bound, "cost_bound": bounds, "geometry": geometry}
    eta = step_size
    if isinstance(step_size, str):
        choice("step_size", step_size, ("theory",))
        eta = _constants.step_size(horizon=horizon, **setting, init=init, constants=constants)
    number("step_size", eta, 0)
    first = first_prices(init, rates, reward_bound, geometry, low=0)
    c = regret_constants(**setting, step_size=eta, init=first, alpha=ratio, constants=constants)
    terms = {"depletion": c.C1, "movement": ratio * c.C2 * eta * horizon, "start": _over(ratio * c.C3, eta)}
    size = gradient_bound(rate=rates, cost_bound=bounds, geometry=geometry, constants=constants)
    # b_bar G / sigma, from C2 = G^2 / (2 sigma); in scaled coordinates the Lipschitz constant is max b_bar / rho
    is_scaled = geometry in ("scaled-euclidean", "capped-entropy")
    lipschitz = largest_ratio(bounds, rates) if is_scaled else max(bounds)
    drift = lipschitz * (2 * c.C2 / size) * eta * horizon
    if input_model in ("corrupted", "independent"):
        terms["deviation"] = reward_bound * total_variation
    elif input_model == "ergodic":
        terms |= {"shift": 2 * lag * reward_bound, "mixing": 2 * horizon * mixing * reward_bound, "drift": lag * drift}
    elif input_model == "periodic":
        terms |= {"shift": (period - 1) * reward_bound, "drift": (period - 1) * drift}
    return Bound(total=sum(terms.values()), terms=terms, step_size=eta)


def _over(value: Any, eta: Any) -> Any:
    if eta == 0:
        return float("inf") if value > 0 else 0 * value
    return value / eta


def decomposition_bound(optimum: Any, *, horizon: int, stopping_time: Any, path_regret: Any) -> Any:
    r"""Bound the regret by where it arises: periods lost after depletion, and the prices' regret (statement DMD-T1p).

    Parameters
    ----------
    optimum : float, or array of shape (n_runs,)
        E OPT, in units of reward, at least 0.
    horizon : int
        T, at least 1.
    stopping_time : int, or array of shape (n_runs,)
        tau, in [0, T].
    path_regret : float, or array of shape (n_runs,)
        sum_{t <= tau} w_t(mu_t), as in the certificate of `allocate`.

    Returns
    -------
    float, or array of shape (n_runs,)
        optimum (T - tau) / T + path_regret; the mean regret is at most its mean for independent requests.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    As for `regret_bound`: E R >= E sum_{t <= tau} (D_t(mu_t) - w_t(mu_t)), and optional stopping and convexity make
    the first sum E tau D(average mu) at least. Every D(mu) is E OPT / T at least, so E R >= E OPT E tau / T -
    E sum_{t <= tau} w_t(mu_t), and nothing else is bounded. The prices must be known before the request.

    Examples
    --------
    >>> decomposition_bound(100.0, horizon=50, stopping_time=45, path_regret=2.0)
    12.0
    """
    horizon = integer("horizon", horizon, low=1)
    entries("optimum", optimum, 0)
    entries("stopping_time", stopping_time, 0, horizon)
    entries("path_regret", path_regret)
    return optimum * (horizon - stopping_time) / horizon + path_regret


def capped_entropy_bound(*, horizon: int, rate: Any, reward_bound: Any, cost_bound: Any, step_size: Any) -> Any:
    r"""Bound the regret of the capped entropy from its default start: the number m of resources enters as log(m + 1).

    Parameters
    ----------
    horizon : int
        T, at least 1.
    rate : array of shape (m,)
        rho, units per period, above 0.
    reward_bound : float
        f_bar, at least 0.
    cost_bound : float, or array of shape (m,)
        b_bar, of all resources or of each, at least 0.
    step_size : number
        eta, a pure number, at least 0.

    Returns
    -------
    number
        C1 + eta T f_bar A^2 / 2 + f_bar log(m + 1) / eta with A = max(1, b_bar / min rho) (statement DMD-C2). At eta =
        sqrt(2 log(m + 1) / T) / A it is C1 + f_bar A sqrt(2 T log(m + 1)). 0 where there is nothing to earn.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    The comparators 0 and (f_bar / rho_j) e_j of `regret_bound` lie in the domain rho . mu <= f_bar. In y = rho mu the
    entropy is (1 / f_bar)-strongly convex there in l1. From y_1j = f_bar / (m + 1) the divergences are f_bar m / (m +
    1) and f_bar log(m + 1) - f_bar / (m + 1), both at most f_bar log(m + 1).

    Examples
    --------
    >>> round(float(capped_entropy_bound(horizon=100, rate=[1.0], reward_bound=1.0, cost_bound=1.0, step_size=0.1)), 4)
    12.9315
    """
    m, horizon = len(positive_rates(rate)), integer("horizon", horizon, low=1)
    number("step_size", step_size, 0)
    c = regret_constants(rate=rate, reward_bound=reward_bound, cost_bound=cost_bound, geometry="capped-entropy")
    one = reward_bound - reward_bound + 1  # of the kind of the bound, so that balls take the logarithm of a ball
    return c.C1 + c.C2 * step_size * horizon + _over(reward_bound * _constants._log(one * (m + 1)), step_size)


def fair_regret_bound(
    *,
    horizon: int,
    rate: Any,
    reward_bound: Any,
    cost_bound: Any,
    fairness: Any,
    step_size: Any,
    init: Any = None,
    geometry: str = "scaled-euclidean",
) -> Any:
    r"""Bound the regret of the max-min fair variant, for sum f_t + fairness T min_j (consumption_j / budget_j).

    Parameters
    ----------
    horizon : int
        T, at least 1.
    rate : array of shape (m,)
        rho, units per period, above 0.
    reward_bound : float
        f_bar, at least 0.
    cost_bound : float, or array of shape (m,)
        b_bar, of all resources or of each, at least 0.
    fairness : number
        lambda, in units of reward, at least 0.
    step_size : number
        eta, at least 0.
    init : array of shape (m,), optional
        mu_1, by default 0.
    geometry : {"euclidean", "scaled-euclidean"}
        The geometry.

    Returns
    -------
    number
        (f_bar + lambda) b_bar / min rho + C2 eta T + C3' / eta (statement DMD-R2), where C3' is the largest V_h(mu,
        mu_1) over mu in {0 or (f_bar + lambda) / rho_j e_j} + {0 or -(lambda / rho_k) e_k}.

    Raises
    ------
    ValueError
        If the geometry is an entropy, which has no negative prices, or a number is out of range.

    Proof
    -----
    As for `regret_bound`: the conjugate of lambda min_j a_j / rho_j over a <= rho is attained at a = rho on the domain
    sum_j max(0, -rho_j mu_j) <= lambda. Comparators beyond those of the plain objective are -(lambda / rho_k) e_k for
    the resource k that is filled least, and f_bar is replaced by f_bar + lambda, what a period can lose after tau.

    Examples
    --------
    >>> fair_regret_bound(horizon=100, rate=[1.0], reward_bound=1.0, cost_bound=1.0, fairness=0.0, step_size=0.1)
    11.0
    """
    choice("geometry", geometry, ("euclidean", "scaled-euclidean"))
    rates = positive_rates(rate)
    horizon = integer("horizon", horizon, low=1)
    number("fairness", fairness, 0)
    number("step_size", step_size, 0)
    m = len(rates)
    zero = [0 * r for r in rates]
    first = first_prices(init, rates, reward_bound, geometry)
    c = regret_constants(rate=rates, reward_bound=reward_bound, cost_bound=cost_bound, geometry=geometry)
    # comparators are sums of one point for a depleted resource j (or none) and one for the least filled k (or none)
    high, farthest = reward_bound + fairness, []
    for j in range(-1, m):
        for k in range(-1, m):
            point = list(zero)
            if j >= 0:
                point[j] = point[j] + high / rates[j]
            if k >= 0:
                point[k] = point[k] - fairness / rates[k]
            farthest.append(_constants.bregman(point, first, geometry=geometry, rate=rates))
    lost = high * largest_ratio(cost_bounds(cost_bound, m), rates)
    return lost + c.C2 * step_size * horizon + _over(max(farthest), step_size)
