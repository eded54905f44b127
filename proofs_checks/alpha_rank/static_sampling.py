"""How many samples of each profile are enough: perturbation of the chain, and signs of all edges."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.alpha_rank import alpha_rank, elimination, response_signs, theory
from lrtheory.bounds import Derived, Inequality, Paper, Probability, Sides, Statement, rounding, saboteur
from proofs_checks.alpha_rank import mutants
from proofs_checks.alpha_rank.families import (
    EQUALLY_SPACED,
    FAR_ESTIMATES,
    LARGE_OUTCOMES,
    PERTURBED_GAMES,
    SIX_BY_SIX,
    THRESHOLD,
    Perturbed,
    SampledGame,
    is_close,
)


def both_rankings(instance: Perturbed, rng: np.random.Generator, intensity: float = 1.0) -> np.ndarray:
    """Logarithms of pi on the payoffs and on the estimates."""
    options = {"population_size": instance.population_size, "method": "log-gth"}
    exact = alpha_rank(instance.payoffs, alpha=instance.alpha, **options)
    estimated = alpha_rank(instance.estimates, alpha=intensity * instance.alpha, **options)
    return np.stack([exact.log_pi, estimated.log_pi])


def log_ratios(instance: Perturbed, log_pi: np.ndarray, factor: float = 1.0) -> Sides:
    """|log pi_hat(s) - log pi(s)| against 4 (|S| - 1) (m - 1) alpha t, for every profile s."""
    n, m = instance.n_profiles, instance.population_size
    bound = theory.log_ratio_bound(n, alpha=instance.alpha, population_size=m, radius=instance.radius)
    magnitude = 1 + np.abs(log_pi).max() + m * instance.alpha * np.abs(instance.payoffs).max()
    return Sides(
        lhs=np.abs(log_pi[1] - log_pi[0]),
        rhs=np.full(log_pi[0].shape, factor * bound),
        rounding=rounding(10 * n**3, magnitude),  # elimination adds O(n^3) terms without cancellation
    )


MI_L1 = Statement(
    id="alpha_rank/MI-L1",
    title="Payoff errors move log masses by a bounded amount",
    source=Derived(theory.log_ratio_bound),
    tex=r"\|\hat M - M\|_\infty \le t \Rightarrow |\log\hat\pi(s) - \log\pi(s)| \le 4(|S|-1)(m-1)\alpha t",
    hypotheses={"estimates within t": is_close, "finite alpha": lambda instance: np.isfinite(instance.alpha)},
    instances=PERTURBED_GAMES,
    solve=both_rankings,
    claim=Inequality(log_ratios),
    saboteurs=(
        saboteur("bound divided by 4", claim=Inequality(partial(log_ratios, factor=1 / 4))),
        saboteur("12/25 of the bound", claim=Inequality(partial(log_ratios, factor=12 / 25))),
        saboteur("estimates ranked at another intensity", solve=partial(both_rankings, intensity=1.01)),
        saboteur("errors of 4t", breaks="estimates within t", instances=FAR_ESTIMATES),
        saboteur(
            "small terms are left out",
            patch=(elimination.log_add, "x - y > 37.0", "x - y > 1.0"),
            instances=THRESHOLD,
        ),
    ),
    notes="Holds for every chain whose log rates move by (m-1) alpha 2t; attained up to a factor 2 on a 2 x 2 game.",
)


def estimated_signs(game: SampledGame, rng: np.random.Generator, n: int, cut: int = 1) -> np.ndarray:
    """Directions of all edges from the sample means of N outcomes a profile; the theorem's N, divided by `cut`."""
    size = game.outcome_size
    samples = theory.samples_infinite_alpha(game.sizes, gap=game.gap, delta=game.delta) // cut
    wins = rng.binomial(samples, (1 + game.means / size) / 2, size=(n, *game.means.shape))
    return response_signs(size * (2 * wins / samples - 1), batch=True)


def wrong_graph(game: SampledGame, signs: np.ndarray) -> np.ndarray:
    """Whether any edge of the response graph has the wrong direction."""
    return (signs != response_signs(game.means)).any(axis=(1, 2))


MI_T2 = Statement(
    id="alpha_rank/MI-T2",
    title="Every edge of the response graph is right",
    source=Paper("1909.09849", "Theorem 3.2", read="secondary"),
    tex=r"N > 8\Delta^{-2}M_{\max}^2\log(2|S|K/\delta) \Rightarrow P(\hat G \ne G) \le \delta",
    hypotheses={
        "no ties": lambda game: game.gap > 0,
        "outcomes in [-1, 1]": lambda game: game.outcome_size <= 1 and abs(game.means).max() <= 1,
    },
    instances=EQUALLY_SPACED,
    solve=estimated_signs,
    claim=Probability(event=wrong_graph, at_most=lambda game: game.delta),
    saboteurs=(
        saboteur("N/16", solve=partial(estimated_signs, cut=16)),
        saboteur("width M for 2M", solve=partial(estimated_signs, cut=4), instances=SIX_BY_SIX),
        saboteur("one outcome a profile", solve=mutants.signs_of_one_outcome),
        saboteur("outcomes of size 4", breaks="outcomes in [-1, 1]", instances=LARGE_OUTCOMES),
    ),
    notes="The constant 8 is loose: failures reach delta between N/2 and N/4.",
)
