"""The number of rankings that three rules need, by the theorem and measured."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, MARKERS, below, beside, between, headline, log_axes, slope, stream
from lrtheory.fair_subset_selection import (
    ScoreRule,
    sample_item_scores,
    sample_rankings,
    sample_top_counts,
    separates,
    theory,
)

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 3
THETA, GOOD, BAD, DELTA = Fraction(3, 10), 4, 1, 0.1
KNOWN = published("fair_subset_selection")["rankings_needed"]
RULES = ("SNTV", "m/2-Bloc", "Borda")
EXACT = 8  # items up to which m/2-Bloc is summed over all sets
GRID = 1.1  # of the numbers of rankings that are tried for SNTV
MOST = 100  # rankings in a panel for the other two
TOGETHER = 10  # panels whose scores are compared together
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 200, "m": [8, 16, 32, 64], "sample": 20_000},
    "full": {"repetitions": 1000, "m": [8, 16, 32, 64, 128], "sample": 100_000},
}


def rule_of(name: str, m: int) -> ScoreRule:
    """Make one of the three rules, for m items."""
    return ScoreRule("bloc", depth=m // 2) if name == "m/2-Bloc" else ScoreRule(name.lower())


def instance(m: int) -> tuple[list[Any], list[Any], np.ndarray]:
    """Return qualities, observed qualities and groups: good and bad items in turn, the second half disadvantaged."""
    quality = [GOOD, BAD] * (m // 2)
    groups = np.arange(m) >= m // 2
    return quality, [q * (THETA if down else 1) for q, down in zip(quality, groups, strict=True)], groups


def mean_scores(name: str, m: int, quality: list[Any], sample: int, rng: np.random.Generator) -> list[Any]:
    """Compute the mean score of every item: in closed form, or for m/2-Bloc with many items from a sample."""
    rule = rule_of(name, m)
    if name != "m/2-Bloc" or m <= EXACT:
        return theory.expected_scores("plackett-luce", rule, quality)
    scores = sample_item_scores("plackett-luce", rule, sample, n_items=m, rng=rng, quality=np.array(quality, float))[0]
    kinds = np.unique(np.array(quality, float), return_inverse=True)[1]  # items of one quality are alike
    alike = np.bincount(kinds, scores) / np.bincount(kinds) / sample
    return alike[kinds].tolist()


def measured(name: str, m: int, observed: list[Any], known: Any, repetitions: int, rng: np.random.Generator) -> int:
    """Find the least number of rankings that separates good from bad within both groups in nine of ten panels."""
    quality = np.array(observed, float)
    if name == "SNTV":
        n, share = 2, quality / quality.sum()
        while separates(observed=sample_top_counts(share, n, n_runs=repetitions, rng=rng), **known).mean() < 0.9:
            n = max(n + 1, round(n * GRID))
        return n
    weights, right = rule_of(name, m).weights(m), np.zeros(MOST)
    for _ in range(0, repetitions, TOGETHER):
        drawn = sample_rankings("plackett-luce", TOGETHER * MOST, m, quality=quality, rng=rng).positions
        scores = np.cumsum(weights[drawn].reshape(TOGETHER, MOST, m), axis=1).reshape(-1, m)
        right += separates(observed=scores, **known).reshape(TOGETHER, MOST).sum(axis=0) / repetitions
    if right.max() < 0.9:
        raise RuntimeError(f"{MOST} rankings of {m} items are not enough for {name}")
    return int(np.flatnonzero(right >= 0.9)[0]) + 1


def compute_sizes(profile: str) -> dict[str, np.ndarray]:
    """Compute the rankings by the theorem and measured, (rules, m), and the alpha and gamma of the theorem."""
    settings = INPUTS[profile]
    sizes, repetitions = settings["m"], settings["repetitions"]
    needed, found, alphas, gammas = np.zeros((4, len(RULES), len(sizes)))
    for r, j in np.ndindex(needed.shape):
        rng, m, rule = stream(SEED, r, sizes[j]), sizes[j], rule_of(RULES[r], sizes[j])
        quality, biased, groups = instance(m)
        latent, observed = (mean_scores(RULES[r], m, q, settings["sample"], rng) for q in (quality, biased))
        beta = (max(latent[1] / latent[0], latent[-1] / latent[-2]) + 1) / 2  # pairs of one level stay open
        alpha = theory.smoothness_alpha(latent, observed, max_item_score=rule.max_item_score(m))
        gamma = theory.largest_observed_ratio(latent, observed, groups, beta=beta)
        alphas[r, j], gammas[r, j] = alpha, gamma
        needed[r, j] = theory.rankings_needed(m, alpha=alpha, gamma=gamma, delta=DELTA)
        known = {"latent": np.array(latent, float), "groups": groups, "beta": float(beta)}
        found[r, j] = measured(RULES[r], m, biased, known, repetitions, rng)
    return {"m": np.array(sizes), "needed": needed, "measured": found, "alpha": alphas, "gamma": gammas,
            "known": known_numbers(sizes), "repetitions": np.array(repetitions)}  # fmt: skip


def known_numbers(sizes: list[int]) -> np.ndarray:
    """Return the numbers of independent code, (rules, m); NaN where there is none."""
    table = [dict(zip(KNOWN["m"], KNOWN[name], strict=False)) for name in RULES]
    return np.array([[row.get(m, np.nan) for m in sizes] for row in table], float)


def sizes_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims that the figure shows as booleans, with margins."""
    m, found, known = arrays["m"], arrays["measured"], arrays["known"]
    compared = np.isfinite(known)
    return {
        "the theorem's number of rankings is enough for every rule": below(found / arrays["needed"], 1.0),
        "Borda needs a number of rankings that grows slower than m^0.6": below(slope(m, found[2]), 0.6),
        "SNTV needs a number of rankings that grows like m log m to a power between 0.9 and 1.35": between(
            slope(m * np.log(m), found[0]), 0.9, 1.35
        ),
        "the exponents of Borda and of SNTV differ by more than 0.5": below(
            slope(m, found[2]) + 0.5, slope(m, found[0])
        ),
        "numbers of rankings are within a factor of 1.6 of independent ones": between(
            found[compared] / known[compared], 1 / 1.6, 1.6
        ),
        "alpha of Borda does not fall when m grows": below(arrays["alpha"][2, 0] - 0.02, arrays["alpha"][2]),
    }


