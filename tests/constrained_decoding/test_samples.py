"""Weighted samples and what they say of the model's mass; log probabilities in files."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.constrained_decoding import StateLogProbs, WeightedSamples


def test_the_mass_is_the_mean_of_the_weights():
    weights = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 2), Fraction(1)]
    found = WeightedSamples(["a", "b", "a", "c"], np.log([float(w) for w in weights])).mass(delta=0.1)
    total = sum(weights)
    assert found.mass == pytest.approx(float(total / 4), abs=1e-15)
    assert found.effective_sample_size == pytest.approx(float(total**2 / sum(w * w for w in weights)))
    assert dict(zip(found.items, found.probabilities, strict=True)) == pytest.approx(
        {"a": float(1 / total), "b": float(weights[1] / total), "c": float(1 / total)}
    )
    assert found.upper == 1.0
    assert found.mass - found.lower == pytest.approx(min(found.mass, math.sqrt(math.log(20) / 8)))


def test_weights_far_below_the_doubles():
    found = WeightedSamples(["a", "b"], [-2000.0, -2000.0 - math.log(3)]).mass()
    assert (found.mass, found.lower) == (0.0, 0.0)
    assert found.probabilities == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize(
    ("items", "weights", "sentence"),
    [
        (["a"], [0.5], "`log_weights` must be logarithms of at most 0; got 0.5."),
        (["a"], [math.nan], "`log_weights` must be free of NaN"),
        (["a"], [-1.0, -1.0], "`items` must be one name for each of 2 weights; got 1."),
        ([], [], "`log_weights` must be of at least one sample with a weight; got none."),
        (["a"], [-math.inf], "`log_weights` must be of at least one sample with a weight; got none."),
    ],
)
def test_bad_weights(items, weights, sentence):
    with pytest.raises(ValueError, match="must be") as caught:
        WeightedSamples(items, weights).mass()
    assert sentence in str(caught.value)


def test_samples_of_a_table(tmp_path):
    (tmp_path / "samples.csv").write_text('item,log_weight\n"Good, the",-0.5\nBad,-1\n')
    found = WeightedSamples.from_file(tmp_path / "samples.csv")
    assert (found.items, found.log_weights.tolist()) == (("Good, the", "Bad"), [-0.5, -1.0])


def test_log_probabilities_of_a_file(tmp_path):
    rows = np.log([[0.25, 0.75], [0.5, 0.5]])
    np.savez(tmp_path / "x.npz", log_probs=rows)
    model = StateLogProbs.from_file(tmp_path / "x.npz")
    assert model(np.empty((2, 0), int), np.array([1, 0])).tolist() == rows[::-1].tolist()
    with pytest.raises(ValueError, match="a row for each state"):
        model(np.empty((1, 0), int), np.array([2]))
    np.savez(tmp_path / "y.npz", logits=rows)
    with pytest.raises(ValueError, match="the array log_probs is needed"):
        StateLogProbs.from_file(tmp_path / "y.npz")
    for wrong in (rows[0], np.zeros((2, 2), int)):
        with pytest.raises((TypeError, ValueError), match="`log_probs` must be a matrix of real numbers"):
            StateLogProbs(wrong)
