"""Samples, backward sums and the bias of masking against enumeration in Fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.constrained_decoding import (
    LiveIndex,
    Product,
    Table,
    TrieIndex,
    backward_sums,
    make_biased_pair,
    masking_bias,
    sample,
    theory,
)
from tests.constrained_decoding.decoding.exact import drawn, written

CLOSE = 1e-12
N = 4000


def logs(values):
    """Natural logarithms of Fractions, minus infinity of 0."""
    return [math.log(value) if value else -math.inf for value in values]


@pytest.mark.parametrize("seed", range(25))
def test_backward_sums_against_fractions(seed):
    index, language, laws = drawn(np.random.default_rng(seed))
    found = backward_sums(index, laws.table())
    np.testing.assert_allclose(found.log_mass, logs(map(laws.below, language.states())), rtol=CLOSE, atol=CLOSE)
    np.testing.assert_allclose(found.log_total, logs([laws.total])[0], rtol=CLOSE, atol=CLOSE)
    edges = [laws.rows[one[:-1]][one[-1]] for one in language.states()[1:]]
    np.testing.assert_allclose(found.edge_log_probs, logs(edges), rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("seed", range(40))
def test_the_bias_against_fractions(seed):
    index, language, laws = drawn(np.random.default_rng(seed))
    if laws.has_dead_end():
        with pytest.raises(ValueError, match="some allowed token a probability; got none after the prefix"):
            masking_bias(index, laws.table())
        return
    found = masking_bias(index, laws.table())
    due, masked, p = laws.due, laws.masked, laws.total
    assert [written(index, item) for item in found.items] == sorted(
        language.items, key=lambda one: index.item(index.state(one))
    )
    at = [language.items.index(written(index, item)) for item in found.items]
    W = [laws.W[language.items[i]] for i in at]
    np.testing.assert_allclose(found.log_probs, logs(laws.p[language.items[i]] for i in at), rtol=CLOSE, atol=CLOSE)
    live = [w > 0 for w in W]
    np.testing.assert_allclose(found.log_weights[live], [math.log(w) for w in W if w], rtol=CLOSE, atol=CLOSE)
    assert sum(masked) == 1, "q is a law"
    tv = sum(abs(a - b) for a, b in zip(due, masked, strict=True)) / 2
    assert found.tv == pytest.approx(float(tv), abs=CLOSE)
    positive = [w for w, item in zip(laws.W.values(), language.items, strict=True) if laws.p[item] > 0]
    bound = theory.tv_bound(min(positive), max(positive), mass=p)
    assert found.bound == pytest.approx(float(bound), abs=CLOSE)
    assert tv <= bound
    pairs = [(a, b, w) for a, b, w in zip(due, masked, laws.W.values(), strict=True) if a > 0]
    assert found.ess_share == pytest.approx(float(p**2 / sum(b * w * w for _, b, w in pairs)), abs=CLOSE)
    assert found.kl_forward == pytest.approx(sum(float(a) * math.log(a / b) for a, b, _ in pairs), abs=CLOSE)
    assert found.kl_reverse == pytest.approx(sum(float(b) * math.log(b / a) for a, b, _ in pairs), abs=CLOSE)
    apart = {item: abs(a - b) for item, a, b in zip(language.items, due, masked, strict=True)}
    worst = [float(apart[written(index, item)]) for item in found.worst_items]
    assert worst == pytest.approx(sorted((float(x) for x in apart.values() if x or True), reverse=True)[: len(worst)])


@pytest.mark.parametrize("seed", range(20))
def test_laws_that_are_equal_up_to_rounding_are_at_no_distance_below_0(seed):
    """Sums of terms of both signs round to either side of 0; a divergence is never negative."""
    rows = np.random.default_rng(seed).dirichlet(np.ones(4), 2)
    found = masking_bias(TrieIndex([*np.ndindex(3, 3)], 4), Product(np.log(rows)))
    for distance in (found.kl_forward, found.kl_reverse):
        assert 0 <= distance <= 1e-14


def shares(index, language, items):
    """The share of each item of the language among samples."""
    found = [written(index, item) for item in np.unique(items)]
    assert set(found) <= set(language.items)
    counts = dict(zip(found, np.unique(items, return_counts=True)[1].tolist(), strict=True))
    return np.array([counts.get(one, 0) for one in language.items]) / len(items)


def assert_law(found, due):
    """Shares of N samples within five standard deviations of a law; what has no probability never comes."""
    law = np.array([float(x) for x in due])
    assert (np.abs(found - law) <= 5 * np.sqrt(law * (1 - law) / N) + 1e-9).all()
    assert (found[law == 0] == 0).all()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("method", ["exact", "masked", "rejection"])
def test_laws_of_samples(seed, method):
    index, language, laws = drawn(np.random.default_rng(seed))
    if laws.total == 0 or (laws.has_dead_end() and method != "exact"):
        with pytest.raises(ValueError, match="`model` must be a function that gives some"):
            sample(index, laws.table(), N, method=method, rng=seed)
        return
    found = sample(index, laws.table(), N, method=method, rng=seed)
    assert_law(shares(index, language, found.items), laws.masked if method == "masked" else laws.due)
    total = float(laws.total)
    assert found.lower <= total + CLOSE
    assert total <= found.upper + CLOSE
    if method == "masked":
        due = [math.log(laws.W[written(index, item)]) for item in found.items[:50]]
        np.testing.assert_allclose(found.log_weights[:50], due, rtol=CLOSE, atol=CLOSE)
        assert found.mass == pytest.approx(np.exp(found.log_weights).mean())
    else:
        assert found.effective_sample_size == N
        np.testing.assert_allclose(np.exp(found.log_weights), found.mass)
    if method == "exact":
        assert (found.mass, found.n_proposed) == (pytest.approx(total), 0)
    if method == "rejection":  # P(C) / c of the proposals are accepted, with c the allowed mass at the root
        rate = total / float(laws.allowed(()))
        assert abs(N / found.n_proposed - rate) <= 5 * math.sqrt(rate * (1 - rate) / N) + 1e-9


def test_the_pair_of_the_bound():
    problem = make_biased_pair()
    bias = masking_bias(problem.index, problem.model)
    assert (bias.tv, bias.bound) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    for bound, rate in ((None, 0.5), (0.0, 0.5), (math.log(1.0), 0.5)):
        found = sample(problem.index, problem.model, N, method="rejection", log_bound=bound, rng=1)
        assert N / found.n_proposed == pytest.approx(rate, abs=0.04)
        assert (found.items == 1).mean() == pytest.approx(1 / 3, abs=0.04)
    with pytest.raises(ValueError, match="`log_bound` must be at least .*, which an item has; got -0.69"):
        sample(problem.index, problem.model, N, method="rejection", log_bound=math.log(0.5), rng=1)


def test_draws_repeat_and_do_not_depend_on_the_method_of_asking():
    problem = make_biased_pair()
    for method in ("exact", "masked", "rejection"):
        first, second = (sample(problem.index, problem.model, 99, method=method, rng=7) for _ in range(2))
        assert first.items.tolist() == second.items.tolist()
        generator = np.random.default_rng(7)
        assert sample(problem.index, problem.model, 99, method=method, rng=generator).items.tolist() == (
            first.items.tolist()
        )


@pytest.mark.parametrize("length", [1, 100])
def test_products_that_leave_the_doubles(length):
    """2048^-100 is 0 in doubles; all items are equally likely, and one has twice the weight of the others."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 2048, (50, length))
    rows[:, 0] = np.arange(50)
    table = np.full((length, 2048), -math.log(2049.0))
    table[0, 0] = math.log(2 / 2049)
    index, model = TrieIndex(rows, 2048), Product(table)
    each = -length * math.log(2049.0)
    sums = backward_sums(index, model)
    assert sums.log_total == pytest.approx(each + math.log(51), rel=1e-12)
    bias = masking_bias(index, model)
    # below the root one token follows, so W is the probability of the rest times the allowed mass at the root
    assert bias.log_weights == pytest.approx(np.full(50, math.log(51) + each), rel=1e-12)
    assert (bias.tv, bias.bound) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-9))
    for method in ("exact", "masked", "rejection"):
        options = {"log_bound": float(bias.log_weights.max())} if method == "rejection" else {}
        found = sample(index, model, N, method=method, rng=0, **options)
        assert (found.items == 0).mean() == pytest.approx(2 / 51, abs=0.02)
        assert found.log_weights == pytest.approx(np.full(N, sums.log_total), rel=1e-3)


