"""How often the intervals of other packages are right, in how much time, beside the exact board on the same logs.

Packages live in environments of their own (`run.peer_python`), in which this file runs as a script: ``python
boards_peers.py NAME LOGS ANSWERS``. So at its top it imports NumPy alone.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["TITLE", "Found", "Setting", "intervals", "main", "measured", "page"]

TITLE = "## Intervals of other packages"
SEED = 45
POINTS = 400 / np.log(10)
DELTA = 0.05


class Setting(NamedTuple):
    """Uniform logs of one size and spread, and how many of them each package ranks."""

    models: int
    battles: int
    spread: int
    logs: dict[str, int]


#: the bootstrap with corrections fits once for each battle that is left out, so it ranks short logs alone
SHORT = {"exact": 80, "arena-rank": 80, "evalica percentile": 80, "evalica BCa": 80}
LONG = {"exact": 80, "arena-rank": 80, "evalica percentile": 12}
SETTINGS = tuple(
    Setting(models, battles, spread, logs)
    for models, battles, logs in ((10, 1_000, SHORT), (40, 12_000, LONG))
    for spread in (30, 150)
)


class Found(NamedTuple):
    """What one package says of all logs of a setting; each array has an entry a log."""

    setting: Setting
    name: str
    seconds: np.ndarray
    first: np.ndarray
    directions: np.ndarray
    kept: np.ndarray
    right: np.ndarray
    one: np.ndarray  # share of the ratings that lie in their intervals
    every: np.ndarray  # whether all of them do


# --- in the environment of a package ---------------------------------------------------------------------------------


def names_of(players: np.ndarray) -> tuple[list[str], list[str]]:
    """The names of both sides of each battle, whose order is that of the models."""
    first, second = ([f"model-{i:03d}" for i in side.tolist()] for side in players.T)
    return first, second


def of_evalica(n: int, players: np.ndarray, won: np.ndarray, method: str) -> Iterator[tuple[Any, Any]]:
    """Intervals of 1,000 resamples of each log, in points about the mean."""
    from evalica import Winner, bootstrap, bradley_terry

    options = {"n_resamples": 1000, "random_state": 0, "tolerance": 1e-9, "limit": 1000, "bootstrap_method": method}
    for pairs, first_won in zip(players, won, strict=True):
        winners = [Winner.X if x else Winner.Y for x in first_won.tolist()]
        found = bootstrap(bradley_terry, *names_of(pairs), winners, **options)
        low, high = (POINTS * np.log(scores.sort_index().to_numpy()) for scores in (found.low, found.high))
        yield low, high


def of_arena_rank(n: int, players: np.ndarray, won: np.ndarray) -> Iterator[tuple[Any, Any]]:
    """Intervals by the sandwich, in points about the mean.

    The package compiles its solver anew for each log. Its own loss and solver are compiled once here, for logs of one
    length: rows of equal battles are counted, and rows without weight fill up the shorter ones. The first log is ranked
    in the way of the package, too, and both answers agree.
    """
    from functools import partial

    import jax
    import jax.numpy as jnp
    import pandas as pd
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.utils.data_utils import PairDataset
    from arena_rank.utils.math_utils import lbfgs_minimize

    model = BradleyTerry(n)
    limits = {"max_iter": model.max_iter, "gtol": model.gtol, "ftol": model.ftol}

    @jax.jit
    def fitted(data: Any) -> Any:
        return lbfgs_minimize(partial(BradleyTerry.loss_function, data=data), {"ratings": jnp.zeros(n)}, **limits)[0]

    first, second = names_of(players[0])
    winner = np.where(won[0], "model_a", "model_b")
    frame = pd.DataFrame({"model_a": first, "model_b": second, "winner": winner})
    wanted = BradleyTerry(n).compute_ratings_and_cis(PairDataset.from_pandas(frame))
    for k, (pairs, first_won) in enumerate(zip(players, won, strict=True)):
        rows, counts = np.unique(np.column_stack([pairs, first_won]), axis=0, return_counts=True)
        missing = 2 * n * (n - 1) - len(rows)
        filled = np.concatenate([rows, np.tile([0, 1, 0], (missing, 1))])
        weights = jnp.asarray(np.concatenate([counts, np.zeros(missing)]), float)
        # a count of 0 would divide 0 by 0 in the sandwich; one so small is none beside the others
        data = PairDataset(
            competitors=[f"model-{i:03d}" for i in range(n)],
            pairs=jnp.asarray(filled[:, :2], jnp.int32),
            outcomes=jnp.asarray(filled[:, 2], float),
            counts=jnp.maximum(weights, 1e-300),
            weights=jnp.ones(len(filled)),
            opt_weights=weights,
        )
        model.params, model.fitted = fitted(data.as_dict()), True
        found = model.compute_ratings_and_cis(data)
        for end in ("rating_lower", "rating_upper"):
            if k == 0:
                np.testing.assert_allclose(found[end], wanted[end], rtol=0, atol=1e-3)
        mean = float(found["ratings"].mean())
        yield np.asarray(found["rating_lower"]) - mean, np.asarray(found["rating_upper"]) - mean


PACKAGES: dict[str, tuple[str, Callable[..., Iterator[tuple[Any, Any]]]]] = {
    "arena-rank": ("arena-rank", of_arena_rank),
    "evalica percentile": ("evalica", lambda *log: of_evalica(*log, "percentile")),
    "evalica BCa": ("evalica", lambda *log: of_evalica(*log, "BCa")),
}


def main(name: str, given: str, answer: str) -> None:
    """Rank the logs of a file; the first one twice, so that its time is not that of compiling."""
    with np.load(given) as saved:
        n, players, won = int(saved["n"]), saved["players"], saved["won"]
    again = [0, *range(len(players))]
    rank = PACKAGES[name][1](n, players[again], won[again])
    found, seconds = [], []
    for _ in again:
        start = time.process_time()
        found.append(next(rank))
        seconds.append(time.process_time() - start)
    lower, upper = np.array(found[1:]).transpose(1, 0, 2)
    np.savez(answer, lower=lower, upper=upper, seconds=seconds[1:])


# --- in our own ------------------------------------------------------------------------------------------------------


def logs_of(setting: Setting, n_logs: int) -> Iterator[tuple[np.ndarray, Any]]:
    """True ratings, about their mean, and a log."""
    from lrtheory.alpha_rank import make_battles

    for k in range(n_logs):
        key = (setting.models, setting.spread, k)
        rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=key))
        ratings = setting.spread * rng.standard_normal(setting.models)
        yield ratings - ratings.mean(), make_battles(ratings, setting.battles, rng=rng)


def intervals(name: str, setting: Setting, logs: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower and upper ends of a package, (logs, models), and its seconds of the processor, in its environment."""
    from benchmarks.run import peer_python

    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "logs.npz", Path(folder) / "answers.npz"
        won = np.array([log.scores[:, 0] == 1 for log in logs])
        np.savez(given, n=setting.models, players=np.array([log.players for log in logs]), won=won)
        python = peer_python(PACKAGES[name][0])
        subprocess.run([str(python), str(Path(__file__).resolve()), name, str(given), str(answer)], check=True)
        with np.load(answer) as saved:
            return saved["lower"], saved["upper"], saved["seconds"]


