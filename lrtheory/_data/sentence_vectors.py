"""Vectors of texts by the small sentence encoder, each text encoded once for all programs of a user."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._validation import must

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
    kept = {text: _kept(text) for text in dict.fromkeys(listed)}
    new = [text for text, row in kept.items() if row is None]
    if new:
        from lrtheory._data.sentence_encoder import load_encoder

        encoder = load_encoder("encode")
        for text in new:
            *_, (_, x) = encoder.inputs(encoder.pieces(text)[0][:LONGEST])
            mean = x.mean(axis=0)
            kept[text] = row = (mean / np.linalg.norm(mean)).astype(np.float32)
            _keep(text, row)
    rows = [row for row in (kept[text] for text in listed) if row is not None]
    return np.stack(rows) if rows else np.zeros((0, 384), np.float32)


def strings(name: str, texts: Any) -> list[str]:
    """A list of strings, which one string is not."""
    found = [] if isinstance(texts, str) else list(texts)
    if isinstance(texts, str) or not all(isinstance(one, str) for one in found):
        raise must(name, "a sequence of strings", texts, TypeError)
    return found


def _path(text: str) -> Path:
    """Where the vector of a text is kept: under the digest of the model's hash and the text."""
    from lrtheory._data.sentence_encoder import MODEL

    digest = hashlib.sha256(f"{MODEL.sha256} {LONGEST} {text}".encode()).hexdigest()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lrtheory" / "sentences" / digest[:2] / f"{digest}.npy"


def _kept(text: str) -> np.ndarray | None:
    """The vector in the cache; None where there is none, or where it is damaged."""
    try:
        row = np.load(_path(text), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return row if row.shape == (384,) and row.dtype == np.float32 and np.isfinite(row).all() else None


def _keep(text: str, row: np.ndarray) -> None:
    """Write a vector; a cache that cannot be written is none."""
    path = _path(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.npy")
        np.save(part, row)
        part.replace(path)
    except OSError:
        return
