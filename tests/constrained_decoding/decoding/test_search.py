"""Beam search and best-first search against tuples and sorting, on scores that are added without rounding."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from lrtheory.constrained_decoding import (
    LiveIndex,
    NGram,
    Product,
    Search,
    Table,
    TrieIndex,
    baselines,
    make_nonmonotone,
    make_uniform,
    search,
)
from tests.constrained_decoding.decoding.exact import written
from tests.constrained_decoding.oracle import Language, Tokens, draw_rows

SCORES = (0.0, -1.0, -1.0, -2.0, -3.0, -math.inf)


def scored(seed):
    """An index of any shape, living or not, its language, and a table of whole scores, many of them equal."""
    rng = np.random.default_rng(seed)
    ragged = bool(rng.integers(2))
    rows = draw_rows(rng, 3, ragged=ragged)
    language = Language(rows, 3 if ragged else None)
    index = TrieIndex(rows, 3, terminator=3) if ragged else TrieIndex(rows, 3)
    table = {}
    for prefix in language.prefixes:
        row = rng.choice(SCORES, index.n_tokens)
        row[rng.integers(index.n_tokens)] = rng.choice(SCORES[:-1])
        table[prefix] = row
    return LiveIndex(index) if rng.integers(2) else index, language, table


def score(table, sequence: Tokens) -> float:
    return sum((table[sequence[:t]][token] for t, token in enumerate(sequence)), start=0.0)


def beam_of_tuples(language: Language, table, k: int, width: int):
    """Answers in order, and the best score that was dropped; ended items stay in the beam."""
    beam, dropped = [()] if language.items else [], -math.inf
    while any(language.children(one) for one in beam):
        candidates = [one for one in beam if not language.children(one)]
        candidates += [(*one, token) for one in beam for token in language.children(one)]
        candidates.sort(key=lambda one: (-score(table, one), one))
        dropped = max([dropped, *(score(table, one) for one in candidates[width:])])
        beam = candidates[:width]
    return beam[:k], dropped


def ranked(language: Language, table):
    return sorted(language.items, key=lambda one: (-score(table, one), one))


@pytest.mark.parametrize("seed", range(60))
def test_beams_against_tuples(seed):
    index, language, table = scored(seed)
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 5))
    width = k + int(rng.integers(0, 4))
    answers, dropped = beam_of_tuples(language, table, k, width)
    found = search(index, Table(table), k, width=width, method="beam", record=True)
    n = len(answers)
    assert [written(index, item) for item in found.items[:n]] == answers
    assert found.log_probs.tolist() == [score(table, one) for one in answers] + [-math.inf] * (k - n)
    assert (found.items[n:] == -1).all()
    assert found.largest_dropped == dropped
    assert set(found.expanded) <= language.prefixes
    best = ranked(language, table)
    for r in range(min(k, len(best))):  # the certificate holds of every rank
        assert score(table, best[r]) <= max(found.log_probs[r], found.largest_dropped)
    if found.converged and found.certificate is not None:
        assert found.log_probs.tolist()[:n] == [score(table, one) for one in best[:k]]
        assert found.certificate.verify((index, Table(table)))


@pytest.mark.parametrize("seed", range(60))
def test_best_first_against_sorting(seed):
    index, language, table = scored(seed)
    best = ranked(language, table)
    for k in (1, 3, 20):
        found = search(index, Table(table), k, method="best-first", record=True)
        assert [written(index, item) for item in found.items if item >= 0] == best[:k]
        assert found.converged
        assert len(set(found.expanded)) == len(found.expanded) == found.n_iter
        inner = {one for one in language.prefixes if language.children(one)}
        worst = score(table, best[k - 1]) if k <= len(best) else -math.inf
        # all prefixes of a larger score, and none of a smaller one
        assert {one for one in inner if score(table, one) > worst} <= set(found.expanded)
        assert all(score(table, one) >= worst for one in found.expanded)


@pytest.mark.parametrize("seed", range(20))
def test_auto_finds_the_best_and_so_does_brute_force(seed):
    index, language, table = scored(seed)
    base = index.compact() if isinstance(index, LiveIndex) else index
    found, slow = search(index, Table(table), 3, width=3), baselines.brute_force(base, Table(table), 3)
    assert found.converged
    assert found.log_probs[found.items >= 0].tolist() == list(slow.log_probs)
    assert [written(index, item) for item in found.items if item >= 0] == ranked(language, table)[:3] or (
        found.method == "beam"  # of equal scores at the end of the list a beam may have dropped the first
    )


def test_more_beams_than_continuations_write_nothing_else():
    index = TrieIndex([[0, 0, 0], [1, 1, 1]], 4)
    model = Product(np.log(np.full((3, 4), 0.25)))
    for method in ("beam", "best-first"):
        found = search(index, model, 4, width=4, method=method)
        assert found.items.tolist() == [0, 1, -1, -1]
        assert found.sequences == [[0, 0, 0], [1, 1, 1]]
        assert found.log_probs.tolist()[2:] == [-math.inf, -math.inf]
        assert found.converged
        assert "the catalogue has 2 items" in found.message


def test_equal_scores_come_in_lexicographic_order():
    rows = [[2, 0], [0, 1], [1, 1], [0, 0], [1, 0]]
    model = Product(np.zeros((2, 3)))
    for options in ({"width": 3}, {"width": 9}, {"method": "best-first"}):
        assert search(TrieIndex(rows, 3), model, 3, **options).sequences == [[0, 0], [0, 1], [1, 0]]
    titles = TrieIndex.from_strings(["Aliens", "Alien"])
    found = search(titles, Product(np.zeros((9, titles.n_tokens))), 2, method="best-first")
    assert found.names == ("Aliens", "Alien"), "the terminator is the last token"


@pytest.mark.parametrize("method", ["beam", "best-first", "auto"])
def test_the_smallest_catalogues(method):
    nothing = search(TrieIndex([], 3), Product(np.zeros((1, 3))), 2, method=method)
    assert (nothing.items.tolist(), nothing.message, nothing.certificate) == ([-1, -1], "no items", None)
    one = search(TrieIndex([[0]], 1), Product([[0.0]]), 1, method=method)
    assert (one.items.tolist(), one.log_probs.tolist(), one.certificate.gap) == ([0], [0.0], 0.0)
    empty_title = TrieIndex([[]], 2, terminator=2)
    assert search(empty_title, Product(np.log([[0.25, 0.25, 0.5]])), 1, method=method).sequences == [[]]


def test_a_wider_beam_may_find_less():
    problem = make_nonmonotone()
    found = [search(problem.index, problem.model, 1, width=width, method="beam") for width in (1, 2, 3)]
    np.testing.assert_allclose(np.exp([one.log_probs[0] for one in found]), [0.18, 0.02, 0.18])
    assert [one.converged for one in found] == [False, False, True]
    assert math.exp(found[1].largest_dropped) == pytest.approx(0.18)


def test_long_items_that_part_late():
    """A first difference beyond 127 leaves eight bits."""
    rows = np.zeros((3, 200), int)
    rows[1, 150], rows[2, 199] = 1, 1
    found = search(TrieIndex(rows, 2), Product(np.log(np.full((200, 2), 0.5))), 3)
    assert found.sequences == [rows[0].tolist(), rows[2].tolist(), rows[1].tolist()]
    assert found.log_probs == pytest.approx(np.full(3, -200 * math.log(2)))


def test_the_end_of_an_item_is_no_root():
    index = TrieIndex([[0, 1], [1, 1]], 2)
    leaves = index.leaves([0, 1])
    assert index.advance(leaves, [0, 1]).tolist() == [-1, -1]
    assert index.allowed(leaves).indptr.tolist() == [0, 0, 0]
    assert index.state([0, 1, 0]) == -1


@pytest.mark.parametrize("method", ["beam", "best-first"])
def test_ask_and_tell_are_the_search(method):
    problem = make_uniform(40, 5, 4, rng=1)
    run = Search(problem.index, 3, method=method, record=True)
    while not run.done:
        prefixes, states = run.ask()
        assert problem.index.prefixes(states) == prefixes.tolist()
        with pytest.raises(ValueError, match="`model` must be"):
            run.tell(np.zeros((len(prefixes), 4)))  # a bad answer changes nothing
        run.tell(problem.model(prefixes, states))
    whole = search(problem.index, problem.model, 3, method=method, record=True)
    assert run.result.to_dict() | {"reason": ""} == whole.to_dict() | {"reason": ""}
    with pytest.raises(RuntimeError, match="the search is done"):
        run.ask()
    with pytest.raises(RuntimeError, match="the search is done"):
        run.tell(np.zeros((1, 5)))


def test_an_interrupt_leaves_the_search_where_it_was():
    problem = make_uniform(40, 5, 4, rng=1)
    calls = 0

    def interrupted(prefixes, states):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return problem.model(prefixes, states)

    run = Search(problem.index, 2)
    for _ in range(2):
        run.tell(interrupted(*run.ask()))
    with pytest.raises(KeyboardInterrupt):
        run.tell(interrupted(*run.ask()))
    half = run.result
    assert (half.n_iter, half.converged) == (2, False)
    while not run.done:
        run.tell(interrupted(*run.ask()))
    assert run.result.items.tolist() == search(problem.index, problem.model, 2, method="beam").items.tolist()


@pytest.mark.parametrize("method", ["beam", "best-first"])
def test_a_search_that_is_cut_off_says_what_may_be_left(method):
    problem = make_uniform(60, 4, 5, rng=3)
    best = search(problem.index, problem.model, 2)
    for calls in range(5):
        found = search(problem.index, problem.model, 2, method=method, max_iter=calls)
        assert found.n_iter == calls
        assert found.certificate.bound >= best.log_probs[1]
        assert found.certificate.verify((problem.index, problem.model))


@pytest.mark.parametrize("method", ["beam", "best-first"])
def test_a_certificate_of_which_one_number_is_changed_is_refused(method):
    """The other numbers are those of the search, and all is sound in itself."""
    problem = make_uniform(60, 4, 5, rng=3)
    honest = search(problem.index, problem.model, 2, width=2, method=method).certificate
    assert (honest.verify((problem.index, problem.model)), honest.gap > 0) == (True, method == "beam")
    for change in (
        {"items": honest.items[::-1]},
        {"achieved": honest.achieved - 1, "gap": honest.bound - honest.achieved + 1},
        {"bound": honest.bound + 1, "gap": honest.bound + 1 - honest.achieved},
    ):
        assert not dataclasses.replace(honest, **change).verify((problem.index, problem.model))


ROW = np.log([[0.5, 0.25, 0.25]])
ANSWERS = {
    "another width": (lambda n: np.tile(ROW[:, :2], (n, 1)), ValueError, r"returns an array of shape \(1, 3\)"),
    "another number of rows": (lambda n: np.tile(ROW, (n + 1, 1)), ValueError, "got one of shape"),
    "no rows": (lambda n: np.zeros(3), ValueError, "got one of shape"),
    "NaN": (lambda n: np.full((n, 3), np.nan), ValueError, "log probabilities of at most 0; got nan"),
    "one NaN": (lambda n: np.array([[-1.0, np.nan, -1.0]] * n), ValueError, "got nan"),
    "logits": (lambda n: np.array([[0.7, -1.0, -1.0]] * n), ValueError, "at most 0; got 0.7"),
    "infinite": (lambda n: np.array([[np.inf, -1.0, -1.0]] * n), ValueError, "at most 0; got inf"),
    "nothing": (lambda n: np.full((n, 3), -np.inf), ValueError, r"none after the prefix \[\]"),
    "a mask": (lambda n: np.ma.masked_array(np.tile(ROW, (n, 1)), mask=True), ValueError, "without a mask"),
    "words": (lambda n: np.array([["a", "b", "c"]] * n), TypeError, "returns real numbers"),
    "complex": (lambda n: np.full((n, 3), -1j), TypeError, "returns real numbers"),
    "None": (lambda n: None, TypeError, "returns real numbers"),
}


@pytest.mark.parametrize("what", ANSWERS)
@pytest.mark.parametrize("method", ["beam", "best-first"])
def test_bad_models(what, method):
    answer, kind, sentence = ANSWERS[what]
    with pytest.raises(kind, match=sentence):
        search(TrieIndex([[0, 1], [1, 2]], 3), lambda prefixes, states: answer(len(prefixes)), 1, method=method)


def test_good_answers_of_other_kinds():
    index, due = (
        TrieIndex([[0, 1], [1, 2]], 3),
        search(TrieIndex([[0, 1], [1, 2]], 3), Product(np.tile(ROW, (2, 1))), 2),
    )
    kinds = (
        lambda rows: rows.tolist(),
        lambda rows: rows.astype(np.float32),
        lambda rows: np.asfortranarray(rows),
        lambda rows: rows + 1e-13 * (rows == rows.max()) - 1e-13,
    )
    for kind in kinds:
        found = search(index, lambda prefixes, states, kind=kind: kind(np.tile(ROW, (len(prefixes), 1))), 2)
        assert found.items.tolist() == due.items.tolist()
        np.testing.assert_allclose(found.log_probs, due.log_probs, rtol=1e-6)
    # what rounding adds to a logarithm of 0 is taken off
    sure = search(TrieIndex([[0]], 1), lambda prefixes, states: np.full((len(prefixes), 1), 1e-14), 1)
    assert sure.log_probs.tolist() == [0.0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"k": 0}, "`k` must be an integer of at least 1; got 0."),
        ({"k": 1.5}, "`k` must be an integer; got 1.5."),
        ({"k": 3, "width": 2}, "`width` must be an integer of at least 3; got 2."),
        ({"k": 1, "method": "greedy"}, "`method` must be one of"),
        ({"k": 1, "tol": -1}, "`tol` must be"),
        ({"k": 1, "max_iter": -1}, "`max_iter` must be an integer of at least 0; got -1."),
        ({"k": 1, "record": "no"}, "`record` must be True or False"),
    ],
)
def test_refusals(options, sentence):
    k = options.pop("k")
    with pytest.raises((TypeError, ValueError)) as caught:
        search(TrieIndex([[0]], 1), Product([[0.0]]), k, **options)
    assert str(caught.value).startswith(sentence)


def test_what_is_no_index_or_model():
    with pytest.raises(TypeError, match="`index` must be a TrieIndex or a LiveIndex"):
        search([[0]], Product([[0.0]]), 1)
    with pytest.raises(TypeError, match="`model` must be a function"):
        search(TrieIndex([[0]], 1), np.zeros((1, 1)), 1)
    certificate = search(TrieIndex([[0]], 1), Product([[0.0]]), 1).certificate
    with pytest.raises(TypeError, match="`problem` must be the pair"):
        certificate.verify(TrieIndex([[0]], 1))


def test_an_index_that_changes_ends_the_search():
    live = LiveIndex(TrieIndex([[0, 1], [1, 0], [1, 1]], 2))
    run = Search(live, 1)
    live.toggle(0, False)
    with pytest.raises(RuntimeError, match="the index was changed"):
        run.ask()

    def meddling(prefixes, states):
        live.toggle(1, False)
        return np.zeros((len(prefixes), 2))

    with pytest.raises(RuntimeError, match="the index was changed"):
        search(live, meddling, 1)


def test_items_of_a_living_index_keep_their_numbers():
    live = LiveIndex(TrieIndex([[0, 1], [1, 0], [1, 1]], 2), alive=[True, False, True])
    (number,) = live.insert([[0, 0]]).items.tolist()
    model = Product(np.log([[0.75, 0.25], [0.75, 0.25]]))
    for method in ("beam", "best-first"):
        found = search(live, model, 4, method=method)
        assert found.items.tolist() == [number, 0, 2, -1]
        assert found.sequences == [[0, 0], [0, 1], [1, 1]]


def test_a_model_of_counts():
    rows = [[0, 1, 1], [0, 1, 0], [0, 0, 1], [1, 1, 1]]
    model = NGram(rows, 2, order=2, add=0.5)
    # the second token after a 0: 1, 1, 0, with a half for each
    assert np.exp(model(np.array([[0]]), None))[0] == pytest.approx([1.5 / 4, 2.5 / 4])
    assert np.exp(model(np.zeros((1, 0), int), None))[0] == pytest.approx([3.5 / 5, 1.5 / 5])
    shared = NGram(rows, 2, order=2, add=0.5, by_position=False)
    # all tokens after a 1: 1 and 0 in the first two rows, 1 and 1 in the last one
    assert np.exp(shared(np.array([[0, 1]]), None))[0] == pytest.approx([1.5 / 5, 3.5 / 5])
    assert search(TrieIndex(rows, 2), model, 1).sequences == [[0, 1, 1]]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Product([[0.5]]), "`log_p` must be log probabilities of at most 0; got 0.5."),
        (lambda: Product([[np.nan]]), "`log_p` must be free of NaN"),
        (lambda: Product([0.0]), "`log_p` must be of shape (n, n)"),
        (lambda: NGram([[0.5]], 2), "`sequences` must be a matrix of integers"),
        (lambda: NGram([[2]], 2), "`sequences` must be token ids in 0..1; got 2."),
        (lambda: NGram([[1]], 2, add=0), "`add` must be positive; got 0."),
        (lambda: NGram([[1]], 2**20, order=3), "`order` must be small enough"),
        (lambda: Table({}), "`rows` must be a mapping with a row for each prefix"),
        (lambda: Table({(): [0.0], (0,): [0.0, 0.0]}), "`rows` must be rows of one length; got [1, 2]."),
        (lambda: Table.from_probabilities({(): [1.5]}), "`rows` must be in [0, 1]; got 1.5."),
        (lambda: Table({(): [0.0]})(np.array([[0]]), None), "`rows` must be a mapping with a row for each prefix that"),
        (lambda: Product([[0.0]])(np.array([[0]]), None), "`log_p` must be log probabilities of at least 2 positions"),
    ],
)
def test_bad_tables(make, sentence):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert str(caught.value).startswith(sentence)
