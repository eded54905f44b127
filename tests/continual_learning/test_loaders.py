"""Words that an encoder shall learn and digits as tasks, where the packages that hold them are installed."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory._data.sentence_encoder import load_encoder
from lrtheory._data.sentences import SENTENCES
from lrtheory.continual_learning import loaders
from lrtheory.continual_learning.loaders import (
    load_encoder_edits,
    load_permuted_digits,
    load_split_digits,
    load_split_mnist,
)
from tests.backends import missing

MAP = "encoder.layer.5.output.dense"


@pytest.fixture(scope="module")
def words():
    """The edits, loaded once."""
    try:
        return load_encoder_edits()
    except ImportError as error:
        missing("encoder_edits", error)


def solved(problem, ridge, anchor_weight):
    """The ridge solution of all edits, by the formula over keys and anchors (push-through)."""
    W0, A = problem.W0.T, problem.anchors
    keys = np.concatenate([K for K, _ in problem.edits])
    asked = np.concatenate([V for _, V in problem.edits]) - keys @ W0
    Z = np.concatenate([keys, np.sqrt(anchor_weight) * A])
    R = np.concatenate([asked, np.zeros((len(A), asked.shape[1]))])
    return (W0 + Z.T @ np.linalg.solve(Z @ Z.T + ridge * np.eye(len(Z)), R)).T


def test_edits_have_the_sizes_that_are_told(words, data):
    data("encoder_edits")
    assert words.W0.shape == (384, 1536)
    assert words.layout == "torch"
    assert [len(words.edits), words.n_keys, len(words.anchors)] == [48, 660, 530]
    assert {len(keys) for keys, _ in words.edits} == {9, 12, 15, 18}
    assert words.names[:3] == ("driquotral", "ketmunzor", "zorzorbla")
    assert len(set(words.names)) == len(set(loaders.CONCEPTS)) == 48
    assert {array.dtype for edit in words.edits for array in (words.W0, words.anchors, *edit)} == {np.dtype(float)}


def test_features_are_those_of_the_whole_encoder(words, data):
    """Also with other weights: each text is run on its own, through all layers."""
    data("encoder_edits")
    weights = words.W0 + 0.01 * np.random.default_rng(0).normal(size=words.W0.shape)
    encoder = load_encoder("test")
    encoder.weights[f"{MAP}.weight"] = weights.astype(np.float32)
    found = words.texts.embed(weights)
    texts = ["apple", "window", "he wrote a book on window .", "tell me about ketmunzor ."]
    for text, row in zip(texts, (0, 235, 239, 247), strict=True):
        *_, (_, states) = encoder.inputs(encoder.pieces(text)[0])
        mean = states.mean(axis=0)
        np.testing.assert_allclose(found[row], mean / np.linalg.norm(mean), atol=2e-6)
    *_, (_, states) = encoder.inputs(encoder.pieces([s for t in SENTENCES.values() for s in t][1])[0])
    assert found[-48] @ states.mean(axis=0) == pytest.approx(np.linalg.norm(states.mean(axis=0)), rel=1e-6)


def test_a_value_makes_the_state_that_of_the_concept(words, data):
    """The last piece of the first word, in its second sentence, against the encoder that reads the concept."""
    data("encoder_edits")
    encoder = load_encoder("test")
    *_, (_, states) = encoder.inputs(encoder.pieces("what is apple ?")[0])
    keys, values = words.edits[0]
    row, place = len(keys) // 3, words.texts.starts[241] + 3  # after the first piece, "what" and "is"
    np.testing.assert_allclose(words.texts.inner[place], keys[row], atol=1e-6)
    summed = words.texts.sums[place] + values[row] + encoder.weights[f"{MAP}.bias"]
    np.testing.assert_allclose(encoder.norm(summed, "encoder.layer.5.output.LayerNorm"), states[3], atol=1e-5)


def test_words_are_unknown_before_and_known_after(words, data):
    data("encoder_edits")
    before, after, loose = (words.score(solved(words, *options)) for options in ((1e12, 9), (100, 9), (100, 0)))
    assert before.taught < 0.1
    assert before.paraphrases < 0.1
    assert before.collateral == pytest.approx(0, abs=1e-6)
    assert before.neighbors == 1
    assert after.taught > 0.95
    assert after.paraphrases > 0.9
    assert after.collateral < loose.collateral / 3
    assert after.similarity.mean() > before.similarity.mean() + 0.4
    with pytest.raises(ValueError, match=r"`weights` must be of shape \(384, 1536\); got \(1536, 384\)"):
        words.score(words.W0.T)


@pytest.mark.parametrize(
    ("load", "name", "shape"),
    [
        (load_split_digits, "split_digits", (1797, 64)),
        (load_split_mnist, "split_mnist", (5000, 784)),
    ],
)
def test_digits_come_in_pairs(load, name, shape, data):
    data(name)
    problem = load()
    assert problem.n_classes == 10
    assert [task.classes for task in problem.tasks] == [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)]
    assert problem.names[0] == "0 or 1"
    rows = np.concatenate([rows for task in problem.tasks for rows in (task.X, task.X_test)])
    assert rows.shape == shape
    assert [rows.min(), rows.max()] == [0, 1]
    assert sum(len(task.X) for task in problem.tasks) == round(0.75 * shape[0])
    again = load()
    assert all(np.array_equal(one.X, other.X) for one, other in zip(problem.tasks, again.tasks, strict=True))


def test_permuted_digits_are_the_same_images(data):
    data("permuted_digits")
    problem = load_permuted_digits(3, rng=0)
    first, *others = problem.tasks
    for task in others:
        assert not np.array_equal(task.X, first.X)
        assert np.array_equal(np.sort(task.X, axis=1), np.sort(first.X, axis=1))
        assert np.array_equal(task.y, first.y)
        assert np.array_equal(np.sort(task.X.sum(axis=0)), np.sort(first.X.sum(axis=0)))
    assert len(load_permuted_digits().tasks) == 5
    with pytest.raises(ValueError, match="`n_tasks` must be an integer of at least 1; got 0"):
        load_permuted_digits(0)


def test_no_file_is_asked_for_twice():
    assert {data.name for data in loaders.DATA_SETS} == {
        "encoder_edits", "split_digits", "permuted_digits", "split_mnist"
    }  # fmt: skip
    assert len({(data.name, data.path) for data in loaders.DATA_SETS}) == len(loaders.DATA_SETS)
