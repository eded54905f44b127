"""Many independent runs of ResponseGraphUCB on one game, for error rates and sample counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from lrtheory._result import Result, result
from lrtheory._types import Rng
from lrtheory._validation import flag, generator, integer, must, open_interval
from lrtheory.alpha_rank.problem import Game
from lrtheory.alpha_rank.sampling.ucb import CHUNK

__all__ = ["BatchEstimate", "response_graph_ucb_batch"]


@result
class BatchEstimate(Result):
    r"""The knowledge of n_runs independent runs: the fields of `GraphEstimate` with a leading axis of runs.

    Attributes
    ----------
    total : int64 array of shape (n_runs,)
        Samples of each run.
    means, lower, upper : float64 array of shape (n_runs, K, s_1, ..., s_K)
        Mean outcomes (NaN without samples), and the intersections over time of the confidence intervals.
    n_samples : int64 array of shape (n_runs, s_1, ..., s_K)
        Samples of each profile.
    direction : int8 array of shape (n_runs, \|S\|, D)
        Directions; on edges that are not resolved the sign of the difference of the means.
    resolved : bool array of shape (n_runs, \|S\|, D)
        Edges whose direction is certified.
    converged : bool array of shape (n_runs,)
        Whether all edges are resolved.
    counts : mapping
        ``samples`` of all runs together.
    """

    total: np.ndarray
    means: np.ndarray
    n_samples: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    direction: np.ndarray
    resolved: np.ndarray
    converged: np.ndarray
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        still_open = (~self.resolved).sum(axis=(1, 2)) // 2
        runs = np.arange(len(self.total))
        return {"run": runs, "samples": self.total, "open edges": still_open, "resolved": self.converged}

    def _facts(self) -> list[str]:
        done = int(self.converged.sum())
        return [
            f"{done:,} of {len(self.total):,} runs resolved all edges, with {self.counts['samples']:,} samples in all"
        ]


def response_graph_ucb_batch(
    game: Game,
    n_runs: int,
    *,
    delta: float = 0.1,
    scheme: Literal["CW", "UE", "U", "VW"] = "CW",
    bound: Literal["hoeffding", "clopper-pearson"] = "hoeffding",
    slack: float = 0.0,
    anytime: bool = True,
    joint: bool = True,
    max_samples: int | None = None,
    rng: Rng = None,
) -> BatchEstimate:
    r"""Run ResponseGraphUCB many times on a game with outcomes.

    The runs draw from one generator, one after the other: run i is the run of ``ResponseGraphUCB(...,
    rng=rng).run(game)`` after i others, and does not depend on the number of runs that follow.

    Parameters
    ----------
    game : Game
        Game that has outcomes, see `ResponseGraphUCB.run`.
    n_runs : int
        Number of runs, at least 1.
    delta : float
        Failure probability, in (0, 1).
    scheme : {"CW", "UE", "U", "VW"}
        Rule for the next profile, see `ResponseGraphUCB`.
    bound : {"hoeffding", "clopper-pearson"}
        Kind of the confidence intervals.
    slack : float
        Half of the overlap at which an edge counts as resolved, in [0, 1/2); see `ResponseGraphUCB`.
    anytime, joint : bool
        Confidence intervals valid at all times, and for all means, together; see `ResponseGraphUCB`.
    max_samples : int or None
        Largest number of samples of each run; must be given when the game has ties and `slack` is 0.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    BatchEstimate
        The fields of `GraphEstimate` with a leading axis of runs, such as `direction` (n_runs, \|S\|, D), and the
        samples of each run in `total` (n_runs,).

    Raises
    ------
    ValueError
        If the game has no outcomes that fit the intervals, or ties and no `max_samples`.

    Notes
    -----
    In each run, with probability 1 - delta every resolved edge is right (statement RG-T1) and, for "CW",
    total <= sum_s max(1, n*(gap_s)) with n* of `theory.samples_to_resolve` (statement RG-T2p).

    Examples
    --------
    >>> from lrtheory.alpha_rank import make_bernoulli_game, response_signs
    >>> game = make_bernoulli_game(2, min_gap=0.2, rng=0)
    >>> found = response_graph_ucb_batch(game, 20, delta=0.1, rng=1)
    >>> bool((found.direction == response_signs(game)).all())
    True
    """
    from lrtheory.alpha_rank.sampling import ucb_steps  # here, so that importing the system stays quick
    from lrtheory.alpha_rank.sampling.ucb_steps import State

    law = ucb_steps.outcome_law(game, bound=bound)
    n_runs, delta = integer("n_runs", n_runs, low=1), open_interval("delta", delta, 0, 1)
    if max_samples is None and game.gap == 0 and slack == 0:
        raise must("max_samples", "given for a game with ties, which are never resolved", max_samples)
    limit = np.iinfo(np.int64).max if max_samples is None else integer("max_samples", max_samples, low=0)
    rng = generator(rng)
    rule = ucb_steps.rule_of(
        game.sizes,
        delta,
        scheme=scheme,
        bound=bound,
        slack=slack,
        anytime=flag("anytime", anytime),
        joint=flag("joint", joint),
    )
    edges = ucb_steps.edges_of(game.sizes)
    state = ucb_steps.new_state(game.sizes, n_runs, scheme)
    for run in range(n_runs):
        # views of one run: the kernel writes into the batch
        own, left = State(*(values[run] for values in state)), limit
        ucb_steps.shuffle(rng, scheme, own.queue)
        while left > 0:
            wanted = min(CHUNK, left)
            left -= wanted
            if ucb_steps.play(law, rule, edges, own, rng, wanted) < wanted:
                break
    known = ucb_steps.summary(state, game.sizes)
    total = state.n_samples.sum(axis=1)
    converged = np.logical_and(known["resolved"].all(axis=(1, 2)), (state.n_samples > 0).all(axis=1))
    return BatchEstimate(total=total, **known, converged=converged, counts={"samples": int(total.sum())})
