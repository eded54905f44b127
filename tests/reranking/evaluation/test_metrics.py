"""Every metric with every rule for ties and holes, against fractions over all orders and all judgments."""

import itertools
import json
import random
from pathlib import Path

import numpy as np
import pytest

from lrtheory import reranking as rr
from tests.reranking.evaluation.oracle import completions, metric, orders

KINDS = ("dcg", "ndcg", "ap", "rr", "recall", "err")


class Case:
    """A query of a few documents: gains or None by falling score, gains of documents not found, and a cut."""

    def __init__(self, seed):
        draw = random.Random(seed)
        n, self.top, self.cut = draw.randint(0, 4), draw.choice([1, 1, 2]), draw.randint(1, 5)
        self.labels = [draw.choice([None, *range(self.top + 1)]) for _ in range(n)]
        self.missed = [draw.randint(0, self.top) for _ in range(draw.randint(0, 2))]
        self.unseen = draw.randint(0, 1)
        self.scores = sorted((draw.randint(0, 2) for _ in range(n)), reverse=True)
        self.run = rr.Run.from_dict({"q": {f"d{i}": score for i, score in enumerate(self.scores)}})
        known = {f"d{i}": label for i, label in enumerate(self.labels) if label is not None}
        self.judgments = rr.Judgments.from_dict({"q": known | {f"m{i}": gain for i, gain in enumerate(self.missed)}})
        self.judged = [*known.values(), *self.missed]
        self.metrics = [(kind, 0) for kind in (*KINDS, "rbp")]
        self.metrics += [(kind, self.cut) for kind in (*KINDS, "rbp", "p")]

    def names(self):
        return [kind + (".5" if kind == "rbp" else "") + (f"@{cut}" if cut else "") for kind, cut in self.metrics]

    def measure(self, **rules):
        return rr.evaluate(self.run, self.judgments, self.names(), discount="reciprocal", max_gain=self.top, **rules)

    def over_orders(self, kind, cut):
        gains = [label or 0 for label in self.labels]
        return [metric(kind, cut, [gains[i] for i in order], self.judged, self.top) for order in orders(self.scores)]

    def over_completions(self, kind, cut, ties):
        for order in orders(self.scores) if ties else [range(len(self.scores))]:
            for found, judged in completions(self.labels, self.missed, self.unseen, self.top):
                yield metric(kind, cut, [found[i] for i in order], judged, self.top)


CASES = [Case(seed) for seed in range(60)]


def agree(found, wanted):
    np.testing.assert_allclose(found[0], list(map(float, wanted)), rtol=0, atol=1e-13)


def test_values_in_the_order_of_the_rows():
    for case in CASES:
        agree(case.measure().values, [next(iter(case.over_orders(*one))) for one in case.metrics])


def test_means_over_ties():
    for case in CASES:
        values = [case.over_orders(*one) for one in case.metrics]
        agree(case.measure(ties="expected").values, [sum(one) / len(one) for one in values])


def test_ends_over_ties():
    for case in CASES:
        found, values = case.measure(ties="bounds"), [case.over_orders(*one) for one in case.metrics]
        agree(found.lower, map(min, values))
        agree(found.upper, map(max, values))


@pytest.mark.parametrize("ties", ["input", "bounds"])
def test_ends_over_holes(ties):
    for case in CASES:
        found = case.measure(ties=ties, unjudged="bounds", unseen=case.unseen)
        values = [list(case.over_completions(*one, ties == "bounds")) for one in case.metrics]
        behind = [0.5 ** len(case.labels) if one == ("rbp", 0) else 0 for one in case.metrics]
        is_bound = np.array([kind == "ndcg" and case.top > 1 for kind, _ in case.metrics])
        upper = np.array([float(max(one)) + tail for one, tail in zip(values, behind, strict=True)])
        agree(found.lower, map(min, values))
        agree(found.upper[:, ~is_bound], upper[~is_bound])
        assert (found.upper[0, is_bound] >= upper[is_bound] - 1e-13).all()


def marked(labels, groups, m, low):
    """The labels by rank where m open documents are relevant, the last or the first ones, and groups are sorted."""
    order = reversed(groups) if low else groups
    parts, left = [], m
    for group in order:
        opens = sum(labels[i] is None for i in group)
        here = min(left, opens)
        left -= here
        hits = sum(labels[i] == 1 for i in group) + here
        zeros = [0] * (len(group) - hits)
        parts.append(zeros + [1] * hits if low else [1] * hits + zeros)
    return [label for part in (reversed(parts) if low else parts) for label in part]


