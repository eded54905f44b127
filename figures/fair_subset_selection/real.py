"""Real panels: the cost of quotas where nobody is biased, for voters of a city, viewers of films, small profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below, headline
from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    item_scores,
    load_cambridge_ballots,
    load_pref_profiles,
    load_rated_items,
    quota_sweep,
    select,
    theory,
)

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 6
SEATS, FILMS = 9, 10
DEPTH = 3  # positions that Chamberlin-Courant looks at
BOTH = {"decade": {1970: 2, 1980: 3}, "class": {"Comedy": 3, "Drama": 3}}
SEPARABLE = 3  # the first rules of the list
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"ballots": 3000, "films": 50, "repetitions": 1},
    "full": {"ballots": 100_000, "films": 200, "repetitions": 1},
}


def rules(k: int) -> dict[str, ScoreRule]:
    """Make three separable rules and two of representation, by name."""
    return {
        "Borda": ScoreRule("borda"),
        "k-Bloc": ScoreRule("bloc", depth=k),
        "SNTV": ScoreRule("sntv"),
        f"{DEPTH}-CC": ScoreRule("cc", depth=DEPTH),
        "PAV": ScoreRule("pav", depth=k),
    }


def costs(rankings: Rankings, group: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return quotas, F(S_l) over the best without one, (rules, quotas), and the least share of a separable rule.

    The least share is `theory.quota_loss`, for the separable rules alone: (3, quotas).
    """
    shares, allowed = [], []
    for rule in rules(k).values():
        sweep = quota_sweep(rankings, rankings, rule, k=k, disadvantaged=group)
        shares.append(sweep.ratios)
        allowed.append([float(theory.quota_loss(k, int(q), sweep.optimal_quota)) for q in sweep.quotas])
    return sweep.quotas, np.array(shares), np.array(allowed)[:SEPARABLE]


def beats_all(profile: Rankings) -> int:
    """Find the item that wins every duel, the Condorcet winner."""
    positions = profile.positions
    voters = np.ones(len(positions), int) if profile.weights is None else profile.weights
    duels = np.einsum("v,vij->ij", voters, positions[:, :, None] < positions[:, None, :])
    return int(np.flatnonzero((duels > duels.T).sum(axis=1) == profile.n_items - 1)[0])


def seat_for_the_winner(profiles: dict[str, Rankings]) -> np.ndarray:
    """Compute the score of the item that beats all others over the largest score, (profiles, separable rules)."""
    table = []
    for profile in profiles.values():
        scores = [item_scores(profile, rule) for rule in list(rules(2).values())[:SEPARABLE]]
        table.append([s[beats_all(profile)] / s.max() for s in scores])
    return np.array(table)


def compute_real(profile: str) -> dict[str, np.ndarray]:
    """Compute the shares of the best score that remain under quotas."""
    ballots = load_cambridge_ballots(INPUTS[profile]["ballots"], rng=SEED)
    minority = np.char.startswith(ballots.names, "C")
    films = load_rated_items(INPUTS[profile]["films"])
    decade = films.item_groups["decade"]
    seats, city, city_allowed = costs(ballots, minority, SEATS)
    old, viewers, viewers_allowed = costs(films.rankings, decade < 1990, FILMS)
    profiles, borda = load_pref_profiles(), ScoreRule("borda")
    best = select(films.rankings, borda, FILMS).score
    both = select(films.rankings, borda, FILMS, groups=films.item_groups, at_least=BOTH).score / best
    return {
        "seats": seats, "city": city, "city_allowed": city_allowed, "ballots": np.array(ballots.n_rankings),
        "old": old, "viewers": viewers, "viewers_allowed": viewers_allowed, "both": np.array(both),
        "sizes": np.array([films.rankings.n_rankings, films.rankings.n_items, (decade < 1990).sum()]),
        "winner": seat_for_the_winner(profiles), "profiles": np.array([name.replace("_", " ") for name in profiles]),
    }  # fmt: skip


