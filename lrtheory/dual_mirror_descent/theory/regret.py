r"""Regret bounds of dual mirror descent in five input models, each as a sum of named terms.

The hindsight optimum is that of the linear relaxation, in which requests may be split over actions: never below the
integral one. Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lrtheory._numbers import number
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, integer, must, refuse_unused
from lrtheory.dual_mirror_descent.theory import constants as _constants
from lrtheory.dual_mirror_descent.theory.constants import gradient_bound, regret_constants
from lrtheory.dual_mirror_descent.theory.resources import (
    cost_bounds,
    first_prices,
    largest_ratio,
    positive_rates,
)

__all__ = ["INPUT_MODELS", "Bound", "regret_bound"]

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
    tau} D_t(mu_t) - w_t(mu_t) (DMD-L6). In expectation the first sum is at least tau D(average mu), by
    optional stopping and convexity, and E OPT <= T D(mu) for every mu, so E OPT is at most tau D(average mu) + (T -
    tau) f_bar. Mirror descent bounds the second sum by sum_{t <= tau} w_t(mu) + C2 eta tau + V_h(mu, mu_1) / eta
    (DMD-L3). If tau = T take mu = 0, otherwise mu = (f_bar / rho_j) e_j for a resource j that stopped
    the time: then sum_{t <= tau} w_t(mu) <= f_bar (tau - T) + f_bar b_bar_j / rho_j.

    (adversarial) Before tau, alpha f_t(x_t) >= f_t(x*) - alpha w_t(mu_t) for the optimum x* (DMD-L12). Sum,
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
    terms = {"depletion": c.C1, "movement": ratio * c.C2 * eta * horizon, "start": over(ratio * c.C3, eta)}
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


def over(value: Any, eta: Any) -> Any:
    if eta == 0:
        return float("inf") if value > 0 else 0 * value
    return value / eta
