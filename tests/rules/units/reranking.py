"""Gains times a factor scale DCG and leave nDCG; scores may be multiplied; calls and places have no unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import reranking as rr

RNG = np.random.default_rng(0)
TEXTS, QUERY = RNG.standard_normal((5, 3)), RNG.standard_normal(3)


def searched(factor: float) -> tuple[Any, ...]:
    lists = rr.Postings([0, 3, 5], [0, 1, 3, 1, 2], np.array([0.5, 0.25, 1.0, 0.75, 0.5]) * factor, n_documents=4)
    found = lists.search([[0, 1], [1]], 2)
    return found.ids, found.scores / factor, lists.upper_bounds / factor


def scored(factor: float) -> Any:
    judge = rr.rerank(lambda call: [3.0, -1.0, 2.0][int(call[0])] * factor, 3, 2, strategy="pointwise")
    return judge.order, judge.scores / factor, judge.certified


def runs(factor: float) -> tuple[rr.Run, rr.Run, rr.Judgments]:
    """Two runs and judgments, with scores and gains times a factor."""
    run = rr.Run.from_dict({"q": {"a": 3.0 * factor, "b": 2.0 * factor, "c": factor}, "r": {"d": factor}})
    judgments = rr.Judgments.from_dict({"q": {"a": factor, "c": 2 * factor}, "r": {"d": factor, "b": 0.0}})
    return run, rr.Run.from_lists({"q": ["c", "a"], "r": ["b"]}), judgments


def measured(factor: float) -> Any:
    """DCG has the unit of gains."""
    run, _, judgments = runs(factor)
    found = rr.evaluate(run, judgments, ["ndcg@2", "ap", "dcg"], unjudged="bounds", max_gain=3 * factor)
    unit = [1, 1, factor]
    return found.values / unit, found.lower / unit, found.upper / unit


def compared(factor: float) -> Any:
    first, second, judgments = runs(factor)
    table = rr.compare_all({"a": first, "b": second}, judgments, metric="dcg")
    return rr.compare(first, second, judgments, metric="dcg"), table


UNITS: dict[str, Callable[[float], Any]] = {
    "Postings": searched,
    "compare": lambda factor: compared(factor)[0].p_value,
    "compare_all": lambda factor: compared(factor)[1].holm,
    "evaluate": measured,
    "evaluate_all": lambda factor: rr.evaluate_all({"a": runs(factor)[0]}, runs(factor)[2], ["ndcg@2"]).mean,
    "fuse": lambda factor: rr.fuse([runs(factor)[0], runs(1.0)[1]], method="combsum").scores,
    "sign_flips": lambda factor: rr.sign_flips(np.array([0.5, -0.25, 1.0, 0.75]) * factor).p_value,
    "encoder_oracle": lambda factor: rr.encoder_oracle(TEXTS * factor, QUERY * factor).scores,
    "rerank": scored,
}
#: why a factor on the data means nothing
UNITLESS: dict[str, str] = {
    "Bm25": "counts of words have no unit",
    "EncoderOracle": "cosines have no unit",
    "Oracle": "places have no unit",
    "Reranker": "documents are numbers, and calls are counted",
    "encode": "texts have no unit",
    "estimate_noise": "answers are counted",
    "plan": "calls are counted",
}
