"""The panel that is blind: SNTV needs twice the rankings with every advantaged item, Borda's number does not grow."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, MARKERS, below, beside, between, headline, mean_error, stream
from lrtheory.fair_subset_selection import (
    ScoreRule,
    quota_curves,
    sample_rankings,
    sample_top_counts,
    sample_utilities,
    separates,
    theory,
)
from proofs_checks.fair_subset_selection.blindness.blind_panels import blind_gain, coupon_rankings, top_good_probability
from proofs_checks.fair_subset_selection.families.blind import blind_scales

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 4
THETA = Fraction(1, 4)
GOOD_SHARE = 4  # h = 4 g
BLOCK = 20_000  # rankings that are drawn together
MOST = 30  # rankings in a panel of Borda
TOP, BORDA = ScoreRule("sntv"), ScoreRule("borda")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 40, "h": [4, 8, 12, 16, 20, 24], "drawn": 12, "blind_h": [8, 12, 16, 20]},
    "full": {"repetitions": 400, "h": [4, 8, 12, 16, 20, 24, 28, 32], "drawn": 12, "blind_h": [8, 12, 16, 20, 24]},
}


def scales(h: int) -> tuple[list[Any], list[Any]]:
    """Return the ranges of the utilities, latent and seen; the second half is disadvantaged, its first quarter good."""
    latent = blind_scales(h, h // GOOD_SHARE)
    return latent, latent[:h] + [a * THETA for a in latent[h:]]


def waited(h: int, rng: np.random.Generator, *, drawn: bool) -> int:
    """Draw the number of rankings until every good item has been on top, by utilities or by geometric waiting times."""
    g = h // GOOD_SHARE
    if not drawn:  # when j good items have been on top, the next is another one with probability p (g - j) / g
        p = float(top_good_probability(h, g))
        return int(sum(rng.geometric(p * (g - j) / g) for j in range(g)))
    first: dict[int, int] = {}
    start = 0
    ends = np.array(scales(h)[1], float)
    while len(first) < g:
        tops = sample_utilities("uniform-utilities", BLOCK, 2 * h, rng=rng, scale=ends).argmax(axis=1)
        seen, indices = np.unique(tops, return_index=True)
        for item, index in zip(seen.tolist(), indices.tolist(), strict=True):
            if h <= item < h + g:
                first.setdefault(item, start + index + 1)
        start += BLOCK
    return max(first.values())


def borda_needed(h: int, repetitions: int, rng: np.random.Generator) -> int:
    """Find the least number of rankings at which Borda has good before bad in nine of ten panels."""
    latent, seen = (np.array(ends, float) for ends in scales(h))
    drawn = sample_rankings("uniform-utilities", repetitions * MOST, 2 * h, rng=rng, scale=seen).positions
    scores = np.cumsum(BORDA.weights(2 * h)[drawn].reshape(repetitions, MOST, 2 * h), axis=1).reshape(-1, 2 * h)
    right = separates(latent, scores, groups=np.arange(2 * h) >= h, beta=0.5).reshape(repetitions, MOST).mean(axis=0)
    return int(np.flatnonzero(right >= 0.9)[0]) + 1


def kept_by_sntv(h: int, n: int, repetitions: int, rng: np.random.Generator) -> np.ndarray:
    """Compute the latent mean score over the best possible, for the quota with the largest mean, in every run."""
    latent, seen = (theory.expected_scores("uniform-utilities", TOP, ends) for ends in scales(h))
    counts = sample_top_counts(seen, n, n_runs=repetitions, rng=rng)
    group = np.arange(2 * h) >= h
    given = np.array(latent, float)
    curves = quota_curves(given, counts, h // GOOD_SHARE, disadvantaged=group, ties="random", rng=rng)
    shares = curves.values / curves.optima.max()
    return shares[:, shares.mean(axis=0).argmax()]


def compute_blind(profile: str) -> dict[str, np.ndarray]:
    """Compute waiting times, (h, repetitions), formulas, Borda's numbers, and SNTV's shares, (h, rankings, runs)."""
    settings = INPUTS[profile]
    sizes, few, repetitions = settings["h"], settings["blind_h"], settings["repetitions"]
    waits = [
        [waited(h, stream(SEED, 0, h, run), drawn=h <= settings["drawn"]) for run in range(repetitions)] for h in sizes
    ]
    exponents = np.arange(-3, 1.01, 0.5)  # decimal, of rankings over the mean waiting time
    means = [float(coupon_rankings(h, h // GOOD_SHARE)) for h in sizes]
    numbers = [[max(1, round(means[sizes.index(h)] * 10**e)) for e in exponents] for h in few]
    runs = 10 * repetitions
    kept = [[kept_by_sntv(h, n, runs, stream(SEED, 1, h, n)) for n in row] for h, row in zip(few, numbers, strict=True)]
    return {
        "h": np.array(sizes),
        "waits": np.array(waits, dtype=float),
        "formula": np.array(means),
        "borda": np.array([borda_needed(h, repetitions, stream(SEED, 2, h)) for h in sizes], dtype=float),
        "drawn": np.array(settings["drawn"]),
        "blind_h": np.array(few),
        "numbers": np.array(numbers),
        "over_mean": 10.0**exponents,
        "kept": np.array(kept),
        "blind": np.array([blind_ratio(h) for h in few]),
    }


def blind_ratio(h: int) -> float:
    """Return the share that the best quota keeps where no disadvantaged item was ever on top."""
    g = h // GOOD_SHARE
    return float(max(blind_gain(h, g, quota) for quota in range(g + 1)))


def blind_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims that the figure shows as booleans, with margins."""
    mean, error = mean_error(arrays["waits"])
    off = np.abs(mean - arrays["formula"])
    h, drawn = arrays["h"], arrays["h"] <= arrays["drawn"]
    harmonic = np.array([sum(1 / j for j in range(1, g + 1)) for g in h // GOOD_SHARE])
    doubling = np.polyfit(h, np.log2(mean / ((1 + GOOD_SHARE) * (h // GOOD_SHARE) * harmonic)), 1)[0]
    kept, kept_error = mean_error(arrays["kept"])
    return {
        "drawn utilities: waiting times are within 3.5 standard errors of the formula": below(
            off[drawn] / error[drawn], 3.5
        ),
        "SNTV: the waiting time doubles with each advantaged item (factor 1.9 to 2.1)": between(2**doubling, 1.9, 2.1),
        "Borda needs fewer than 10 rankings for every h": below(arrays["borda"], 10),
        "with a thousandth of its waiting time SNTV keeps what chance keeps, to 0.03 and three errors": below(
            np.abs(kept[:, 0] - arrays["blind"]), 0.03 + 3 * kept_error[:, 0]
        ),
        "with ten times its waiting time SNTV keeps 98 % of the optimum": below(0.98, kept[:, -1]),
    }


def blind_beside(arrays: Any) -> list[Beside]:
    """Compare the median waiting times, and the share that is kept with a thousandth of their mean, with others'."""
    known = published("fair_subset_selection")["blind"]
    waited, kept = known["waited"], known["kept"]
    medians = dict(zip(arrays["h"].tolist(), np.median(arrays["waits"], axis=1), strict=True))
    shares = dict(zip(arrays["blind_h"].tolist(), arrays["kept"][:, 0].mean(axis=1), strict=True))
    runs = f"here {arrays['waits'].shape[1]} runs, utilities drawn up to h = {int(arrays['drawn'])}"
    rows = beside([f"rankings until all good items were on top, median, h = {h}" for h in waited["h"]],
                  waited["median"], [medians.get(h, np.nan) for h in waited["h"]],
                  f"{known['source']}; {runs}")  # fmt: skip
    names = [f"kept by SNTV, best quota, hardly any good item on top, h = {h}" for h in kept["h"]]
    source = f"{known['source']}; here a thousandth of the mean waiting time, where a few were"
    return rows + beside(names, kept["ratio"], [shares.get(h, np.nan) for h in kept["h"]], source)


def draw_blind(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the rankings needed on the left, the share that is kept on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.4), layout="constrained")
    h, drawn = arrays["h"], arrays["h"] <= arrays["drawn"]
    mean, error = mean_error(arrays["waits"])
    left.plot(h, arrays["formula"], color="gray", linestyle=":", label=r"formula $g H_g (g + h)\, 2^h / g$")
    for chosen, fill, what in ((drawn, COLORS[0], "utilities drawn"), (~drawn, "none", "geometric waiting times")):
        options = {"color": COLORS[0], "marker": "o", "mfc": fill, "capsize": 2, "linestyle": ""}
        left.errorbar(
            h[chosen],
            mean[chosen],
            yerr=2 * error[chosen],
            label=f"SNTV: until all good ones were on top, {what}",
            **options,
        )
    left.plot(
        h, arrays["borda"], "s-", color=COLORS[1], label="Borda: until good items lead bad ones in nine of ten panels"
    )
    left.set(yscale="log", xlabel="advantaged items h", ylabel="rankings", xticks=h)
    left.set_title("rankings until a rule sees merit, each by its own criterion")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15))
    for number, (size, runs) in enumerate(zip(arrays["blind_h"].tolist(), arrays["kept"], strict=True)):
        kept, kept_error = mean_error(runs)
        options = {"color": COLORS[number], "marker": MARKERS[number], "markersize": 4, "capsize": 2}
        right.errorbar(arrays["numbers"][number], kept, yerr=2 * kept_error, label=f"h = {size}", **options)
    right.axhline(arrays["blind"].max(), color="gray", linestyle=":", label="chance, the best quota")
    right.set(xscale="log", xlabel="rankings", ylabel="share of the optimum kept by SNTV", ylim=(0, 1.03))
    right.set_title("nothing, then everything")
    right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=3)
    headline(
        figure,
        f"The blind panel: h advantaged items on $[0, 1]$, h/{GOOD_SHARE} good disadvantaged ones on $[0, 2]$ seen "
        f"through $\\theta$ = {float(THETA)}; {arrays['waits'].shape[1]} repetitions (left), {runs.shape[1]} (right), "
        "ties at random",
    )
    return figure


BLIND = Figure(
    name="blind-panel",
    title="SNTV needs exponentially many rankings where Borda needs a handful.",
    compute=compute_blind,
    claims=blind_claims,
    draw=draw_blind,
    beside=blind_beside,
    seed=SEED,
    inputs=INPUTS,
)
