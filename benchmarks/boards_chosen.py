"""How many battles `next_battles` saves: battles that it chooses, after uniform ones, against more uniform ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from lrtheory.alpha_rank import MatchLog

__all__ = ["SETTING", "TITLE", "Setting", "checks", "measured", "page", "told"]

TITLE = "## Battles that are chosen"
SEED = 43


class Setting(NamedTuple):
    """Uniform battles, then battles that are chosen, a step at a time, or further uniform ones."""

    models: int = 40
    spread: int = 150  # standard deviation of the true ratings, in points
    begin: int = 12_000
    step: int = 250  # battles between two looks
    chosen: tuple[int, ...] = (0, 1_000, 3_000)
    uniform: tuple[int, ...] = (0, 12_000, 36_000)


SETTING = Setting()
#: ways to choose and to rank, in the order of the table: options of `rank_models`, and whether battles are chosen
WAYS: dict[str, tuple[dict[str, Any], bool]] = {
    "chosen, in batches": ({"batch": "block"}, True),
    "chosen, any schedule": ({"any_schedule": True}, True),
    "uniform, at all times": ({"anytime": True}, False),
    "uniform, exact": ({}, False),
}
#: what is compared: both hold at all times
CHOSEN, UNIFORM = "chosen, in batches", "uniform, at all times"


def measured(n_logs: int, setting: Setting = SETTING) -> dict[tuple[str, int], np.ndarray]:
    """Rank logs; by way and number of battles more, how many can be first and whether the true first can, (logs, 2)."""
    from figures.alpha_rank.boards.logs import cut
    from lrtheory.alpha_rank import make_battles, rank_models

    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for k in range(n_logs):
        rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(k,)))
        ratings = setting.spread * rng.standard_normal(setting.models)
        uniform = make_battles(ratings, setting.begin + max(setting.uniform), rng=rng)
        for name, (way, is_chosen) in WAYS.items():
            further = ((more, cut(uniform, setting.begin + more)) for more in setting.uniform)
            chosen = played_on(cut(uniform, setting.begin), way, ratings, setting, rng)
            for more, log in chosen if is_chosen else further:
                board = rank_models(log, **way)
                kept = float(board.can_be_first[int(np.argmax(ratings))])
                found.setdefault((name, more), []).append((float(board.can_be_first.sum()), kept))
    return {key: np.array(rows) for key, rows in found.items()}


def played_on(
    log: MatchLog, way: dict[str, Any], ratings: np.ndarray, setting: Setting, rng: np.random.Generator
) -> Iterator[tuple[int, MatchLog]]:
    """Yield the numbers of chosen battles, and the log with so many more, or fewer where its first became certain."""
    from figures.alpha_rank.boards.playing_on import longer

    for look in range(max(setting.chosen) // setting.step + 1):
        if look:
            log = longer(log, setting.step, way, ratings, look, rng)
        if look * setting.step in setting.chosen:
            yield look * setting.step, log


def told(found: dict[str, tuple[bool, str]]) -> list[str]:
    """Say of each check whether it holds, and how, as a list in Markdown."""
    return [f"- {'holds' if holds else 'FAILS'}: {what} ({how})." for what, (holds, how) in found.items()]


def checks(found: dict[tuple[str, int], np.ndarray], setting: Setting = SETTING) -> dict[str, tuple[bool, str]]:
    """Say whether chosen battles do what twelve times as many uniform ones do, and whether the first is kept."""
    few, many = max(setting.chosen), max(setting.uniform)
    left = found[CHOSEN, few][:, 0].mean(), found[UNIFORM, many][:, 0].mean()
    kept = min(rows[:, 1].mean() for rows in found.values())
    return {
        f"{few:,} chosen battles leave no more who can be first than {many:,} uniform ones, both at all times": (
            bool(left[0] <= left[1]),
            f"{left[0]:.2f} and {left[1]:.2f}",
        ),
        "the first is kept in 95 % of these logs": (bool(kept >= 0.95), f"at least {100 * kept:.1f} %"),
    }


def page(found: dict[tuple[str, int], np.ndarray], setting: Setting = SETTING) -> str:
    """The section of the page."""
    n_logs = len(next(iter(found.values())))
    lines = [
        TITLE,
        "",
        f"{setting.models} models, spread {setting.spread}, {setting.begin:,} uniform battles, and then more: "
        f"battles that `next_battles` chooses, with a look after each {setting.step}, or uniform ones. *First*: models "
        "that can be first, with the standard error of the mean over "
        f"{n_logs} logs; *kept*: the true first can be first.",
        "",
        *told(checks(found, setting)),
        "",
        "| battles | more | first | kept |",
        "| --- | --- | --- | --- |",
    ]
    for (name, more), rows in found.items():
        error = rows[:, 0].std(ddof=1) / np.sqrt(n_logs) if n_logs > 1 else np.nan
        lines.append(f"| {name} | {more:,} | {rows[:, 0].mean():.2f} ± {error:.2f} | {rows[:, 1].mean():.4g} |")
    return "\n".join(lines) + "\n"
