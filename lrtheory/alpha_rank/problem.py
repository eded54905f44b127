r"""Meta-games: K agents, each with finitely many strategies, and the mean payoff of every player in every profile.

.. math:: M^k : S = S^1 \times \dots \times S^K \to \mathbb{R}, \qquad k = 1, \dots, K.

Profiles are numbered in C-order: the strategy of the last player changes fastest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np

from lrtheory._result import read_only
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, as_array, choice, generator, integer, must, real

__all__ = ["OUTCOMES", "Game", "make_bernoulli_game", "make_rps", "payoff_tables"]

#: names of the strategies of each player, or one flat sequence of names for a single population
Names: TypeAlias = Sequence[Sequence[str]] | Sequence[str]
#: payoffs in doubles are at most this large, so that sums of differences stay in their range
LARGEST = 1e300
#: the range of the outcomes of one play
OUTCOMES = {"bernoulli": (0.0, 1.0), "clipped-gaussian": (-1.0, 2.0)}


@dataclass(frozen=True, eq=False, slots=True)
class Game:
    """A meta-game; every solver takes it, or its payoffs alone.

    Parameters
    ----------
    payoffs : array of shape (K, s_1, ..., s_K), or sequence of K tables
        ``payoffs[k][s]`` is the mean payoff of player k in profile s. float64, or an object array of Fractions, on
        which all of the infinite-alpha code is exact.
    names : sequence of K sequences of str, optional
        Names of the strategies of each player; by default those on the axes of pandas frames.
    outcomes : {"none", "bernoulli", "clipped-gaussian"}
        The outcomes of one play of a profile, independent for each player and with mean ``payoffs[k][s]`` in [0, 1]:
        "bernoulli" draws from {0, 1}, "clipped-gaussian" adds a standard normal number, clipped to [-1, 1], so that
        outcomes lie in [-1, 2]; "none" says nothing, and the payoffs may be any.

    Raises
    ------
    ValueError
        If the payoffs are not K finite tables with K axes of one shape, or with outcomes not in [0, 1]; if the names
        do not fit.

    Examples
    --------
    >>> game = Game(payoffs=([[3, 0], [5, 1]], [[3, 5], [0, 1]]), names=(("C", "D"), ("C", "D")))
    >>> game.sizes, game.n_profiles, game.gap
    ((2, 2), 4, 1.0)
    """

    payoffs: np.ndarray
    names: tuple[tuple[str, ...], ...] | None = None
    outcomes: Literal["none", "bernoulli", "clipped-gaussian"] = "none"

    def __post_init__(self) -> None:
        payoffs = payoff_tables(self.payoffs)
        names = names_of(self.payoffs, self.names, payoffs.shape[1:])
        choice("outcomes", self.outcomes, ("none", *OUTCOMES))
        if self.outcomes != "none":
            array("payoffs", payoffs, low=0, high=1)
        object.__setattr__(self, "payoffs", read_only(payoffs))
        object.__setattr__(self, "names", names)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of strategies of each player."""
        return self.payoffs.shape[1:]

    @property
    def n_profiles(self) -> int:
        """Number of profiles, the product of the sizes."""
        return int(np.prod(self.sizes))

    @property
    def gap(self) -> float | Fraction:
        """Smallest payoff difference of a single player who deviates alone; infinite when nobody can deviate."""
        gaps = [edge_gap(table, player) for player, table in enumerate(self.payoffs) if table.shape[player] > 1]
        return min(gaps, default=float("inf"))


def edge_gap(table: np.ndarray, player: int) -> Any:
    """Return the smallest difference of two payoffs of a player on a line; neighbors in sorted order are enough."""
    gap = np.diff(np.sort(table, axis=player), axis=player).min()
    return gap if table.dtype == object else float(gap)


def payoff_tables(payoffs: Game | ArrayLike, *, name: str = "payoffs") -> np.ndarray:
    """Check payoffs; return one array (K, s_1, ..., s_K) of float32, float64, or Fractions as objects.

    Parameters
    ----------
    payoffs : Game, array or sequence of K tables
        Payoffs in any form that a solver takes.
    name : str
        The argument, for the sentences of errors.

    Returns
    -------
    ndarray of shape (K, s_1, ..., s_K)
        Integers become float64, exact numbers become Fractions.

    Raises
    ------
    ValueError
        If there are not K tables with K axes of one shape, of finite numbers in [-1e300, 1e300].
    """
    if isinstance(payoffs, Game):
        return payoffs.payoffs
    if isinstance(payoffs, (list, tuple)):
        shapes = [as_array(name, table).shape for table in payoffs]
        if len(set(shapes)) > 1:
            raise must(name, "a sequence of tables of one shape", shapes)
    tables = array(name, payoffs)
    if tables.ndim == 0 or len(tables) != tables.ndim - 1:
        raise must(name, "of shape (K, s_1, ..., s_K), one table with K axes for each of the K players", tables.shape)
    if tables.size == 0:
        raise must(name, "a game in which every player has a strategy", tables.shape)
    if tables.dtype == object:
        return np.array([_fraction(value, name) for value in tables.ravel()], dtype=object).reshape(tables.shape)
    return tables if tables.dtype == np.float32 else array(name, tables, low=-LARGEST, high=LARGEST)


def _fraction(value: Any, name: str) -> Fraction:
    try:
        return Fraction(value)
    except (OverflowError, ValueError) as error:  # an infinity or NaN among exact numbers
        raise must(name, "finite", value) from error


