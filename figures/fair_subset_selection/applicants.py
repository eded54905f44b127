"""Applicants for credit: the positions of the young under criteria that grow with age, and the price of a quota."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below, headline
from lrtheory.fair_subset_selection import Applicants, Rankings, ScoreRule, load_applicants, select

if TYPE_CHECKING:
    import matplotlib.figure

K = 500
YOUNG = 30  # years
RULES = {"Borda": ScoreRule("borda"), f"{K}-Bloc": ScoreRule("bloc", depth=K)}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"step": 25, "repetitions": 1},
    "full": {"step": 5, "repetitions": 1},
}


def by_quota(people: Applicants, young: np.ndarray, rule: ScoreRule, quotas: np.ndarray) -> tuple[np.ndarray, int]:
    """Compute score over the best and share of those who paid back, (2, quotas), and the young in the free choice."""
    free = select(people.rankings, rule, K)
    chosen = [select(people.rankings, rule, K, groups=young, quota={True: int(quota)}) for quota in quotas]
    found = [[one.score / free.score for one in chosen], [people.good[one.items].mean() for one in chosen]]
    return np.array(found), int(young[free.items].sum())


def compute_applicants(profile: str) -> dict[str, np.ndarray]:
    """Try every quota for the young by two rules, and select by each criterion alone."""
    people = load_applicants()
    young, quotas = people.item_groups["age"] < YOUNG, np.arange(0, K + 1, INPUTS[profile]["step"])
    curves = [by_quota(people, young, rule, quotas) for rule in RULES.values()]
    alone = [
        young[select(Rankings(row[None], ties="average"), ScoreRule("borda"), K).items].mean()
        for row in people.rankings.positions
    ]
    return {
        "quotas": quotas,
        "kept": np.array([found[0] for found, _ in curves]),
        "repaid": np.array([found[1] for found, _ in curves]),
        "free": np.array([free for _, free in curves]),
        "alone": np.array(alone),
        "criteria": np.array(people.criteria),
        "share": np.array(young.mean()),
        "good": np.array([people.good.mean(), people.good[young].mean()]),
    }


def applicants_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims that the figure shows as booleans, with margins."""
    half = arrays["quotas"] == 100
    borda = arrays["kept"][0]
    return {
        "without a quota the young have less than 60 % of their share": below(
            arrays["free"] / K, 0.6 * arrays["share"]
        ),
        "no young applicant is among the most senior ones": below(arrays["alone"][0], 0.01),
        "a hundred of the young cost less than half a percent of the Borda score": below(0.995, borda[half]),
        "150 places for the young, their share, cost less than 2 % of the Borda score": below(
            0.98, borda[arrays["quotas"] == 150]
        ),
        "with 150 places for the young more of the chosen pay back than of all applicants": below(
            arrays["good"][0] + 0.1, arrays["repaid"][0][arrays["quotas"] == 150]
        ),
        "all places for the young cost more than a tenth of the Borda score": below(borda[-1], 0.9),
    }


def draw_applicants(arrays: Any) -> matplotlib.figure.Figure:
    """Draw score and repayment by quota, and the criteria one by one."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9.2, 3.9), layout="constrained")
    fair = float(arrays["share"]) * K
    for number, name in enumerate(RULES):
        style = {
            "color": COLORS[number],
            "marker": MARKERS[number],
            "linestyle": LINES[number],
            "markersize": 3,
            "label": name,
        }
        left.plot(arrays["quotas"], arrays["kept"][number], **style)
        middle.plot(arrays["quotas"], arrays["repaid"][number], **style)
        for axis in (left, middle):
            axis.axvline(arrays["free"][number], color=COLORS[number], linestyle=":", linewidth=1)
    for axis in (left, middle):
        axis.axvline(fair, color="gray", linestyle="--", linewidth=1, label="their share of the applicants")
        axis.set_xlabel(f"applicants below {YOUNG} among {K}\n(dotted: without a quota)")
    middle.axhline(arrays["good"][0], color="black", linewidth=0.8, label="all applicants")
    left.set(ylabel="best score with the quota / without", ylim=(0.35, 1.03))
    middle.set_ylabel("share of the chosen who paid back")
    left.legend(loc="lower left")
    middle.legend(middle.lines[-1:], ["all applicants"], loc="upper right")
    right.barh(arrays["criteria"], arrays["alone"], color=COLORS[2])
    right.axvline(arrays["share"], color="gray", linestyle="--", linewidth=1)
    right.invert_yaxis()
    right.set_xlabel(f"share of the young in the\nbest {K} by one criterion")
    headline(
        figure,
        "4454 applicants for credit, ranked by five criteria of which some grow with age; nobody is biased on purpose",
    )
    return figure


APPLICANTS = Figure(
    name="applicants",
    title="What criteria that grow with age do to the young, and what a quota costs and brings.",
    compute=compute_applicants,
    claims=applicants_claims,
    draw=draw_applicants,
    seed=0,
    inputs=INPUTS,
    data=("applicants",),
)