def real_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims that the figure shows as booleans, with margins."""
    city, viewers = arrays["city"], arrays["viewers"]
    half = np.flatnonzero(arrays["seats"] == SEATS // 2)[0]
    return {
        "no separable rule loses more by a wrong quota than theory allows": below(
            np.concatenate([arrays["city_allowed"].ravel(), arrays["viewers_allowed"].ravel()]) - 1e-9,
            np.concatenate([city[:SEPARABLE].ravel(), viewers[:SEPARABLE].ravel()]),
        ),
        "four of nine seats for the minority cost every rule less than 12 %": below(0.88, city[:, half]),
        "eight of nine seats for the minority cost Borda more than 15 %": below(np.abs(city[0, -1]), 0.85),
        "two to four old films of ten cost every rule less than 6 %": below(0.94, viewers[:, 2:5]),
        "ten old films cost every rule more than 15 %": below(np.abs(viewers[:, -1]), 0.85),
        "quotas for decades and classes at once cost Borda less than 8 %": below(0.92, arrays["both"]),
        "a seat for the winner of all duels costs Borda nothing in the ten profiles": below(
            0.999, arrays["winner"][:, 0]
        ),
        "in some of the ten profiles a seat for the winner of all duels costs SNTV everything": below(
            np.abs(arrays["winner"][:, 2]).min(), 1e-9
        ),
    }


def draw_real(arrays: Any) -> matplotlib.figure.Figure:
    """Draw two sweeps of quotas, and a table of the profiles."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(9.2, 4.4), width_ratios=(1, 1, 0.8), layout="constrained"
    )
    for axis, x, name, k in ((left, "seats", "city", SEATS), (middle, "old", "viewers", FILMS)):
        for number, (rule, line) in enumerate(zip(rules(k), arrays[name], strict=True)):
            shown = rule.replace("k-", f"{k}-")
            axis.plot(
                arrays[x],
                line,
                LINES[number % 4],
                color=COLORS[number],
                marker=MARKERS[number],
                markersize=4,
                label=shown,
            )
        allowed = arrays[f"{name}_allowed"][0]
        axis.plot(arrays[x], allowed, color="gray", linestyle=":", label="Borda at least, by theory")
        axis.set(ylim=(0, 1.05))
    left.set(xlabel=f"minority candidates among {SEATS} seats", ylabel="best score with the quota / without")
    left.set_title(f"Cambridge: {int(arrays['ballots']):,} ballots\nof real types, 8 + 8 candidates")
    voters, items, old = arrays["sizes"].tolist()
    middle.set(xlabel=f"films before 1990 among {FILMS}")
    middle.set_title(
        f"MovieLens: {voters} people, {items} films,\n{old} old; for decades and classes at "
        f"once\nquotas keep {100 * float(arrays['both']):.1f} % (Borda)",
    )
    named = [dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True)) for axis in (left, middle)]
    legend = {name: handle for one in named for name, handle in one.items()}
    figure.legend(legend.values(), legend, ncols=len(legend), loc="outside lower center", columnspacing=1)
    draw_table(right, arrays["winner"], arrays["profiles"].tolist())
    headline(
        figure,
        "What a quota costs on real panels, without any bias. Who stands where on a Cambridge ballot is drawn; half of "
        "them start with the majority; items that a ballot does not list score 0",
    )
    return figure


def draw_table(axis: Any, winner: np.ndarray, names: list[str]) -> None:
    """Draw the share of each rule's largest score that the winner of all duels gets, as a table."""
    axis.imshow(winner, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(winner):
        axis.text(column, row, f"{share:.2f}", ha="center", va="center", color="white" if share < 0.6 else "black")
    axis.set_xticks(range(winner.shape[1]), ["Borda", "2-Bloc", "SNTV"])
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.set_title(
        "a seat for who wins all duels:\nshare of the best score; profiles\nby the method that fails",
        loc="right",
    )


REAL = Figure(
    name="real-panels",
    title="What a quota costs on ballots of a city, ratings of films and small profiles.",
    compute=compute_real,
    claims=real_claims,
    draw=draw_real,
    seed=SEED,
    inputs=INPUTS,
    data=("cambridge_ballots", "pref_profiles", "rated_items"),
)
