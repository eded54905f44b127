"""Samples and errors of ResponseGraphUCB against delta, for four schemes and four bounds."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, beside, headline
from lrtheory.alpha_rank import Game, load_kuhn, make_bernoulli_game, response_graph, response_graph_ucb_batch

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
#: uniform-exhaustive, uniform, valence-weighted, count-weighted
SCHEMES = ("UE", "U", "VW", "CW")
SETTINGS = published("alpha_rank")["sweeps"]
BOUNDS = {
    "UCB": {"bound": "hoeffding", "slack": 0.0},
    "R-UCB": {"bound": "hoeffding", "slack": SETTINGS["slack"]},
    "CP-UCB": {"bound": "clopper-pearson", "slack": 0.0},
    "R-CP-UCB": {"bound": "clopper-pearson", "slack": SETTINGS["slack"]},
}
BERNOULLI_INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"delta": SETTINGS["delta"], "repetitions": 20, "max_samples": 20_000},
    "full": {"delta": SETTINGS["delta"], "repetitions": SETTINGS["bernoulli"]["repetitions"],
             "max_samples": SETTINGS["bernoulli"]["max_samples"]},
}  # fmt: skip
KUHN_INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"delta": [0.01, 0.1, 0.5], "repetitions": 2, "max_samples": 20_000},
    "full": {"delta": SETTINGS["delta"], "repetitions": SETTINGS["kuhn"]["repetitions"],
             "max_samples": SETTINGS["kuhn"]["max_samples"]},
}  # fmt: skip


def bernoulli_games(repetitions: int) -> list[Game]:
    """Draw a new zero-sum game for every repetition."""
    streams = np.random.SeedSequence(SEED).spawn(repetitions)
    gap = SETTINGS["bernoulli"]["min_gap"] / 2  # payoffs are rescaled from [-1, 1] to [0, 1]
    return [make_bernoulli_game(2, min_gap=gap, rng=np.random.default_rng(stream)) for stream in streams]


def kuhn_games(repetitions: int) -> list[Game]:
    """Take one real game, Kuhn poker, in every repetition."""
    return [load_kuhn(3, iterations=3, units="unit")] * repetitions


def compute_sweep(profile: str, *, games: Callable[[int], list[Game]], inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """Compute mean samples and wrong directions, (bounds, schemes, deltas).

    As in the authors' code, delta is the level of the interval of each payoff, and at one time alone.
    """
    settings = inputs[profile]
    chosen = games(settings["repetitions"])
    shape = (len(BOUNDS), len(SCHEMES), len(settings["delta"]))
    samples, errors = np.zeros(shape), np.zeros(shape)
    for place in np.ndindex(shape):
        b, s, d = place
        options = {**list(BOUNDS.values())[b], "scheme": SCHEMES[s], "delta": settings["delta"][d]}
        runs = [play(game, options, settings["max_samples"], (*place, i)) for i, game in enumerate(chosen)]
        samples[place], errors[place] = np.mean(runs, axis=0)
    edges = response_graph(chosen[0]).direction.size // 2
    return {"delta": np.array(settings["delta"]), "samples": samples, "errors": errors, "edges": np.array(edges),
            "max_samples": np.array(settings["max_samples"]), "repetitions": np.array(len(chosen))}  # fmt: skip


def play(game: Game, options: dict[str, Any], max_samples: int, key: tuple[int, ...]) -> tuple[float, float]:
    """Count samples of one run, and edges whose direction, guessed where open, is wrong; ties are never wrong."""
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=key))
    found = response_graph_ucb_batch(game, 1, anytime=False, joint=False, max_samples=max_samples, rng=rng, **options)
    truth = response_graph(game).direction
    wrong = ((found.direction[0] != truth) & (truth != 0)).sum() // 2
    return float(found.total[0]), float(wrong)


def sweep_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins, in means over schemes and deltas."""
    hoeffding, relaxed, clopper, relaxed_clopper = arrays["samples"].mean(axis=(1, 2))  # in the order of BOUNDS
    fewer = [hoeffding - clopper, hoeffding - relaxed, clopper - relaxed_clopper]
    easier = arrays["samples"][:, :, 0] - arrays["samples"][:, :, -1]
    return {
        "Clopper-Pearson needs no more samples than Hoeffding": (bool(fewer[0] > 0), float(fewer[0])),
        "relaxing saves samples with Hoeffding": (bool(fewer[1] > 0), float(fewer[1])),
        "relaxing saves samples with Clopper-Pearson": (bool(fewer[2] > 0), float(fewer[2])),
        "a larger delta saves samples": (bool(easier.mean() > 0), float(easier.mean())),
    }


