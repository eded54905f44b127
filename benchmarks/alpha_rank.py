"""alpha-Rank against its reference implementation."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

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


def battles(n: int, n_battles: int, spread: float) -> Callable[[], Inputs]:
    """Return a maker of a log of uniform battles without ties; ratings are normal with the spread, in points."""

    def make() -> Inputs:
        rng = np.random.default_rng(0)
        ratings = spread * rng.standard_normal(n)
        first = rng.integers(0, n, n_battles)
        second = (first + rng.integers(1, n, n_battles)) % n
        won = rng.random(n_battles) < 1 / (1 + 10 ** ((ratings[second] - ratings[first]) / 400))
        return {"players": np.stack([first, second], axis=1), "won": won, "n": np.array(n)}

    return make


def frame(inputs: Inputs) -> dict[str, np.ndarray]:
    """The log as columns that both sides read."""
    names = np.array([f"model-{i:03d}" for i in range(int(inputs["n"]))])[inputs["players"]]
    winner = np.where(inputs["won"], "model_a", "model_b")
    return {"model_a": names[:, 0], "model_b": names[:, 1], "winner": winner}


def our_log(inputs: Inputs) -> object:
    """The same as a log."""
    from lrtheory.alpha_rank import MatchLog

    return ready("log", inputs, lambda: MatchLog.from_frame(frame(inputs)))


def our_board(**options: bool) -> Callable[[Inputs], np.ndarray]:
    """Return our board: who can be first, ranks, and Elo differences with intervals; the ratings are compared."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.alpha_rank import rank_models

        found = rank_models(our_log(inputs), **options).elo
        return found - found.mean()

    return solve


def resampled(inputs: Inputs) -> np.ndarray:
    """Fit 1,000 resamples at once, by Newton's method on all of them."""
    from lrtheory.alpha_rank.baselines import bradley_terry_board

    return bradley_terry_board(our_log(inputs), n_resamples=1000, rng=0).elo


def choix(inputs: Inputs) -> np.ndarray:
    """Fit once, without intervals."""
    from choix import ilsr_pairwise

    def pairs() -> list[tuple[int, int]]:
        ordered = np.where(inputs["won"][:, None], inputs["players"], inputs["players"][:, ::-1])
        return [(int(a), int(b)) for a, b in ordered]

    return 400 / np.log(10) * ilsr_pairwise(int(inputs["n"]), ready("pairs", inputs, pairs))


def evalica(inputs: Inputs) -> np.ndarray:
    """Fit 1,000 resamples, for intervals of each rating by itself."""
    from evalica import Winner, bootstrap, bradley_terry

    def columns() -> tuple[list[str], list[str], list[object]]:
        log = frame(inputs)
        return log["model_a"].tolist(), log["model_b"].tolist(), [Winner.X if x else Winner.Y for x in inputs["won"]]

    options = {"n_resamples": 1000, "bootstrap_method": "percentile", "random_state": 0, "tolerance": 1e-9}
    found = bootstrap(bradley_terry, *ready("columns", inputs, columns), **options, limit=1000)
    elo = 400 / np.log(10) * np.log(found.result.scores.sort_index().to_numpy())
    return elo - elo.mean()


def arena_rank(inputs: Inputs) -> np.ndarray:
    """Fit once, with standard errors of each rating by itself."""
    import pandas as pd
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.utils.data_utils import PairDataset

    data = PairDataset.from_pandas(ready("frame", inputs, lambda: pd.DataFrame(frame(inputs))))
    elo = np.asarray(BradleyTerry(int(inputs["n"])).compute_ratings_and_cis(data)["ratings"])
    return elo - elo.mean()


BOARD = Row(
    name="board-40",
    title="Board of 40 models from 12,000 battles, beside fits with intervals that have no level for ranks",
    inputs=battles(40, 12_000, 150),
    ours={"exact": our_board(), "any-schedule": our_board(any_schedule=True)},
    peers={"choix": choix, "evalica": evalica, "arena-rank": arena_rank, "lrtheory": resampled},
    tolerance=1.0,  # points; the prior that keeps ratings of resamples finite moves them by 0.7
)


def csv_of(inputs: Inputs) -> str:
    """The log as a file of comma-separated values, which is gone when the process ends."""

    def write() -> tempfile.TemporaryDirectory[str]:
        folder = tempfile.TemporaryDirectory()
        rows = np.stack(list(frame(inputs).values()), axis=1)
        text = "\n".join(["model_a,model_b,winner", *map(",".join, rows.tolist())])
        (Path(folder.name) / "battles.csv").write_text(text)
        return folder

    return str(Path(ready("csv", inputs, write).name) / "battles.csv")


def board_of_csv(inputs: Inputs) -> np.ndarray:
    """Read the log from a file, and rank it."""
    from lrtheory.alpha_rank import rank_models

    return rank_models(csv_of(inputs)).elo


def unbalanced(inputs: Inputs, elo: np.ndarray) -> float:
    """The largest difference of a model's wins from those that its ratings predict, in parts of its battles."""
    (first, second), n = inputs["players"].T, int(inputs["n"])
    chance = 1 / (1 + 10 ** ((elo[second] - elo[first]) / 400))
    more = inputs["won"] - chance
    net = np.bincount(first, more, n) - np.bincount(second, more, n)
    return float((np.abs(net) / np.bincount(inputs["players"].ravel(), minlength=n)).max())


def million(name: str, title: str, spread: float, solve: Callable[[Inputs], np.ndarray], seconds: float) -> Goal:
    """A goal on a million battles of 200 models."""
    goal = {"seconds": seconds, "gigabytes": 1.0, "tolerance": 1e-6}
    return Goal(name=name, title=title, inputs=battles(200, 1_000_000, spread), solve=solve, error=unbalanced, **goal)


BOARD_FAR = million("board-200-far", "Board of 200 models, 10^6 battles, Elo sd 150", 150, our_board(), 3.0)
BOARD_NEAR = million("board-200-near", "Board of 200 models, 10^6 battles, Elo sd 30", 30, our_board(), 3.0)
BOARD_CSV = million(
    "board-200-csv", "Board of 200 models, 10^6 battles in a file that is read, Elo sd 30", 30, board_of_csv, 5.0
)
