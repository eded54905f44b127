"""How often boards are right, and how much they say: ``python -m benchmarks.boards --write benchmarks/BOARDS.md``.

Logs of models whose ratings are known, by three schedules and three spreads of ratings, are ranked by `rank_models`
under each of its assumptions on the schedule, and by the customary rules of `baselines.bradley_terry_board`. The table
says how many models can be first, how many directions are claimed, in how many logs the true first is kept, and in how
many all claims are right. Random logs are then changed: a result of one model becomes better, after which it must not
leave those who can be first. Two sections follow, of battles that are chosen (`boards_chosen`) and of intervals of
other packages (`boards_peers`). All of it takes an hour; ``--sections chosen`` makes one section anew, and keeps the
others of the page. With ``--logs 10`` the logs are the first ten of each row.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import boards_chosen, boards_peers

__all__ = ["RULES", "Row", "Rule", "answers_of", "attack", "checks", "main", "measured"]

SCHEDULES = ("uniform", "skewed", "adaptive")
SPREADS = (0, 30, 150)  # standard deviations of the true ratings, in points
N_MODELS, N_BATTLES = 40, 12_000
SEED = 41
#: the exact board may keep so many times as many models as the normal approximation, and may be wrong so rarely
WIDER, LEAST = 1.1, 0.95


class Rule(NamedTuple):
    """A way to make a board, and the schedules for which a theorem says how often it is right."""

    name: str
    options: dict[str, Any]
    proved: tuple[str, ...]
    resamples: bool = False


FIXED = ("uniform", "skewed")
RULES = (
    Rule("exact", {}, FIXED),
    Rule("at all times", {"anytime": True}, FIXED),
    Rule("in batches", {"batch": "block"}, SCHEDULES),
    Rule("any schedule", {"any_schedule": True}, SCHEDULES),
    Rule("any schedule, known length", {"any_schedule": True, "horizon": N_BATTLES}, SCHEDULES),
    Rule("Wald, Bonferroni", {"method": "wald"}, ()),
    Rule("bootstrap, overlap", {"method": "overlap"}, (), True),
    Rule("bootstrap, differences", {"method": "difference"}, (), True),
)


class Answer(NamedTuple):
    """What a board says of one log, and what of it is right."""

    first: float  # models that can be first
    directions: float
    kept: float  # share of the true first models that can be first
    right: float  # whether no claim is wrong; that an equal model is above counts as wrong
    covered: float  # whether all Elo differences to the leader lie in their intervals; NaN where there are none


class Row(NamedTuple):
    """Means over logs."""

    schedule: str
    spread: int
    rule: Rule
    logs: int
    mean: Answer

    @property
    def is_proved(self) -> bool:
        """Whether a theorem says how often it is right."""
        return self.schedule in self.rule.proved


def answers_of(ratings: np.ndarray, log: Any, rules: tuple[Rule, ...], rng: np.random.Generator) -> Iterator[Answer]:
    """Rank a log by each rule, and look at the true ratings."""
    from lrtheory.alpha_rank import baselines, rank_models

    below = np.subtract.outer(ratings, ratings) <= 0
    for rule in rules:
        if "method" in rule.options:
            board = baselines.bradley_terry_board(log, rng=rng, **rule.options)
            covered = np.nan
        else:
            board = rank_models(log, **rule.options)
            truth = ratings - ratings[board.leader]
            covered = float(((board.elo_lower <= truth + 1e-9) & (truth <= board.elo_upper + 1e-9)).all())
        kept = float(board.can_be_first[ratings == ratings.max()].mean())
        right = float(not (board.above & below).any())
        yield Answer(float(board.can_be_first.sum()), float(board.above.sum()), kept, right, covered)


def measured(n_logs: int, n_resampled: int) -> Iterator[Row]:
    """Rank logs of all schedules and spreads; resamples take longer, and are made of the first logs alone."""
    from lrtheory.alpha_rank import make_battles

    for s, schedule in enumerate(SCHEDULES):
        for spread in SPREADS:
            answers: dict[str, list[Answer]] = {rule.name: [] for rule in RULES}
            for k in range(n_logs):
                rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(s, spread, k)))
                ratings = spread * rng.standard_normal(N_MODELS)
                log = make_battles(ratings, N_BATTLES, schedule=schedule, rng=rng)
                rules = tuple(rule for rule in RULES if not rule.resamples or k < n_resampled)
                for rule, answer in zip(rules, answers_of(ratings, log, rules, rng), strict=True):
                    answers[rule.name].append(answer)
            for rule in RULES:
                if answers[rule.name]:
                    mean = Answer(*np.mean(answers[rule.name], axis=0).tolist())
                    yield Row(schedule, spread, rule, len(answers[rule.name]), mean)


def attack(n_logs: int) -> tuple[int, int]:
    """Make a result of each model that can be first better, and count the changes, and those that harmed the model."""
    from lrtheory.alpha_rank import make_battles, rank_models

    changes = bad = 0
    for k in range(n_logs):
        rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(9, k)))
        n = int(rng.choice([3, 4, 6, 10, 24]))  # with more than 20 models only p values near the level are exact
        n_battles = int(n * 2 ** rng.uniform(1, 6))
        ratings = rng.choice([0, 100, 300]) * rng.standard_normal(n)
        log = make_battles(ratings, n_battles, schedule=str(rng.choice(SCHEDULES)), ties=rng.choice([0, 0.7]), rng=rng)
        options = (
            {}, {"anytime": True}, {"any_schedule": True}, {"any_schedule": True, "horizon": 2 * n_battles},
            {"batch": "block"},
        )[k % 5]  # fmt: skip
        before = rank_models(log, **options)
        for model in np.flatnonzero(before.can_be_first).tolist():
            seat = log.players == model
            rows = np.flatnonzero(seat.any(axis=1) & (np.where(seat, log.scores, 0).sum(axis=1) < 1))
            if not rows.size:
                continue
            row = int(rng.choice(rows))
            scores = log.scores.copy()
            own = int(seat[row, 1])
            better = float(rng.choice([0.5, 1.0])) if scores[row, own] == 0 else 1.0
            scores[row, own], scores[row, 1 - own] = better, 1 - better
            after = rank_models(replace(log, scores=scores), **options)
            changes += 1
            # the tails that are cut from laws, and added to p values, are no more than this
            moved = n <= 20 and (after.p_values[model] > before.p_values[model] + 1e-12).any()
            bad += int(moved or not after.can_be_first[model])
    return changes, bad


def checks(rows: list[Row], changes: int, bad: int) -> dict[str, tuple[bool, str]]:
    """Say whether boards do what they should, and by how much."""
    by = {(row.schedule, row.spread, row.rule.name): row.mean for row in rows}
    wider = {
        f"{schedule} {spread}": by[schedule, spread, "exact"].first / by[schedule, spread, "Wald, Bonferroni"].first
        for schedule in FIXED
        for spread in SPREADS
    }
    proved = [row for row in rows if row.is_proved]
    found = {
        f"of fixed logs the exact board keeps at most {WIDER:g} times as many models as Wald with Bonferroni": (
            max(wider.values()) <= WIDER,
            f"at most {max(wider.values()):.3f} times",
        )
    }
    for field, what in (("kept", "the first is kept"), ("right", "all pairs are right")):
        least = min(proved, key=lambda row: getattr(row.mean, field))
        share = getattr(least.mean, field)
        place = f"{least.schedule}, spread {least.spread}, {least.rule.name}"
        found[f"{what} in {100 * LEAST:g} % of the logs of every row with a theorem"] = (
            share >= LEAST,
            f"at least {100 * share:.2f} % ({place})",
        )
    covered = [row for row in proved if np.isfinite(row.mean.covered)]
    least = min(covered, key=lambda row: row.mean.covered)
    found[f"all Elo differences lie in their intervals in {100 * LEAST:g} % of these logs"] = (
        least.mean.covered >= LEAST,
        f"at least {100 * least.mean.covered:.2f} % ({least.schedule}, spread {least.spread}, {least.rule.name})",
    )
    found["no better result makes a model leave, or moves a p value against it"] = (
        bad == 0 and changes > 0,
        f"{bad} of {changes:,} changes",
    )
    return found


TITLE = "# How often boards are right"
_HEAD = f"""{TITLE}

