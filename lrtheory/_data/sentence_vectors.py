"""Vectors of texts by the small sentence encoder, each text encoded once for all programs of a user."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lrtheory._data.cache import remembered
from lrtheory._validation import must

if TYPE_CHECKING:
    from lrtheory._data.sentence_encoder import Encoder

__all__ = ["encode"]

#: word pieces of a text that are read, as those who made the encoder do
LONGEST = 256


def encode(texts: Sequence[str]) -> np.ndarray:
    """Make unit vectors of texts by the sentence encoder: the mean of the last layer over the first 256 word pieces.

    A text takes about a tenth of a second; its vector is kept in the user's cache, so that no text is read twice.

    Parameters
    ----------
    texts : sequence of str
        Texts.

    Returns
    -------
    float32 array of shape (n, 384)
        A vector of length 1 for each text.

    Raises
    ------
    ImportError
        If the package that holds the model, or safetensors or tokenizers, is not installed.
    TypeError
        If `texts` holds anything but strings.
    """
    listed = strings("texts", texts)
    encoder = functools.cache(_encoder)  # whose weights are read once, and only if a text is new
    found = {text: _vector(text, encoder) for text in dict.fromkeys(listed)}
    return np.stack([found[text] for text in listed]) if listed else np.zeros((0, 384), np.float32)


def strings(name: str, texts: Any) -> list[str]:
    """A list of strings, which one string is not."""
    found = [] if isinstance(texts, str) else list(texts)
    if isinstance(texts, str) or not all(isinstance(one, str) for one in found):
        raise must(name, "a sequence of strings", texts, TypeError)
    return found


def _vector(text: str, encoder: Callable[[], Encoder]) -> np.ndarray:
    """The vector of a text, which the cache has under the digest of the model's hash and the text."""
    from lrtheory._data.sentence_encoder import MODEL

    digest = hashlib.sha256(f"{MODEL.sha256} {LONGEST} {text}".encode()).hexdigest()
    name = f"sentences/{digest[:2]}/{digest}"
    return remembered(name, {"vector": (384,)}, lambda: {"vector": _encoded(text, encoder())})["vector"]


def _encoded(text: str, encoder: Encoder) -> np.ndarray:
    *_, (_, x) = encoder.inputs(encoder.pieces(text)[0][:LONGEST])
    mean = x.mean(axis=0)
    return (mean / np.linalg.norm(mean)).astype(np.float32)


def _encoder() -> Encoder:
    from lrtheory._data.sentence_encoder import load_encoder

    return load_encoder("encode")
