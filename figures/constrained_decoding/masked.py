"""Masked sampling of a real catalogue, beside the law that the model gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, below, beside, headline, stream
from lrtheory.constrained_decoding import (
    NGram,
    ProductCodes,
    TrieIndex,
    load_product_codes,
    masking_bias,
    sample,
)

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("constrained_decoding")["masked"]
SEED, GROUPS, DIGITS = 0, 20, 3
#: the model learns from the sales before this day, and the last week begins on the other one
TRAINED, WEEK, END = 90, 113, 120
INPUTS: dict[str, dict[str, Any]] = {"quick": {"samples": 20_000}, "full": {"samples": 200_000}}
SHOWN = 4_000  # points, of 23,812 that overlap


def rows_of(codes: ProductCodes) -> np.ndarray:
    """The digits of all codes, by rank."""
    return np.array(codes.index.sequences())


def trigram(codes: ProductCodes) -> NGram:
    """Counts of digits by position and the two before, over the sales of the first days."""
    sold = codes.items[codes.days < TRAINED]
    return NGram(rows_of(codes)[sold], 10, order=3, add=0.05)


def catalogues(codes: ProductCodes) -> dict[str, TrieIndex]:
    """All codes, those that were sold in the last week, and those that were first sold in it."""
    rows = rows_of(codes)
    kept = np.ones(len(rows), bool), codes.sold(WEEK, END), codes.first_sold >= WEEK
    return {name: TrieIndex(rows[keep], 10) for name, keep in zip(KNOWN["catalogues"], kept, strict=True)}


def compute_masked(profile: str) -> dict[str, np.ndarray]:
    """Both laws over all codes, of groups of codes by samples too, and the numbers of three catalogues."""
    codes, n = load_product_codes(), INPUTS[profile]["samples"]
    model, some = trigram(codes), catalogues(codes)
    found = {name: masking_bias(index, model) for name, index in some.items()}
    whole, index = found["all"], some["all"]
    exact = np.exp(whole.log_probs - whole.log_total)
    masked = np.exp(whole.log_probs - whole.log_weights)
    group = rows_of(codes)[:, :DIGITS] @ 10 ** np.arange(DIGITS)[::-1]
    largest = np.argsort(-np.bincount(group, exact, 10**DIGITS), kind="stable")[:GROUPS]
    shares = lambda law: np.bincount(group, law, 10**DIGITS)[largest]
    drawn = [
        sample(index, model, n, method=method, rng=stream(SEED, number)).items
        for number, method in enumerate(("exact", "masked"))
    ]
    return {
        "exact": exact,
        "masked": masked,
        "groups": largest,
        "laws": np.array([shares(exact), shares(masked)]),
        "samples": np.array([shares(np.bincount(items, minlength=index.n_items) / n) for items in drawn]),
        "n_samples": np.array(n),
        "distance": np.array([one.tv for one in found.values()]),
        "ess": np.array([one.ess_share for one in found.values()]),
        "mass": np.array([np.exp(one.log_total) for one in found.values()]),
    }


def masked_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as probabilities."""
    off = abs(arrays["samples"] - arrays["laws"]).max(axis=1)
    return {
        "masked sampling is more than 0.6 from the model given the catalogue, on all three": below(
            0.6, arrays["distance"]
        ),
        "masked samples are worth less than a tenth of as many exact ones": below(arrays["ess"], 0.1),
        "exact samples keep the shares of the twenty largest groups within 0.02": below(off[0], 0.02),
        "masked samples have the shares that masked sampling must have, within 0.02": below(off[1], 0.02),
        "some group gets less than half or more than twice its share from masked sampling": below(
            np.log(2), abs(np.log(arrays["laws"][1] / arrays["laws"][0])).max()
        ),
    }


def masked_beside(arrays: Any) -> list[Beside]:
    """Three numbers of each catalogue."""
    rows = []
    for name, what in (("mass", "mass of the model"), ("distance", "distance"), ("ess", "share of exact samples")):
        names = [f"{what}, {one}" for one in KNOWN["catalogues"]]
        rows += beside(names, KNOWN[name], arrays[name], KNOWN["source"])
    return rows


def draw_masked(arrays: Any) -> matplotlib.figure.Figure:
    """Draw both laws item by item, and by groups."""
    import matplotlib.pyplot as plt

    figure, (items, groups) = plt.subplots(1, 2, figsize=(9.2, 4.0), layout="constrained")
    exact, masked = arrays["exact"], arrays["masked"]
    some = np.linspace(0, len(exact) - 1, SHOWN).astype(int)
    items.loglog(exact[some], masked[some], ".", color=COLORS[0], markersize=2, alpha=0.5, label="a code")
    ends = exact[some].min(), exact[some].max()
    items.loglog(ends, ends, color="gray", linestyle=":", label="equal")
    items.set(xlabel="probability, given the catalogue", ylabel="probability under masked sampling", title="each code")
    items.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    x, n = np.arange(GROUPS), float(arrays["n_samples"])
    for i, (label, law, drawn) in enumerate(
        zip(("given the catalogue", "masked"), arrays["laws"], arrays["samples"], strict=True)
    ):
        groups.plot(x, law, drawstyle="steps-mid", color=COLORS[i], label=label)
        error = 2 * np.sqrt(law * (1 - law) / n)
        groups.errorbar(x, drawn, yerr=error, linestyle="", marker="os"[i], markersize=4, color=COLORS[i], capsize=2)
    groups.set_yscale("log", nonpositive="clip")
    labels = [f"{group:0{DIGITS}d}" for group in arrays["groups"]]
    groups.set_xticks(x, labels, rotation=90)
    groups.set(xlabel="first digits of the code", ylabel="share", title="the twenty largest groups; points: samples")
    groups.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=2)
    distance = float(arrays["distance"][0])
    headline(figure, f"Masked sampling of 23,812 product codes is {distance:.2f} from the model given the catalogue")
    return figure


MASKED = Figure(
    name="masked",
    title="Masked sampling of product codes, against the model given the catalogue.",
    compute=compute_masked,
    claims=masked_claims,
    draw=draw_masked,
    beside=masked_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("product_codes",),
)