Written by `python -m benchmarks.boards`: {N_MODELS} models, {N_BATTLES:,} battles a log, ratings normal with the
spread, in points; `lrtheory.alpha_rank.make_battles` has the schedules. *First*: models that can be first, in the mean;
*directions*: pairs in an order that is claimed for certain, of {N_MODELS * (N_MODELS - 1) // 2}; *kept*: the true first
can be first; *right*: no claim is wrong, where one on equal models is wrong too; *Elo*: all differences to the leader
lie in their intervals. Confidence is 95 %. The last column says for which rows a theorem stands: the board of a fixed
log is exact where no outcome has chosen the battles, and under an adaptive schedule its numbers are measured and no
more.

"""
_COLUMNS = "| schedule | spread | rule | logs | first | directions | kept | right | Elo | theorem |"


def table(rows: list[Row], found: dict[str, tuple[bool, str]]) -> str:
    """The page."""
    lines = [_COLUMNS, "|" + " --- |" * (_COLUMNS.count("|") - 1)]
    for row in rows:
        mean = row.mean
        elo = "" if np.isnan(mean.covered) else f"{mean.covered:.4g}"
        cells = [row.schedule, str(row.spread), row.rule.name, str(row.logs), f"{mean.first:.2f}"]
        cells += [f"{mean.directions:.1f}", f"{mean.kept:.4g}", f"{mean.right:.4g}", elo]
        lines.append("| " + " | ".join([*cells, "yes" if row.is_proved else ""]) + " |")
    return _HEAD + "\n".join([*boards_chosen.told(found), "", *lines]) + "\n"


def accuracy(options: argparse.Namespace) -> str:
    """The first section: how often boards are right."""
    rows = []
    for row in measured(options.logs, options.resampled):
        rows.append(row)
        print(row.schedule, row.spread, row.rule.name, *(f"{x:.4g}" for x in row.mean), file=sys.stderr, flush=True)
    return table(rows, checks(rows, *attack(options.changes)))


#: the titles of the sections of the page, and what makes them, in its order
SECTIONS: dict[str, tuple[str, Callable[[argparse.Namespace], str]]] = {
    "accuracy": (TITLE, accuracy),
    "chosen": (boards_chosen.TITLE, lambda options: boards_chosen.page(boards_chosen.measured(options.chosen))),
    "peers": (boards_peers.TITLE, lambda options: boards_peers.page(list(boards_peers.measured()))),
}


def kept_sections(path: Path | None) -> dict[str, str]:
    """The sections of a page that is there, told apart by their titles; none is left out.

    Raises
    ------
    ValueError
        If a section has another title.
    """
    text = path.read_text(encoding="utf-8") if path and path.exists() else ""
    names = {title: name for name, (title, _) in SECTIONS.items()}
    parts = {part.partition("\n")[0]: part for part in re.split(r"\n(?=## )", text) if part}
    if unknown := parts.keys() - names.keys():
        raise ValueError(f"{path} has a section of another title, which would be lost: {min(unknown)!r}")
    return {names[title]: part for title, part in parts.items()}


def main(arguments: list[str] | None = None, *, say: Callable[[str], object] = print) -> int:
    """Measure, print the page, and write it where a path is given.

    Parameters
    ----------
    arguments : list of str, optional
        The words of the command line.
    say : callable
        What prints.

    Returns
    -------
    int
        0, or 1 where boards do not do what they should, also by a section that was kept.
    """
    parser = argparse.ArgumentParser(prog="boards", description="Count how often boards are right.")
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="what is made anew")
    parser.add_argument("--logs", type=int, default=400, help="logs a row (default 400)")
    parser.add_argument("--resampled", type=int, default=80, help="of these, logs that are resampled (default 80)")
    parser.add_argument("--changes", type=int, default=2000, help="random logs that are changed (default 2000)")
    parser.add_argument("--chosen", type=int, default=100, help="logs that go on with chosen battles (default 100)")
    parser.add_argument("--write", type=Path, metavar="PATH", help="the page, in Markdown")
    options = parser.parse_args(arguments)
    try:
        kept = kept_sections(options.write)
    except ValueError as error:
        parser.error(str(error))
    made = kept | {name: SECTIONS[name][1](options) for name in options.sections}
    page = "\n".join(made[name].rstrip("\n") + "\n" for name in SECTIONS if name in made)
    say(page)
    if options.write:
        options.write.write_text(page, encoding="utf-8")
    return int("- FAILS: " in page)


if __name__ == "__main__":
    sys.exit(main())