def claims(
    ratings: np.ndarray, above: np.ndarray, can_be_first: np.ndarray | None = None
) -> tuple[float, float, float, float]:
    """Who can be first, directions, whether the true first is kept, and whether all claims are right.

    Packages do not say who can be first, so everybody counts above whom they put nobody. The exact board says it
    (`can_be_first`), by a test of its own with fewer claims than there are directions.
    """
    can_be_first = ~above.any(axis=0) if can_be_first is None else can_be_first
    wrong = above & (np.subtract.outer(ratings, ratings) <= 0)
    return float(can_be_first.sum()), float(above.sum()), float(can_be_first[ratings.argmax()]), float(not wrong.any())


def measured(settings: tuple[Setting, ...] = SETTINGS) -> Iterator[Found]:
    """Rank the logs of all settings, by the exact board and by the packages."""
    from lrtheory.alpha_rank import rank_models

    for setting in settings:
        truths, logs = map(list, zip(*logs_of(setting, max(setting.logs.values())), strict=True))
        for name, n_logs in setting.logs.items():
            rows, seconds = [], []
            if name == "exact":
                rank_models(logs[0])
            else:
                lower, upper, seconds = intervals(name, setting, logs[:n_logs])
            for k, ratings in enumerate(truths[:n_logs]):
                if name == "exact":
                    start = time.process_time()
                    board = rank_models(logs[k])
                    seconds.append(time.process_time() - start)
                    # differences to the leader, whose own is 0
                    true = np.delete(ratings - ratings[board.leader], board.leader)
                    low, high = (np.delete(x, board.leader) for x in (board.elo_lower, board.elo_upper))
                    above, can_be_first = board.above, board.can_be_first
                else:
                    # the customary rule: above are those whose lower end is above the upper end of the other
                    true, low, high = ratings, lower[k], upper[k]
                    above, can_be_first = lower[k][:, None] > upper[k], None
                inside = (low <= true + 1e-9) & (true <= high + 1e-9)
                rows.append((*claims(ratings, above, can_be_first), float(inside.mean()), float(inside.all())))
            yield Found(setting, name, np.array(seconds), *np.array(rows).T)


def share(given: np.ndarray) -> str:
    """The mean of truth values, an entry a log, and its interval."""
    from lrtheory.alpha_rank.theory import clopper_pearson

    low, high = clopper_pearson(int(given.sum()), len(given), DELTA)
    return f"{given.mean():.3g} ({low:.2f} to {high:.2f})"


def page(rows: list[Found]) -> str:
    """The section of the page."""
    lines = [
        TITLE,
        "",
        "Uniform logs, on which packages give an interval at 95 % to each rating by itself, relative to the mean, and "
        "the customary rule puts a model above another if their intervals do not meet. *Seconds*: of the processor, "
        "the median of a log, compiled before; *one*: a rating lies in its interval (of the exact board a difference "
        "to the leader); *all*: all of them do. After a share stands its Clopper-Pearson interval at 95 %. The "
        "resamples of evalica are 1,000; its corrected ones (BCa, the default) fit once more for each battle, which "
        "takes a minute and a half where there are 12,000, so they rank short logs alone. The solver of arena-rank is "
        "compiled once for all logs of one size.",
        "",
        "| models | battles | spread | intervals | logs | seconds | first | directions | kept | right | one | all |",
        "|" + " --- |" * 12,
    ]
    for row in rows:
        setting = row.setting
        cells = [str(setting.models), f"{setting.battles:,}", str(setting.spread), row.name, str(len(row.seconds))]
        cells += [f"{np.median(row.seconds):.2g}", f"{row.first.mean():.2f}", f"{row.directions.mean():.1f}"]
        cells += [share(row.kept), share(row.right), f"{row.one.mean():.3f}", share(row.every)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(*sys.argv[1:])
