r"""ResponseGraphUCB: sample profiles until every edge of the response graph is known.

Each edge {s, sigma} of the graph asks which of two means of the deviating player is larger. Confidence intervals
:math:`\hat M^k(s) \pm r(N_s)` answer it once they are disjoint:

.. math:: \hat M^k(w) + r(N_w) < \hat M^k(b) - r(N_b),
   \qquad r(n) = \sqrt{\frac{1}{2n} \log\frac{\pi^2 n^2 K |S|}{3\delta}} .

Which profile is next is the *scheme* (see [1]_, Algorithm 1):

======  ==============================================================================================
"CW"    count-weighted: the fewest samples among the profiles with an open edge
"UE"    uniform-exhaustive: the edges in random order, each until it is resolved, at a fair coin's end
"U"     uniform: an open edge drawn anew each time, at a fair coin's end
"VW"    valence-weighted: a profile with probability proportional to its number of open edges, squared
======  ==============================================================================================

References
----------
.. [1] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lrtheory._result import Result, json_safe, result
from lrtheory._result.states import Resumable
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import (
    array,
    check_sizes,
    choice,
    flag,
    generator,
    integer,
    must,
    open_interval,
    state_entry,
)
from lrtheory.alpha_rank.problem import Game, profile_columns, profile_names

if TYPE_CHECKING:
    from lrtheory.alpha_rank.sampling.ucb_steps import State

__all__ = ["GraphEstimate", "ResponseGraphUCB"]

#: samples of one compiled call, about a tenth of a second; between two calls Ctrl-C is heard
CHUNK = 200_000
GENERATORS = ("PCG64", "PCG64DXSM", "Philox", "SFC64")


def steps() -> ModuleType:
    """The steps of a run: their kernels call scipy.special, which is imported when a run begins and not before."""
    from lrtheory.alpha_rank.sampling import ucb_steps

    return ucb_steps


@result
class GraphEstimate(Result):
    r"""The knowledge of ResponseGraphUCB at some time: means, intervals, and directions of the edges.

    Attributes
    ----------
    means : float64 array of shape (K, s_1, ..., s_K)
        Mean outcomes; NaN where a profile was not sampled.
    n_samples : int64 array of shape (s_1, ..., s_K)
        Samples of each profile.
    lower, upper : float64 array of shape (K, s_1, ..., s_K)
        Intersection over time of the confidence intervals, within [0, 1]. With ``anytime=True, joint=True`` all of them
        contain their means with probability 1 - delta, whenever the sampling stops.
    direction : int8 array of shape (\|S\|, D)
        +1 where the neighbor is better for the player who deviates, -1 where worse. On edges that are not resolved the
        sign of the difference of the means, 0 if there is none.
    resolved : bool array of shape (\|S\|, D)
        Edges whose direction is certified.
    converged : bool
        Whether all edges are resolved.
    message : str
        Number of edges that are open, and the reason, in words.
    counts : mapping
        ``samples``, and ``open_edges`` that are left.
    """

    means: np.ndarray
    n_samples: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    direction: np.ndarray
    resolved: np.ndarray
    converged: bool
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        shown = profile_columns(None, self.n_samples.shape) | {"samples": self.n_samples.ravel()}
        for k in range(len(self.means)):
            ends = {"mean": self.means[k], "lower": self.lower[k], "upper": self.upper[k]}
            shown |= {f"{name} {k + 1}": values.ravel() for name, values in ends.items()}
        return shown

    def _facts(self) -> list[str]:
        when = "RG-T1, where intervals hold for all means at all times"
        return [f"{self.message} ({when})", f"{self.counts['samples']:,} samples"]

    def _draw(self, ax: Any) -> None:
        from lrtheory._result import display

        profiles = profile_names(None, self.n_samples.shape)
        names = [f"{profile}, player {k + 1}" for k in range(len(self.means)) for profile in profiles]
        ends = self.lower.ravel().tolist(), self.upper.ravel().tolist()
        display.intervals(ax, names, *ends, middle=self.means.ravel().tolist(), label="mean outcome")


class ResponseGraphUCB(Resumable):
    r"""Adaptive sampling of profiles, for outcomes in [0, 1].

    Ask for a profile, play it, tell the outcomes; or hand `run` a sampler and let it do this until all edges are
    resolved.

    Parameters
    ----------
    sizes : sequence of int
        Number of strategies of each player.
    delta : float
        Failure probability, in (0, 1).
    scheme : {"CW", "UE", "U", "VW"}
        Rule for the next profile, see the table at the top of this module.
    bound : {"hoeffding", "clopper-pearson"}
        Confidence intervals for outcomes in [0, 1], or the narrower exact ones for outcomes in {0, 1}.
    slack : float
        An edge is resolved as soon as its intervals overlap by less than twice this, in [0, 1/2): this ends also at
        ties, and edges with a smaller gap may be wrong (statement RG-T6). From 1/2 on all of them might be. A profile
        that was not played has the interval [0, 1], which may be enough to resolve its edges.
    anytime : bool
        Confidence intervals valid at all times together. False is the default of the authors' code and carries no
        guarantee, since the algorithm stops at a time that it chooses (statement RG-T4).
    joint : bool
        `delta` for all K \|S\| means together, not for each.
    max_samples : int or None
        Largest total number of samples. None is without limit: then equal payoffs on an edge keep it going for ever;
        an interruption (Ctrl-C) leaves a valid object, whose `estimate` tells what is known.
    rng : Generator, int or None
        Draws the profiles of all schemes but "CW", and the outcomes when `run` is given a `Game`.

    Attributes
    ----------
    total : int
        Samples so far.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    With probability 1 - delta every resolved edge is right, at all times (statement RG-T1). For "CW" then
    total <= sum_s max(1, n*(gap_s)), see ``theory.count_weighted_bounds`` (statement RG-T2p); for "UE", with
    probability 1 - 2 delta, total <= \|S\| + sum_e T_e, see ``theory.exhaustive_bound`` (RG-T2p-exhaustive). Both are
    O(gap^-2 log(1 / (delta gap))) a profile, as the paper says (RG-T2).

    References
    ----------
    .. [1] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019, Algorithm 1.

    Examples
    --------
    >>> from lrtheory.alpha_rank import make_bernoulli_game, response_signs
    >>> game = make_bernoulli_game(2, min_gap=0.2, rng=0)
    >>> found = ResponseGraphUCB(game.sizes, delta=0.1, rng=1).run(game)
    >>> found.converged, bool((found.direction == response_signs(game)).all())
    (True, True)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        delta: float = 0.1,
        scheme: Literal["CW", "UE", "U", "VW"] = "CW",
        bound: Literal["hoeffding", "clopper-pearson"] = "hoeffding",
        slack: float = 0.0,
        anytime: bool = True,
        joint: bool = True,
        max_samples: int | None = None,
        rng: Rng = None,
    ) -> None:
        self.sizes = check_sizes("sizes", sizes)
        self.delta = open_interval("delta", delta, 0, 1)
        self.anytime, self.joint = flag("anytime", anytime), flag("joint", joint)
        self.max_samples = None if max_samples is None else integer("max_samples", max_samples, low=0)
        self.rng = generator(rng)
        self.scheme, self.bound, self.slack = scheme, bound, slack
        self._rule = steps().rule_of(
            self.sizes, delta, scheme=scheme, bound=bound, slack=slack, anytime=self.anytime, joint=self.joint
        )
        self._edges = steps().edges_of(self.sizes)
        self._take(steps().State(*(values[0] for values in steps().new_state(self.sizes, 1, scheme))))
        steps().shuffle(self.rng, self.scheme, self.queue)

    n_samples: np.ndarray
    sums: np.ndarray
    direction: np.ndarray
    valence: np.ndarray
    queue: np.ndarray
    cursor: np.ndarray

    def __repr__(self) -> str:
        options = f"delta={self.delta:g}, scheme={self.scheme!r}, bound={self.bound!r}"
        return f"ResponseGraphUCB({self.sizes}, {options}): {self.total} samples"

    @property
    def total(self) -> int:
        """The number of samples so far."""
        return int(self.n_samples.sum())

    def ask(self) -> tuple[int, ...] | None:
        """Choose the profile to play next; the random schemes draw it anew at each call.

        Returns
        -------
        tuple of K int, or None
            None when all edges are resolved or `max_samples` is reached.
        """
        if self._samples_left() <= 0:
            return None
        profile = steps().choose(self._rule.scheme, self._edges.neighbors, self._state, self.rng)
        if profile < 0:
            return None
        return tuple(map(int, np.unravel_index(profile, self.sizes)))

    def tell(self, profile: Sequence[int], outcomes: ArrayLike) -> None:
        """Record one play of any profile; a rejected call changes nothing.

        Parameters
        ----------
        profile : sequence of K int
            The profile that was played.
        outcomes : sequence of K float
            Outcome of every player, in [0, 1]; 0 or 1 for Clopper-Pearson intervals.

        Raises
        ------
        ValueError
            If the profile does not exist or an outcome is outside [0, 1].
        """
        if not isinstance(profile, (Sequence, np.ndarray)):
            raise must("profile", "a sequence of strategies", profile, TypeError)
        if len(profile) != len(self.sizes):
            raise must("profile", f"one strategy for each of {len(self.sizes)} players", profile)
        strategies = [integer("profile", x, low=0, high=n - 1) for x, n in zip(profile, self.sizes, strict=True)]
        values = array("outcomes", outcomes, shape=(len(self.sizes),), low=0, high=1).astype(np.float64)
        if self.bound == "clopper-pearson" and not np.isin(values, (0, 1)).all():
            raise must("outcomes", "0 or 1 for Clopper-Pearson intervals", outcomes)
        number = int(np.ravel_multi_index(strategies, self.sizes))
        steps().update(self._rule, self._edges, self._state, number, values)

    def run(self, sampler: Game | Callable[[tuple[int, ...]], Sequence[float]]) -> GraphEstimate:
        """Sample until all edges are resolved or `max_samples` is reached.

        Parameters
        ----------
        sampler : callable or Game
            Takes a profile (a tuple of K int) and returns the K outcomes of one play, in [0, 1]; or a game with
            outcomes, which is played in compiled code. Outcomes in [-1, 2] are mapped to [0, 1] by x -> (x + 1) / 3,
            which keeps the response graph, and so are means and intervals.

        Returns
        -------
        GraphEstimate
            Knowledge at the end, which `estimate` returns, too.

        Raises
        ------
        ValueError
            If the game has other sizes, or no outcomes that fit the intervals.
        """
        if isinstance(sampler, Game):
            law = steps().outcome_law(sampler, self.sizes, bound=self.bound)
            while (wanted := min(CHUNK, self._samples_left())) > 0:
                if steps().play(law, self._rule, self._edges, self._state, self.rng, wanted) < wanted:
                    break
        else:
            if not callable(sampler):
                raise must("sampler", "a Game, or a function of a profile", sampler, TypeError)
            while (profile := self.ask()) is not None:
                self.tell(profile, sampler(profile))
        return self.estimate()

    def estimate(self) -> GraphEstimate:
        """Return what is known now.

        Returns
        -------
        GraphEstimate
            A snapshot.
        """
        known = steps().summary(self._state, self.sizes)
        open_edges = int((~known["resolved"]).sum()) // 2
        is_done = open_edges == 0 and bool((self.n_samples > 0).all())
        return GraphEstimate(
            **known,
            converged=is_done,
            message="all edges are resolved" if is_done else f"{open_edges} edges are open{self._why()}",
            counts={"samples": self.total, "open_edges": open_edges},
        )

    def _learned(self) -> dict[str, Any]:
        learned = {name: getattr(self, name).tolist() for name in steps().State._fields}
        return {**learned, "rng": json_safe(self.rng.bit_generator.state)}

    def _restore(self, state: Mapping[str, Any]) -> None:
        learned = {}
        for name in steps().State._fields:
            old = getattr(self, name)
            learned[name] = array(f"state[{name!r}]", state_entry(state, name), shape=old.shape).astype(old.dtype)
        for name, high in (("queue", self.direction.size - 1), ("cursor", max(self.queue.size, self.n_samples.size))):
            array(f"state[{name!r}]", learned[name], low=0, high=high)  # kernels index with these, unchecked
        word = state_entry(state, "rng")
        kind = word.get("bit_generator") if isinstance(word, Mapping) else word
        bits = getattr(np.random, choice("state['rng']", kind, GENERATORS))()
        try:
            bits.state = word
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise must("state['rng']", f"the state of a {kind}", word) from error
        self._take(steps().State(**learned))
        self.rng = np.random.Generator(bits)

    def _parameters(self) -> dict[str, Any]:
        """Return the parameters that a state depends on: all but the number of samples that are allowed."""
        names = ("delta", "scheme", "bound", "slack", "anytime", "joint")
        return {"sizes": list(self.sizes), **{name: getattr(self, name) for name in names}}

    def _samples_left(self) -> int:
        """Return how many more samples are allowed; where there is no limit, those of one compiled call."""
        return CHUNK if self.max_samples is None else self.max_samples - self.total

    def _why(self) -> str:
        """Say why sampling has stopped before all edges are resolved; empty where it has not."""
        return f", stopped by `max_samples` = {self.max_samples}" if self._samples_left() <= 0 else ""

    def _take(self, state: State) -> None:
        """Go on from a state; the kernels change its arrays in place, so the attributes show every play."""
        self._state = state
        for name, values in state._asdict().items():
            setattr(self, name, values)
