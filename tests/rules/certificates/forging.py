"""False certificates: every number of a certificate made wrong in turn, for tests of `verify`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from lrtheory.bounds.trust.lies import changed, leaves, lies, same


def forged_fields(certificate: Any, *, free: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Words, and a copy with one false field: zero, huge, five percent off, repeated items, negated unless `free`."""
    for path, found in leaves(certificate).items():
        for words, lie in lies(found[0], decision=False):
            if (words == "negated" and path in free) or all(same(lie(leaf), leaf) for leaf in found):
                continue
            yield f"{path}: {words}", changed(certificate, path, lie)


def with_gap(certificate: Any, **fields: Any) -> Any:
    """A copy of a certificate with other fields, and the gap of its numbers, which then gives nothing away."""
    found = dataclasses.replace(certificate, **fields)
    return dataclasses.replace(found, gap=abs(found.achieved - found.bound))


def misshapen_fields(certificate: Any) -> Iterator[tuple[str, Any]]:
    """Words, and a copy of the certificate with one array of another shape: one more axis, or one entry less."""
    for path, found in leaves(certificate).items():
        if all(isinstance(leaf, np.ndarray) and leaf.ndim for leaf in found):
            yield f"{path}: one more axis", changed(certificate, path, lambda x: x[..., None])
            if all(leaf.size for leaf in found):
                yield f"{path}: one entry less", changed(certificate, path, lambda x: x[..., :-1])
