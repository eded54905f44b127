r"""Regret bounds of dual mirror descent in five input models, each as a sum of named terms.

The hindsight optimum is that of the linear relaxation, in which requests may be split over actions: never below the
integral one. Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._numbers import entries, inexact, number
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, integer, must, refuse_unused
from lrtheory.dual_mirror_descent.theory import constants as _constants
from lrtheory.dual_mirror_descent.theory.constants import gradient_bound, regret_constants
from lrtheory.dual_mirror_descent.theory.resources import cost_bounds, first_prices, largest_ratio, positive_rates

__all__ = ["INPUT_MODELS", "Bound", "capped_entropy_bound", "decomposition_bound", "fair_regret_bound", "regret_bound"]

#: the options of `regret_bound` that each input model uses
OPTIONS: dict[str, set[str]] = {
    "iid": set(),
    "adversarial": {"alpha"},
    "corrupted": {"total_variation"},
    "independent": {"total_variation"},
    "ergodic": {"lag", "mixing"},
    "periodic": {"period"},
}
INPUT_MODELS = tuple(OPTIONS)


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

    total: Number
    terms: Mapping[str, Number]
    step_size: Number

    def _columns(self) -> dict[str, Any]:
        return {"term": [*self.terms, "total"], "bound": [*self.terms.values(), self.total]}


def regret_bound(
    input_model: str,
    *,
    horizon: int,
    rate: Number | ArrayLike,
    reward_bound: Number,
    cost_bound: Number | ArrayLike,
    geometry: str = "euclidean",
    step_size: Number | str = "theory",
    init: Number | ArrayLike | None = None,
    alpha: Number | None = None,
    total_variation: Number | None = None,
    lag: int | None = None,
    mixing: Number | None = None,
    period: int | None = None,
    constants: str = "tight",
) -> Bound:
    r"""Bound the regret OPT - R of dual mirror descent, or OPT - alpha R against an adversary.

    Parameters
    ----------
    input_model : {"iid", "adversarial", "corrupted", "independent", "ergodic", "periodic"}
        Model of the requests, see Notes; "corrupted" is another word for "independent".
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
        Competitive ratio against an adversary, at least 1; by default max(1, max_j b_bar_j / rho_j). For adversarial
        requests alone.
    total_variation : number, optional
        Sum over time of the total variation between the law of request t and the average law, by default 0. For
        independent requests alone.
    lag : int, optional
        k of the ergodic bound, at least 0, which is the default; the bound holds for every k, so take the best. For
        ergodic requests alone.
    mixing : number, optional
        delta_k, in [0, 1]: total variation between the law of a request and the average law, given what was known k + 1
        requests before; by default 0. For ergodic requests alone.
    period : int, optional
        q, by default 1: blocks of q requests are independent and alike, whatever happens inside. For periodic requests
        alone.
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
        If a number is out of range, an option is not one of the input model, or the horizon is not a multiple of the
        period of periodic requests.

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
    Assumes: rewards are at most f_bar, costs lie in [0, b_bar_j] (checked where a `RequestStream` is made), eta is
    constant (argument check), and the requests come as the input model says (hypotheses of the statements). Against an
    adversary alpha rho >= b (the caller, where alpha is given).

    Proof: (iid) Proposals have positive rewards, and up to tau all are implemented, so the reward is at least sum_{t <=
    tau} D_t(mu_t) - w_t(mu_t) (`path_identity`). In expectation the first sum is at least tau D(average mu), by
    optional stopping and convexity, and E OPT <= T D(mu) for every mu, so E OPT is at most tau D(average mu) + (T -
    tau) f_bar. Mirror descent bounds the second sum by sum_{t <= tau} w_t(mu) + C2 eta tau + V_h(mu, mu_1) / eta
    (`mirror_descent_bound`). If tau = T take mu = 0, otherwise mu = (f_bar / rho_j) e_j for a resource j that stopped
    the time: then sum_{t <= tau} w_t(mu) <= f_bar (tau - T) + f_bar b_bar_j / rho_j.

    (adversarial) Before tau, alpha f_t(x_t) >= f_t(x*) - alpha w_t(mu_t) for the optimum x* (`adversarial_step`). Sum,
    add at most (T - tau) f_bar for the later requests, and go on as before with mu = f_bar / (alpha rho_j) e_j.

    (independent) f*_t lies in [0, f_bar], so its mean at mu_t differs from that under the average law by at most f_bar
    times the total variation.

    (ergodic) f*_t is b_bar-Lipschitz in l1 and prices move by at most eta G / sigma a step, so f*_t(mu_t) is at least
    f*_t(mu_{t-k}) less k such moves. The mean of the latter, given the requests before t - k, is off by at most f_bar
    delta_k, and E OPT by at most as much again. Whether t <= tau + k is known by then; so take the sum up to tau + k,
    which adds at most k f_bar, and begin it at k + 1, so that it runs over the prices mu_1, ..., mu_tau, of which it
    may miss the last k.

    (periodic) Let s be the first request of the block of t. f*_t(mu_t) is at least f*_t(mu_s) less t - s moves, and in
    the mean over a whole block f*_t(mu_s) is that of the average law, since the block does not depend on mu_s. The last
    block is completed at a cost of at most (q - 1) f_bar. Going back from mu_s to mu_t costs t - s moves again; t - s
    is (q - 1) / 2 on average.

    Checked by: DMD-T1 (iid), DMD-T2 and DMD-T2-geometries (adversarial), DMD-T3 (independent), DMD-T4 (ergodic), DMD-T5
    (periodic).

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
    given = {"alpha": alpha, "total_variation": total_variation, "lag": lag, "mixing": mixing, "period": period}
    refuse_unused(
        input_model, OPTIONS[input_model], "input_model", **{name: (value, None) for name, value in given.items()}
    )
    distance = 0 if total_variation is None else number("total_variation", total_variation, 0)
    k, delta = 0 if lag is None else integer("lag", lag, low=0), 0 if mixing is None else number("mixing", mixing, 0, 1)
    q = 1 if period is None else integer("period", period, low=1)
    if horizon % q:
        raise must("horizon", f"a multiple of the period {q}", horizon)
    rates, reward_bound = positive_rates(rate), number("reward_bound", reward_bound, 0)
    bounds = cost_bounds(cost_bound, len(rates))
    ratio: Any = 1
    if input_model == "adversarial":
        ratio = max(1, largest_ratio(bounds, rates)) if alpha is None else number("alpha", alpha, 1)
    setting: dict[str, Any] = {"rate": rates, "reward_bound": reward_bound, "cost_bound": bounds, "geometry": geometry}
    eta: Any = step_size
    if isinstance(step_size, str):
        choice("step_size", step_size, ("theory",))
        eta = _constants.step_size(horizon=horizon, **setting, init=init, constants=constants)
    eta = number("step_size", eta, 0)
    first = first_prices(init, rates, reward_bound, geometry, low=0)
    c = regret_constants(**setting, step_size=eta, init=first, alpha=ratio, constants=constants)
    terms = {"depletion": c.C1, "movement": ratio * c.C2 * eta * horizon, "start": _over(ratio * c.C3, eta)}
    size = gradient_bound(rate=rates, cost_bound=bounds, geometry=geometry, constants=constants)
    # b_bar G / sigma, from C2 = G^2 / (2 sigma); in scaled coordinates the Lipschitz constant is max b_bar / rho
    is_scaled = geometry in ("scaled-euclidean", "capped-entropy")
    lipschitz = largest_ratio(bounds, rates) if is_scaled else max(bounds)
    drift = lipschitz * (2 * c.C2 / size) * eta * horizon
    if input_model in ("corrupted", "independent"):
        terms["deviation"] = reward_bound * distance
    elif input_model == "ergodic":
        terms |= {"shift": 2 * k * reward_bound, "mixing": 2 * horizon * delta * reward_bound, "drift": k * drift}
    elif input_model == "periodic":
        terms |= {"shift": (q - 1) * reward_bound, "drift": (q - 1) * drift}
    return Bound(total=sum(terms.values()), terms=terms, step_size=eta)


