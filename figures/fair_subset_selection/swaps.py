"""The experiments of the released notebook: five cultures, three rules, swaps as in the model and as released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, headline, stream
from figures.fair_subset_selection._panels import (
    CULTURES,
    RULES,
    TITLES,
    best_quota,
    chosen_apart,
    draw_line,
    kept,
    random_half,
)
from lrtheory.fair_subset_selection import bias_swaps, sample_rankings

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
KNOWN = published("fair_subset_selection")["swaps"]
READ = KNOWN["read"]
M, K, PHI, QUOTAS = KNOWN["n_items"], KNOWN["k"], KNOWN["phi"], KNOWN["quotas"]
VARIANTS = ("as written", "released")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 40, "n": [READ["n"]], "sevenths": [0, 1, 3, 7]},
    "full": {"repetitions": KNOWN["elections"], "n": KNOWN["n"], "sevenths": list(range(KNOWN["n_intensities"]))},
}


def election(n: int, culture: int, sevenths: int, run: int) -> np.ndarray:
    """Compute F(S_l) / OPT of one election, (variants, rules, quotas)."""
    rng = stream(SEED, n, culture, sevenths, run)
    latent, disadvantaged = sample_rankings(CULTURES[culture], n, M, rng=rng), random_half(M, rng)
    shares = []
    for variant in range(2):
        options = {"phi": PHI, "intensity": sevenths / 7, "refresh": variant == 0, "rng": rng}
        observed = bias_swaps(latent, disadvantaged, **options).observed
        shares.append(kept(latent, observed, disadvantaged, K, ties="random", rng=rng)[0][:, QUOTAS])
    return np.array(shares)


def compute_swaps(profile: str) -> dict[str, np.ndarray]:
    """Compute F(S_l) / OPT, (n, cultures, variants, rules, intensities, quotas, repetitions).

    All quotas l are tried on the same election, so that the differences between them are not those of elections.
    """
    settings = INPUTS[profile]
    numbers, sevenths, repetitions = settings["n"], settings["sevenths"], settings["repetitions"]
    shape = (len(numbers), len(CULTURES), len(sevenths), repetitions)
    runs = each(election, [(numbers[a], c, sevenths[t], run) for a, c, t, run in np.ndindex(shape)])
    found = np.reshape(runs, (*shape, 2, len(RULES), len(QUOTAS)))
    shares = found.transpose(0, 1, 4, 5, 2, 6, 3)
    return {"n": np.array(numbers), "sevenths": np.array(sevenths), "shares": shares, "read": read_off()}


def read_off() -> np.ndarray:
    """Return the values that were read off the stored figures, (cultures, rules, three intensities)."""
    return np.array([[READ["ratio"][culture][rule] for rule in RULES] for culture in CULTURES])


def swaps_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims that the figure shows as booleans, with margins."""
    mean, error = best_quota(arrays["shares"])
    at = int(np.flatnonzero(arrays["n"] == READ["n"])[0])
    where = np.flatnonzero(np.isin(arrays["sevenths"], READ["intensity_sevenths"]))
    released = mean[at, :, 1][:, :, where]
    off = np.abs(released - arrays["read"])
    written = mean[:, :, 0, :, -1]
    upward = mean - chosen_apart(arrays["shares"])
    return {
        "values of the released variant are within 0.035 of the stored figures on average": below(off.mean(), 0.035),
        "no value of the released variant is off the stored figures by more than 0.05 and three errors": below(
            off, 0.05 + 3 * error[at, :, 1][:, :, where]
        ),
        "at full intensity Borda keeps more than 10-Bloc, and 10-Bloc more than SNTV on impartial culture": below(
            written[:, 0, 1:], written[:, 0, :2] - 0.05
        ),
        "Borda keeps 95 % everywhere, in both variants": below(0.95, mean[:, :, :, 0]),
        "as written SNTV and 10-Bloc lose more than as released in every culture": below(
            mean[:, :, 0, 1:, -1], mean[:, :, 1, 1:, -1]
        ),
        "on average the largest mean is at most 0.02 above one whose quota other elections chose": below(
            np.abs(upward.mean()), 0.02
        ),
    }


