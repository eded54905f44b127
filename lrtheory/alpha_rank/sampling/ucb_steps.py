r"""One step of ResponseGraphUCB: which profile is next, and what its outcomes tell. Kernels on flat arrays.

Profiles are numbered in C-order. A directed edge is a profile s and a column d of `profile_neighbors`; its number is
s D + d. The kernels take named tuples: the `Rule` of the run, the `Edges` of the game, and the `State`, whose arrays
they change.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._array import flat, kernel, kernel_input
from lrtheory._validation import choice, must, real
from lrtheory.alpha_rank.chains.profiles import profile_neighbors
from lrtheory.alpha_rank.problem import OUTCOMES, Game
from lrtheory.alpha_rank.sampling import compiled_intervals as clopper_pearson
from lrtheory.alpha_rank.theory.adaptive_samples import log_level_at_one

__all__ = [
    "SCHEMES",
    "Edges",
    "Rule",
    "State",
    "edges_of",
    "new_state",
    "next_profile",
    "outcome_law",
    "play",
    "rule_of",
    "update",
]

#: names of the schemes, in the order of their numbers in the kernels
SCHEMES = ("CW", "UE", "U", "VW")
CW, UE, U, VW = range(4)


class Rule(NamedTuple):
    """The parameters of a run: they decide which profile is next, and when an edge is resolved."""

    scheme: int  # index in SCHEMES
    level: float  # log(2 / delta_n) is `level + growth * log(n)`, see `hoeffding_radius`
    growth: float  # 2 where intervals hold at all times, 0 where each holds at one time
    slack: float
    exact: bool  # Clopper-Pearson intervals in place of Hoeffding's


class Edges(NamedTuple):
    r"""The edges of a game, read-only."""

    neighbors: np.ndarray  # int64 (|S|, D): the profile at the other end of each edge
    back: np.ndarray  # int64 (|S|, D): the column under which the other end lists the same edge
    players: np.ndarray  # int64 (D,): who deviates in each column


class State(NamedTuple):
    r"""The state of one run, or of many with a leading axis of runs.

    A queue holds each of the \|E\| edges once, as its smaller profile sees it.
    """

    n_samples: np.ndarray  # int64 (|S|,): plays of each profile
    sums: np.ndarray  # float64 (K, |S|): sums of outcomes
    low: np.ndarray  # float64 (K, |S|): lower ends of the present intervals; 0 before the first play
    high: np.ndarray  # float64 (K, |S|): their upper ends; 1 before the first play
    lower: np.ndarray  # float64 (K, |S|): lower ends of the intersection over time of the intervals
    upper: np.ndarray  # float64 (K, |S|): its upper ends
    direction: np.ndarray  # int8 (|S|, D): +1 the neighbor is better, -1 it is worse, 0 the edge is open
    valence: np.ndarray  # int64 (|S|,): number of open edges at each profile
    queue: np.ndarray  # int64 (|E|,): edges in the order in which "UE" and "U" look at them; empty for other schemes
    # int64 (2,): the present index in the queue ("UE") or its length ("U"); the number of the first profile that may
    # still be without a sample
    cursor: np.ndarray


def edges_of(sizes: tuple[int, ...]) -> Edges:
    """List the edges of a game with these numbers of strategies."""
    neighbors, players = profile_neighbors(sizes)
    back = np.empty_like(neighbors)
    for column, player in enumerate(players):
        first = int(np.argmax(players == player))  # this player's first column
        own = np.indices(sizes).reshape(len(sizes), -1)[player]
        # from the other end, own strategy is the (own)-th alternative, less one if it comes after the other's strategy
        back[:, column] = first + own - (own > own[neighbors[:, column]])
    return Edges(kernel_input(neighbors), kernel_input(back), kernel_input(players))


def rule_of(
    sizes: tuple[int, ...], delta: float, *, scheme: str, bound: str, slack: float, anytime: bool, joint: bool
) -> Rule:
    """Check scheme, bound and slack, and return the rule of a run."""
    number = SCHEMES.index(choice("scheme", scheme, SCHEMES))
    exact = choice("bound", bound, ("hoeffding", "clopper-pearson")) == "clopper-pearson"
    if real("slack", slack, low=0) >= 0.5:  # gaps are at most 1: with twice the slack at 1 all edges may be wrong
        raise must("slack", "in [0, 1/2)", slack)
    n_means = len(sizes) * math.prod(sizes) if joint else 1
    level = log_level_at_one(delta, n_means, anytime)
    return Rule(number, level, 2.0 if anytime else 0.0, float(slack), exact)


def shuffle(rng: np.random.Generator, scheme: str, queue: np.ndarray) -> None:
    """Put the edges into the random order of "UE"; the other schemes draw nothing here."""
    if scheme == "UE":
        rng.shuffle(queue)


def new_state(sizes: tuple[int, ...], n_runs: int, scheme: str = "CW") -> State:
    """Make the state before the first play, with a leading axis of runs."""
    players, n, degree = len(sizes), math.prod(sizes), sum(sizes) - len(sizes)
    n_edges = n * degree // 2 if scheme in ("UE", "U") else 0
    tables = (n_runs, players, n)
    return State(
        n_samples=np.zeros((n_runs, n), np.int64),
        sums=np.zeros(tables),
        low=np.zeros(tables),
        high=np.ones(tables),
        lower=np.zeros(tables),
        upper=np.ones(tables),
        direction=np.zeros((n_runs, n, degree), np.int8),
        valence=np.full((n_runs, n), degree),
        queue=np.tile(np.flatnonzero(forward(sizes)), (n_runs, 1)) if n_edges else np.zeros((n_runs, 0), np.int64),
        cursor=np.tile([n_edges if scheme == "U" else 0, 0], (n_runs, 1)),
    )


def forward(sizes: tuple[int, ...]) -> np.ndarray:
    r"""Mark the directed edges, of \|S\| D in all, that lead to a larger profile number: one of each pair."""
    neighbors, _ = profile_neighbors(sizes)
    return (neighbors > np.arange(len(neighbors))[:, None]).ravel()


def outcome_law(game: Game, sizes: tuple[int, ...] | None = None, *, bound: str) -> tuple[np.ndarray, float]:
    r"""Return the outcomes of a game that can be played in compiled code, mapped to [0, 1].

    They are the means of shape (K, \|S\|), and the scale of the noise around them, 0 for a coin.
    """
    if not isinstance(game, Game) or game.outcomes not in OUTCOMES:
        rule = f"a Game with `outcomes` {' or '.join(map(repr, OUTCOMES))}"
        raise must("game", rule, getattr(game, "outcomes", game))
    if sizes is not None and game.sizes != sizes:
        raise must("game", f"of sizes {sizes}", game.sizes)
    coins = game.outcomes == "bernoulli"
    if choice("bound", bound, ("hoeffding", "clopper-pearson")) == "clopper-pearson" and not coins:
        raise must("game", 'a Game with `outcomes` "bernoulli" for Clopper-Pearson intervals', game.outcomes)
    low, high = OUTCOMES[game.outcomes]
    means = (game.payoffs.reshape(len(game.payoffs), -1) - int(low)) / int(high - low)
    return kernel_input(means, np.float64), 0.0 if coins else 1 / (high - low)


def summary(state: State, sizes: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Compute means, directions and resolved edges of states with any leading axes, in the shape of the game."""
    lead = state.n_samples.shape[:-1]
    neighbors, _, players = edges_of(sizes)
    with np.errstate(invalid="ignore"):
        means = state.sums / state.n_samples[..., None, :]
    difference = np.nan_to_num(means[..., players[None, :], neighbors] - means[..., players, :].swapaxes(-1, -2))
    # a mean of a profile without plays is 0 / 0: its edges get the direction 0
    direction = np.where(state.direction == 0, np.sign(difference), state.direction).astype(np.int8)
    tables = (*lead, len(sizes), *sizes)
    return {
        "means": means.reshape(tables),
        "n_samples": state.n_samples.copy().reshape(*lead, *sizes),
        "lower": state.lower.copy().reshape(tables),
        "upper": state.upper.copy().reshape(tables),
        "direction": direction,
        "resolved": state.direction != 0,
    }