def names_of(payoffs: Any, names: Any, sizes: tuple[int, ...]) -> tuple[tuple[str, ...], ...] | None:
    """Return the names of the caller, or of a game or of pandas frames; one list for a single population."""
    names = names.item() if isinstance(names, np.ndarray) and names.ndim == 0 else names
    if names is None and isinstance(payoffs, Game):
        names = None if payoffs.names is None else payoffs.names[: len(sizes)]
    elif names is None:
        names = _frame_names(payoffs, sizes)
    elif len(sizes) == 1 and isinstance(names, Iterable) and all(isinstance(name, str) for name in names):
        names = (names,)
    return strategy_names(names, sizes)


def _frame_names(payoffs: Any, sizes: tuple[int, ...]) -> tuple[Any, ...] | None:
    """Return the names on the axes of pandas frames; None where the axes are numbered, not named."""
    together = isinstance(payoffs, (list, tuple))
    tables = [table for table in (payoffs if together else (payoffs,)) if hasattr(table, "axes")]
    found = [tuple(list(axis) for axis in table.axes) for table in tables]
    if found and not together:  # the table of one player, or that of a single population with its names on both axes
        rows, columns = found[0]
        found = [(columns,), (rows,)] if len(rows) == sizes[0] else [(columns,)]
    named = [axes for axes in found if any(axis != list(range(len(axis))) for axis in axes)]
    if any(axes != named[0] for axes in named):
        raise must("payoffs", "frames whose axes have the same names in the same order", named)
    return named[0] if named else None


def profile_columns(
    names: tuple[tuple[str, ...], ...] | None, sizes: tuple[int, ...], profiles: np.ndarray | None = None
) -> dict[str, Any]:
    """Name the strategies of numbered profiles, or of all, in one column for each player; numbers without names."""
    profiles = np.arange(math.prod(sizes)) if profiles is None else profiles
    heads = ["strategy"] if len(sizes) == 1 else [f"p{k + 1}" for k in range(len(sizes))]
    chosen = np.unravel_index(profiles, sizes)
    called = [np.array(player, object) for player in names] if names else [np.arange(size) for size in sizes]
    return {head: each[one] for head, each, one in zip(heads, called, chosen, strict=True)}


def profile_names(
    names: tuple[tuple[str, ...], ...] | None, sizes: tuple[int, ...], profiles: np.ndarray | None = None
) -> list[str]:
    """The names of numbered profiles, or of all: ``ann``, or ``(ann, bob)`` for two players."""
    rows = zip(*profile_columns(names, sizes, profiles).values(), strict=True)
    return [str(row[0]) if len(row) == 1 else f"({', '.join(map(str, row))})" for row in rows]


def strategy_names(names: Any, sizes: tuple[int, ...]) -> tuple[tuple[str, ...], ...] | None:
    """Check the names against the sizes and return them as tuples of strings; None stays None."""
    if names is None:
        return None
    try:
        given = tuple(tuple(str(name) for name in player) for player in names)
    except TypeError as error:
        raise must("names", "names for the strategies of each player", names, TypeError) from error
    if tuple(map(len, given)) != tuple(sizes):
        raise must("names", f"names for the strategies of each player, {sizes} in number", tuple(map(len, given)))
    return given


def make_bernoulli_game(n_strategies: int = 2, *, min_gap: float = 0.05, rng: Rng = None) -> Game:
    """Draw a random two-player zero-sum game of win probabilities, antisymmetric around 1/2.

    M is antisymmetric with entries U(-1, 1) above the diagonal; player 1 wins with probability (1 + M) / 2, player 2
    with (1 - M) / 2. Games with an edge gap below `min_gap` are drawn again.

    Parameters
    ----------
    n_strategies : int
        Strategies of each player, at least 1.
    min_gap : float
        Smallest edge gap to accept, in units of probability, in [0, 0.5].
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    Game
        Bernoulli outcomes in {0, 1}.

    Raises
    ------
    ValueError
        If 10 000 draws bring no game with that gap.

    References
    ----------
    .. [1] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019, section 5.

    Examples
    --------
    >>> game = make_bernoulli_game(2, min_gap=0.1, rng=0)
    >>> bool(game.gap >= 0.1), game.outcomes
    (True, 'bernoulli')
    """
    n = integer("n_strategies", n_strategies, low=1)
    min_gap = real("min_gap", min_gap, low=0, high=0.5)
    rng = generator(rng)
    for _ in range(10_000):
        # payoffs are rescaled from [-1, 1] to [0, 1], which halves all gaps
        upper = np.triu(rng.uniform(-1, 1, size=(n, n)), 1)
        wins = (1 + upper - upper.T) / 2
        game = Game(payoffs=np.stack([wins, 1 - wins]), outcomes="bernoulli")
        if game.gap >= min_gap:
            return game
    raise must("min_gap", f"small enough for 10000 draws of {n} x {n} tables", min_gap)


def make_rps() -> Game:
    """Make rock, paper, scissors for two players: win 1, lose -1; its ranking is uniform at every alpha.

    Returns
    -------
    Game
        Game of sizes (3, 3).

    Examples
    --------
    >>> make_rps().payoffs[0].tolist()
    [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]
    """
    table = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    return Game(payoffs=np.stack([table, -table]), names=(("rock", "paper", "scissors"),) * 2)