def swaps_beside(arrays: Any) -> list[Beside]:
    """Compare the share that the best quota keeps with the stored figures and, both variants, with independent code."""
    mean, _ = best_quota(arrays["shares"])
    at = int(np.flatnonzero(arrays["n"] == READ["n"])[0])
    where = np.flatnonzero(np.isin(arrays["sevenths"], READ["intensity_sevenths"]))
    names = [
        f"share kept, {culture}, {rule}, intensity {seventh}/7"
        for culture in CULTURES for rule in RULES for seventh in READ["intensity_sevenths"]
    ]  # fmt: skip
    runs = f"here {arrays['shares'].shape[-1]} elections, groups drawn for each, ties at random"
    rows = beside(names, arrays["read"], mean[at, :, 1][:, :, where], f"{KNOWN['source']}; {runs}")
    again = published("fair_subset_selection")["swaps_again"]
    for variant, words in enumerate(VARIANTS):
        for culture, rule in ((c, r) for c in again[words] for r in again[words][c]):
            ours = mean[at, CULTURES.index(culture), variant, list(RULES).index(rule), where]
            names = [f"share kept, {words}, {culture}, {rule}, intensity {s}/7" for s in again["intensity_sevenths"]]
            rows += beside(names, again[words][culture][rule], ours, f"{again['source']}; here other elections")
    return rows


def draw_swaps(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one row per number of rankings and one column per culture."""
    import matplotlib.pyplot as plt

    numbers, shares = arrays["n"].tolist(), arrays["shares"]
    size = (9.2, 1.2 + 3.2 * len(numbers))
    figure, axes = plt.subplots(
        len(numbers), len(CULTURES), figsize=size, sharey=True, squeeze=False, layout="constrained"
    )
    for (a, c), axis in np.ndenumerate(axes):
        for rule, name in enumerate(RULES):
            for variant, style in enumerate(("-", "--")):
                line = best_quota(shares[a, c, variant, rule])
                options = {"color": COLORS[rule], "marker": MARKERS[rule], "linestyle": style}
                draw_line(axis, arrays["sevenths"] / 7, line, label=f"{name}, {VARIANTS[variant]}", **options)
            if numbers[a] == READ["n"]:
                x, y = np.array(READ["intensity_sevenths"]) / 7, arrays["read"][c, rule]
                axis.plot(x, y, "*", color=COLORS[rule], markersize=11, mec="black", mew=0.7, zorder=5)
        axis.set_title(f"{TITLES.get(CULTURES[c], CULTURES[c])},\nn = {numbers[a]}")
        axis.set(xlabel=r"intensity $\lambda$", ylim=(0.35, 1.03))
    axes[0, 0].plot([], [], "*", color="white", markersize=11, mec="black", mew=0.7, label="stored figures")
    for row in axes[:, 0]:
        row.set(ylabel=r"largest mean of $F(S_\ell)/\mathrm{OPT}$")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=4, loc="outside lower center")
    upward = (best_quota(shares)[0] - chosen_apart(shares)).mean()
    headline(
        figure,
        f"Swapping bias, m = {M}, k = {K}, $\\phi$ = {PHI}: {shares.shape[-1]} elections a point, each with its own "
        f"random halves, ties at random, two standard errors.\nThe largest of {len(QUOTAS)} means is biased upwards: "
        f"by {upward:.3f} on average against quotas that other elections chose",
    )
    return figure


SWAPS = Figure(
    name="swaps",
    title="What the best quota keeps of the latent optimum under swapping bias, with the published values.",
    compute=compute_swaps,
    claims=swaps_claims,
    draw=draw_swaps,
    beside=swaps_beside,
    seed=SEED,
    inputs=INPUTS,
)