def test_two_laws_far_apart_in_logarithms():
    """W of e^-2000 beside 1: their ratio is no double, the report is."""
    rows = {(): [-math.log(2)] * 2, (0,): [0.0, -math.inf], (1,): [-2000.0, 0.0]}
    found = masking_bias(TrieIndex([[0, 0], [1, 0]], 2), Table(rows))
    assert (found.tv, found.bound) == (pytest.approx(0.5), pytest.approx(0.5))
    assert found.kl_reverse == pytest.approx(0.5 * math.log(0.5) + 0.5 * (2000 + math.log(0.5)))
    assert found.ess_share == pytest.approx(0.5)


def test_a_temperature_sharpens_over_all_tokens():
    table = np.log([[0.5, 0.25, 0.25]])
    found = backward_sums(TrieIndex([[0], [1]], 3), Product(table), temperature=0.5)
    squares = [Fraction(1, 4), Fraction(1, 16), Fraction(1, 16)]
    due = [math.log(one / sum(squares)) for one in squares[:2]]
    assert found.edge_log_probs == pytest.approx(due)
    cold = sample(TrieIndex([[0], [1]], 3), Product(table), 50, temperature=1e-3, rng=0)
    assert set(cold.items.tolist()) == {0}
    hot = sample(TrieIndex([[0], [1]], 3), Product(table), N, temperature=1e9, rng=0)
    assert (hot.items == 0).mean() == pytest.approx(0.5, abs=0.05)


