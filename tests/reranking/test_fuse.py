"""Fused runs against loops in fractions, and what fusion refuses."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.reranking import Run, fuse

Lists = Sequence[Mapping[str, int]]


def by_loops(lists: Lists, method: str, weights: Sequence[int], kappa: int = 60) -> dict[str, Fraction]:
    """Fuse the lists of one query; of a document that no list has nothing is told."""
    scores: dict[str, Fraction] = {}
    known: dict[str, int] = {}
    for one, weight in zip(lists, weights, strict=True):
        order = sorted(one, key=lambda doc: -one[doc])
        low, high = min(one.values(), default=0), max(one.values(), default=0)
        for rank, doc in enumerate(order, 1):
            part = {
                "rrf": Fraction(1, kappa + rank),
                "borda": Fraction(len(one) - rank),
                "sum": Fraction(one[doc] - low, high - low) if high > low else Fraction(0),
            }["sum" if method.startswith("comb") else method]
            scores[doc] = scores.get(doc, Fraction(0)) + weight * part
            known[doc] = known.get(doc, 0) + 1
    return {doc: score * (known[doc] if method == "combmnz" else 1) for doc, score in scores.items()}


def turns(lists: Lists) -> list[str]:
    """Take all first places, then all second ones, and no document twice."""
    orders = [sorted(one, key=lambda doc, one=one: -one[doc]) for one in lists]  # type: ignore[misc]
    taken: list[str] = []
    for place in range(max(map(len, orders))):
        for one in orders:
            taken += [doc for doc in one[place : place + 1] if doc not in taken]
    return taken


def drawn(rng: np.random.Generator) -> list[dict[str, dict[str, int]]]:
    """Two or three runs over up to three queries, which some of them lack."""
    runs = []
    for _ in range(rng.integers(2, 4)):
        run = {}
        for query in rng.permutation(3)[: rng.integers(1, 4)]:
            docs = rng.permutation(8)[: rng.integers(1, 8)]
            run[f"q{query}"] = {f"d{doc}": int(rng.integers(-5, 20)) for doc in docs}
        runs.append(run)
    return runs


@pytest.mark.parametrize("method", ["rrf", "borda", "combsum", "combmnz"])
def test_scores_are_those_of_loops(method: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        runs = drawn(rng)
        weights = rng.integers(1, 4, len(runs)).tolist()
        fused = fuse([Run.from_dict(run) for run in runs], method=method, weights=weights)
        found = fused.as_dict()
        assert set(found) == set().union(*runs)
        for query, scores in found.items():
            due = by_loops([run.get(query, {}) for run in runs], method, weights)
            assert scores == pytest.approx({doc: float(score) for doc, score in due.items()}, rel=1e-13, abs=1e-13)
            assert list(scores.values()) == sorted(scores.values(), reverse=True)
            assert fused.ranking(query) == tuple(scores)


def test_turns_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        runs = drawn(rng)
        fused = fuse([Run.from_dict(run) for run in runs], method="interleave")
        for query in fused.queries:
            due = turns([run[query] for run in runs if query in run])
            assert list(fused.ranking(query)) == due
            assert list(fused.as_dict()[query].values()) == list(range(len(due), 0, -1))


def test_equal_scores_stand_as_documents_first_come() -> None:
    runs = [Run.from_lists({"q": ["b", "a"]}), Run.from_lists({"q": ["a", "b"]}), Run.from_lists({"q": ["c"]})]
    assert fuse(runs[:2]).ranking("q") == ("b", "a")
    assert fuse(runs[1::-1]).ranking("q") == ("a", "b")
    assert fuse(runs, method="borda").ranking("q") == ("b", "a", "c")


def test_documents_are_the_same_by_name_and_never_by_number() -> None:
    first, second = Run.from_lists({"q": ["x", "y"]}), Run.from_lists({"q": ["y", "z"], "r": ["x"]})
    fused = fuse([first, second])
    assert fused.ranking("q") == ("y", "x", "z")
    assert fused.as_dict()["q"]["y"] == 1 / 62 + 1 / 61
    assert "1 of them lack some of the 2 queries" in fused.message


def test_depth_cuts_lists_before_anything_is_counted() -> None:
    runs = [Run.from_lists({"q": list("abcd")}), Run.from_lists({"q": list("dcba")})]
    cut = [Run.from_lists({"q": list("ab")}), Run.from_lists({"q": list("dc")})]
    for method in ("rrf", "borda", "combsum", "interleave"):
        assert fuse(runs, method=method, depth=2).ranking("q") == fuse(cut, method=method).ranking("q")


@pytest.mark.parametrize("unit", [1e-300, 1e300])
@pytest.mark.parametrize("way", ["min-max", "z", "rank"])
def test_normalized_scores_have_no_unit(way: str, unit: float) -> None:
    scores = [{"q": {"a": 3.0, "b": -1.0, "c": 0.5}}, {"q": {"c": 2.0, "a": 1.0, "d": 1.0}}]
    there = [Run.from_dict({"q": {doc: unit * s for doc, s in one["q"].items()}}) for one in scores]
    here = fuse([Run.from_dict(one) for one in scores], method="combsum", normalize=way)
    found = fuse(there, method="combsum", normalize=way)
    assert found.as_dict()["q"] == pytest.approx(here.as_dict()["q"], rel=1e-12, abs=1e-12)


def test_z_scores_have_mean_0_and_deviation_1() -> None:
    run = Run.from_dict({"q": {"a": 3.0, "b": -1.0, "c": 0.5}, "r": {"a": 7.0, "b": 7.0}})
    fused = fuse([run], method="combsum", normalize="z").as_dict()
    values = np.array(list(fused["q"].values()))
    assert values.mean() == pytest.approx(0, abs=1e-15)
    assert values.std() == pytest.approx(1)
    assert set(fused["r"].values()) == {0.0}


def test_runs_without_results_are_fused_to_nothing() -> None:
    empty = Run.from_dict({"q": {}})
    for method in ("rrf", "combsum", "interleave"):
        assert fuse([empty, empty], method=method).as_dict() == {"q": {}}


RUN = Run.from_dict({"q": {"a": 1.0, "b": np.inf}})


@pytest.mark.parametrize(
    ("runs", "options", "sentence"),
    [
        (RUN, {}, "`runs` must be a sequence of Run, at least one; got"),
        ([], {}, "`runs` must be a sequence of Run, at least one; got"),
        ([RUN, {"q": {}}], {}, "`runs` must be a sequence of Run, at least one; got"),
        ([RUN], {"method": "sum"}, "`method` must be"),
        ([RUN], {"kappa": -1}, "`kappa` must be"),
        ([RUN], {"kappa": np.nan}, "`kappa` must be"),
        ([RUN], {"method": "borda", "kappa": 60}, "`kappa`"),
        ([RUN], {"method": "interleave", "weights": [1]}, "`weights`"),
        ([RUN], {"weights": [1, 2]}, "`weights` must"),
        ([RUN], {"weights": [0]}, "`weights` must be > 0; got 0"),
        ([RUN], {"depth": 0}, "`depth` must be"),
        ([RUN], {"method": "combsum"}, '`runs` must be of finite scores, or method="rrf"; got inf'),
        ([RUN], {"method": "combsum", "normalize": "max"}, "`normalize` must be"),
    ],
)
def test_what_makes_no_sense_is_refused(runs: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refused:
        fuse(runs, **options)
    assert str(refused.value).startswith(sentence) or sentence in str(refused.value)


def test_infinite_scores_have_ranks() -> None:
    assert fuse([RUN, RUN]).ranking("q") == ("b", "a")


def test_documents_with_the_same_places_tie_whichever_run_gave_which() -> None:
    others = list("123456")
    for places in itertools.permutations(range(8), 3):
        runs = []
        for first, second in zip(places, (*places[1:], places[0]), strict=True):
            one = dict(zip((place for place in range(8) if place not in (first, second)), others, strict=True))
            one |= {first: "a", second: "b"}
            runs.append(Run.from_lists({"q": [one[place] for place in range(8)]}))
        scores = fuse(runs).as_dict()["q"]
        assert scores["a"] == scores["b"]
