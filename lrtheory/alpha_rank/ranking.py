r"""alpha-Rank: strategy profiles ranked by the stationary law of an evolutionary chain.

.. math:: \pi C = \pi, \qquad C_{s\sigma} = \tfrac1D \, \rho_m(\alpha\,(M^k(\sigma) - M^k(s)))

for every profile sigma that differs from s in the strategy of one player k; see `chains.profiles` for rho. At infinite
alpha the chain is reducible and its law is a limit, of which there are two: that of the perturbed chain as its
perturbation epsilon -> 0 (``limit="perturbed"``, which the papers call infinite-alpha alpha-Rank), and that of alpha ->
infinity at a fixed population size (``limit="alpha"``). They agree for one sink without ties (statement AR-T6), and
differ in general (AR-T7).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike
from lrtheory._validation import as_array, choice, must, real, refuse_unused
from lrtheory.alpha_rank.chains.single_population import square_table
from lrtheory.alpha_rank.chains.transition import check_chain, check_population, profile_chain
from lrtheory.alpha_rank.intervals import RankingIntervals, solve_box
from lrtheory.alpha_rank.low_rank import CompletedTable
from lrtheory.alpha_rank.matches.boxes import box_of
from lrtheory.alpha_rank.matches.seats import SeatTable
from lrtheory.alpha_rank.matches.table import MatchTable
from lrtheory.alpha_rank.problem import Game, Names, names_of, payoff_tables, profile_columns, profile_names
from lrtheory.alpha_rank.sampling.ucb import GraphEstimate
from lrtheory.alpha_rank.stationary.distribution import MAX_DENSE, StationaryResult
from lrtheory.alpha_rank.stationary.methods import MAX_DEVIATIONS, line_law, table_law

__all__ = ["AlphaRankResult", "alpha_rank"]

#: the options of each method: `limit` chooses a limit, `alpha` and `perturbation` a chain that has a law of its own
OPTIONS = {
    "auto": {"alpha", "perturbation", "limit"},
    "gth": {"alpha", "perturbation"},
    "log-gth": {"alpha", "perturbation"},
    "leading": {"limit"},
    "sink": {"limit"},
    "power": {"alpha", "perturbation"},
}
#: the chain in which sampled means are ranked
PERTURBATION = 1e-3
#: for how many profiles intervals are computed without being asked for; a pair of players has one direction, so chains
#: of one population settle in fewer solves
MOST_INTERVALS = {"multi": 128, "single": 512}
#: what is said where estimates have no intervals beside them
ESTIMATED = "estimates are taken for the payoffs here, `ranking_intervals` of what was counted says what is certain"
_CERTAIN = "intervals (`ranking_intervals` of what was counted), which need no more"


@result
class AlphaRankResult(Result):
    r"""The ranking of the strategy profiles of a game, and how it was found.

    Attributes
    ----------
    pi : array of shape (s_1, ..., s_K)
        Mass of every profile; Fractions for exact payoffs in a limit.
    log_pi : array of shape (s_1, ..., s_K)
        Natural logarithm of `pi`, also where `pi` underflows; -inf for mass 0.
    order : array of shape (s_1, ..., s_K), or None
        In a limit, by every method: the mass vanishes like x^order, with x = epsilon, the perturbation, or x =
        exp(-alpha); 0 where mass remains. None at finite alpha and at a given perturbation, where nothing vanishes.
    ranking : int64 array of shape (\|S\|,)
        Profile numbers by decreasing mass, then by increasing order, then by number; `numpy.unravel_index` turns them
        into profiles.
    marginals : tuple of K arrays, the k-th of shape (s_k,)
        Mass of every strategy of each player.
    sinks : tuple of int64 arrays of one axis
        The Markov-Conley chains of the response graph, each as its profile numbers.
    names : tuple of tuples of str, or None
        Names of the strategies.
    intervals : RankingIntervals, or None
        Certain intervals on the masses where payoffs were counted or sampled; None for payoffs that are known.
    residual_norm : float or Fraction
        l1 norm of pi C - pi; 0 exactly for Fractions. In a limit, C is the limit chain.
    method, reason : str
        The method used, and why.
    n_iter : int
        Sweeps of the power iteration, or states eliminated.
    converged : bool
        False only for a power iteration that was cut short.
    message : str
        Sentence about the accuracy of the masses, and about sinks that exchange mass slowly.
    counts : mapping
        ``flops`` and ``profiles``.
    """

    pi: np.ndarray
    log_pi: np.ndarray
    order: np.ndarray | None
    ranking: np.ndarray
    marginals: tuple[np.ndarray, ...]
    sinks: tuple[np.ndarray, ...]
    names: tuple[tuple[str, ...], ...] | None
    intervals: RankingIntervals | None
    residual_norm: float | Fraction
    method: str
    reason: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        shown = profile_columns(self.names, self.pi.shape, self.ranking) | {"mass": self.pi.ravel()[self.ranking]}
        if self.order is not None:
            shown["order"] = self.order.ravel()[self.ranking]
        if self.intervals is not None:
            lower, upper = self.intervals.ends()
            shown |= {"lower": lower[self.ranking], "upper": upper[self.ranking]}
        return shown

    def _facts(self) -> list[str]:
        known = [] if self.intervals is None else self.intervals._facts()
        n, size = len(self.sinks), sum(map(len, self.sinks))
        sinks = f"{n} sink{'s' * (n > 1)} of the response graph, with {size:,} profile{'s' * (size > 1)}"
        return [*known, sinks, f"{self.method}: {self.message}"]

    def _draw(self, ax: Any) -> None:
        columns = display.plain(self._columns())
        words = profile_names(self.names, self.pi.shape, self.ranking)
        if self.intervals is None:
            display.bars(ax, words, columns["mass"], label="mass")
        else:
            display.intervals(ax, words, columns["lower"], columns["upper"], middle=columns["mass"], label="mass")


@arrays("host")
def alpha_rank(
    payoffs: MatchTable | SeatTable | GraphEstimate | CompletedTable | Game | ArrayLike,
    *,
    alpha: float = math.inf,
    population_size: int = 50,
    population: Literal["multi", "single"] | None = None,
    fitness: Literal["local", "global"] = "local",
    limit: Literal["perturbed", "alpha"] | None = None,
    perturbation: float | Fraction | None = None,
    tie_tol: float = 0.0,
    method: Literal["auto", "gth", "log-gth", "leading", "sink", "power"] = "auto",
    names: Names | None = None,
) -> AlphaRankResult:
    r"""Rank the strategy profiles of a game.

    Arrays: any (copied to the host)

    Parameters
    ----------
    payoffs : Game, array of shape (K, s_1, ..., s_K), or sequence of K tables; or a result of another function
        Mean payoffs; for a single population one square table, M(r, s) the payoff of r against s, or a symmetric game.
        Fractions give exact limits. float32 is computed in float64 and returned as float32. Or what was counted
        (`MatchTable`, `SeatTable`), sampled (`GraphEstimate`) or completed (`CompletedTable`), with its names.
    alpha : float
        Ranking intensity in units of 1 / payoff, in [0, inf].
    population_size : int
        m in the paper, at least 2. Without effect on the perturbed chain and its limit.
    population : {"multi", "single"} or None
        One population for each player, or one population of n strategies that play a symmetric game; `pi` has shape
        (n,) then. None means single for a `MatchTable` and a `CompletedTable`, and multi otherwise.
    fitness : {"local", "global"}
        Fitness in a single population: in "local" a mutant compares M(r,s) with M(s,r); in "global" everybody meets
        everybody, with a simpler formula where M(r,s) + M(s,r) is constant. See the table in `transition`.
    limit : {"perturbed", "alpha"} or None
        Limit that infinite alpha means: of the perturbed chain as `perturbation` -> 0, which None means too, or of
        alpha -> infinity at this population size. Left out at finite alpha and with `perturbation`, where no limit is
        taken.
    perturbation : float, Fraction or None
        At infinite alpha: a perturbation in (0, 0.5), or None for the exact limit.
    tie_tol : float
        Payoff differences of at most this size are ties. Infinite-alpha rankings jump there.
    method : {"auto", "gth", "log-gth", "leading", "sink", "power"}
        Solver for the stationary law, see `stationary_distribution`. "gth", "log-gth" and "power" solve one chain and
        take no `limit`. "leading" and "sink" solve limits and take neither `alpha` nor `perturbation`: "sink" needs a
        single sink, and beyond 4096 profiles "leading" contracts closed classes, see `contraction`. "power" at infinite
        alpha, and "sink", store nothing of size \|S\| D.
    names : sequence of K sequences of str, optional
        Names of the strategies; by default those of the game, or on the axes of pandas frames. For a single population
        one sequence, or a flat one.

    Returns
    -------
    AlphaRankResult
        The law `pi` of shape (s_1, ..., s_K), the profiles in its order in `ranking` of shape (\|S\|,), the mass of
        every strategy in `marginals`, and the other fields of the class.

    Raises
    ------
    ValueError
        If the payoffs are not a game, a number is out of range, `method` cannot solve what is asked, or there are more
        than 4096 profiles for a dense method, or than 8388608 deviations for a limit with several sinks (the sentence
        names the method that takes more).

    Notes
    -----
    Means of counts or samples are not the payoffs. At infinite alpha they are ranked in the chain of
    ``perturbation=1e-3`` unless `perturbation` or `limit` says otherwise, and up to 128 profiles, or 512 players of a
    single population, get the intervals of `ranking_intervals`, at 95% confidence for counts, in `intervals`.

    The law is unique and positive for alpha < infinity (statement AR-T1). With an exact potential phi it is
    pi(s) = exp((m - 1) alpha phi(s)) / Z (AR-T4). At infinite alpha supp pi lies in the union of the sinks (AR-T9), and
    both limits are one for one sink without ties (AR-T6).

    Payoffs that are off by at most t move the masses by a bounded factor at finite alpha:
    \|log pi_hat(s) - log pi(s)\| <= 4 (\|S\| - 1) (m - 1) alpha t (statement MI-L1). At infinite alpha, t below half of
    the smallest payoff gap leaves the response graph, and so the perturbed limit, as it is (LR-T1, AR-T5-limit).

    References
    ----------
    .. [1] S. Omidshafiei et al., alpha-Rank: Multi-Agent Evaluation by Evolution, Scientific Reports 9:9937, 2019.
    .. [2] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019.

    Examples
    --------
    Two sinks, and two limits that differ:

    >>> coordination = [[[2, 0], [0, 1]], [[2, 0], [0, 1]]]
    >>> alpha_rank(coordination).pi.tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    >>> alpha_rank(coordination, limit="alpha").pi.tolist()
    [[1.0, 0.0], [0.0, 0.0]]

    A single population of rock, paper and scissors with unequal stakes:

    >>> stakes = [[0, -0.5, 1], [0.5, 0, -0.1], [-1, 0.1, 0]]
    >>> alpha_rank(stakes, population="single", alpha=0.1).pi.round(3).tolist()
    [0.213, 0.677, 0.11]
    """
    refuse_gaps(payoffs, names)
    known, own_names, population = _opened(payoffs, population)
    names = own_names if names is None else names
    alpha, m, perturbation = check_chain(alpha, population_size, perturbation)
    choice("limit", limit, ("perturbed", "alpha", None))
    tie_tol = real("tie_tol", tie_tol, low=0)
    choice("method", method, OPTIONS)
    is_counted = isinstance(payoffs, (MatchTable, SeatTable, GraphEstimate))
    is_open = math.isinf(alpha) and limit is None and perturbation is None
    if is_counted and is_open and "perturbation" in OPTIONS[method]:
        perturbation = PERTURBATION
    given = {"alpha": (alpha, math.inf), "perturbation": (perturbation, None), "limit": (limit, None)}
    refuse_unused(method, OPTIONS[method], **given)
    if limit is not None and (math.isfinite(alpha) or perturbation is not None):
        raise must("limit", "None at finite `alpha` and with `perturbation`, where no limit is taken", limit)
    which = "perturbed" if limit is None else limit
    if check_population(population, fitness) == "single":
        tables = square_table(known)[None]
        sizes, degree = (tables.shape[1],), tables.shape[1] - 1
    else:
        tables = payoff_tables(known)
        sizes, degree = tables.shape[1:], sum(tables.shape[1:]) - len(tables)
    names = names_of(known, names, sizes)
    # the sorted lines know the order of doubles alone: no tolerance for ties, no Fractions, no single population
    has_lines = population == "multi" and tables.dtype != object and tie_tol == 0
    # "auto" takes the lines where a dense matrix is too large: elimination is slower, but accurate in every entry
    large = math.prod(sizes) > MAX_DENSE and (method == "auto" or (method == "sink" and perturbation is None))
    if math.isinf(alpha) and has_lines and (large or (method == "power" and perturbation is not None)):
        law, reason, sinks = line_law(tables.astype(np.float64, copy=False), m, which, perturbation, method)
    else:
        if math.prod(sizes) * degree > MAX_DEVIATIONS:
            rule = f'a game of at most {MAX_DEVIATIONS} deviations (at infinite alpha `method` "power" stores none)'
            raise must("payoffs", rule, math.prod(sizes) * degree)
        options: dict[str, Any] = {"population": population, "fitness": fitness, "population_size": m}
        chain = profile_chain(known if population == "single" else tables, tie_tol=tie_tol, **options)
        law, reason, sinks = table_law(chain, alpha, m, which, perturbation, method)
    intervals = None
    is_small = math.prod(sizes) <= MOST_INTERVALS[population]
    if is_counted and math.isinf(alpha) and perturbation is not None and tie_tol == 0 and is_small:
        intervals = solve_box(box_of(payoffs, population=population, names=names), perturbation)
    found = as_ranking(law, sizes, tables.dtype, sinks=sinks, names=names, reason=reason, intervals=intervals)
    return (
        found if known is payoffs or intervals is not None else replace(found, message=f"{found.message}; {ESTIMATED}")
    )


def _opened(payoffs: Any, population: Any) -> tuple[Any, Any, Literal["multi", "single"]]:
    """The payoffs in the result of another function, its names, and the population that is meant."""
    choice("population", population, ("multi", "single", None))
    if isinstance(payoffs, (MatchTable, CompletedTable)):
        if population != "multi":
            return payoffs.means, payoffs.names, population or "single"
        names = None if payoffs.names is None else (payoffs.names,) * 2
        return np.stack([payoffs.means, payoffs.means.T]), names, "multi"
    if isinstance(payoffs, (SeatTable, GraphEstimate)):
        if population == "single":
            raise must("population", f'"multi" for a {type(payoffs).__name__}, which keeps seats apart', population)
        return payoffs.means, getattr(payoffs, "names", None), "multi"
    return payoffs, None, population or "multi"


def refuse_gaps(payoffs: Any, names: Any) -> None:
    """Name the pair, or the profile, that was not played, in place of an error about NaN."""
    is_estimate = isinstance(payoffs, (MatchTable, SeatTable, GraphEstimate))
    means = payoffs.means if is_estimate else payoffs
    if not is_estimate and (isinstance(payoffs, (list, tuple, Game)) or np.ndim(payoffs) != 2):
        return  # rows of other lengths, and gaps of payoffs that nobody counted, have sentences of their own
    table = as_array("payoffs", means)
    if table.dtype.kind != "f" or not np.isnan(table).any():
        return
    names = getattr(payoffs, "names", None) if names is None else names
    if table.ndim == 2 and table.shape[0] == table.shape[1]:
        names = names_of(means, names, table.shape[:1])
        i, j = np.argwhere(np.isnan(table))[0]
        gap = f"{' and '.join(profile_names(names, table.shape[:1], np.array([i, j])))} have not met"
        if i != j:
            raise must("payoffs", f"without gaps; {gap}: `complete_table`, or {_CERTAIN}", math.nan)
    elif is_estimate:
        names = names_of(means, names, table.shape[1:])
        number = np.flatnonzero(np.isnan(table).any(axis=0))[:1]
        gap = f"{profile_names(names, table.shape[1:], number)[0]} has not been played"
        raise must("payoffs", f"without gaps; {gap}: {_CERTAIN}", math.nan)


def as_ranking(
    law: StationaryResult,
    sizes: tuple[int, ...],
    kind: Any,
    *,
    sinks: list,
    names: Any,
    reason: str,
    intervals: RankingIntervals | None = None,
) -> AlphaRankResult:
    """Turn a stationary law on profile numbers into a ranking in the shape and float type of the payoffs."""
    dtype = np.float32 if kind == np.float32 else law.pi.dtype
    pi = law.pi.astype(dtype).reshape(sizes)
    others = [tuple(i for i in range(len(sizes)) if i != player) for player in range(len(sizes))]
    order = None if law.order is None else law.order.reshape(sizes)
    # profiles of mass 0 in a limit are ranked among each other by how fast their masses vanish
    ties = np.zeros(law.pi.size) if law.order is None else law.order.astype(np.float64)
    message = law.message
    if law.method == "power" and len(sinks) > 1:
        message += f"; the chain has {len(sinks)} sinks, which may exchange mass more slowly than that shows"
    return AlphaRankResult(
        pi=pi,
        log_pi=law.log_pi.astype(np.float32 if dtype == np.float32 else np.float64).reshape(sizes),
        order=order,
        ranking=np.lexsort((ties, -law.log_pi)),
        marginals=tuple(np.asarray(law.pi.reshape(sizes).sum(axis=axes)).astype(dtype) for axes in others),
        sinks=tuple(sinks),
        names=names,
        intervals=intervals,
        residual_norm=law.residual_norm,
        method=law.method,
        reason=reason,
        n_iter=law.n_iter,
        converged=law.converged,
        message=message,
        counts={**law.counts, "profiles": law.pi.size},
    )
