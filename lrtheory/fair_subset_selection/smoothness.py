r"""Smoothness of a score function under a bias, measured on pairs of latent and observed rankings.

.. math:: \min(f_i, g_i) \ge \alpha \, \tau_1 \quad \text{for all items}, \qquad
          \beta f_i \ge f_j \implies \gamma g_i \ge g_j \quad \text{for two items of one group},

with f and g the mean latent and observed scores of one ranking, and tau_1 the most that one ranking can give. alpha
large and gamma(beta) well below 1 mean that few rankings are enough (`theory.rankings_needed`).
"""

from __future__ import annotations

import math
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, must, open_interval, real
from lrtheory.fair_subset_selection.ballots.groups import by_number
from lrtheory.fair_subset_selection.problem import Panel, Rankings, as_rankings
from lrtheory.fair_subset_selection.scores import ScoreRule, as_rule, item_scores
from lrtheory.fair_subset_selection.selection.quotas import Groups, group_codes, same_group
from lrtheory.fair_subset_selection.theory.conditions import ROUNDING
from lrtheory.fair_subset_selection.theory.sample_sizes import chernoff_lower, rankings_needed

__all__ = ["Smoothness", "smoothness"]


@result
class Smoothness(Result):
    """The smoothness of a score function under a bias: alpha, and gamma as a step function of beta.

    Attributes
    ----------
    alpha : float
        The least mean score over tau_1; an estimate, or exact for given mean scores.
    lower : float
        A lower bound on alpha that holds with probability 1 - delta; alpha itself for given mean scores.
    betas : float64 array of shape (L,)
        The distinct ratios f_j / f_i <= 1 within groups, increasing: where gamma jumps. Ratios that agree up to
        rounding are one.
    gammas : float64 array of shape (L,)
        gamma from ``betas[j]`` on, which does not decrease; below ``betas[0]`` it is 0.
    latent, observed : float64 array of shape (m,)
        Mean scores f and g.
    groups : integer array of shape (m,)
        Group of every item.
    max_item_score : int or float
        tau_1.
    n_rankings : float
        Number of rankings; infinite for given mean scores.
    message : str
        Sentence that says whether alpha, betas and gammas are estimates or exact.
    """

    alpha: float
    lower: float
    betas: np.ndarray
    gammas: np.ndarray
    latent: np.ndarray
    observed: np.ndarray
    groups: np.ndarray
    max_item_score: int | float
    n_rankings: float
    message: str

    def _columns(self) -> dict[str, Any]:
        return {"beta": self.betas, "gamma": self.gammas}

    def _facts(self) -> list[str]:
        known = f"alpha is {self.alpha:.4g}"
        if math.isfinite(self.n_rankings):
            known += f", and at least {self.lower:.4g} if the rankings are independent (FSS-A8-lower)"
        return [known, self.message]

    def _draw(self, ax: Any) -> None:
        ax.step([0, *self.betas, 1], [0, *self.gammas, *self.gammas[-1:]] + [0] * (not len(self.gammas)), where="post")
        ax.set(xlabel="beta, latent ratio of two items", ylabel="gamma, largest observed ratio")

    def gamma(self, beta: float) -> float:
        """Return gamma(beta), the largest observed ratio of two items of one group with a latent ratio of at most beta.

        Parameters
        ----------
        beta : float
            In [0, 1].

        Returns
        -------
        float
            max g_j / g_i over i != j of one group with beta f_i >= f_j; 0 without such a pair.

        Raises
        ------
        ValueError
            If `beta` is out of range.
        """
        passed = np.searchsorted(self.betas, real("beta", beta, low=0, high=1) * (1 + ROUNDING), side="right")
        return float(self.gammas[passed - 1]) if passed else 0.0

    def gamma_upper(self, beta: float, *, delta: float = 0.05) -> float:
        """Return an upper bound on gamma(beta) that holds with probability 1 - delta, for all beta at once.

        Parameters
        ----------
        beta : float
            In [0, 1].
        delta : float
            Failure probability, in (0, 1).

        Returns
        -------
        float
            The largest ratio that the bounds leave possible; gamma(beta) itself for given mean scores.

        Raises
        ------
        ValueError
            If a number is out of range.

        Proof
        -----
        Assumes: the rankings are independent (the caller, see `smoothness`).

        Proof: with probability 1 - delta all 4 m Chernoff bounds at level delta / (4 m) hold, on f and g from below and
        above. Then beta f_i >= f_j implies that beta times the upper bound of f_i is at least the lower one of f_j, and
        g_j / g_i is at most the upper bound of g_j over the lower one of g_i. The event does not depend on beta.

        Checked by: no statement of its own; FSS-A8-lower checks the bounds that it combines.
        """
        beta, delta = real("beta", beta, low=0, high=1), open_interval("delta", delta, 0, 1)
        if math.isinf(self.n_rankings) or self.max_item_score == 0:
            return self.gamma(beta)
        shares = np.minimum(np.stack([self.latent, self.observed]) / self.max_item_score, 1.0)
        level = delta / (2 * shares.size)  # a union over bounds from both sides on the 2 m mean scores
        f_low, g_low = chernoff_lower(shares, int(self.n_rankings), level)
        f_high, g_high = 1 - chernoff_lower(1 - shares, int(self.n_rankings), level)
        better, worse = np.nonzero(same_group(self.groups) & (beta * f_high[:, None] >= f_low))
        with np.errstate(divide="ignore"):
            return float(np.max(g_high[worse] / g_low[better], initial=0.0))

    def beta_plus(self, beta: float) -> float:
        """Return the share of the latent optimum that quotas keep from `rankings_needed` rankings on (FSS-T1).

        Parameters
        ----------
        beta : float
            In [0, 1].

        Returns
        -------
        float
            The smallest ratio above beta, 1 when there is none.

        Raises
        ------
        ValueError
            If `beta` is out of range.
        """
        above = self.betas[self.betas > real("beta", beta, low=0, high=1) * (1 + ROUNDING)]
        return float(above[0]) if len(above) else 1.0

    def rankings_needed(self, beta: float, *, delta: float = 0.1) -> float:
        """Return the number of rankings for a failure probability, from the lower bound on alpha and measured gamma.

        Where mean scores are estimates, so is gamma(beta), and the number with it: it can be too small.
        `theory.rankings_needed` of `lower` and `gamma_upper` is large enough with known probability.

        Parameters
        ----------
        beta : float
            In [0, 1].
        delta : float
            Failure probability, in (0, 1).

        Returns
        -------
        float
            `theory.rankings_needed`; infinite where alpha is not known to be positive, or gamma(beta) is not below 1.

        Raises
        ------
        ValueError
            If a number is out of range.
        """
        gamma = self.gamma(beta)
        delta = open_interval("delta", delta, 0, 1)
        if self.lower <= 0 or gamma >= 1:
            return math.inf
        return rankings_needed(len(self.latent), alpha=self.lower, gamma=gamma, delta=delta)


