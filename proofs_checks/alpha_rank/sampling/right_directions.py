"""Numbers of samples of each profile after which all directions of the response graph are right."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.alpha_rank import response_signs, theory
from lrtheory.bounds import Derived, Draws, Family, Paper, Probability, Statement, saboteur
from proofs_checks.alpha_rank.families.estimated_payoffs import SampledGame
from proofs_checks.alpha_rank.families.exact_chances import wrong_graph_probability


def equally_spaced(*sizes: int, gap: float = 0.2, delta: float = 0.1, outcome_size: float = 1.0) -> SampledGame:
    """Make each strategy of a player better than the one before by the gap, whatever the others do; mean 0."""
    lines = [gap * (np.arange(n) - (n - 1) / 2) for n in sizes]
    means = [np.broadcast_to(np.expand_dims(line, tuple(i for i in range(len(sizes)) if i != k)), sizes)
             for k, line in enumerate(lines)]  # fmt: skip
    return SampledGame(np.array(means), delta, outcome_size)


def draw_sampled(draws: Draws) -> SampledGame:
    """Draw a game of equally spaced lines, each player's in a random order."""
    game = equally_spaced(*draws.choice(((2, 2), (2, 3), (3, 3), (2, 2, 2))), gap=draws.choice((0.1, 0.2, 0.4)))
    means = game.means.copy()
    for k, n in enumerate(game.sizes):
        means[k] = np.take(means[k], draws.permutation(n), axis=k)
    return replace(game, means=means)


EQUALLY_SPACED = Family(
    "equally-spaced-games",
    always=(equally_spaced(2), equally_spaced(2, 2), equally_spaced(3, 3), equally_spaced(4, 4, delta=0.05)),
    draw=draw_sampled,
)


SIX_BY_SIX = Family("six-by-six", always=(equally_spaced(6, 6),))


LARGE_OUTCOMES = Family("large-outcomes", always=(equally_spaced(2, 2, outcome_size=4.0),))


def signs_of_one_outcome(game: SampledGame, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw directions from one outcome per profile, however many the theorem asks for."""
    return response_signs(2.0 * (rng.random((n, *game.means.shape)) < (1 + game.means) / 2) - 1, batch=True)


def signs_from(game: SampledGame, rng: np.random.Generator, n: int, samples: int) -> np.ndarray:
    """Draw directions of all edges from the means of `samples` outcomes per profile."""
    size = game.outcome_size
    # outcomes are +size or -size, so the number of +size is binomial
    wins = rng.binomial(samples, (1 + game.means / size) / 2, size=(n, *game.means.shape))
    return response_signs(size * (2 * wins / samples - 1), batch=True)


def estimated_signs(game: SampledGame, rng: np.random.Generator, n: int, cut: int = 1) -> np.ndarray:
    """Draw directions from the theorem's number of samples, divided by `cut`."""
    return signs_from(game, rng, n, theory.samples_infinite_alpha(game.sizes, gap=game.gap, delta=game.delta) // cut)


def wrong_graph(game: SampledGame, signs: np.ndarray) -> np.ndarray:
    """Tell for each run whether any edge of the response graph has the wrong direction."""
    return (signs != response_signs(game.means)).any(axis=(1, 2))


def chance_of_wrong_graph(game: SampledGame, bound: str = "paper") -> float:
    """Compute the probability of `wrong_graph` from binomial tails, at the theorem's number of samples."""
    options = {"gap": game.gap, "delta": game.delta, "bound": bound}
    return wrong_graph_probability(game, theory.samples_infinite_alpha(game.sizes, **options))


MI_T2 = Statement(
    id="alpha_rank/MI-T2",
    title="Every edge of the response graph is right",
    says=(
        "After N > 8 M_max^2 log(2 |S| K / delta) / Delta^2 plays of each of the |S| profiles by K players, the "
        "response graph G_hat of the mean outcomes differs from the true G with probability at most delta; outcomes "
        "lie in [-M_max, M_max] and no deviation changes a payoff by less than Delta."
    ),
    source=Paper("1909.09849", "Theorem 3.2", read="secondary"),
    tex=r"N > 8\Delta^{-2}M_{\max}^2\log(2|S|K/\delta) \Rightarrow P(\hat G \ne G) \le \delta",
    hypotheses={
        "no ties": lambda game: game.gap > 0,
        "outcomes in [-1, 1]": lambda game: abs(game.means).max() <= game.outcome_size <= 1,
        "delta in (0, 1)": lambda game: 0 < game.delta < 1,
    },
    instances=EQUALLY_SPACED,
    solve=estimated_signs,
    claim=Probability(event=wrong_graph, at_most=lambda game: game.delta, exact=chance_of_wrong_graph),
    decisions=("outcome",),
    saboteurs=(
        saboteur("N/16", solve=partial(estimated_signs, cut=16)),
        # half of the width is a quarter of the samples
        saboteur("width M for 2M", solve=partial(estimated_signs, cut=4), instances=SIX_BY_SIX),
        saboteur("one outcome a profile", solve=signs_of_one_outcome),
        saboteur("outcomes of size 4", breaks="outcomes in [-1, 1]", instances=LARGE_OUTCOMES),
    ),
    notes="The constant 8 is loose: at N the exact probability is near 1e-5, and it reaches delta between N/2 and N/4.",
)


def refined_signs(game: SampledGame, rng: np.random.Generator, n: int, cut: int = 1) -> np.ndarray:
    """Draw directions from the smaller number of samples that independent profiles allow."""
    options = {"gap": game.gap, "delta": game.delta, "bound": "independent"}
    return signs_from(game, rng, n, theory.samples_infinite_alpha(game.sizes, **options) // cut)


MI_T2R = Statement(
    id="alpha_rank/MI-T2-independent",
    title="Half the samples are enough when profiles are sampled independently",
    says=(
        "If all plays are independent, N > 4 M_max^2 log(|E| / delta) / Delta^2 plays of each profile suffice for a "
        "response graph G_hat that differs from the true G with probability at most delta; G has |E| edges, of gap at "
        "least Delta, and outcomes lie in [-M_max, M_max]."
    ),
    source=Derived(theory.samples_infinite_alpha),
    tex=r"N > 4\Delta^{-2}M_{\max}^2\log(|E|/\delta) \Rightarrow P(\hat G \ne G) \le \delta",
    hypotheses={
        "no ties": lambda game: game.gap > 0,
        "outcomes in [-1, 1]": lambda game: abs(game.means).max() <= game.outcome_size <= 1,
        "delta in (0, 1)": lambda game: 0 < game.delta < 1,
    },
    instances=EQUALLY_SPACED,
    solve=refined_signs,
    claim=Probability(wrong_graph, lambda game: game.delta, exact=partial(chance_of_wrong_graph, bound="independent")),
    decisions=("outcome",),
    saboteurs=(
        saboteur("N/8", solve=partial(refined_signs, cut=8)),
        saboteur("one outcome a profile", solve=signs_of_one_outcome),
    ),
)