# --- kernels ----------------------------------------------------------------------------------------------------------
# Their divisors are never 0. The error model of NumPy leaves out the test for it.


@flat
def next_profile(n_samples, direction):
    """Return the profile with the fewest samples among those with an open edge or no sample; -1 if there is none."""
    best = -1
    for s in range(n_samples.shape[0]):
        if best < 0 or n_samples[s] < n_samples[best]:
            # a profile without edges, or whose edges a large slack closed before, still needs a sample for its mean
            is_open = n_samples[s] == 0
            for d in range(direction.shape[1]):
                is_open = is_open or direction[s, d] == 0
                if is_open:
                    break
            if is_open:
                best = s
    return best


@flat
def update(rule, edges, state, s, outcomes):
    """Take up one play of profile s: update its means and intervals, and resolve the open edges that they decide."""
    neighbors, back, players = edges
    sums, low, high, direction = state.sums, state.low, state.high, state.direction
    state.n_samples[s] += 1
    n = state.n_samples[s]
    log_level = rule.level + rule.growth * math.log(n)
    radius = math.sqrt(log_level / (2 * n))
    for k in range(sums.shape[0]):
        sums[k, s] += outcomes[k]
        if rule.exact:
            low[k, s], high[k, s] = clopper_pearson.interval(sums[k, s], n, log_level)
        else:
            low[k, s], high[k, s] = sums[k, s] / n - radius, sums[k, s] / n + radius
        # all intervals hold at all times together (RG-T1), so their intersection over time holds, too
        state.lower[k, s] = max(state.lower[k, s], low[k, s])
        state.upper[k, s] = min(state.upper[k, s], high[k, s])
    # only intervals at s have moved; an edge is decided by the present intervals of its two ends, as in Algorithm 1
    for d in range(players.shape[0]):
        if direction[s, d] == 0:
            t, k = neighbors[s, d], players[d]
            rise = (low[k, t] + rule.slack) - (high[k, s] - rule.slack)  # positive: the neighbor is certainly better
            fall = (low[k, s] + rule.slack) - (high[k, t] - rule.slack)
            if rise > 0 or fall > 0:
                better = 1 if rise > fall else -1  # with slack both may be positive
                direction[s, d], direction[t, back[s, d]] = better, -better
                state.valence[s] -= 1
                state.valence[t] -= 1