def sizes_beside(arrays: Any) -> list[Beside]:
    """Compare the rankings that were enough in nine of ten runs with those of independent code."""
    names = [f"rankings needed, {rule}, m = {m}" for rule in RULES for m in arrays["m"].tolist()]
    source = f"{KNOWN['source']}; here {int(arrays['repetitions'])} runs"
    return beside(names, arrays["known"], arrays["measured"], source)


def draw_sizes(arrays: Any) -> matplotlib.figure.Figure:
    """Draw both numbers on the left, their quotient on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.6), width_ratios=(1.5, 1), layout="constrained")
    m, found, needed = arrays["m"], arrays["measured"], arrays["needed"]
    for r, name in enumerate(RULES):
        options = {"color": COLORS[r], "marker": MARKERS[r], "markersize": 5}
        left.plot(m, needed[r], "--", label=f"{name}: the theorem", mfc="none", **options)
        left.plot(m, found[r], "-", label=f"{name}: measured, slope {slope(m, found[r]):.2f}", **options)
        left.plot(m, arrays["known"][r], "*", color=COLORS[r], markersize=11, mec="black", mew=0.7, zorder=5)
        right.plot(m, needed[r] / found[r], "-", label=name, **options)
    left.plot([], [], "*", color="white", markersize=11, mec="black", mew=0.7, label="independent numbers")
    for axis in (left, right):
        log_axes(axis, m)
        axis.set(xlabel="items m")
        axis.legend()
    left.set(ylabel="rankings", ylim=(5, 40 * needed.max()))
    left.legend(ncols=2, loc="upper left")
    right.set(ylabel="the theorem's number / measured")
    headline(
        figure,
        f"Rankings needed: Plackett-Luce, qualities {GOOD} and {BAD}, $\\theta$ = {float(THETA)}. Measured: good "
        f"before bad within both groups in nine\nof ten panels, {int(arrays['repetitions'])} panels a point. The "
        f"theorem: the same event at $\\delta$ = {DELTA}, $\\alpha$ and $\\gamma$ in closed form (m/2-Bloc "
        f"beyond {EXACT} items: estimated)",
    )
    return figure


SIZES = Figure(
    name="rankings-needed",
    title="How many rankings SNTV, m/2-Bloc and Borda need as items become more, by the theorem and measured.",
    compute=compute_sizes,
    claims=sizes_claims,
    draw=draw_sizes,
    beside=sizes_beside,
    seed=SEED,
    inputs=INPUTS,
)