def bernoulli_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State `sweep_claims` and a bound on errors.

    The bound is not for Kuhn poker, where the cap leaves edges open, whose directions are guessed.
    """
    errors, allowed = arrays["errors"][[0, 2]].mean(axis=1), arrays["delta"] * arrays["edges"]
    return {
        **sweep_claims(arrays),
        "errors without slack stay below delta times the edges": (
            bool((errors <= allowed).all()),
            float((allowed - errors).min()),
        ),
    }


def bernoulli_beside(arrays: Any) -> list[Beside]:
    """Set what Clopper-Pearson saves at delta = 0.1 beside the published: least and largest ratio over the schemes."""
    known = published("alpha_rank")["clopper_pearson"]
    at = arrays["delta"].tolist().index(0.1)
    ratio = arrays["samples"][2, :, at] / arrays["samples"][0, :, at]
    names = [f"samples, Clopper-Pearson over Hoeffding, {end}" for end in ("least", "largest")]
    here = (
        "here at delta = 0.1 over four schemes on random 2 x 2 games, at levels per payoff and for one time, with a cap"
    )
    return beside(names, known["ratio"], [ratio.min(), ratio.max()], f"{known['source']}; {here}")


def draw_sweep(arrays: Any, *, title: str) -> matplotlib.figure.Figure:
    """Draw one column per scheme: samples above, errors below."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 4, figsize=(9.2, 5), layout="constrained", sharex=True, sharey="row")
    for (b, bound), (s, scheme) in itertools.product(enumerate(BOUNDS), enumerate(SCHEMES)):
        line = {"color": COLORS[b], "marker": MARKERS[b], "linestyle": LINES[b], "markersize": 4}
        axes[0, s].plot(arrays["delta"], arrays["samples"][b, s], label=bound, **line)
        axes[1, s].plot(arrays["delta"], arrays["errors"][b, s], **line)
        axes[0, s].set(title=scheme, xscale="log", yscale="log")
    for axis in axes[1]:
        axis.plot(arrays["delta"], arrays["delta"] * arrays["edges"], color="gray", linestyle=":", linewidth=2)
        axis.set(xlabel=r"$\delta$")
    axes[0, 0].set(ylabel="samples")
    axes[1, 0].set(ylabel=r"wrong edges (dotted: $\delta|E|$)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=len(BOUNDS), loc="outside lower center")
    cap, repetitions = int(arrays["max_samples"]), int(arrays["repetitions"])
    headline(figure, f"{title}: cap {cap:,}, {repetitions} repetitions, levels per payoff and for one time")
    return figure


BERNOULLI_SWEEP = Figure(
    name="bernoulli-sweep",
    title="Samples and errors against delta on random 2 x 2 games.",
    compute=partial(compute_sweep, games=bernoulli_games, inputs=BERNOULLI_INPUTS),
    claims=bernoulli_claims,
    draw=partial(draw_sweep, title="Random 2 x 2 games"),
    beside=bernoulli_beside,
    seed=SEED,
    inputs=BERNOULLI_INPUTS,
)
KUHN_SWEEP = Figure(
    name="kuhn-sweep",
    title="Samples and errors against delta on three-player Kuhn poker.",
    compute=partial(compute_sweep, games=kuhn_games, inputs=KUHN_INPUTS),
    claims=sweep_claims,
    draw=partial(draw_sweep, title="Three-player Kuhn poker, 64 profiles"),
    seed=SEED,
    inputs=KUHN_INPUTS,
)
