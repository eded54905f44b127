"""alpha-Rank against its reference implementation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks import Goal, Inputs, Row, ready


def random_game() -> Inputs:
    """Draw a game of two players with 30 strategies each: 900 profiles, no ties, cycles of all lengths."""
    return {"payoffs": np.random.default_rng(0).uniform(-1, 1, (2, 30, 30))}


def ours(method: str) -> Callable[[Inputs], np.ndarray]:
    """Return our solver of the perturbed chain with one of its methods."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.alpha_rank import alpha_rank

        return alpha_rank(inputs["payoffs"], perturbation=0.01, method=method).pi.ravel()

    return solve


def open_spiel(inputs: Inputs) -> np.ndarray:
    """Rank the same game by the dense eigenvector of the reference implementation."""
    from open_spiel.python.egt import alpharank

    return alpharank.compute(list(inputs["payoffs"]), use_inf_alpha=True, inf_alpha_eps=0.01)[2]


CAPS = {"hoeffding": 20_000, "clopper-pearson": 2000}  # samples; the peer takes some thousand a second


def bernoulli_game() -> Inputs:
    """Draw win probabilities of two players with ten strategies each: 100 profiles, 900 edges."""
    upper = np.triu(np.random.default_rng(0).uniform(-1, 1, (10, 10)), 1)
    wins = (1 + upper - upper.T) / 2
    return {"means": np.stack([wins, 1 - wins])}


def our_samples(bound: str) -> Callable[[Inputs], np.ndarray]:
    """Return our ResponseGraphUCB, uniform-exhaustive, which counts its samples up to the cap."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.alpha_rank import Game, ResponseGraphUCB

        learner = ResponseGraphUCB((10, 10), scheme="UE", bound=bound, max_samples=CAPS[bound], rng=0)
        found = learner.run(Game(inputs["means"], outcomes="bernoulli"))
        return np.array([found.n_samples.sum()])

    return solve


def their_samples(bound: str, name: str) -> Callable[[Inputs], np.ndarray]:
    """Return the reference implementation with the same levels, up to the same number of samples."""

    def solve(inputs: Inputs) -> np.ndarray:
        from open_spiel.python.algorithms import response_graph_ucb, response_graph_ucb_utils

        game = response_graph_ucb_utils.BernoulliGameSampler([10, 10], inputs["means"], (0.0, 1.0))
        options = {"delta": 0.1, "per_payoff_confidence": False, "time_dependent_delta": True}
        learner = response_graph_ucb.ResponseGraphUCB(game, "uniform-exhaustive", name, **options)
        return np.array([learner.run(verbose=False, max_total_iterations=CAPS[bound])["interactions"]])

    return solve


def sampling(bound: str, name: str) -> Row:
    """Make a row in which both sides take the same number of samples."""
    return Row(
        name=f"ucb-{bound}",
        title=f"{CAPS[bound]} samples of ResponseGraphUCB on 100 profiles, uniform-exhaustive, {bound}",
        inputs=bernoulli_game,
        ours={"UE": our_samples(bound)},
        peers={"open-spiel": their_samples(bound, name)},
        tolerance=0,
    )


UCB_HOEFFDING = sampling("hoeffding", "ucb-standard")
UCB_CLOPPER_PEARSON = sampling("clopper-pearson", "clopper-pearson-ucb")

INFINITE_ALPHA = Row(
    name="infinite-alpha-900",
    title="Ranking of 900 profiles at infinite alpha, perturbation = 0.01",
    inputs=random_game,
    ours={"gth": ours("gth"), "power": ours("power")},
    peers={"open-spiel": open_spiel},
    tolerance=1e-6,
)


def symmetric_game() -> Inputs:
    """Draw one table of 50 strategies with payoffs in [0, 1]."""
    return {"payoffs": np.random.default_rng(0).uniform(0, 1, (50, 50))}


def our_single(inputs: Inputs) -> np.ndarray:
    """Rank a single population of 50 individuals by global fitness."""
    from lrtheory.alpha_rank import alpha_rank

    options = {"population": "single", "fitness": "global", "population_size": 50}
    return alpha_rank(inputs["payoffs"], alpha=1.0, **options).pi


def egttools(inputs: Inputs) -> np.ndarray:
    """Rank the same population by a C++ library of evolutionary game theory."""
    from egttools.analytical import PairwiseComparison
    from egttools.games import Matrix2PlayerGameHolder
    from egttools.utils import calculate_stationary_distribution

    game = Matrix2PlayerGameHolder(50, inputs["payoffs"])
    transitions, _ = PairwiseComparison(50, game).calculate_transition_and_fixation_matrix_sml(1.0)
    return calculate_stationary_distribution(transitions.T)


SINGLE_POPULATION = Row(
    name="single-population-50",
    title="Ranking of 50 strategies in a single population, general fitness",
    inputs=symmetric_game,
    ours={"gth": our_single},
    peers={"egttools": egttools},
    tolerance=1e-5,
)


def large_game(n: int) -> Callable[[], Inputs]:
    """Return a maker of games of two players with n strategies each, without ties."""
    return lambda: {"payoffs": np.random.default_rng(0).uniform(-1, 1, (2, n, n))}


def our_ranking(inputs: Inputs) -> np.ndarray:
    """Rank by the perturbed chain, with the method that `alpha_rank` chooses."""
    from lrtheory.alpha_rank import alpha_rank

    return alpha_rank(inputs["payoffs"], perturbation=0.01).pi


def imbalance(inputs: Inputs, pi: np.ndarray) -> float:
    """Compute the sum over profiles of |flow in - flow out|, plus the distance of the total mass from 1.

    Along each line every profile moves up at rate 0.99 and down at rate 0.01.
    """
    net = np.zeros_like(pi)
    for axis, table in enumerate(inputs["payoffs"]):
        order = np.argsort(table, axis)
        mass = np.take_along_axis(pi, order, axis)
        below = np.cumsum(mass, axis) - mass
        above = mass.sum(axis, keepdims=True) - below - mass
        rank = np.expand_dims(np.arange(len(pi)), 1 - axis)
        flow = 0.99 * below + 0.01 * above - mass * (0.99 * (len(pi) - 1 - rank) + 0.01 * rank)
        net += np.take_along_axis(flow, np.argsort(order, axis), axis)
    return float(np.abs(net).sum()) / (2 * (len(pi) - 1)) + abs(float(pi.sum()) - 1)


def large_ranking(n: int, seconds: float) -> Goal:
    """Make a goal on games that no peer can hold: their transition matrix would have n^4 entries."""
    return Goal(
        name=f"infinite-alpha-{n}x{n}",
        title=f"Ranking of {n} x {n} profiles at infinite alpha, perturbation = 0.01",
        inputs=large_game(n),
        solve=our_ranking,
        error=imbalance,
        seconds=seconds,
        gigabytes=2.0,
        tolerance=1e-10,
    )


LARGE = large_ranking(300, seconds=0.5)
VERY_LARGE = large_ranking(1000, seconds=10.0)


def million_matches() -> Inputs:
    """A million matches of 200 players, with their names; the players' numbers are for the check alone."""
    rng = np.random.default_rng(0)
    ids, names = rng.integers(0, 200, (1_000_000, 2)), np.array([f"player_{i:03d}" for i in range(200)])
    return {"ids": ids, "names": names[ids], "scores": rng.choice([0.0, 0.5, 1.0], len(ids))}


