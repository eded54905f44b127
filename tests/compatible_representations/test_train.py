"""Training: gradients by differences, what a loss says of the alignment, growing classes, and interrupts."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from lrtheory import compatible_representations as cr
from lrtheory.compatible_representations.train import _gradients, _judged, _start, _unit


@pytest.mark.parametrize("head", ["simplex", "learned"])
def test_gradients_are_those_of_differences(head):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(7, 5)), np.arange(7) % 4
    network, W = _start(None, head, (5, 6, 4), rng)
    network.layers[0][-1], network.layers[1][-1] = rng.normal(size=(2, 6))[0], rng.normal(size=3)
    found = _gradients(network, W, X, y, 3.0, head)
    weights = [*network.layers, *([W] if head == "learned" else [])]
    assert len(found) == len(weights)
    for weight, gradient in zip(weights, found, strict=True):
        for place in [(0, 0), (-1, -1), (1, 2)]:
            kept, losses = weight[place], []
            for step in (1e-6, -1e-6):
                weight[place] = kept + step
                losses.append(_judged(network, W, X, y, 3.0)[0])
            weight[place] = kept
            assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5, abs=1e-8)


def data(seed=0, classes=3, n=60):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    return np.eye(classes)[y] @ rng.normal(size=(classes, 6)) + 0.1 * rng.normal(size=(n, 6)), y


def test_what_is_reported_follows_from_the_features():
    X, y = data()
    found = cr.train(X, y, n_classes=5, width=16, epochs=8, rng=0)
    u = found.features(X)
    np.testing.assert_allclose(np.linalg.norm(u, axis=1), 1, atol=1e-12)
    cosines = u @ found.prototypes.T
    logits = found.scale * cosines
    loss = (np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(60), y]).mean()
    assert found.loss == pytest.approx(loss, rel=1e-10)
    assert found.alignment == pytest.approx(cosines[np.arange(60), y].mean(), rel=1e-12)
    assert found.losses[-1] == found.loss
    bounds = [cr.theory.alignment_from_loss(one, n_classes=5) / found.scale for one in found.losses]
    assert found.alignment_bound == bounds[-1]
    assert (np.array(bounds) <= found.alignments + 1e-12).all()
    np.testing.assert_array_equal(found.prototypes, cr.simplex_prototypes(5))


def test_versions_on_the_simplex_stay_comparable_and_learned_ones_do_not():
    X, y = data(n=120)
    few, all_of_it = (X[:30], y[:30]), (X, y)
    labels = y[60:], y[:60]
    accuracies = {}
    for head in ("simplex", "learned"):
        encoders = cr.baselines.independent([few, all_of_it], n_classes=6, head=head, epochs=40, rng=1)
        features = [(one.features(X[60:]), one.features(X[:60])) for one in encoders]
        accuracies[head] = cr.cross_test(features, *labels).matrix[1, 0]
    assert accuracies["simplex"] == 1
    assert accuracies["learned"] < 0.8


def test_an_encoder_goes_on_from_an_earlier_one():
    X, y = data(classes=4)
    early = y < 2
    first = cr.train(X[early], y[early], n_classes=4, epochs=20, rng=0)
    kept = [one.copy() for one in first.layers]
    second = cr.train(X, y, n_classes=4, epochs=20, init=first, rng=0)
    assert second.losses[0] > first.loss
    assert all((a == b).all() for a, b in zip(kept, first.layers, strict=True))
    small = cr.train(X[early], y[early], n_classes=2, head="learned", epochs=5, rng=0)
    grown = cr.train(X, y, n_classes=4, head="learned", epochs=5, init=small, rng=0)
    assert grown.prototypes.shape == (4, 3)
    both = cr.baselines.finetune([(X[early], y[early]), (X, y)], n_classes=4, head="simplex", epochs=3, rng=0)
    assert len(both) == 2


def test_one_stream_gives_one_encoder():
    X, y = data()
    first, second = (cr.train(X, y, n_classes=3, width=8, epochs=2, rng=4) for _ in range(2))
    assert all((a == b).all() for a, b in zip(first.layers, second.layers, strict=True))


def test_an_interrupt_passes_and_leaves_the_first_encoder_whole(monkeypatch):
    X, y = data()
    first = cr.train(X, y, n_classes=3, width=8, epochs=1, rng=0)
    kept = [one.copy() for one in first.layers]
    calls = []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return _gradients(*args)

    monkeypatch.setattr(sys.modules[_gradients.__module__], "_gradients", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cr.train(X, y, n_classes=3, width=8, epochs=5, init=first, rng=0)
    assert all((a == b).all() for a, b in zip(kept, first.layers, strict=True))


def test_a_feature_of_norm_zero_stays_zero():
    rows, lengths = _unit(np.array([[0.0, 0.0], [3.0, 4.0]]))
    assert rows.tolist() == [[0.0, 0.0], [0.6, 0.8]]
    assert lengths[:, 0].tolist() == [0.0, 5.0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_classes": 1}, "`n_classes` must be at least 2; got 1"),
        ({"n_classes": 2}, r"`y` must be in \[0, 1\]; got 2"),
        ({"head": "cosine"}, "`head` must be one of"),
        ({"width": 0}, "`width` must be an integer of at least 1"),
        ({"epochs": 0}, "`epochs` must be an integer of at least 1"),
        ({"scale": 0.0}, "`scale` must be in"),
    ],
)
def test_training_refuses_in_one_sentence(options, sentence):
    X, y = data()
    with pytest.raises(ValueError, match=sentence):
        cr.train(X, y, **({"n_classes": 3, "epochs": 1} | options))


def test_training_refuses_encoders_that_do_not_fit():
    X, y = data()
    first = cr.train(X, y, n_classes=3, width=8, epochs=1, rng=0)
    for options, sentence in (
        ({"n_classes": 3, "width": 9}, "`init` must be an encoder of 6 inputs and width 9"),
        ({"n_classes": 4, "width": 8}, "`init` must be an encoder of 4 classes"),
        ({"n_classes": 3, "width": 8, "head": "learned"}, "`init` must be an encoder with the head 'learned'"),
    ):
        with pytest.raises(ValueError, match=sentence):
            cr.train(X, y, epochs=1, init=first, **options)
    with pytest.raises(ValueError, match="`y` must be whole numbers"):
        cr.train(X, y + 0.5, n_classes=9)
    with pytest.raises(ValueError, match="`X` must be finite"):
        cr.train(np.where(np.arange(60)[:, None] == 7, np.nan, X), y, n_classes=3)
    with pytest.raises(ValueError, match=r"`X` must be of shape \(n, 6\)"):
        first.features(np.ones((2, 5)))


def test_a_scale_below_one_trains():
    rng = np.random.default_rng(0)
    found = cr.train(rng.normal(size=(12, 4)), np.arange(12) % 3, n_classes=3, scale=0.5, epochs=2, rng=0)
    assert found.scale == 0.5
    assert np.isfinite(found.losses).all()