def test_a_living_index_gives_its_numbers_and_its_states():
    live = LiveIndex(TrieIndex([[0, 1], [1, 0], [1, 1]], 2), alive=[True, False, True])
    (number,) = live.insert([[0, 0]]).items.tolist()
    model = Product(np.log([[0.75, 0.25], [0.75, 0.25]]))

    def watched(prefixes, states):
        assert [live.state(prefix) for prefix in prefixes] == states.tolist()
        return model(prefixes, states)

    due = {number: 9 / 13, 0: 3 / 13, 2: 1 / 13}
    for method in ("exact", "masked", "rejection"):
        found = sample(live, watched, N, method=method, rng=0)
        assert set(np.unique(found.items).tolist()) == set(due)
        if method != "masked":
            assert {item: (found.items == item).mean() for item in due} == pytest.approx(due, abs=0.04)
    bias = masking_bias(live, watched)
    assert bias.items.tolist() == [0, 2, number]
    assert np.exp(bias.log_probs) == pytest.approx([3 / 16, 1 / 16, 9 / 16])
    assert math.exp(backward_sums(live, watched).log_total) == pytest.approx(13 / 16)


def test_long_vocabularies_are_asked_in_parts(monkeypatch):
    from lrtheory.constrained_decoding.decoding import edges

    index, language, laws = drawn(np.random.default_rng(4), positive=True)
    whole = backward_sums(index, laws.table())
    monkeypatch.setattr(edges, "MOST_NUMBERS", 5)
    assert backward_sums(index, laws.table()).edge_log_probs.tolist() == whole.edge_log_probs.tolist()
    assert len(language.states()) > 3


def test_samples_are_a_table_that_the_mass_is_read_from(tmp_path):
    from lrtheory.constrained_decoding import WeightedSamples

    problem = make_biased_pair()
    for method in ("exact", "masked", "rejection"):
        found = sample(problem.index, problem.model, 500, method=method, rng=0)
        found.to_file(tmp_path / f"{method}.csv")
        assert WeightedSamples.from_file(tmp_path / f"{method}.csv").mass().mass == pytest.approx(found.mass, rel=1e-9)