@pytest.mark.parametrize("cut", [0, 7])
def test_long_lists_with_ties_and_holes(cut):
    """The ends of AP, which are found in one pass, are those over every number of marks."""
    draw = random.Random(11)
    for _ in range(10):
        n, missed, unseen = draw.randint(15, 40), draw.randint(0, 2), draw.randint(0, 3)
        labels = [draw.choice([None, None, 0, 1]) for _ in range(n)]
        scores = sorted((draw.randint(0, n) for _ in range(n)), reverse=True)
        groups = [list(group) for _, group in itertools.groupby(range(n), key=lambda i: scores[i])]
        known = {f"d{i}": label for i, label in enumerate(labels) if label is not None}
        judgments = rr.Judgments.from_dict({"q": known | {f"m{i}": 1 for i in range(missed)}})
        run = rr.Run.from_dict({"q": {f"d{i}": score for i, score in enumerate(scores)}})
        name = f"ap@{cut}" if cut else "ap"
        found = rr.evaluate(run, judgments, name, ties="bounds", unjudged="bounds", unseen=unseen)
        relevant = sum(label == 1 for label in labels) + missed
        for low, end in ((True, found.lower), (False, found.upper)):
            values = []
            for m in range(labels.count(None) + 1):
                gains = marked(labels, groups, m, low)
                judged = [1] * (relevant + m + (unseen if low else 0))
                values.append(metric("ap", cut, gains, judged, 1))
            assert end[0, 0] == pytest.approx(float(min(values) if low else max(values)), abs=1e-12)


def test_judged_documents_alone():
    for case in CASES:
        gains = [label for label in case.labels if label is not None]
        wanted = [metric(*one, gains, case.judged, case.top) for one in case.metrics]
        agree(case.measure(unjudged="skip").values, wanted)


def test_the_share_that_is_judged():
    run = rr.Run.from_lists({"q": ["a", "new", "b", "newer"], "r": ["a"]})
    judgments = rr.Judgments.from_dict({"q": {"a": 1, "b": 0}, "r": {"a": 0}, "s": {"a": 1}})
    found = rr.evaluate(run, judgments, ["p@1", "p@3", "ap"])
    np.testing.assert_allclose(found.judged, [[1, 2 / 3, 1 / 2], [1, 1, 1], [1, 1, 1]])
    np.testing.assert_allclose(found.judged_share, [1, 3 / 4, 3 / 5])


# --- other tools -----------------------------------------------------------------------------------------------------

#: what pytrec_eval-terrier 0.5.11 and ranx 0.3.21 gave for one set of judgments and runs
PEERS = json.loads((Path(__file__).parent / "peers.json").read_text())
RANX = {"ndcg@10": "ndcg@10", "map": "ap", "mrr": "rr", "precision@10": "p@10", "recall@10": "recall@10"}
RANX_BINARY = {"rbp.80": "rbp.8", "rbp.50": "rbp.5"}


def same(found, theirs):
    for query, row in zip(found.queries, found.values, strict=True):
        for name, value in zip(found.metrics, row, strict=True):
            if query in theirs:
                assert value == pytest.approx(theirs[query][name], abs=1e-12), (query, name)
            else:
                assert value == 0


def test_trec_eval():
    judgments, run = rr.Judgments.from_dict(PEERS["qrels"]), rr.Run.from_dict(PEERS["run"])
    names = sorted(PEERS["trec_eval"]["q0"])
    same(rr.evaluate(run, judgments, names, ties="trec"), PEERS["trec_eval"])


def test_scores_that_trec_eval_cannot_tell_apart():
    """In single precision .300000001 is .3, so that names decide there."""
    judgments, run = rr.Judgments.from_dict(PEERS["qrels"]), rr.Run.from_dict({"q9": PEERS["run"]["q9"]})
    place = judgments.queries.index("q9")
    assert rr.evaluate(run, judgments, "rr").values[place] == 1
    assert rr.evaluate(run, judgments, "rr", ties="trec").values[place] == PEERS["trec_eval"]["q9"]["rr"] == 0.5


@pytest.mark.parametrize("gains", ["linear", "exponential"])
def test_ranx(gains):
    judgments, run = rr.Judgments.from_dict(PEERS["qrels"]), rr.Run.from_dict(PEERS["clean"])
    names = RANX if gains == "linear" else {"ndcg_burges@10": "ndcg@10"}
    theirs = {
        query: {ours: PEERS["ranx"][name][query] for name, ours in (names | RANX_BINARY).items()}
        for query in PEERS["clean"]
    }
    same(rr.evaluate(run, judgments, [*names.values(), *RANX_BINARY.values()], gains=gains), theirs)


