"""Votes against loops in Python integers, the same bits in any way, states, and what is refused."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import IntegerES, IntegerMembers, IntegerRNN, make_markov_text, theory
from lrtheory.low_rank_optimizers.integer.lookup_tables import hashed
from lrtheory.low_rank_optimizers.integer.results import Progress

TEXT = make_markov_text(500, n_states=3, rng=0)


def made(**options: object) -> IntegerES:
    given: dict[str, object] = {"population_size": 16, "noise_size": 1 << 12, "rng": 7} | options
    return IntegerES(IntegerRNN(3, 4, rng=0), **given)  # type: ignore[arg-type]


def flat(es: IntegerES) -> np.ndarray:
    return np.concatenate([value.ravel() for value in es.network.weights.values()])


@pytest.mark.parametrize("rank", [1, 3])
def test_votes_are_those_of_python_integers(rank: int) -> None:
    es = made(rank=rank, population_size=10)
    es.n_steps = 200
    members, before = es.ask(), {name: value.astype(int) for name, value in es.network.weights.items()}
    signs = [1, -1, 0, 1, 1]
    bound = theory.vote_quantile(200) * math.isqrt(5 * rank) * 256
    step = es.tell([s for sign in signs for s in (sign, 0)])
    moved = 0
    for name, W in before.items():
        Z = np.zeros(W.shape, object)
        for pair, sign in enumerate(signs):
            A, B = members.factors(pair, name)
            Z += sign * (B.astype(object) @ A.T.astype(object))
        due = np.array([(16 * abs(z) >= bound) * ((z > 0) - (z < 0)) for z in Z.ravel().tolist()]).reshape(W.shape)
        expected = np.clip(W + due, -127, 127)
        np.testing.assert_array_equal(es.network.weights[name], expected)
        moved += int((expected != W).sum())
    assert 0 < moved == step.counts["moved"] < es.network.n_weights
    assert step.counts["tied_pairs"] == 1
    assert step.quantile == theory.vote_quantile(200)


def test_noise_is_new_in_every_step_pair_and_layer() -> None:
    es = made(population_size=4, noise_size=1 << 20)
    starts = [es.ask().starts]
    assert es.ask() is es.ask()
    es.tell([1, 0, 0, 1])
    starts.append(es.ask().starts)
    assert len(np.unique(np.stack(starts))) == np.stack(starts).size


def test_noise_and_texts_are_read_to_their_ends() -> None:
    es = made(population_size=400, noise_size=20, cooling=0.5)
    starts, sizes = es.ask().starts, es.network.shapes.values()
    assert (starts.max(axis=0) + [n + m for n, m in sizes] == 20).all()
    np.testing.assert_array_equal(es.pieces([0, 1, 2], 2), [[0, 1, 2]] * 200)
    es.n_steps = 60
    assert es.tell(np.arange(400)).quantile == theory.vote_quantile(60, cooling=0.5)


def test_losses_are_means_of_scores() -> None:
    es = made()
    es.network = es.network.replaced({"embedding": np.full((3, 4), 127)})  # which noise takes beyond
    members, texts = es.copy().ask(), es.pieces(TEXT, 5)
    scores = members.score(texts)
    clipped = members.clipped
    members.score(texts)
    assert members.clipped == 2 * clipped > 0
    assert es.train(TEXT, 1, n_tokens=5).bits[0] == -scores.mean() / 5 / 16


def test_an_open_step_is_its_own() -> None:
    es = made()
    state, members = es.get_state(), es.ask()
    assert es.copy().ask() is not members
    es.set_state(state)
    with pytest.raises(ValueError, match="must be called after one `ask`"):
        es.tell(np.ones(16))


def test_members_agree_with_scores_of_their_logits() -> None:
    es = made(population_size=6)
    members, texts = es.ask(), es.pieces(TEXT, 9)
    scores = members.score(texts)
    for member in range(6):
        text = texts[member // 2]
        logits = members.logits(member, text[:-1]).astype(int)
        # 2^k 16^16 <= S^16 for the largest k, with table entries that are floors
        total = 0
        for row, target in zip(logits.tolist(), text[1:].tolist(), strict=True):
            S = sum(math.floor(16 * 2 ** ((value + 128) / 16)) for value in row)
            total += row[target] + 128 - math.floor(16 * math.log2(S / 16))
        assert scores[member] == total


def test_pieces_of_a_text_are_drawn_beside_the_streams_of_the_layers() -> None:
    """Else the piece that a pair reads would say which noise it gets."""
    es = IntegerES(IntegerRNN(200, 4, rng=0), population_size=64, rng=0)
    begins = es.pieces(np.arange(200), 1)[:, 0].astype(np.uint64)
    for layer in range(len(es._lengths)):
        places = hashed(es._seed, es.n_steps, np.arange(32), layer)
        assert np.mean(begins == places % np.uint64(199)) < 0.5


@pytest.mark.parametrize("n_jobs", [2, 3, -1])
def test_threads_and_pieces_of_a_run_change_no_bit(n_jobs: int) -> None:
    one, other = made(), made()
    first = one.train(TEXT, 6, n_tokens=5)
    parts = [other.train(TEXT, n, n_tokens=5, n_jobs=n_jobs) for n in (1, 5)]
    np.testing.assert_array_equal(first.bits, np.concatenate([part.bits for part in parts]))
    np.testing.assert_array_equal(flat(one), flat(other))
    assert parts[1].first == 1
    assert parts[1]._columns()["step"] == [2, 3, 4, 5, 6]


def test_states_copies_and_pickles_go_on_alike() -> None:
    es = made()
    es.train(TEXT, 3, n_tokens=4)
    fresh = made(rng=1)
    fresh.set_state(json.loads(json.dumps(es.get_state())))
    others = [fresh, es.copy(), pickle.loads(pickle.dumps(es))]
    due = es.train(TEXT, 2, n_tokens=4).bits
    for other in others:
        assert other.n_steps == 3
        np.testing.assert_array_equal(other.train(TEXT, 2, n_tokens=4).bits, due)
        np.testing.assert_array_equal(flat(other), flat(es))


def test_pairs_without_numbers_or_differences_have_no_vote() -> None:
    es, other = made(population_size=8), made(population_size=8)
    es.ask()
    other.ask()
    step = es.tell([2.0, 1.0, np.nan, 0.0, 3.0, np.inf, 1.0, 1.0])
    assert (step.counts["dropped_pairs"], step.counts["tied_pairs"]) == (2, 1)
    other.tell([1, 0, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(flat(es), flat(other))
    es.ask()
    before = flat(es)
    assert es.tell(np.ones(8)).counts["moved"] == 0
    np.testing.assert_array_equal(flat(es), before)


def test_no_weight_passes_127() -> None:
    es = made()
    ends = {name: np.full(size, 127 if i % 2 else -127) for i, (name, size) in enumerate(es.network.shapes.items())}
    es.network = es.network.replaced(ends)
    for step in range(4):
        es.ask()
        before = flat(es)
        moved = es.tell(np.arange(16) % (2 + step)).counts["moved"]
        assert moved == int((flat(es) != before).sum())
    assert np.abs(flat(es).astype(int)).max() == 127
    es.network = es.network.replaced({name: np.full(size, 126) for name, size in es.network.shapes.items()})
    es.n_steps = 0
    es.ask()
    es.tell(np.arange(16))
    assert set(flat(es).tolist()) >= {125, 127}


def test_a_source_is_learned() -> None:
    problem = make_markov_text(8000, n_states=3, rng=4)
    symbols = np.asarray(problem.symbols)
    es = IntegerES(IntegerRNN(3, 8, rng=0), population_size=64, noise_size=1 << 16, rng=0)
    es.train(symbols[:4000], 100, n_tokens=16)
    bits = es.network.score(symbols[4000:]).bits  # of text that it has not seen
    assert problem.truth is not None
    assert problem.truth - 0.127 <= bits < problem.truth + 0.2
    assert bits < problem.unigram


def test_callbacks_end_a_training() -> None:
    seen: list[Progress] = []

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if progress.n_steps == 2:
            raise StopIteration

    es = made()
    found = es.train(TEXT, 5, n_tokens=3, callback=stop, record=True)
    assert (found.n_iter, found.converged, es.n_steps, len(seen)) == (2, False, 2, 2)
    assert found.trace is not None
    assert found.trace["moved"].sum() == found.counts["moved"]
    assert found.counts["symbols"] == 2 * 16 * 3


def test_votes_from_many_machines_are_those_of_one() -> None:
    """Each machine has the state alone, scores two pairs of members that it makes itself, and is told all votes."""
    whole, machines = made(population_size=8), [made(population_size=8, rng=seed) for seed in range(4)]
    for _ in range(4):
        state, votes = json.dumps(whole.get_state()), []
        scores = whole.ask().score(whole.pieces(TEXT, 5))
        for number, machine in enumerate(machines):
            machine.set_state(json.loads(state))
            members, pairs = machine.ask(), slice(number, number + 1)
            part = IntegerMembers(members.network, members.noise, members.starts[pairs])
            own = part.score(machine.pieces(TEXT, 5)[pairs])
            votes += np.sign(own[::2] - own[1::2]).tolist()
        step = whole.tell(scores)
        for machine in machines:
            told = machine.tell_votes(votes)
            assert (told.quantile, told.counts["moved"]) == (step.quantile, step.counts["moved"])
            assert (told.counts["evaluations"], told.counts["tied_pairs"]) == (0, votes.count(0))
            assert machine.get_state() == whole.get_state()
        assert machines[0].copy().ask().starts.tolist() == whole.ask().starts.tolist()


@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8", ">i4", "u1", "u8"])
def test_votes_may_have_any_width(kind: str) -> None:
    es, other = made(population_size=8), made(population_size=8)
    es.ask()
    other.ask()
    votes = np.array([1, 0, 1, 0] if "u" in kind else [1, -1, 0, -1])
    counts = es.tell_votes(votes.astype(kind)).counts
    other.tell(np.stack([votes, 0 * votes], axis=1).ravel())
    np.testing.assert_array_equal(flat(es), flat(other))
    assert counts["tied_pairs"] == list(votes).count(0)


def test_without_votes_nothing_moves() -> None:
    es = made()
    before = flat(es)
    es.ask()
    assert es.tell_votes(np.zeros(8, int)).counts["moved"] == 0
    np.testing.assert_array_equal(flat(es), before)
    assert es.n_steps == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda es: es.tell(np.ones(16)), "`tell` must be called after one `ask`; got no open perturbation."),
        (lambda es: (es.ask(), es.tell(np.ones(15))), "`scores` must be of shape (16,); got (15,)."),
        (lambda es: (es.ask(), es.tell(np.full(16, np.nan))), "`scores` must be finite in at least one pair"),
        (lambda es: (es.ask(), es.tell(["a"] * 16)), "`scores` must be an array of real numbers"),
        (lambda es: es.tell_votes(np.ones(8, int)), "`tell_votes` must be called after one `ask`"),
        (lambda es: (es.ask(), es.tell_votes(np.ones(16, int))), "`votes` must be of shape (8,); got (16,)."),
        (lambda es: (es.ask(), es.tell_votes(np.ones((8, 1), int))), "`votes` must be of shape (8,); got (8, 1)."),
        (lambda es: (es.ask(), es.tell_votes([])), "`votes` must be"),
        (lambda es: (es.ask(), es.tell_votes([1, 0, -1, 2, 0, 0, 0, 3])), "`votes` must be -1, 0 or 1; got 2."),
        (lambda es: (es.ask(), es.tell_votes(np.full(8, 255, np.uint8))), "`votes` must be -1, 0 or 1; got 255."),
        (lambda es: (es.ask(), es.tell_votes(np.full(8, -(2**63)))), "`votes` must be -1, 0 or 1; got -922"),
        (lambda es: (es.ask(), es.tell_votes(np.full(8, 2**64 - 1, "u8"))), "`votes` must be -1, 0 or 1; got 1844"),
        (lambda es: (es.ask(), es.tell_votes([1.0] * 8)), "`votes` must be an array of integers"),
        (lambda es: (es.ask(), es.tell_votes([np.nan] * 8)), "`votes` must be an array of integers"),
        (lambda es: (es.ask(), es.tell_votes(np.ones(8, bool))), "`votes` must be an array of integers"),
        (lambda es: es.train([0, 1], 1), "`text` must be a sequence of at least 33 symbols; got (2,)."),
        (lambda es: es.train([0, 3] * 40, 1), "`text` must be symbols from 0 to 2; got 3."),
        (lambda es: es.train(TEXT, 1, callback=3), "`callback` must be callable or None; got 3."),
        (lambda es: es.train(TEXT, 1, n_jobs=0), "`n_jobs` must be"),
        (lambda es: es.ask().score(np.zeros((3, 5), int)), "`texts` must be of shape (8, length)"),
        (lambda es: es.set_state(es.get_state() | {"rank": 2}), "as of this object; got 2."),
        (lambda es: es.set_state(es.get_state() | {"weights": {}}), "must be the weights of every layer"),
        (lambda es: IntegerMembers(es.network, np.zeros(20, int), np.full((1, 13), -1)), "`starts` must be places"),
        (lambda es: IntegerMembers(es.network, np.zeros(20, int), np.full((1, 13), 1)), "`starts` must be places"),
        (lambda es: made(population_size=7), "`population_size` must be even"),
        (lambda es: made(rank=0), "`rank` must be an integer in [1, 4096]; got 0."),
        (lambda es: made(noise_size=8), "`noise_size` must be an integer in"),
        (lambda es: IntegerES("network", population_size=4), "`network` must be an IntegerRNN"),  # type: ignore[arg-type]
    ],
)
def test_bad_input_is_refused_and_changes_nothing(call: Callable[[IntegerES], object], words: str) -> None:
    es = made()
    before = es.get_state()
    with pytest.raises((ValueError, TypeError)) as caught:
        call(es)
    assert words in str(caught.value)
    assert es.get_state() == before


def test_sums_are_bounded_by_the_widest_layer() -> None:
    assert made(rank=2).largest_sum == 127**3 * 16 * 2  # the map down has 4 * 4 inputs