def smoothness(
    latent: Panel | ArrayLike,
    observed: Panel | ArrayLike,
    rule: ScoreRule | str,
    *,
    groups: Groups | None = None,
    delta: float = 0.05,
) -> Smoothness:
    """Measure how smooth a score function is under a bias.

    Parameters
    ----------
    latent, observed : Rankings, path, data frame, or array of shape (m,)
        Independent rankings, or exact mean scores of one ranking (`theory.expected_scores`). Weights must count
        independent voters, since for `lower` a row of weight w is w observations: copies of one voter, an urn, or
        `bias_swaps` of rows with weights make it too large.
    rule : ScoreRule or str
        Score function, or the name of one without parameters, of which the scores of single items count.
    groups : array of shape (m,), mapping, path or data frame, optional
        Group of every item, of one attribute, as in `select`; without, all are of one group.
    delta : float
        Failure probability of `lower`, in (0, 1).

    Returns
    -------
    Smoothness
        Smoothness: alpha, a lower bound on it, and gamma as a step function of beta.

    Raises
    ------
    TypeError
        If one of the two holds rankings and the other does not, or `rule` is not a rule.
    ValueError
        If shapes do not fit, a score is above what one ranking can give, or there is less than one voter.

    Notes
    -----
    `lower` is Chernoff's bound of the estimate `alpha` at level delta (`theory.chernoff_lower`), right for any law of
    independent rankings. `alpha`, a minimum of estimates, is biased downwards. `betas` and `gammas` are estimates, with
    an upper bound in `Smoothness.gamma_upper`.

    Proof
    -----
    Assumes: the rankings are independent: the hypothesis of FSS-A8-lower.

    Proof: one bound at level delta is enough, without a union over the 2 m mean scores. Let the least of the true ones,
    tau_1 times the true alpha, be that of item i. The bound increases with the estimate and with the number of
    rankings, and the smallest estimate is at most that of item i. So `lower` is at most the bound of item i, which is
    above the true alpha with probability delta at most.

    Checked by: FSS-A8-lower.

    Examples
    --------
    >>> exact = smoothness([0.8, 0.2], [0.4, 0.2], ScoreRule("sntv"))
    >>> exact.alpha, exact.betas.tolist(), exact.gamma(0.25), exact.beta_plus(0.25)
    (0.2, [0.25], 0.5, 1.0)
    """
    delta = open_interval("delta", delta, 0, 1)
    rule, names = as_rule("rule", rule), None
    if _are_rankings(latent) or _are_rankings(observed):
        panels = (as_rankings("latent", latent), as_rankings("observed", observed))
        f, g = (_means(name, one, rule) for name, one in zip(("latent", "observed"), panels, strict=True))
        names = panels[0].names
        n, message = float(min(one.total for one in panels)), "alpha, betas and gammas are estimates"
    else:
        pairs = (("latent", latent), ("observed", observed))
        f, g = (array(name, to_numpy(v), shape=(None,), low=0).astype(np.float64) for name, v in pairs)
        n, message = math.inf, "exact for the given mean scores"
    m = len(f)
    if m == 0:
        raise must("latent", "mean scores of at least one item", latent)
    if g.shape != f.shape:
        raise must("observed", f"of {m} items, as the latent ones", g.shape)
    codes = np.zeros(m, np.int64) if groups is None else group_codes(by_number(groups, {}, names, m)[0], m)
    codes = np.unique(codes, return_inverse=True)[1]
    largest = rule.max_item_score(m)
    shares = np.minimum(f, g) / largest if largest else np.zeros(m)
    if (np.maximum(f, g) > largest * (1 + 1e-12)).any():
        raise must("latent, observed", f"mean scores of at most {largest}", float(np.maximum(f, g).max()))
    alpha = float(shares.min())
    lower = alpha if math.isinf(n) else float(chernoff_lower(min(alpha, 1.0), int(n), delta))
    betas, gammas = _steps(f, g, codes)
    return Smoothness(alpha, lower, betas, gammas, f, g, codes, largest, n, message)


