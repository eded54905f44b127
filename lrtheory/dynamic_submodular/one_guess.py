r"""A single guess of the optimum: the building block of tables and pairs, and the subject of the theorems."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._numbers import number
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import choice, generator, integer, must, open_interval
from lrtheory.dynamic_submodular.maintenance import invariants
from lrtheory.dynamic_submodular.objectives import CountingOracle, Objective
from lrtheory.dynamic_submodular.objectives.counting import kernels, scratch_for
from lrtheory.dynamic_submodular.problem import SingleUpdates, checked_objective, checked_ops
from lrtheory.dynamic_submodular.structures import batches, levels, randomness, states
from lrtheory.dynamic_submodular.structures.states import DEEPEST, LENGTH, LEVELS, PROFILES, QUERIES, REBUILDS, REBUILT

__all__ = ["GuessRuns", "OneGuess", "run_guess"]

STRUCTURES = ("levels", "batches")


class OneGuess(SingleUpdates):
    r"""The maintained sequence of one guess o of the optimum, with threshold t = o / (2k), at most k elements long.

    After every update the sequence I has f(I) >= k t if \|I\| = k, and f(I) >= OPT - o / 2 if it is shorter (statement
    DS-T1). With batches both hold up to factors of epsilon, the share (statement DS-T6).

    Parameters
    ----------
    objective : Objective
        Monotone submodular.
    k : int
        Largest number of chosen elements, at least 1.
    guess : float
        o, positive.
    structure : {"levels", "batches"}
        One sample per level, or batches of which a share dead_share may die.
    dead_share : float
        Share of a batch that may die before its level is rebuilt, in (0, 1/2]; without meaning for "levels".
    rng : Generator, int or None
        Source of the coins.
    coins : int or None
        Instead of `rng`, the coins of a guess of another solver (`GuessState.coins`), which are drawn again.

    Attributes
    ----------
    k : int
        Largest number of chosen elements.
    guess, threshold : float
        o and t.
    structure : str
        "levels" or "batches".
    dead_share : float
        Share of a batch that may die.

    Raises
    ------
    ValueError
        If a number is out of range, or both `rng` and `coins` are given.
    TypeError
        If `objective` is not an objective of this package.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import Coverage
    >>> one = OneGuess(Coverage([[0, 1], [1, 2], [3]]), 2, 4.0, rng=0)
    >>> one.update([0, 1, 2, ~2])
    >>> one.value, sorted(one.members.tolist()), one.threshold
    (3.0, [0, 1], 1.0)
    """

    def __init__(
        self,
        objective: Objective,
        k: int,
        guess: float,
        *,
        structure: Literal["levels", "batches"] = "levels",
        dead_share: float = 0.1,
        rng: Rng = None,
        coins: int | None = None,
    ) -> None:
        self.objective, self.k = checked_objective(objective), integer("k", k, low=1)
        self.guess = open_interval("guess", guess, 0.0, np.inf)
        if self.threshold < states.SMALLEST:
            raise must("guess", f"at least {2 * self.k * states.SMALLEST:g}, of which 1 / (2k) is a full double", guess)
        self.structure = choice("structure", structure, STRUCTURES)
        self.dead_share = float(number("dead_share", dead_share, 0, 0.5, ends="(]"))
        if coins is not None and rng is not None:
            raise must("coins", "None where `rng` is given", coins)
        self._coins = randomness.word(rng) if coins is None else integer("coins", coins, low=-(2**63), high=2**63 - 1)
        self._make()

    def __repr__(self) -> str:
        return f"OneGuess({self.objective!r}, k={self.k}, guess={self.guess}, structure={self.structure!r})"

    def _make(self) -> None:
        n, k = self.objective.n, self.k
        table = states.new_states(self.objective._record, n, k, n_entries=self.objective.room_for(k))
        self._state = states.at(table, 0)
        n_buckets = states.n_buckets(self.dead_share) if self.structure == "batches" else 0
        self._work = scratch_for(self.objective, states.new_workspace(n, k, n_buckets=n_buckets))
        states.set_guess(self._state, 0, self.guess, self.threshold, self.dead_share, self._coins)

    @property
    def threshold(self) -> float:
        """The least marginal that is accepted, t = o / (2k)."""
        return self.guess / (2 * self.k)

    @property
    def _kernels(self) -> Any:
        if isinstance(self.objective, CountingOracle):
            return getattr(kernels(), self.structure)
        return levels if self.structure == "levels" else batches

    @property
    def sequence(self) -> np.ndarray:
        """The maintained sequence e_1, ..., e_T, int64 (T,); with batches dead members are included."""
        return self._state.levels[states.MEMBER, 1 : self._state.numbers[LENGTH] + 1].copy()

    @property
    def members(self) -> np.ndarray:
        """The solution in the order of selection: the sequence without dead members."""
        sequence = self.sequence
        return sequence[self._state.elements[DEEPEST, sequence] >= 0]

    @property
    def value(self) -> float:
        """The value of the solution, f(members)."""
        if len(self.members) < len(self.sequence):
            return self.objective.value(self.members)
        return self.sequence_value

    @property
    def sequence_value(self) -> float:
        """The value of the whole sequence, f(sequence), dead members included."""
        return float(self._state.marks[states.VALUE, self._state.numbers[LENGTH]])

    @property
    def is_full(self) -> bool:
        """Whether the sequence has k elements."""
        return int(self._state.numbers[LENGTH]) == self.k

    @property
    def pools(self) -> tuple[np.ndarray, ...]:
        """The sets R_1, R_2, ..., each an increasing int64 array."""
        return invariants.pools(self._state, self.structure == "batches")

    @property
    def n_levels(self) -> int:
        """The number of levels: of elements in the sequence, or of batches."""
        return int(self._state.numbers[LEVELS if self.structure == "batches" else LENGTH])

    @property
    def counts(self) -> Mapping[str, int]:
        """The marginals asked for (``queries``), ``profiles`` computed, ``rebuilds``, and elements ``rebuilt``."""
        rows = {"queries": QUERIES, "profiles": PROFILES, "rebuilds": REBUILDS, "rebuilt": REBUILT}
        return MappingProxyType({name: int(self._state.numbers[row]) for name, row in rows.items()})

    def update(self, ops: ArrayLike) -> None:
        """Apply updates, all in one compiled call; a rejected call changes nothing.

        Parameters
        ----------
        ops : int64 array of shape (n_ops,)
            v inserts, ~v deletes.

        Raises
        ------
        KeyError
            If a present element is inserted or an absent one deleted.
        TypeError
            If the updates are not integers.
        """
        self._apply(ops)

    def _apply(self, ops: ArrayLike) -> None:
        self._grow()
        checked = checked_ops(ops, self._state.elements[DEEPEST, : self.objective.n])
        saved = copy.deepcopy(self._state) if isinstance(self.objective, CountingOracle) else None
        try:
            self._kernels.run(self.objective._record, self._state, self._work, checked, np.zeros(2, np.int64))
        except BaseException:  # Ctrl-C too
            if saved is not None:  # in the user's function: as if nothing had been asked
                self._state = saved
            raise

    def check_invariants(self) -> None:
        """Recompute the structure from its definition and compare.

        Raises
        ------
        AssertionError
            If something differs.
        """
        invariants.check_state(self.objective, self._state, self.k, self.structure == "batches")

    def _grow(self) -> None:
        """Enlarge the tables for elements that were appended to the objective."""
        before = self._state.elements.shape[1]
        if self.objective.n > before:
            old = self._state
            self._make()
            states.transplant(old, self._state)


@result
class GuessRuns(Result):
    """The outcomes of many runs of one guess over one stream.

    Attributes
    ----------
    members : int64 array of shape (n_runs, k)
        The solutions in the order of selection, filled up with -1.
    values : float64 array of shape (n_runs,)
        f of the sequences.
    insertion_queries, deletion_queries : float64 array of shape (n_runs,)
        Marginals asked for, per insertion and per deletion of the stream.
    counts : mapping
        ``queries`` of all runs, ``insertions`` and ``deletions`` of the stream.
    """

    members: np.ndarray
    values: np.ndarray
    insertion_queries: np.ndarray
    deletion_queries: np.ndarray
    counts: dict[str, int]

    def _columns(self) -> dict[str, Any]:
        queries = {"insertion_queries": self.insertion_queries, "deletion_queries": self.deletion_queries}
        return {"run": np.arange(len(self.values)), "value": self.values, **queries}

    def _draw(self, ax: Any) -> None:
        ax.hist(self.values, bins=min(30, max(1, len(self.values))))
        ax.set(xlabel="value", ylabel="runs")


def run_guess(
    objective: Objective,
    ops: ArrayLike,
    k: int,
    *,
    guess: float,
    structure: Literal["levels", "batches"] = "levels",
    dead_share: float = 0.1,
    n_runs: int = 1,
    rng: Rng = None,
) -> GuessRuns:
    """Run one guess over the same updates again and again with fresh randomness, in one compiled call.

    Parameters
    ----------
    objective : Objective
        Monotone submodular.
    ops : int64 array of shape (n_ops,)
        v inserts, ~v deletes; at the start nothing is present.
    k : int
        Largest number of chosen elements, at least 1.
    guess : float
        o, positive.
    structure : {"levels", "batches"}
        One sample per level, or batches of which a share dead_share may die.
    dead_share : float
        Share of a batch that may die before its level is rebuilt, in (0, 1/2]; without meaning for "levels".
    n_runs : int
        Number of runs, at least 1.
    rng : Generator, int or None
        Draws the start of the random stream of each run.

    Returns
    -------
    GuessRuns
        The outcome of each run.

    Raises
    ------
    ValueError
        If a number is out of range.
    KeyError
        If a present element is inserted or an absent one deleted.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import Coverage
    >>> runs = run_guess(Coverage([[0], [1], [2]]), [0, 1, 2], 1, guess=2.0, n_runs=3000, rng=0)
    >>> bool(np.all(np.abs(np.bincount(runs.members[:, 0]) - 1000) < 100))
    True
    """
    rng, n_runs = generator(rng), integer("n_runs", n_runs, low=1)
    one = OneGuess(objective, k, guess, structure=structure, dead_share=dead_share, rng=rng)
    checked = checked_ops(ops, np.full(objective.n, -1, np.int32))
    if 8 * n_runs * (one.k + 4) > states.MOST_BYTES:
        raise must("n_runs", f"small enough for tables of {states.MOST_BYTES / 2**30:g} GiB", n_runs)
    words = kernel_input(rng.integers(2**63, size=n_runs))
    runs = states.Runs(np.full((n_runs, one.k), -1), np.zeros(n_runs), np.zeros((n_runs, 2), np.int64))
    one._kernels.run_many(objective._record, one._state, one._work, checked, words, runs)
    insertions = int((checked >= 0).sum())
    per_op = runs.asked_by / np.maximum([insertions, len(checked) - insertions], 1)
    counts = {"queries": int(runs.asked_by.sum()), "insertions": insertions, "deletions": len(checked) - insertions}
    return GuessRuns(runs.members, runs.values, per_op[:, 0], per_op[:, 1], counts)