@flat
def next_edge(scheme, state, rng):
    """Return the edge, numbered s D + d, that "UE" or "U" works on; -1 when none is open."""
    direction, queue, cursor = state.direction, state.queue, state.cursor
    degree = direction.shape[1]
    # "UE" stays at an edge until it is resolved; edges that were resolved on the way are skipped
    while scheme == UE and cursor[0] < queue.shape[0]:
        edge = queue[cursor[0]]
        if direction[edge // degree, edge % degree] == 0:
            return edge
        cursor[0] += 1
    while scheme == U and cursor[0] > 0:
        i = int(rng.random() * cursor[0])
        edge = queue[i]
        if direction[edge // degree, edge % degree] == 0:
            return edge
        cursor[0] -= 1  # a resolved edge leaves when it is drawn, so open ones stay equally likely
        queue[i], queue[cursor[0]] = queue[cursor[0]], edge
    return -1


@flat
def by_valence(rng, valence):
    """Draw a profile with probability proportional to its number of open edges, squared; -1 when there are none."""
    total = 0
    for s in range(valence.shape[0]):
        total += valence[s] ** 2
    left, last = rng.random() * total, -1
    for s in range(valence.shape[0]):
        if valence[s] > 0:
            last = s  # the answer also when rounding leaves `left` at 0 after the last one
            left -= valence[s] ** 2
            if left < 0:
                break
    return last


@flat
def choose(scheme, neighbors, state, rng):
    """Choose the profile to play next, by the scheme; -1 when no edge is open."""
    if scheme == CW:
        return next_profile(state.n_samples, state.direction)
    cursor = state.cursor
    while cursor[1] < state.n_samples.shape[0]:  # every profile once, since an edge needs both of its means
        if state.n_samples[cursor[1]] == 0:
            return cursor[1]
        cursor[1] += 1
    if scheme == VW:
        return by_valence(rng, state.valence)
    edge = next_edge(scheme, state, rng)
    if edge < 0:
        return -1
    degree = state.direction.shape[1]
    s, d = edge // degree, edge % degree
    return s if rng.random() < 0.5 else neighbors[s, d]


@flat
def outcome(rng, mean, noise):
    """Draw a coin with this mean, or the mean plus `noise` times a standard normal number clipped to [-1, 1]."""
    if noise == 0:
        return 1.0 if rng.random() < mean else 0.0
    radius = math.sqrt(-2.0 * math.log(1.0 - rng.random()))  # Box and Muller; 1 - U is never 0
    return mean + noise * min(max(radius * math.cos(2 * math.pi * rng.random()), -1.0), 1.0)


@kernel(error_model="numpy")
def play(law, rule, edges, state, rng, n_plays):
    """Play a game with the outcomes of `law` up to n_plays times, and return how many plays were needed."""
    means, noise = law
    outcomes = np.empty(means.shape[0])
    for done in range(n_plays):
        s = choose(rule.scheme, edges.neighbors, state, rng)
        if s < 0:
            return done
        for k in range(means.shape[0]):
            outcomes[k] = outcome(rng, means[k, s], noise)
        update(rule, edges, state, s, outcomes)
    return n_plays
