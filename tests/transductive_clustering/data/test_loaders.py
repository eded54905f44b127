"""Real points, where the packages that hold them are installed."""

from __future__ import annotations

import numpy as np

from lrtheory import transductive_clustering as tc
from lrtheory._data.sentences import SENTENCES
from tests.backends import missing


def test_digits(data):
    data("digits_features")
    problem = tc.load_digits_features()
    assert problem.features.shape == (1797, 64)
    assert np.bincount(problem.truth).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    options = {"n_tasks": 200, "rng": 0}
    table = tc.evaluate(problem, methods=("nearest", "k-means", "slk"), **options)
    assert (table.accuracy > [0.72, 0.78, 0.80]).all()
    assert table.differences[1, 0] > table.difference_half_width[1, 0]
    assert table.differences[2, 1] > table.difference_half_width[2, 1]


def test_mnist(data):
    data("mnist_5k")
    problem = tc.load_mnist_5k()
    assert problem.features.shape == (5000, 784)
    assert problem.features.dtype == np.float32
    assert np.bincount(problem.truth).tolist() == [500] * 10


def test_sentences(data):
    data("sentences")
    for name in ("safetensors", "tokenizers"):
        try:
            __import__(name)
        except ImportError as error:
            missing("sentences", error)
    problem = tc.load_sentences()
    assert problem.features.shape == (96, 384)
    np.testing.assert_allclose(np.linalg.norm(problem.features, axis=1), 1, rtol=1e-5)
    assert problem.labels[0] == "Fry the onions slowly until they turn golden."
    table = tc.evaluate(problem, n_tasks=200, query=8, methods=("nearest", "slk"), rng=0)
    assert table.accuracy[1] > 0.8
    assert table.differences[1, 0] > 0


def test_the_sentences_are_balanced_and_differ():
    assert {len(topic) for topic in SENTENCES.values()} == {12}
    assert len({text for topic in SENTENCES.values() for text in topic}) == 96