def table_of_names(inputs: Inputs) -> np.ndarray:
    """Our mean scores, from an array of names."""
    from lrtheory.alpha_rank import table_from_matches

    return table_from_matches(inputs["names"], inputs["scores"]).means


def table_of_lists(inputs: Inputs) -> np.ndarray:
    """The same from lists, as a program collects them."""
    from lrtheory.alpha_rank import table_from_matches

    lists = ready("lists", inputs, lambda: (inputs["names"].tolist(), inputs["scores"].tolist()))
    return table_from_matches(*lists).means


def wrong_mean(inputs: Inputs, means: np.ndarray) -> float:
    """The largest error of a mean score, from a count of the numbers of players."""
    total, games = np.zeros((200, 200)), np.zeros((200, 200))
    np.add.at(total, tuple(inputs["ids"].T), inputs["scores"])
    np.add.at(games, tuple(inputs["ids"].T), 1.0)
    expected = (total + (games - total).T) / (games + games.T)
    np.fill_diagonal(expected, 0.5)
    return float(np.abs(means - expected).max())


def counted(name: str, title: str, solve: Callable[[Inputs], np.ndarray]) -> Goal:
    """A goal on a million matches."""
    goal = {"seconds": 0.5, "gigabytes": 1.0, "tolerance": 1e-12}
    return Goal(name=name, title=title, inputs=million_matches, solve=solve, error=wrong_mean, **goal)


NAMES = counted("matches-names", "10^6 matches of 200 players, an array of names", table_of_names)
LISTS = counted("matches-lists", "10^6 matches of 200 players, lists of names and scores", table_of_lists)