def _over(value: Any, eta: Any) -> Any:
    if eta == 0:
        return float("inf") if value > 0 else 0 * value
    return value / eta


def decomposition_bound(
    optimum: Number | ArrayLike, *, horizon: int, stopping_time: Number | ArrayLike, path_regret: Number | ArrayLike
) -> Any:
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
    Assumes: requests are independent with one law, and prices are set before the request (hypotheses of the statement).

    Proof: as in `regret_bound`, E R >= E sum_{t <= tau} (D_t(mu_t) - w_t(mu_t)), and by optional stopping and convexity
    the first sum is at least E tau D(average mu). Every D(mu) is at least E OPT / T, so E R >= E OPT E tau / T - E
    sum_{t <= tau} w_t(mu_t).

    Checked by: DMD-T1p, on independent pairs of runs, so that the mean of the product of OPT and T - tau is the product
    of their means; the optional stopping by DMD-L7.

    Examples
    --------
    >>> decomposition_bound(100.0, horizon=50, stopping_time=45, path_regret=2.0)
    12.0
    """
    horizon = integer("horizon", horizon, low=1)
    left = horizon - entries("stopping_time", stopping_time, 0, horizon)
    return entries("optimum", optimum, 0) * left / horizon + entries("path_regret", path_regret)


def capped_entropy_bound(
    *,
    horizon: int,
    rate: Number | ArrayLike,
    reward_bound: Number,
    cost_bound: Number | ArrayLike,
    step_size: Number,
) -> Any:
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
    Assumes: as `regret_bound` for independent requests of one law, from the default start (hypotheses of the
    statement).

    Proof: the comparators 0 and (f_bar / rho_j) e_j of `regret_bound` lie in the domain rho . mu <= f_bar. In y = rho
    mu the entropy is (1 / f_bar)-strongly convex there in l1. From y_1j = f_bar / (m + 1) the divergences are f_bar m /
    (m + 1) and f_bar log(m + 1) - f_bar / (m + 1), both at most f_bar log(m + 1).

    Checked by: DMD-C2.

    Examples
    --------
    >>> round(float(capped_entropy_bound(horizon=100, rate=[1.0], reward_bound=1.0, cost_bound=1.0, step_size=0.1)), 4)
    12.9315
    """
    m, horizon = len(positive_rates(rate)), integer("horizon", horizon, low=1)
    reward_bound = number("reward_bound", reward_bound, 0)
    step_size = number("step_size", step_size, 0)
    c = regret_constants(rate=rate, reward_bound=reward_bound, cost_bound=cost_bound, geometry="capped-entropy")
    one = reward_bound - reward_bound + 1  # of the kind of the bound, so that balls take the logarithm of a ball
    return c.C1 + c.C2 * step_size * horizon + _over(reward_bound * np.log(inexact(one * (m + 1))), step_size)


