"""A maintained solution: insert and delete elements, and read a good set, its value and a bound after every update."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np

from lrtheory._result.states import Resumable
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import choice, flag, integer, must, real, refuse_unused
from lrtheory.dynamic_submodular.maintenance import invariants, storage
from lrtheory.dynamic_submodular.maintenance.answers import GuessState, UpdateTrace
from lrtheory.dynamic_submodular.maintenance.certificates import SubmodularCertificate, certify_selection
from lrtheory.dynamic_submodular.maintenance.updater import Updater
from lrtheory.dynamic_submodular.matroid import PartitionMatroid, constraint
from lrtheory.dynamic_submodular.offline import FINEST
from lrtheory.dynamic_submodular.problem import Problem, UpdateStream, names_of, parts
from lrtheory.dynamic_submodular.structures import randomness, states
from lrtheory.dynamic_submodular.structures import stream as streams

__all__ = ["DynamicSubmodular"]

COUNTS = ("queries", "profiles", "rebuilds", "rebuilt")
#: the options of each method besides `epsilon` and `rng`, which all methods use
OPTIONS: dict[str, set[str]] = {"lazy": {"replay"}, "eager": set(), "batched": {"replay"}}


class DynamicSubmodular(Updater, Resumable):
    r"""Maximize a monotone submodular function of at most k elements while elements come and go.

    The answer is valid after every update: ``solution`` has at most k elements, all present, ``value`` is their value,
    and ``upper_bound`` is at least OPT. Both guarantees hold with certainty, whoever chooses the updates:

    ==========  =====================================  =================================================================
    method      value at least                         work
    ==========  =====================================  =================================================================
    "lazy"      OPT / (2 + epsilon) (DS-T10)           two neighboring guesses at a time; microseconds per update
    "eager"     (1 - epsilon) OPT / 2 (DS-T2)          all guesses see all updates; expected queries per update and
                                                       guess are bounded (DS-T3) if the updates do not react to coins
    "batched"   (1 - epsilon) OPT / (2 (1 + epsilon))  as "lazy", on batches of which a share epsilon may die
                (DS-T10-batched)
    ==========  =====================================  =================================================================

    Under a `PartitionMatroid` the value is at least OPT / (4 + 4 epsilon), where OPT is the value of the best
    admissible set (DS-T16). An adversary who sees the coins can make updates expensive (DS-T15), and cannot lower the
    guarantees. On some instances no guess gets more than one half of the optimum (DS-T12).

    Parameters
    ----------
    objective : Objective, UpdateStream, networkx graph, path or data frame
        Monotone submodular (`probe_submodular` looks for a counterexample). It may grow by its ``append`` at any time.
    k : int or PartitionMatroid
        Largest number of chosen elements, or the groups (with "lazy" alone); may be left out with an `UpdateStream`.
    epsilon : float
        Guesses are powers of 1 + epsilon; in [1e-6, 1], for "batched" at most 1/2.
    method : {"lazy", "eager", "batched"}
        See the table.
    replay : {"net", "exact"} or None
        Updates that a late guess of "lazy" or "batched" makes up for: the net change since its last visit, or every
        update in order with its own coins (statement DS-T17), for which the whole stream and every guess ever visited
        are kept. None is "net". "eager" refuses it, as its guesses are never late.
    rng : Generator, int or None
        Source of randomness.

    Attributes
    ----------
    k : int
        Largest number of chosen elements.
    matroid : PartitionMatroid or None
        The groups.
    epsilon, method
        Arguments of these names.
    replay : str
        "net" or "exact".

    Raises
    ------
    ValueError
        If a number is out of range or the options do not go together.
    TypeError
        If `objective` is not an objective.

    References
    ----------
    .. [1] K. Banihashem et al., Dynamic Constrained Submodular Optimization with Polylogarithmic Update Time, ICML
       2023.
    .. [2] K. Banihashem et al., Dynamic Algorithms for Matroid Submodular Maximization, SODA 2024.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import Coverage, sliding_window
    >>> f = Coverage([[i, (3 * i) % 20, (7 * i) % 20] for i in range(20)])
    >>> best = DynamicSubmodular(f, 4, rng=0)
    >>> trace = best.update(sliding_window(range(20), 10), record=True)
    >>> len(best.solution), best.value == f.value(best.solution), bool((trace.values <= trace.upper_bounds).all())
    (4, True, True)
    """

    def __init__(
        self,
        objective: Problem,
        k: int | PartitionMatroid | None = None,
        *,
        epsilon: float = 0.1,
        method: Literal["lazy", "eager", "batched"] = "lazy",
        replay: Literal["net", "exact"] | None = None,
        rng: Rng = None,
    ) -> None:
        problem = objective
        objective, k = parts(objective, k)
        self.objective, self._problem = objective, problem if isinstance(problem, UpdateStream) else None
        self.method = choice("method", method, OPTIONS)
        refuse_unused(method, OPTIONS[method], replay=(replay, None))
        self.replay = choice("replay", "net" if replay is None else replay, ("net", "exact"))
        self.epsilon = real("epsilon", epsilon, low=FINEST, high=0.5 if method == "batched" else 1.0)
        self.matroid = constraint(k, objective.n)
        if self.matroid is not None and method != "lazy":
            raise must("method", '"lazy" for a PartitionMatroid', method)
        self.k = integer("k", k, low=1) if self.matroid is None else self.matroid.rank
        self._rules = streams.Rules(self.k, self.epsilon, self.replay == "exact", randomness.word(rng))
        # A table has a column for each prefix, and the last column accepts nothing more. Without groups that is prefix
        # k. With groups the bound reads the bars after the last pick, so there is one column more than the picks that a
        # guess can have whose elements are worth at most the guess.
        self._length = self.k if self.matroid is None else self.matroid.n_levels(self.epsilon) + 1
        self._allocate(storage.first_slots(self), 0)

    def __repr__(self) -> str:
        groups = "" if self.matroid is None else f" in {len(self.matroid.limits)} groups"
        options = f"k={self.k}{groups}, epsilon={self.epsilon}, method={self.method!r}"
        return f"DynamicSubmodular({self.objective!r}, {options})"

    # --- updates ------------------------------------------------------------------------------------------------------

    def update(self, ops: ArrayLike | UpdateStream, *, record: bool = False) -> UpdateTrace:
        """Apply updates in compiled code, with an answer after each; a rejected call changes nothing.

        Parameters
        ----------
        ops : int64 array of shape (n_ops,), or UpdateStream
            v inserts, ~v deletes.
        record : bool
            Whether the answers after all updates are returned; they are computed either way.

        Returns
        -------
        UpdateTrace
            The answers.

        Raises
        ------
        KeyError
            If a present element is inserted, or an absent one deleted.
        TypeError
            If the updates are not integers.
        ValueError
            If they are an `UpdateStream` of another objective.
        """
        before = self.counts
        if isinstance(ops, UpdateStream):
            if ops.objective is not self.objective:
                raise must("ops", "an UpdateStream of the objective of this object, or an array", ops)
            ops = ops.ops
        noted = self._apply(ops, flag("record", record))
        counts = {name: count - before[name] for name, count in self.counts.items()}
        return UpdateTrace(*noted, self.solution, self.names, counts)

    # --- the answer ---------------------------------------------------------------------------------------------------

    @property
    def present(self) -> np.ndarray:
        """The elements that are present, increasing."""
        return np.flatnonzero(self._stream.ground[streams.WHERE] >= 0)

    @property
    def solution(self) -> np.ndarray:
        """The chosen elements in the order of selection, int64."""
        return self._stream.chosen[streams.NOW, : self._stream.tally[streams.N_NOW]].copy()

    @property
    def names(self) -> tuple[Any, ...] | None:
        """The names of the chosen elements in the order of selection; None without names."""
        return names_of(self._problem, self.objective, self.solution)

    @property
    def value(self) -> float:
        """The value of the solution, f(solution)."""
        return float(self._stream.answers[streams.WORTH])

    @property
    def upper_bound(self) -> float:
        """An upper bound of OPT: no admissible set of present elements is worth more."""
        return float(self._stream.answers[streams.UPPER])

    @property
    def certified_ratio(self) -> float:
        """The ratio value / upper_bound, at most the true ratio to the optimum; 1 where both are 0."""
        return self.value / self.upper_bound if self.upper_bound > 0 else 1.0

    @property
    def last_change(self) -> tuple[np.ndarray, np.ndarray]:
        """The elements that the last update added to the solution, and those that it removed from it."""
        chosen, tally = self._stream.chosen, self._stream.tally
        now = chosen[streams.NOW, : tally[streams.N_NOW]]
        before = chosen[streams.BEFORE, : tally[streams.N_BEFORE]]
        return now[~np.isin(now, before)], before[~np.isin(before, now)]

    @property
    def counts(self) -> Mapping[str, int]:
        """Marginals asked for (``queries``), ``profiles``, ``rebuilds``, elements ``rebuilt``, ``guesses`` set up."""
        tally = self._stream.tally
        first = states.QUERIES
        totals = self._table.numbers[:, first : first + 4].sum(axis=0) + tally[streams.LOST :]
        totals[:2] += tally[streams.SINGLE_QUERIES]
        counts = dict(zip(COUNTS, map(int, totals), strict=True))
        return MappingProxyType({**counts, "guesses": int(tally[streams.N_GUESSES])})

    @property
    def guesses(self) -> tuple[GuessState, ...]:
        """The guesses that are held, in the order of their numbers j."""
        found = []
        for slot in range(1, int(self._stream.tally[streams.N_SLOTS])):
            state = states.at(self._table, slot)
            length, index = int(state.numbers[states.LENGTH]), int(state.numbers[states.INDEX])
            counts = [int(count) for count in state.numbers[states.QUERIES : states.QUERIES + 4]]
            guess = GuessState(
                index=index,
                guess=float(state.marks[states.SCALES, states.GUESS]),
                coins=int(randomness.stream_of(self._rules.word, index)),
                sequence=state.levels[states.MEMBER, 1 : length + 1].copy(),
                value=float(state.marks[states.VALUE, length]),
                is_full=length == self.k,
                n_seen=int(state.numbers[states.CURSOR]),
                counts=dict(zip(COUNTS, counts, strict=True)),
            )
            found.append(guess)
        return tuple(sorted(found, key=lambda guess: guess.index))

    def certify(self) -> SubmodularCertificate:
        """Certify the solution by the best bound that a held guess, the solution or the empty set proves.

        Returns
        -------
        SubmodularCertificate
            Certificate whose ``bound`` is at most `upper_bound`; ``verify(objective)`` recomputes it. The cost is n
            marginals for each set tried.
        """
        k = self.k if self.matroid is None else self.matroid
        witnesses = [self.solution[:0], self.solution, *(guess.sequence for guess in self.guesses)]
        proofs = (
            certify_selection(self.objective, self.solution, k, candidates=self.present, witness=one)
            for one in witnesses
        )
        return min(proofs, key=lambda proof: proof.bound)

    def top_up(self) -> np.ndarray:
        """Return the solution filled up greedily to k elements; the maintained solution stays as it is.

        Returns
        -------
        int64 array
            At most k present elements, the solution first.
        """
        chosen = self.solution.tolist()
        while True:
            gains = self.objective.gains(chosen)
            allowed = [v for v in self.present.tolist() if v not in chosen and self._is_admissible([*chosen, v])]
            best = max(allowed, key=lambda v: gains[v], default=None)  # the smallest number wins ties
            if best is None or gains[best] <= 0:
                return np.array(chosen, np.int64)
            chosen.append(best)

    def _is_admissible(self, items: list[int]) -> bool:
        """Return whether a solution may have these elements."""
        return len(items) <= self.k if self.matroid is None else self.matroid.holds(items)

    # --- checks and copies --------------------------------------------------------------------------------------------

    def check_invariants(self, *, n_probes: int = 0) -> None:
        """Recompute the structures and the answer from their definitions.

        Parameters
        ----------
        n_probes : int
            Number of random triples on which `probe_submodular` looks for a counterexample to submodularity.

        Raises
        ------
        AssertionError
            If something differs, or the objective is not monotone submodular; the sets are named.
        """
        if integer("n_probes", n_probes, low=0):
            invariants.check_objective(self.objective, n_probes)
        invariants.check_answer(self)
        batched = self.method == "batched"
        groups = None if self.matroid is None else self.matroid.groups[: self.objective.n]
        for slot in range(1, int(self._stream.tally[streams.N_SLOTS])):
            state = states.at(self._table, slot)
            state = state._replace(elements=state.elements[:, : self.objective.n])
            invariants.check_state(self.objective, state, self.k, batched, groups)

    def _twin(self) -> Self:
        twin = copy.copy(self)
        twin._table, twin._stream, twin._work = copy.deepcopy((self._table, self._stream, self._work))
        twin._single = None
        return twin

    def _learned(self) -> dict[str, Any]:
        return storage.written(self)

    def _parameters(self) -> dict[str, Any]:
        self._fit()  # tables of an objective that has grown since the last update hold its new elements
        return storage.parameters(self)

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._rules, self._table, self._stream, self._work = storage.read(self, state)
        self._single = None
