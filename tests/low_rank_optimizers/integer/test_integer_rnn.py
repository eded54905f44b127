"""The network in integers: its tables, its scores, and what it refuses."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import IntegerRNN, TextProblem, make_markov_text
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.lookup_tables import hashed, logarithms, noise, powers
from lrtheory.low_rank_optimizers.theory.integers import stationary


def blank(n_symbols: int, width: int, **weights: Any) -> IntegerRNN:
    network = IntegerRNN(n_symbols, width, rng=0)
    zeros: dict[str, Any] = {name: np.zeros(size, int) for name, size in network.shapes.items()}
    return network.replaced(zeros | weights)


def test_tables_are_floors_and_ceilings_of_powers() -> None:
    assert all(int(p) ** 16 <= 2 ** (64 + x) < (int(p) + 1) ** 16 for x, p in enumerate(powers()))
    assert all((int(s) - 1) ** 16 < 2 ** (64 + k) <= int(s) ** 16 for k, s in enumerate(logarithms()))
    for total in [16, 17, 31, 32, 8192, 1_003_520 * 31]:
        k = kernels.log_sum(total, logarithms())
        assert 2 ** (64 + k) <= total**16 < 2 ** (64 + k + 1)


def test_noise_is_a_normal_number_truncated_to_eight_bits() -> None:
    sample = noise(3, 1 << 18)
    assert sample.dtype == np.int8
    ends = [math.erfc(k / 16 / math.sqrt(2)) for k in range(1, 128)]  # P(|16 z| >= k)
    variance = sum((2 * k - 1) * p for k, p in enumerate(ends, 1))
    assert variance == pytest.approx(0.95142 * 256, rel=1e-5)
    error = 5 * math.sqrt(2 * variance**2 / len(sample))
    assert abs(float((sample.astype(float) ** 2).mean()) - variance) < error
    assert abs(float((sample == 0).mean()) - (1 - ends[0])) < 5 / math.sqrt(len(sample))
    np.testing.assert_array_equal(noise(3, 100), sample[:100])


def test_the_hash_is_that_of_python_integers() -> None:
    mask = (1 << 64) - 1

    def mixed(z: int) -> int:
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    def expected(*numbers: int) -> int:
        value = numbers[0]
        for number in numbers[1:]:
            value = mixed((value + 0x9E3779B97F4A7C15 * (number + 1)) & mask)
        return value

    found = hashed(12345, 7, np.arange(4)[:, None], np.arange(3))
    assert [[int(f) for f in row] for row in found] == [[expected(12345, 7, i, j) for j in range(3)] for i in range(4)]


def test_a_norm_of_zeros_divides_by_one_and_nothing_reaches_minus_128() -> None:
    silent = blank(2, 3, norm=np.full((1, 3), 127), head=np.full((3, 2), -127))
    assert silent.logits([0, 1, 0]).tolist() == [[0, 0]] * 3
    loud = silent.replaced({"embedding": np.full((2, 3), 127)})
    # 127 * 127 * -127 * 3 // (16 isqrt(3)) is far below -127
    assert loud.logits([0]).tolist() == [[-127, -127]]
    assert loud.score([0, 1]).counts["clipped"] == 2  # both logits; the norm is 127 * 127 // 127


def test_clipped_activations_are_counted():
    peak = blank(2, 3, embedding=[[127, 0, 0]] * 2, norm=np.full((1, 3), 127))  # 127 * 127 // 42
    assert peak.score([0, 1]).counts["clipped"] == 1
    full = np.full((1, 3), 127)
    sums = blank(2, 3, embedding=np.full((2, 3), 127), **{"bias.0": full, "forget_bias.0": full})
    assert sums.score([0, 1]).counts["clipped"] == 3  # the state is 254 * 127 >> 8
    first = IntegerRNN(2, 3, rng=0).weights
    assert not first["bias.0"].any()
    assert (first["norm"] == 16).all()


def test_floors_of_negative_sums() -> None:
    network = blank(2, 1, embedding=[[16], [-16]], norm=[[16]], head=[[1, -1]])
    assert network.logits([0, 1]).tolist() == [[1, -1], [-1, 1]]
    network = network.replaced({"embedding": [[5], [-5]], "norm": [[3]]})  # 5 * 3 // 5 = 3, 3 // 16 = 0, -3 // 16 = -1
    assert network.logits([0, 1]).tolist() == [[0, -1], [-1, 0]]


def test_scores_are_logarithms_of_probabilities() -> None:
    network, text = IntegerRNN(5, 6, n_blocks=2, rng=1), make_markov_text(60, n_states=5, rng=0)
    found = network.score(text)
    logits = network.logits(text)[:-1].astype(float)
    logarithm = logits[np.arange(59), np.asarray(text.symbols)[1:]] - 16 * np.log2((2 ** (logits / 16)).sum(axis=1))
    excess = found.scores - logarithm
    assert (excess > -1e-9).all()
    assert (excess < 2.034).all()
    assert found.bits == -found.scores.mean() / 16
    assert len(found._columns()["bits"]) == 59


def test_the_past_alone_is_seen() -> None:
    network, text = IntegerRNN(4, 5, rng=0), make_markov_text(40, n_states=4, rng=1)
    whole = network.logits(text)
    np.testing.assert_array_equal(whole[:17], network.logits(np.asarray(text.symbols)[:17]))
    assert (network.logits(text, compiled=False) == whole).all()


def test_pickles_and_replaced_networks_give_the_same_logits() -> None:
    network = IntegerRNN(3, 4, n_blocks=2, rng=5)
    for other in (pickle.loads(pickle.dumps(network)), network.replaced(network.weights)):
        np.testing.assert_array_equal(other.logits([0, 1, 2]), network.logits([0, 1, 2]))
        assert not other.weights["head"].flags.writeable


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda net: net.logits([0, 3]), "`text` must be symbols from 0 to 2; got 3."),
        (lambda net: net.logits([]), "`text` must be a sequence of at least 1 symbol; got (0,)."),
        (lambda net: net.logits([[0]]), "`text` must be a sequence of symbols; got (1, 1)."),
        (lambda net: net.replaced([1]), "`weights` must be a mapping"),
        (lambda net: net.logits([0.5]), "`text` must be an array of integers"),
        (lambda net: net.score([0]), "`text` must be a sequence of at least 2 symbols; got (1,)."),
        (lambda net: net.replaced({"head": np.zeros((2, 2), int)}), "must be of shape (4, 3); got (2, 2)."),
        (lambda net: net.replaced({"norm": np.full((1, 4), -128)}), "must be integers from -127 to 127"),
        (lambda net: net.replaced({"tail": 0}), "`weights` must be one of"),
        (lambda net: IntegerRNN(0, 3), "`n_symbols` must be an integer in"),
        (lambda net: IntegerRNN(3, 40_000), "`width` must be an integer in"),
        (lambda net: TextProblem([0, 1], 2, transitions=[[0.5, 0.4], [0.5, 0.5]]), "whose rows add up to 1"),
        (lambda net: TextProblem([0, 1], 2, alphabet="a"), "`alphabet` must be 2 characters, or empty"),
    ],
)
def test_bad_input_is_refused(call: Callable[[IntegerRNN], object], words: str) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        call(IntegerRNN(3, 4, rng=0))
    assert words in str(caught.value)


def test_texts_are_copies():
    symbols = np.array([0, 1, 1])
    problem = TextProblem(symbols, 2)
    symbols[:] = 0
    assert np.asarray(problem.symbols).tolist() == [0, 1, 1]


def test_markov_texts_have_the_rate_of_their_chain() -> None:
    problem = make_markov_text(60_000, n_states=4, rng=2)
    P, symbols = np.asarray(problem.transitions), np.asarray(problem.symbols)
    values, vectors = np.linalg.eig(P.T)
    pi = np.real(vectors[:, np.argmax(np.real(values))])
    pi /= pi.sum()
    np.testing.assert_allclose(stationary(P), pi, rtol=1e-10)
    assert problem.truth == pytest.approx(-(pi[:, None] * P * np.log2(P)).sum(), rel=1e-10)
    pairs = np.zeros((4, 4))
    np.add.at(pairs, (symbols[:-1], symbols[1:]), 1)
    np.testing.assert_allclose(pairs / pairs.sum(axis=1, keepdims=True), P, atol=0.02)
    assert TextProblem([0, 0, 1, 2], 4).unigram == 1.5
    assert np.asarray(make_markov_text(1, concentration=1e-3, rng=0).transitions).min() > 0
    exact = [[Fraction(1, 3), Fraction(2, 3)], [Fraction(1, 4), Fraction(3, 4)]]
    assert stationary(np.array(exact, object)) == [Fraction(3, 11), Fraction(8, 11)]
