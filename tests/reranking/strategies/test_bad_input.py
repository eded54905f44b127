"""What strategies, plans, judges and loops refuse, each in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lrtheory.reranking import (
    Reranker,
    baselines,
    encoder_oracle,
    estimate_noise,
    make_oracle,
    plan,
    rerank,
)

JUDGE = make_oracle(range(40))


def asked(*answer: Any, **options: Any) -> Callable[[], Any]:
    given = answer[0] if answer else None
    return lambda: rerank(lambda call: given, 4, 1, **({"size": 4} | options))


def told(**entries: Any) -> dict[str, Any]:
    """A state after two scores, with some entries in the place of its own."""
    run = Reranker(2, 1, strategy="pointwise")
    run.tell({0: 0.5})
    return run.get_state() | {"answers": [0.5, 0.25]} | entries


CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "size": (lambda: rerank(JUDGE, 5, 1, size=1), "`size` must be an integer of at least 2; got 1."),
    "step": (
        lambda: rerank(JUDGE, 40, 1, strategy="window", step=20),
        "`step` must be between 1 and size - 1 = 19; got 20.",
    ),
    "no step": (
        lambda: rerank(JUDGE, 40, 1, strategy="window", step=0),
        "`step` must be an integer of at least 1; got 0.",
    ),
    "passes": (
        lambda: rerank(JUDGE, 40, 1, strategy="window", passes=0),
        "`passes` must be an integer of at least 1; got 0.",
    ),
    "tournament": (
        lambda: rerank(JUDGE, 40, 20, strategy="tournament"),
        "`k` must be smaller than `size`; got k=20, size=20.",
    ),
    "merge": (
        lambda: rerank(JUDGE, 40, 20, strategy="merge"),
        "`k` must be small enough that one call of 20 sorts all candidates of a merge; got 20.",
    ),
    "knockout": (
        lambda: rerank(JUDGE, 40, 2, strategy="knockout"),
        '`k` must be at most 1 with strategy "knockout"; got 2.',
    ),
    "unused": (
        lambda: rerank(JUDGE, 40, 2, strategy="heap", step=3),
        '`step` must be left out with strategy "heap", which does not use it; got 3.',
    ),
    "strategy": (
        lambda: rerank(JUDGE, 40, 2, strategy="bubble"),
        "`strategy` must be one of 'auto', 'window', 'merge'",
    ),
    "k": (lambda: rerank(JUDGE, 4, 5), "`k` must be at most n = 4; got 5."),
    "n": (lambda: rerank(JUDGE, -1, 0), "`n` must be an integer of at least 0; got -1."),
    "votes": (lambda: rerank(JUDGE, 4, 1, votes=2), "`votes` must be odd, so that two answers cannot tie; got 2."),
    "repair": (lambda: rerank(JUDGE, 4, 1, repair="drop"), '`repair` must be one of "refuse", "append"; got \'drop\'.'),
    "order": (lambda: rerank(JUDGE, 3, 1, order=[0, 1, 1]), "`order` must be a permutation of 0, ..., 2; got"),
    "words": (lambda: rerank(JUDGE, 2, 1, order=["a", "b"]), "`order` must be an array of document numbers"),
    "rng": (lambda: rerank(JUDGE, 4, 1, rng="x"), "`rng` must be None, an integer, a SeedSequence or a Generator"),  # type: ignore[arg-type]
    "oracle": (lambda: rerank([1, 2], 2, 1), "`oracle` must be a function of documents; got [1, 2]."),  # type: ignore[arg-type]
    "too few": (
        asked([0, 1, 2]),
        "`answers[0]` must be a permutation of the 4 asked documents; got 3 distinct ids.",
    ),
    "twice": (
        asked([0, 1, 2, 2]),
        "`answers[0]` must be a permutation of the 4 asked documents; got 3 distinct ids, some of them more than once",
    ),
    "strange": (
        asked([0, 1, 2, 9]),
        "`answers[0]` must be a permutation of the 4 asked documents; got document 9, which was not asked.",
    ),
    "nothing": (asked(None), "`answers[0]` must be a sequence of the asked documents, the best first; got None."),
    "text": (asked("0123"), "`answers[0]` must be a sequence of the asked documents, the best first; got '0123'."),
    "fractions": (asked([0.0, 1.0, 2.0, 3.0]), "`answers[0]` must be a sequence of the asked documents"),
    "truths": (asked([True, False, 2, 3]), "`answers[0]` must be a sequence of the asked documents"),
    "best": (
        asked(7, strategy="heap"),
        "`answers[0]` must be a permutation of the 4 asked documents, or the best one; got document 7",
    ),
    "no score": (
        asked(np.nan, strategy="pointwise"),
        "`answers[0]` must be the score of document 0, a number; got nan.",
    ),
    "a score between doubles": (
        asked(2**60 + 1, strategy="pointwise"),
        "`answers[0]` must be the score of document 0, a number that a double holds; got 1152921504606846977.",
    ),
    "a score beyond doubles": (
        asked(10**400, strategy="pointwise"),
        "`answers[0]` must be the score of document 0, a number in the range of doubles",
    ),
    "a state with two scores of a document": (
        lambda: Reranker(2, 1, strategy="pointwise").set_state(told(lengths=[2])),
        "`state['lengths']` must be 1 for each call, as a document has one score; got [2].",
    ),
    "a state without a score of a document": (
        lambda: Reranker(2, 1, strategy="pointwise").set_state(told(lengths=[0, 2], calls=[0, 1])),
        "`state['lengths']` must be 1 for each call, as a document has one score; got [0, 2].",
    ),
    "a state without an order": (
        lambda: Reranker(2, 1, size=2, strategy="window").set_state(
            Reranker(2, 1, size=2, strategy="window").get_state() | {"calls": [0], "answers": [], "lengths": [0]}
        ),
        "`answers[0]` must be a sequence of the asked documents, the best first; got",
    ),
    "two scores": (asked([1.0, 2.0], strategy="pointwise"), "`answers[0]` must be the score of document 0, a number"),
    "sorts": (
        lambda: rerank(JUDGE, 4, 1, strategy="pointwise"),
        "`answers` must be scores of documents; got their numbers, as of a judge that sorts.",
    ),
    "length": (
        lambda: Reranker(9, 1, size=3, strategy="tournament").tell([[0, 1, 2]]),
        "`answers` must be a sequence of 3 answers, one for each call; got 1.",
    ),
    "number": (
        lambda: Reranker(9, 1, size=3, strategy="tournament").tell({3: [0, 1, 2]}),
        "`answers` must be an integer in [0, 2]; got 3.",
    ),
    "plan error": (lambda: plan(10, 1, error_rate=0.5), "`error_rate` must be in [0, 0.5); got 0.5."),
    "plan nan": (lambda: plan(10, 1, error_rate=float("nan")), "`error_rate` must be a number; got nan."),
    "plan delta": (lambda: plan(10, 1, delta=1.0), "`delta` must be in (0, 1); got 1.0."),
    "plan k": (lambda: plan(10, 11), "`k` must be an integer in [1, 10]; got 11."),
    "noise": (
        lambda: estimate_noise([(0, 1, 2)]),
        "`answers[0]` must be two documents and one of them; got (0, 1, 2).",
    ),
    "noise pair": (
        lambda: estimate_noise([(0, 1)]),
        "`answers[0]` must be a triple of two documents and the better one",
    ),
    "judge": (lambda: make_oracle([0, 2]), "`order` must be a permutation of 0, ..., n - 1; got [0, 2]."),
    "judge rate": (lambda: make_oracle([0, 1], error_rate=0.6), "`error_rate` must be in [0, 0.5]; got 0.6."),
    "judge bias": (
        lambda: make_oracle([0], position_bias=0.1),
        "`position_bias` must be at most `error_rate`, 0, in size",
    ),
    "judge both": (
        lambda: make_oracle([0], error_rate=0.2, position_bias=0.1, persistent=True),
        "`position_bias` must be 0 for a judge whose duels have one result for ever; got 0.1.",
    ),
    "judge asked": (lambda: make_oracle([0, 1])([0, 2]), "`documents` must be an array of documents 0, ..., 1; got"),
    "judge asked fractions": (
        lambda: make_oracle([0, 1])([0.5, 1.0]),
        "`documents` must be an array of documents 0, ..., 1; got",
    ),
    "zero vector": (
        lambda: encoder_oracle([[0.0, 0.0]], [0.0, 1.0]),
        "`texts` must be vectors that are not 0, as the query; got",
    ),
    "vectors": (lambda: encoder_oracle([[0.0, 1.0]], [1.0]), "`query` must be of shape (2,); got (1,)."),
    "beats no square": (
        lambda: baselines.copeland_order([[0, 1, 1], [0, 0, 1]]),
        "`beats` must be a square table; got (2, 3).",
    ),
    "beats": (lambda: baselines.copeland_order([[0, 1], [1, 0]]), "`beats` must be in [0, 1], such that an entry"),
    "kemeny": (lambda: baselines.kemeny_order([range(13)]), "`lists` must be about at most 12 documents"),
    "kemeny twice": (lambda: baselines.kemeny_order([[1, 1]]), "`lists[0]` must be free of repeated documents; got"),
    "votes without a mean": (
        lambda: Reranker(1, 1, strategy="pointwise", votes=3).tell([np.inf, -np.inf, np.inf]),
        "`answers` must be scores whose mean over votes is a double; got [inf, -inf, inf].",
    ),
    "votes too large": (
        lambda: rerank(lambda call: 1e308, 2, 1, strategy="pointwise", votes=3),
        "`answers` must be scores whose mean over votes is a double; got [1e+308, 1e+308, 1e+308].",
    ),
    "loop": (lambda: baselines.rankgpt_loop(lambda call: call[:1], 5, size=3), "`oracle(documents)` must be a permut"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_in_one_sentence(name: str) -> None:
    call, sentence = CASES[name]
    with pytest.raises((TypeError, ValueError)) as refused:
        call()
    assert sentence in str(refused.value)


def test_answers_of_any_kind_of_sequence_are_taken() -> None:
    for kind in (list, tuple, np.array, lambda call: np.array(call, np.int8), lambda call: np.array(call, object)):
        assert rerank(lambda call, kind=kind: kind(sorted(call.tolist())), 3, 3, size=3).order.tolist() == [0, 1, 2]  # type: ignore[misc]
    for one in (int, np.int64, lambda best: [best], lambda best: np.array([best])):
        found = rerank(lambda call, one=one: one(int(call.min())), 5, 2, size=3, strategy="heap")  # type: ignore[misc]
        assert found.order[:2].tolist() == [0, 1]


def test_small_cases_have_answers() -> None:
    for n, k in ((0, 0), (1, 0), (1, 1)):
        for strategy in ("auto", "window", "merge", "tournament", "heap", "knockout", "groupwise"):
            found = rerank(JUDGE, n, k, strategy=strategy)
            assert (found.calls, found.certified, found.order.tolist()) == (0, n, list(range(n)))
            assert found.certificate is not None
            assert found.certificate.verify(JUDGE)
    assert rerank(JUDGE, 5, 5).calls == 1
    assert JUDGE([]).tolist() == []
