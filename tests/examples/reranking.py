"""One small call of every public function of `reranking`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrtheory import reranking as rr
from tests.backends import need_data
from tests.examples import Call, call

RUN = rr.Run.from_dict({"q": {"a": 3.0, "b": 2.0, "c": 1.0}, "r": {"b": 1.0, "d": 0.5}})
OTHER = rr.Run.from_dict({"q": {"c": 3.0, "a": 2.0}, "r": {"d": 1.0, "b": 0.5}})
JUDGMENTS = rr.Judgments.from_dict({"q": {"a": 1, "c": 2}, "r": {"b": 0, "d": 1}})
BEATS = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]])


def loaded(name: str, *args: object, **options: object) -> Call:
    need_data(name)
    return call(*args, **options)


CALLS: dict[str, Callable[[], Call]] = {
    "baselines.copeland_order": lambda: call(BEATS),
    "baselines.kemeny_order": lambda: call([["a", "b", "c"], ["b", "a"]]),
    "baselines.prp_sampled_pairs": lambda: call(sorted, 4, n_pairs=5, rng=0),
    "baselines.rankgpt_loop": lambda: call(sorted, 5, size=3, step=1),
    "baselines.rankify_window": lambda: call(sorted, 5, size=3, step=1),
    "compare": lambda: call(RUN, OTHER, JUDGMENTS, metric="ap", rng=0),
    "compare_all": lambda: call({"first": RUN, "second": [OTHER, RUN]}, JUDGMENTS, metric="rr", rng=0),
    "encode": lambda: loaded("sentences", ["A ship.", "A boat."]),
    "encoder_oracle": lambda: call([[1.0, 0.0], [0.5, 0.5]], [0.0, 1.0]),
    "estimate_noise": lambda: call([(0, 1, 0), (0, 1, 1), (1, 0, 0)], delta=0.1),
    "evaluate": lambda: call(RUN, JUDGMENTS, ["ndcg@2", "ap", "rbp.8"], unjudged="bounds"),
    "evaluate_all": lambda: call({"first": RUN, "second": OTHER}, JUDGMENTS, ["ndcg@2"]),
    "fuse": lambda: call([RUN, OTHER]),
    "load_lee_documents": lambda: loaded("lee_documents"),
    "load_question_answers": lambda: loaded("question_answers"),
    "make_oracle": lambda: call([2, 0, 1], error_rate=0.25, rng=0),
    "plan": lambda: call(30, 3, size=5, error_rate=0.1),
    "rerank": lambda: call(rr.make_oracle([2, 0, 1, 4, 3]), 5, 2, size=3, record=True),
    "sign_flips": lambda: call(np.array([0.5, -0.25, 1.0]), rng=0),
    "theory.calls_needed": lambda: call(10, 4),
    "theory.capture_probability": lambda: call(8, 4, 3, kept=2),
    "theory.capture_recall": lambda: call(8, 4, 3, kept=2),
    "theory.copeland_gap": lambda: call(10, 0.25, 0.125),
    "theory.expected_random": lambda: call(5, 2, 3),
    "theory.heap_calls": lambda: call(10, 4, 3),
    "theory.loud_rank": lambda: call(2, 60),
    "theory.merge_calls": lambda: call(10, 4, 2),
    "theory.merge_candidates": lambda: call(10, 4, 2),
    "theory.partitions_needed": lambda: call(12, 4, gap=5, delta=0.125),
    "theory.rrf_borda_kappa": lambda: call(5, 3),
    "theory.term_bound": lambda: call(1.5, k1=1.25, b=0.75, average=3.5),
    "theory.tournament_calls": lambda: call(10, 4, 2),
    "theory.votes": lambda: call(10, 0.75, 0.125),
    "theory.window_calls": lambda: call(10, 4, 2, passes=2),
    "theory.window_prefix": lambda: call(10, 4, 2, passes=2),
}