def test_the_shift_of_discounts_and_of_gains():
    """Slips by a rank or in the base of the logarithm are invisible where documents are exchanged."""
    judgments = rr.Judgments.from_dict({"q": {"a": 2, "b": 1}})
    run = rr.Run.from_lists({"q": ["b", "a"]})
    assert rr.evaluate(run, judgments, "dcg").values[0, 0] == pytest.approx(1 + 2 / np.log2(3), abs=1e-15)
    assert rr.evaluate(run, judgments, "dcg", gains="exponential").values[0, 0] == pytest.approx(1 + 3 / np.log2(3))
    assert rr.evaluate(rr.Run.from_lists({"q": ["a"]}), judgments, "p@4").values[0, 0] == 0.25


# --- what users report -----------------------------------------------------------------------------------------------


def test_three_conventions_for_queries_that_are_missing():
    """Ours; the mean over queries in both; and the mean over the union."""
    judgments = rr.Judgments.from_dict({"q": {"a": 1}, "r": {"a": 1}})
    run = rr.Run.from_lists({"q": ["a"], "s": ["a"], "t": ["a"]})
    found = rr.evaluate(run, judgments, "rr")
    assert found.mean[0] == 1 / 2
    assert found.values[found.found].mean() == 1
    assert found.values.sum() / (len(found.queries) + found.counts["dropped"]) == 1 / 4
    assert (found.counts["missing"], found.counts["dropped"]) == (1, 2)
    assert "1 of them without a result" in found.message
    assert "2 queries of the run without judgments" in found.message


def test_renamed_documents():
    """Ties by name move a metric from 1.00 to 0.63; the message says the range whatever the rule."""
    judgments = rr.Judgments.from_dict({"1": {"a": 0, "b": 1, "c": 0}})
    for names, value in (("ba", 1.0), ("bc", 0.6309)):
        run = rr.Run.from_dict({"1": dict.fromkeys(names, 1.0)})
        found = rr.evaluate(run, judgments, "ndcg", ties="trec")
        assert found.mean[0] == pytest.approx(value, abs=1e-4)
        assert "over all their orders ndcg lies between 0.6309 and 1" in found.message
        assert rr.evaluate(run, judgments, "ndcg", ties="expected").mean[0] == pytest.approx((1 + 1 / np.log2(3)) / 2)


def test_ties_of_small_gains_are_told():
    judgments = rr.Judgments.from_dict({"1": {"a": 1e-12, "b": 0}})
    found = rr.evaluate(rr.Run.from_dict({"1": {"a": 1.0, "b": 1.0}}), judgments, "dcg")
    assert "over all their orders dcg lies between 6.309e-13 and 1e-12" in found.message


def test_small_exponents_are_not_lost():
    """2^g - 1 is g ln 2 where g is small, and ratios of it stay."""
    judgments = rr.Judgments.from_dict({"1": {"a": 1e-12, "b": 2e-12}})
    run = rr.Run.from_lists({"1": ["a", "b"]})
    wanted = (1 + 2 / np.log2(3)) / (2 + 1 / np.log2(3))
    assert rr.evaluate(run, judgments, "ndcg", gains="exponential").mean[0] == pytest.approx(wanted, rel=1e-11)
    assert rr.evaluate(run, judgments, "err").mean[0] == pytest.approx(2e-12 * np.log(2), rel=1e-11)


def test_none_of_the_first_is_judged():
    """Which is no sign that names are of another collection."""
    judgments, run = rr.Judgments.from_dict({"q": {"a": 1}}), rr.Run.from_lists({"q": ["x", "y", "a"]})
    assert "0.0 % of the first 2 are judged" in rr.evaluate(run, judgments, "p@2").message


def test_names_of_metrics():
    judgments, run = rr.Judgments.from_dict({"q": {"a": 1}}), rr.Run.from_lists({"q": ["a"]})
    found = rr.evaluate(run, judgments, "MAP, rbp0.80, rbp.8000001@3, mrr@10")
    assert found.metrics == ("ap", "rbp.8", "rbp.8000001@3", "rr@10")


def test_ties_that_do_not_matter_are_not_told():
    judgments, run = rr.Judgments.from_dict({"1": {"a": 1, "b": 1}}), rr.Run.from_dict({"1": {"a": 0.0, "b": -0.0}})
    found = rr.evaluate(run, judgments, "ndcg")
    assert "order" not in found.message
    assert found.counts["tied"] == 1


def test_names_of_another_collection():
    judgments, run = rr.Judgments.from_dict({"q": {"a": 1}}), rr.Run.from_lists({"q": ["A"]})
    assert "none of the documents found is judged" in rr.evaluate(run, judgments, "ap").message


