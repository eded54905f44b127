"""Logs of battles that are cut short or go on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory.alpha_rank import MatchLog


def cut(log: MatchLog, n: int) -> MatchLog:
    """The first n battles."""
    marks = {name: marks[:n] for name, marks in log.marks.items()}
    return replace(
        log,
        players=log.players[:n],
        scores=log.scores[:n],
        both_bad=log.both_bad[:n],
        marks=marks,
        counts={"matches": n},
    )


def played_on(log: MatchLog, pairs: np.ndarray, ratings: np.ndarray, look: int, rng: np.random.Generator) -> MatchLog:
    """Add battles of these pairs, won by the odds of Bradley and Terry, as one more batch of the column ``block``."""
    won = (rng.random(len(pairs)) < 1 / (1 + 10 ** ((ratings[pairs[:, 1]] - ratings[pairs[:, 0]]) / 400))).astype(float)
    return replace(
        log,
        players=np.concatenate([log.players, pairs]),
        scores=np.concatenate([log.scores, np.stack([won, 1 - won], axis=1)]),
        both_bad=np.zeros(len(log.players) + len(pairs), bool),
        marks={"block": np.concatenate([log.marks["block"], np.full(len(pairs), look)])},
        counts={"matches": len(log.players) + len(pairs)},
    )