@pytest.mark.parametrize("call", [sample, masking_bias, backward_sums])
def test_bad_models_and_indices(call):
    def of(answer, index=None):
        index = TrieIndex([[0, 1], [1, 0]], 2) if index is None else index
        more = (5,) if call is sample else ()
        return call(index, lambda prefixes, states: answer(len(prefixes)), *more)

    half = math.log(0.5)
    for answer, sentence in (
        (lambda n: np.full((n, 3), half), r"returns an array of shape \(1, 2\) for 1 prefixes; got one of shape"),
        (lambda n: np.full((n, 2), np.nan), "at most 0; got nan"),
        (lambda n: np.full((n, 2), 0.5), "at most 0; got 0.5"),
        (lambda n: np.full((n, 2), -np.inf), r"none after the prefix \[\]"),
        (lambda n: np.zeros((n, 2)), r"probabilities that sum to at most 1; got 2 after the prefix \[\]"),
    ):
        with pytest.raises(ValueError, match=sentence):
            of(answer)
    with pytest.raises(ValueError, match="`index` must be non-empty to sample; got 0 items."):
        of(lambda n: np.full((n, 2), half), TrieIndex([], 2))
    with pytest.raises(TypeError, match="`index` must be a TrieIndex or a LiveIndex"):
        of(lambda n: np.full((n, 2), half), [[0, 1]])
    for heat in (0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="`temperature` must be"):
            call(TrieIndex([[0]], 1), Product([[0.0]]), *((5,) if call is sample else ()), temperature=heat)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_samples": 0}, "`n_samples` must be an integer of at least 1; got 0."),
        ({"method": "greedy"}, "`method` must be one of"),
        ({"log_bound": 0.0}, '`log_bound` must be left out with method "exact"'),
        ({"method": "rejection", "log_bound": 0.5}, "`log_bound` must be in"),
        ({"method": "rejection", "log_bound": math.nan}, "`log_bound` must be"),
        ({"method": "rejection", "max_samples": 0}, "`max_samples` must be"),
        ({"method": "masked", "delta": 1}, "`delta` must be in (0, 1); got 1."),
        ({"rng": -1}, "`rng` must be"),
    ],
)
def test_bad_options(options, sentence):
    options = {"n_samples": 3} | options
    with pytest.raises((TypeError, ValueError)) as caught:
        sample(TrieIndex([[0]], 1), Product([[0.0]]), options.pop("n_samples"), **options)
    assert str(caught.value).startswith(sentence)


def test_rejection_gives_up():
    index, model = TrieIndex([[0, 0]], 2), Table({(): [0.0, -np.inf], (0,): [-30.0, 0.0]})
    with pytest.raises(RuntimeError, match=r"only 0 of 1 samples were accepted among 1000.*exact"):
        sample(index, model, 1, method="rejection", max_samples=1000, rng=0)
    assert sample(index, model, 3, method="rejection", log_bound=-30.0, rng=0).n_proposed == 3


def test_an_interval_of_a_share_holds():
    """Inverse sampling: the interval of the number of trials that n successes needed covers the share."""
    problem, missed, runs = make_biased_pair(0.5, 0.2, 0.6), 0, 300
    for run in range(runs):
        found = sample(problem.index, problem.model, 5, method="rejection", log_bound=0.0, delta=0.2, rng=run)
        missed += not found.lower <= 0.4 <= found.upper
    assert missed / runs <= 0.2 + 3 * math.sqrt(0.16 / runs)


@pytest.mark.parametrize("heat", [1e-320, 1e-300, 1e300])
def test_temperatures_at_the_ends_of_the_range_draw_the_likeliest_item_or_any(heat):
    index, table = TrieIndex([[0], [1]], 2), np.log([[0.5, 0.25]])
    total = backward_sums(index, Product(table), temperature=heat).edge_log_probs
    np.testing.assert_allclose(np.exp(total), [1.0, 0.0] if heat < 1 else [0.5, 0.5], rtol=CLOSE)
    assert set(sample(index, Product(table), 50, temperature=heat, rng=0).items) == ({0} if heat < 1 else {0, 1})


@pytest.mark.parametrize("method", ["exact", "masked"])
def test_an_option_of_rejection_is_refused_elsewhere(method):
    index, model = TrieIndex([[0], [1]], 2), Product(np.log([[0.5, 0.25]]))
    with pytest.raises(ValueError, match="`max_samples` must be left out with method"):
        sample(index, model, 5, method=method, max_samples=10, rng=0)
