"""News that people have compared in pairs: how good retrieval, an encoder, and both together are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, below, headline
from lrtheory._numbers.confidence import mean_interval
from lrtheory.reranking import Bm25, Judgments, Run, compare, encode, evaluate, fuse, load_lee_documents

if TYPE_CHECKING:
    import matplotlib.figure

METHODS = ("random", "BM25", "RRF of both", "encoder", "encoder on BM25's 20", "ceiling of these 20")
STAGE, METRIC, DELTA = 20, "ndcg@10", 0.05
INPUTS: dict[str, dict[str, Any]] = {"quick": {"samples": 20_000}, "full": {"samples": 1_000_000}}

Scores = dict[str, dict[str, float]]


def words(text: str) -> list[str]:
    """The different words of a text, in small letters, in the order in which they first come."""
    return list(dict.fromkeys(re.findall("[a-z]+", text.lower())))


def by_bm25(texts: tuple[str, ...], background: tuple[str, ...]) -> Scores:
    """Scores of each text for all others; the background is in the index, and is not ranked."""
    index = Bm25([re.findall("[a-z]+", text.lower()) for text in (*texts, *background)])
    n = len(texts) + len(background)
    found = index.search([words(text) for text in texts], n).run().as_dict()
    judged = [str(number) for number in range(len(texts))]
    return {q: {d: found[q].get(d, 0.0) for d in judged if d != q} for q in judged}


def by_encoder(texts: tuple[str, ...]) -> Scores:
    """Cosines of each text with all others."""
    vectors = encode(texts).astype(float)
    near = vectors @ vectors.T
    rows = range(len(texts))
    return {str(q): {str(d): float(near[q, d]) for d in rows if d != q} for q in rows}


def second_stage(first: Scores, second: Scores) -> Run:
    """The first documents of one order in another order, and the others behind them."""
    lists = {}
    for q, of in first.items():
        order = sorted(of, key=of.__getitem__, reverse=True)
        lists[q] = [*sorted(order[:STAGE], key=second[q].__getitem__, reverse=True), *order[STAGE:]]
    return Run.from_lists(lists)


def expected_ndcg(judgments: Judgments, k: int) -> float:
    """The mean nDCG of random orders of all judged documents: each rank has the mean gain of the query."""
    discounts, values = 1 / np.log2(np.arange(2, k + 2)), []
    for of in judgments.as_dict().values():
        gains = np.sort(list(of.values()))[::-1]
        values.append(gains.mean() * discounts.sum() / (gains[:k] @ discounts))
    return float(np.mean(values))


def compute_news(profile: str) -> dict[str, np.ndarray]:
    """nDCG of each query by method, and the p-value of encoder against BM25."""
    news = load_lee_documents()
    judgments, rng = news.judgments, np.random.default_rng(0)
    scored, near = by_bm25(news.texts, news.background), by_encoder(news.texts)
    words_run, near_run = Run.from_dict(scored), Run.from_dict(near)
    nothing = Run.from_dict({q: dict.fromkeys(of, 0.0) for q, of in scored.items()})
    runs = {
        "BM25": words_run,
        "RRF of both": fuse([words_run, near_run], method="rrf"),
        "encoder": near_run,
        "encoder on BM25's 20": second_stage(scored, near),
        "ceiling of these 20": second_stage(scored, judgments.as_dict()),
    }
    values = [evaluate(nothing, judgments, METRIC, ties="expected").values[:, 0]]
    values += [evaluate(runs[name], judgments, METRIC).values[:, 0] for name in METHODS[1:]]
    tested = compare(near_run, words_run, judgments, metric=METRIC, max_samples=INPUTS[profile]["samples"], rng=rng)
    return {
        "values": np.array(values),
        "p": np.array(tested.p_value),
        "closed": np.array(expected_ndcg(judgments, 10)),
    }


def news_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins in nDCG or in probabilities."""
    mean = dict(zip(METHODS, arrays["values"].mean(axis=1), strict=True))
    return {
        "the encoder is better than BM25, p < 0.001": below(
            np.array([mean["BM25"] - mean["encoder"], arrays["p"]]), np.array([0, 0.001])
        ),
        "the mean over random orders is its formula (RK-M3)": below(abs(mean["random"] - arrays["closed"]), 1e-12),
        "RRF is within 0.03 of the encoder": below(abs(mean["RRF of both"] - mean["encoder"]), 0.03),
        "no second stage on 20 documents exceeds its ceiling (RK-M9)": below(
            arrays["values"][4] - arrays["values"][5], 1e-12
        ),
    }


def draw_news(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the mean nDCG of each method with its interval."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7.2, 3.4), layout="constrained")
    for place, values in enumerate(arrays["values"]):
        low, high = mean_interval(np.clip(values, 0, 1), DELTA)
        middle, color = values.mean(), COLORS[place == 3]
        axis.errorbar(
            middle, place, xerr=[[middle - low], [high - middle]], fmt="o", color=color, capsize=3, markersize=6
        )
        axis.annotate(f"{middle:.3f}", (middle, place), xytext=(0, 6), textcoords="offset points", ha="center")
    axis.axvline(float(arrays["closed"]), color="gray", linestyle=":", label="random order, by its formula")
    axis.set(xlabel="nDCG@10, mean over 50 queries, with an interval of 95 %", xlim=(0, 1), ylim=(-0.6, 5.8))
    axis.set_yticks(range(len(METHODS)), METHODS)
    axis.legend(loc="lower right")
    headline(figure, "Fifty texts of news, all pairs of which people have compared: each text ranks the others")
    return figure


NEWS = Figure(
    name="news",
    title="nDCG of retrieval, an encoder and both together, on news that people have compared in pairs.",
    compute=compute_news,
    claims=news_claims,
    draw=draw_news,
    inputs=INPUTS,
    data=("lee_documents", "sentences"),
)
