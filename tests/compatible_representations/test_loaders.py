"""Digits in portions, and layers of the encoder with their cache; every part is what its hash says."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import compatible_representations as cr
from lrtheory.compatible_representations import loaders


def test_digits_come_in_portions(data):
    data("digits_versions")
    found = cr.load_digits_versions()
    assert [len(y) for _, y in found.versions] == [30, 60, 120, 300, 800]
    assert (len(found.gallery), len(found.queries)) == (500, 497)
    assert (found.versions[0][0] == found.versions[4][0][:30]).all()
    assert 0 <= found.gallery.min() < found.gallery.max() <= 1
    rows = {one.tobytes() for one in found.versions[-1][0]}
    assert sum(one.tobytes() in rows for one in found.queries) == 0
    again, other = cr.load_digits_versions(), cr.load_digits_versions(rng=1)
    np.testing.assert_array_equal(again.queries, found.queries)
    assert (other.queries != found.queries).any()
    few = found.among(3)
    assert set(few.gallery_labels.tolist()) == set(few.query_labels.tolist()) == {0, 1, 2}


def test_digits_come_in_classes(data):
    data("mnist_versions")
    found = cr.load_mnist_versions((2, 10))
    assert set(found.versions[0][1].tolist()) == {0, 1}
    assert found.gallery.max() == 1
    whole = cr.load_mnist_versions()
    assert [len(set(labels.tolist())) for _, labels in whole.versions] == [2, 4, 6, 8, 10]
    assert [len(found.versions[1][1]), len(found.gallery), len(found.queries)] == [2226, 1391, 1383]
    for sizes, sentence in (
        ((3, 2), "`sizes` must be increasing"),
        ((11,), "in \\[1, 10\\]"),
        ((), "at least one size"),
    ):
        with pytest.raises(ValueError, match=sentence):
            cr.load_mnist_versions(sizes)
    with pytest.raises(ValueError, match="`by` must be one of"):
        cr.load_mnist_versions(by="pixels")


def test_layers_are_encoded_alone_as_they_are_together(data):
    data("encoder_layers")
    texts = ["A short text.", "Another text of the same kind.", "A third one, which is longer than the others are."]
    found = loaders.encode_layers(texts)
    assert sorted(found) == [3, 4, 5, 6]
    for layer, rows in found.items():
        assert rows.shape == (3, 384)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(loaders.encode_layers(texts[2:])[layer][0], rows[2], atol=1e-5)
    assert loaders.encode_layers(["word " * 600])[6].shape == (1, 384)
    with pytest.raises(TypeError, match=r"`texts\[0\]` must be a string"):
        loaders.encode_layers([3])
    with pytest.raises(ValueError, match="`texts` must be at least one text"):
        loaders.encode_layers([])


def test_vectors_are_kept_and_what_is_damaged_is_made_anew(monkeypatch, tmp_path):
    calls = []

    def encoded(texts):
        calls.append(texts)
        return {layer: np.full((len(texts), 384), layer, np.float32) for layer in loaders.LAYERS}

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(loaders, "encode_layers", encoded)
    first, second = loaders._cached(("a", "b")), loaders._cached(("a", "b"))
    assert len(calls) == 1
    assert all((first[layer] == second[layer]).all() for layer in loaders.LAYERS)
    loaders._cached(("a", "c"))
    assert len(calls) == 2
    for path in (tmp_path / "lrtheory").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    loaders._cached(("a", "b"))
    assert len(calls) == 3
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "lrtheory" / "file"))
    (tmp_path / "lrtheory" / "file").write_text("")
    assert loaders._cached(("a", "b"))[3].shape == (2, 384)  # a cache that cannot be written


def test_judgments_are_of_fifty_texts(data, monkeypatch):
    data("encoder_layers")
    monkeypatch.setattr(loaders, "_cached", lambda texts: {})
    found = cr.load_encoder_layers()
    assert (len(found.texts), found.n_judged) == (350, 50)
    np.testing.assert_array_equal(found.similarity, found.similarity.T)
    assert (np.diagonal(found.similarity) == 1).all()
    assert found.similarity.min() == pytest.approx(0.2)