def fair_regret_bound(
    *,
    horizon: int,
    rate: Number | ArrayLike,
    reward_bound: Number,
    cost_bound: Number | ArrayLike,
    fairness: Number,
    step_size: Number,
    init: Number | ArrayLike | None = None,
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
    Assumes: as `regret_bound` for independent requests of one law (hypothesis of the statement), with a Euclidean
    geometry and lambda >= 0 (argument checks).

    Proof: the conjugate of lambda min_j a_j / rho_j over a <= rho is attained at a = rho on the domain sum_j max(0,
    -rho_j mu_j) <= lambda, so D_t has lambda more, and a period after tau can lose f_bar + lambda. The proof of
    `regret_bound` then has lambda tau more, less lambda T times the least fill. Add -(lambda / rho_k) e_k to its
    comparator for the resource k that is filled least: this adds sum_{t <= tau} w_t = -lambda tau + lambda T
    fill_k(tau) to the bound, and fill_k(tau) is at most the fill of k in the end.

    Checked by: DMD-R2.

    Examples
    --------
    >>> fair_regret_bound(horizon=100, rate=[1.0], reward_bound=1.0, cost_bound=1.0, fairness=0.0, step_size=0.1)
    11.0
    """
    choice("geometry", geometry, ("euclidean", "scaled-euclidean"))
    rates, reward_bound = positive_rates(rate), number("reward_bound", reward_bound, 0)
    horizon = integer("horizon", horizon, low=1)
    fairness = number("fairness", fairness, 0)
    step_size = number("step_size", step_size, 0)
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