def _are_rankings(value: Any) -> bool:
    """Return True for a panel, and for the file or the frame of one; a column of a frame may hold mean scores."""
    is_frame = getattr(value, "columns", None) is not None and np.ndim(value) == 2
    return isinstance(value, (Rankings, str, PathLike)) or is_frame


def _means(name: str, rankings: Rankings, rule: ScoreRule) -> np.ndarray:
    """Compute the mean score (m,) of each item over all voters."""
    if rankings.total < 1:
        raise must(name, "rankings of at least one voter", rankings.total)
    return item_scores(rankings, rule) / rankings.total


def _steps(f: np.ndarray, g: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the betas at which gamma(beta) jumps and its values there, from pairs of items sorted by latent ratio.

    gamma(beta) is a maximum over the pairs with a latent ratio of at most beta, so it is the running maximum of their
    observed ratios. Pairs in both orders count: equal items are of the ratio 1 both ways.
    """
    better, worse = np.nonzero(same_group(codes) & (f[:, None] * (1 + ROUNDING) >= f))
    with np.errstate(divide="ignore", invalid="ignore"):  # 0/0 counts as 0, and x/0 as infinite
        ratio = np.where(f[worse] == 0, 0.0, f[worse] / f[better])
        ratio[ratio * (1 + ROUNDING) >= 1] = 1.0  # equal up to rounding
        seen = np.where(g[worse] == 0, 0.0, g[worse] / g[better])
    order = np.argsort(ratio, kind="stable")
    ratio, seen = ratio[order], np.maximum.accumulate(seen[order])
    jumps = ratio[1:] > ratio[:-1] * (1 + ROUNDING)
    # the first and the last pair of each run of equal ratios
    first, last = np.append(True, jumps)[: len(ratio)], np.append(jumps, True)[: len(ratio)]
    return ratio[first], seen[last]  # from a ratio on all of its pairs count