@pytest.mark.parametrize("factor", [1e-300, 1e-12, 1e12, 1e300])
def test_units_of_gains(factor):
    gains = {"a": 3.0, "b": 1.0, "c": 2.0}
    run = rr.Run.from_lists({"q": ["b", "a", "c", "d"]})
    one, other = (
        rr.evaluate(run, rr.Judgments.from_dict({"q": {d: g * f for d, g in gains.items()}}), ["dcg", "ndcg", "ap"],
                    unjudged="bounds")
        for f in (1.0, factor)
    )  # fmt: skip
    for end in ("values", "lower", "upper"):
        np.testing.assert_allclose(getattr(other, end), getattr(one, end) * [factor, 1, 1], rtol=1e-14)


@pytest.mark.parametrize("scores", [(-np.inf, np.inf, 0.0), (1e-320, 2e-320, 0.0), (-1e300, 1e300, 0.0)])
def test_scores_are_only_compared(scores):
    run = rr.Run.from_dict({"q": dict(zip("abc", scores, strict=True))})
    judgments = rr.Judgments.from_dict({"q": {"b": 1, "a": 0, "c": 0}})
    assert rr.evaluate(run, judgments, "rr").mean[0] == 1


BAD = {
    "unknown metric": ({"metrics": "ndcg@0"}, r"`metrics` must be dcg, ndcg, ap, .* got 'ndcg@0'\."),
    "precision of all": ({"metrics": "p"}, "`metrics` must be"),
    "a metric twice": ({"metrics": "ap,map"}, "`metrics` must be some names of different metrics"),
    "patience": ({"metrics": "rbp"}, "`metrics` must be"),
    "no number of unseen": ({"unseen": 1}, "`unseen` must be left out unless"),
    "mean over ties and holes": ({"ties": "expected", "unjudged": "bounds"}, "`ties` must be"),
    "a largest gain that is not": ({"max_gain": 1}, r"`max_gain` must be finite and at least 2; got 1\."),
    "discount": ({"discount": "ln"}, "`discount` must be one of"),
}


@pytest.mark.parametrize(("options", "told"), BAD.values(), ids=BAD)
def test_options_that_are_refused(options, told):
    judgments, run = rr.Judgments.from_dict({"q": {"a": 2}}), rr.Run.from_lists({"q": ["a"]})
    with pytest.raises(ValueError, match=told):
        rr.evaluate(run, judgments, **options)


def test_gains_that_are_refused():
    run = rr.Run.from_lists({"q": ["a"]})
    spam = rr.Judgments.from_dict({"q": {"a": -2, "b": 1}})
    with pytest.raises(ValueError, match=r'`gains` must be >= 0, or negative="zero"; got -2.0\.'):
        rr.evaluate(run, spam)
    assert rr.evaluate(run, spam, "p@1", negative="zero").judged[0, 0] == 1
    with pytest.raises(ValueError, match="exponents of 2"):
        rr.evaluate(run, rr.Judgments.from_dict({"q": {"a": 1e4}}), gains="exponential")
    with pytest.raises(ValueError, match="at least one query"):
        rr.evaluate(run, rr.Judgments.from_dict({}))
    with pytest.raises(TypeError, match="`run` must be a Run"):
        rr.evaluate(spam, spam)


def test_nothing_found_and_nothing_relevant():
    judgments = rr.Judgments.from_dict({"q": {"a": 0}, "r": {}})
    names = ["ndcg@10", "ap", "rr", "err", "rbp.8", "recall", "dcg"]
    for run in (rr.Run.from_lists({}), rr.Run.from_lists({"q": []}), rr.Run.from_lists({"q": ["a"], "r": ["b"]})):
        for rules in ({}, {"ties": "expected"}, {"unjudged": "skip"}):
            found = rr.evaluate(run, judgments, names, **rules)
            assert not found.values.any()
            assert found.empty.all()


def test_several_runs_with_what_is_open():
    judgments = rr.Judgments.from_dict({"q": {"a": 1, "b": 0}})
    runs = {"x": rr.Run.from_dict({"q": {"b": 1.0, "a": 1.0}}), "y": rr.Run.from_lists({"q": ["new", "a"]})}
    found = rr.evaluate_all(runs, judgments, ["rr"])
    assert found.mean.tolist() == [[0.5], [0.5]]
    assert found.lower.tolist() == [[0.5], [0.5]]
    assert found.upper.tolist() == [[1.0], [1.0]]
    assert found.judged.tolist() == [[1.0], [0.5]]
    assert found.to_frame()["run"].tolist() == ["x", "y"]
    assert rr.evaluate_all(runs, judgments, ["rr"], unjudged="skip").upper.tolist() == [[1.0], [1.0]]
